//! From the file's text to sources. What is wrong is told with its place; no value of a URL is repeated.

use toml::de::{DeTable, DeValue};

use super::{Embeddings, Source, SourceKind, Sources, check};
use crate::project::value::{Problem, Value, position, unfit, unknown};
use crate::project::visible;

/// The most sources: more than anybody waits for.
const MOST_SOURCES: usize = 64;

const KEYS: [&str; 2] = ["source", "embeddings"];
const SOURCE_KEYS: [&str; 5] = ["name", "kind", "url", "enabled", "allow_private"];
const EMBEDDINGS_KEYS: [&str; 2] = ["url", "model"];

/// Reads the text, or says what is wrong: line and column, counted from one, and words.
pub(super) fn read(text: &str) -> Result<Sources, ((usize, usize), String)> {
    sources(text).map_err(|(span, what)| (position(text, span.start), what.trim().to_owned()))
}

fn sources(text: &str) -> Result<Sources, Problem> {
    let parsed = DeTable::parse(text)
        .map_err(|error| (error.span().unwrap_or(0..0), visible(error.message()).into_owned()))?;
    let mut read = Sources { sources: Vec::new(), embeddings: None, is_default: true };
    for (key, value) in parsed.get_ref() {
        match key.get_ref().as_ref() {
            "source" => {
                read.sources = list(value)?;
                read.is_default = false;
            }
            "embeddings" => read.embeddings = Some(embeddings(value)?),
            _ => return Err(unknown(key, &KEYS)),
        }
    }
    Ok(read)
}

fn list(value: Value<'_, '_>) -> Result<Vec<Source>, Problem> {
    let DeValue::Array(items) = value.get_ref() else {
        return Err(unfit(value, "sources, each under [[source]]"));
    };
    if items.len() > MOST_SOURCES {
        return Err((
            value.span(),
            format!("expected at most {MOST_SOURCES} sources, found {}", items.len()),
        ));
    }
    let mut sources: Vec<Source> = Vec::new();
    for item in items.iter() {
        let source = one(item)?;
        if sources.iter().any(|known| known.name == source.name) {
            return Err((item.span(), format!("source {:?} appears twice", source.name)));
        }
        sources.push(source);
    }
    Ok(sources)
}

fn one(item: Value<'_, '_>) -> Result<Source, Problem> {
    let DeValue::Table(members) = item.get_ref() else { return Err(unfit(item, "a table")) };
    let (mut name, mut kind, mut url) = (None, None, None);
    let mut source = Source::new("", SourceKind::Registry, "");
    for (key, value) in members {
        match key.get_ref().as_ref() {
            "name" => name = Some(checked(value, check::name)?),
            "kind" => {
                let word = text(value)?;
                let known = SourceKind::from_word(word);
                kind = Some(known.ok_or_else(|| {
                    let found: String = visible(word).chars().take(64).collect();
                    let known = SourceKind::ALL.map(SourceKind::as_str).join(", ");
                    (value.span(), format!("expected one of {known}, found {found:?}"))
                })?);
            }
            "url" => url = Some(value),
            "enabled" => source.enabled = boolean(value)?,
            "allow_private" => source.allow_private = boolean(value)?,
            _ => return Err(unknown(key, &SOURCE_KEYS)),
        }
    }
    let missing = |what: &str| (item.span(), format!("the source has no {what}"));
    source.name = name.ok_or_else(|| missing("name"))?;
    source.kind = kind.ok_or_else(|| missing("kind"))?;
    source.url = checked(url.ok_or_else(|| missing("url"))?, |text| check::url(text, Some(source.kind)))?;
    Ok(source)
}

fn embeddings(value: Value<'_, '_>) -> Result<Embeddings, Problem> {
    let DeValue::Table(members) = value.get_ref() else { return Err(unfit(value, "a table")) };
    let (mut url, mut model) = (None, None);
    for (key, value) in members {
        match key.get_ref().as_ref() {
            "url" => url = Some(checked(value, |text| check::url(text, None))?),
            "model" => model = Some(checked(value, check::model)?),
            _ => return Err(unknown(key, &EMBEDDINGS_KEYS)),
        }
    }
    let missing = |what: &str| (value.span(), format!("the embedding model has no {what}"));
    Ok(Embeddings { url: url.ok_or_else(|| missing("url"))?, model: model.ok_or_else(|| missing("model"))? })
}

fn text<'a>(value: Value<'a, '_>) -> Result<&'a str, Problem> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text),
        _ => Err(unfit(value, "a string")),
    }
}

fn checked(value: Value<'_, '_>, check: impl Fn(&str) -> Result<(), String>) -> Result<String, Problem> {
    let text = text(value)?;
    check(text).map_err(|what| (value.span(), what))?;
    Ok(text.to_owned())
}

fn boolean(value: Value<'_, '_>) -> Result<bool, Problem> {
    match value.get_ref() {
        DeValue::Boolean(is_so) => Ok(*is_so),
        _ => Err(unfit(value, "true or false")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_sources_in_their_order_with_defaults() {
        let text = "# ours first\n[[source]]\nname = \"work\"\nkind = \"registry\"\nurl = \"https://r.example.com\"\n\
                    allow_private = true\n\n[[source]]\nname = \"acme\"\nkind = \"catalog\"\nurl = \"acme.example\"\n\
                    enabled = false\n\n[embeddings]\nurl = \"http://localhost:11434\"\nmodel = \"small\"\n";
        let read = read(text).unwrap();
        let mut work = Source::new("work", SourceKind::Registry, "https://r.example.com");
        work.allow_private = true;
        let mut acme = Source::new("acme", SourceKind::Catalog, "acme.example");
        acme.enabled = false;
        assert_eq!(read.sources, [work, acme]);
        assert_eq!(read.embeddings, Some(Embeddings::new("http://localhost:11434", "small")));
        assert!(!read.is_default);
    }

    #[test]
    fn tells_a_file_that_says_nothing_of_sources_from_one_that_wants_none() {
        assert!(read("").unwrap().is_default);
        assert!(read("[embeddings]\nurl = \"https://m.example.com\"\nmodel = \"m\"").unwrap().is_default);
        assert!(!read("source = []").unwrap().is_default);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let good = "[[source]]\nname = \"a\"\nkind = \"root\"\nurl = \"https://a.example\"\n";
        let many: String =
            (0..=MOST_SOURCES).map(|number| good.replace("\"a\"", &format!("\"a{number}\""))).collect();
        for (text, place, expected) in [
            ("[[sources]]", (1, 3), "unknown field \"sources\"; the nearest known one is \"source\""),
            ("[source]\nname = \"a\"", (1, 1), "expected sources, each under [[source]], found table"),
            ("[[source]]\nname = \"a\"\nurl = \"https://a.example\"", (1, 1), "the source has no kind"),
            (
                "[[source]]\nname = \"a\"\nkind = \"rot\"",
                (3, 8),
                "expected one of registry, root, catalog, found \"rot\"",
            ),
            ("[[source]]\nname = \"a b\"", (2, 8), "expected a name of 1 to 64"),
            (
                "[[source]]\nname = \"a\"\nkind = \"root\"\nurl = \"https://u:s3cret@a.example\"",
                (4, 7),
                "without user name",
            ),
            ("[[source]]\nname = \"a\"\nurll = \"x\"", (3, 1), "the nearest known one is \"url\""),
            ("[[source]]\nname = \"a\"\nenabled = \"yes\"", (3, 11), "expected true or false, found string"),
            ("[embeddings]\nurl = \"https://m.example\"", (1, 1), "the embedding model has no model"),
            ("[embeddings]\nkey = \"s3cret\"", (2, 1), "unknown field \"key\""),
            ("\n[[source", (2, 9), ""),
            (&format!("{good}{good}"), (5, 1), "source \"a\" appears twice"),
            (&many, (1, 1), "expected at most 64 sources, found 65"),
        ] {
            let (found, told) = read(text).unwrap_err();
            assert_eq!(found, place, "{text}: {told}");
            assert!(told.contains(expected) && !told.contains("s3cret"), "{text}: {told}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(\\[\\[source\\]\\]\n|name = \"x\"\n|kind = \"root\"\n|url = \"[a:/@]{0,5}\"\n|[a-z\\[\\]=\"{}\n]{0,6}){0,8}") {
            drop(read(&text));
        }
    }
}
