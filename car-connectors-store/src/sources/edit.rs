//! One source more or less. What else is in the file stays as it is: comments, order and all.

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Key, Table, TableLike, Value};

use super::{Embeddings, Source};

const SOURCES: &str = "source";
const EMBEDDINGS: &str = "embeddings";

/// Adds a source before the one at a place, or at the end. The document is one that has been read without fault.
pub(super) fn add(document: &mut DocumentMut, source: &Source, before: Option<usize>) {
    let is_empty = |item: &Item| item.as_array().is_some_and(toml_edit::Array::is_empty);
    let mut above = String::new();
    if document.get(SOURCES).is_none_or(is_empty) {
        above = document.key(SOURCES).and_then(comment_above).unwrap_or_default();
        document.remove(SOURCES);
        document.insert(SOURCES, Item::ArrayOfTables(ArrayOfTables::new()));
    }
    match &mut document[SOURCES] {
        Item::ArrayOfTables(tables) => {
            let mut table = Table::new();
            fill(&mut table, source);
            if !above.is_empty() {
                table.decor_mut().set_prefix(format!("\n{above}"));
            }
            match before {
                None => tables.push(table),
                Some(place) => tables.insert(place, table),
            }
        }
        Item::Value(Value::Array(array)) => {
            let mut table = InlineTable::new();
            fill(&mut table, source);
            array.insert(before.unwrap_or(array.len()), table);
        }
        _ => unreachable!("the document was read before: sources are a list"),
    }
    if let Some(place) = before {
        make_room(document, place);
    }
}

/// Tables are written in the order of their positions: makes every position even, and the new one odd, before the next.
fn make_room(document: &mut DocumentMut, new: usize) {
    let doubled = |table: &mut Table| table.set_position(table.position().map(|position| position * 2));
    if let Some(table) = document.get_mut(EMBEDDINGS).and_then(Item::as_table_mut) {
        doubled(table);
    }
    let Some(tables) = document.get_mut(SOURCES).and_then(Item::as_array_of_tables_mut) else { return };
    tables.iter_mut().for_each(doubled);
    let next = tables.get(new + 1).and_then(Table::position);
    if let Some(table) = tables.get_mut(new) {
        table.set_position(next.map(|next| next - 1));
    }
}

fn fill(table: &mut dyn TableLike, source: &Source) {
    let mut set = |name: &str, value: Value| drop(table.insert(name, Item::Value(value)));
    set("name", Value::from(source.name.as_str()));
    set("kind", Value::from(source.kind.as_str()));
    set("url", Value::from(source.url.as_str()));
    if !source.enabled {
        set("enabled", Value::from(false));
    }
    if source.allow_private {
        set("allow_private", Value::from(true));
    }
}

/// Removes the source at a place. The last one leaves an empty list, which says that none is wanted.
pub(super) fn remove(document: &mut DocumentMut, place: usize) {
    match &mut document[SOURCES] {
        Item::ArrayOfTables(tables) if tables.len() == 1 => {
            let kept = kept_comment(tables.get(0));
            let none = toml_edit::value(toml_edit::Array::new());
            document.remove(SOURCES);
            document.insert(SOURCES, none);
            if let Some(mut key) = document.key_mut(SOURCES) {
                key.leaf_decor_mut().set_prefix(kept);
            }
        }
        Item::ArrayOfTables(tables) => {
            let kept = kept_comment(tables.get(place));
            tables.remove(place);
            if let Some(next) = tables.get_mut(place) {
                let own = prefix(next);
                next.decor_mut().set_prefix(kept + own.trim_start_matches('\n'));
            } else {
                let end = document.trailing().as_str().unwrap_or_default().to_owned();
                document.set_trailing(kept + &end);
            }
        }
        Item::Value(Value::Array(array)) => drop(array.remove(place)),
        _ => unreachable!("the document was read before: sources are a list"),
    }
}

/// Returns what stands above a key.
fn comment_above(key: &Key) -> Option<String> {
    key.leaf_decor().prefix()?.as_str().map(str::to_owned)
}

/// Returns the comments above a table that are not its own: those with an empty line between them and the table.
fn kept_comment(table: Option<&Table>) -> String {
    let prefix = table.map(prefix).unwrap_or_default();
    prefix.rfind("\n\n").map_or_else(String::new, |at| prefix[..at + 2].to_owned())
}

fn prefix(table: &Table) -> String {
    table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned()
}

/// Sets the embedding model, or with nothing removes it.
pub(super) fn set_embeddings(document: &mut DocumentMut, embeddings: Option<&Embeddings>) {
    let Some(embeddings) = embeddings else {
        document.remove(EMBEDDINGS);
        return;
    };
    let item = document.entry(EMBEDDINGS).or_insert_with(|| Item::Table(Table::new()));
    if let Some(table) = item.as_table_like_mut() {
        for (name, text) in [("url", &embeddings.url), ("model", &embeddings.model)] {
            let decor = table.get(name).and_then(Item::as_value).map(|value| value.decor().clone());
            let mut value = Value::from(text.as_str());
            if let Some(decor) = decor {
                *value.decor_mut() = decor;
            }
            table.insert(name, Item::Value(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sources::{SourceKind, read};

    fn document(text: &str) -> DocumentMut {
        text.parse().unwrap()
    }

    fn source(name: &str) -> Source {
        Source::new(name, SourceKind::Root, format!("https://{name}.example"))
    }

    const TWO: &str = "# What we use.\n\n# the first\n[[source]]\nname = 'a' # short\nkind = \"root\"\n\
                       url=\"https://a.example\"\n\n[embeddings]\nurl = \"https://m.example\" # ours\nmodel = \"m\"\n\n\
                       # the second\n[[source]]\nname = \"b\"\nkind = \"root\"\nurl = \"https://b.example\"\n# the end\n";

    fn names(document: &DocumentMut) -> Vec<String> {
        let read = read::read(&document.to_string()).unwrap();
        read.sources.into_iter().map(|source| source.name).collect()
    }

    #[test]
    fn adds_where_it_is_told_and_keeps_every_line() {
        for (before, expected) in
            [(None, ["a", "b", "c"]), (Some(0), ["c", "a", "b"]), (Some(1), ["a", "c", "b"])]
        {
            let mut document = document(TWO);
            add(&mut document, &source("c"), before);
            assert_eq!(names(&document), expected, "{document}");
            let text = document.to_string();
            for line in TWO.lines() {
                assert!(text.lines().any(|kept| kept == line), "{line:?} is gone from {text}");
            }
        }
    }

    #[test]
    fn removes_a_source_with_its_own_comment_only() {
        let mut document = document(TWO);
        remove(&mut document, 0);
        assert_eq!(names(&document), ["b"]);
        let text = document.to_string();
        assert!(
            text.contains("# What we use.") && text.contains("# the second") && text.contains("# ours"),
            "{text}"
        );
        assert!(!text.contains("# the first"), "{text}");
        remove(&mut document, 0);
        let read = read::read(&document.to_string()).unwrap();
        assert!(read.sources.is_empty() && !read.is_default && read.embeddings.is_some(), "{document}");
        assert!(document.to_string().contains("# What we use."), "{document}");
        add(&mut document, &source("c"), None);
        assert_eq!(names(&document), ["c"]);
    }

    #[test]
    fn works_on_a_list_in_one_line_and_on_no_text_at_all() {
        let mut document =
            document("source = [{ name = \"a\", kind = \"root\", url = \"https://a.example\" }] # one\n");
        add(&mut document, &source("b"), Some(0));
        add(&mut document, &source("c"), None);
        assert_eq!(names(&document), ["b", "a", "c"]);
        for _ in 0..3 {
            remove(&mut document, 0);
        }
        assert!(names(&document).is_empty() && document.to_string().contains("# one"), "{document}");
        let mut document = DocumentMut::new();
        let mut disabled = source("d");
        (disabled.enabled, disabled.allow_private) = (false, true);
        add(&mut document, &disabled, None);
        assert_eq!(read::read(&document.to_string()).unwrap().sources, [disabled]);
    }

    #[test]
    fn sets_the_model_and_takes_it_away() {
        let mut document = document(TWO);
        let other = Embeddings::new("https://n.example", "n");
        set_embeddings(&mut document, Some(&other));
        let text = document.to_string();
        assert_eq!(read::read(&text).unwrap().embeddings, Some(other.clone()));
        assert!(text.contains("url = \"https://n.example\" # ours"), "{text}");
        set_embeddings(&mut document, None);
        assert_eq!(read::read(&document.to_string()).unwrap().embeddings, None);
        assert_eq!(names(&document), ["a", "b"]);
        let mut document = DocumentMut::new();
        set_embeddings(&mut document, Some(&other));
        assert!(read::read(&document.to_string()).unwrap().is_default);
    }

    #[test]
    fn keeps_a_comment_that_is_nobodys_when_the_last_source_goes() {
        let text = TWO.replace("# the second\n", "# a section\n\n# the second\n");
        let mut document = document(&text);
        remove(&mut document, 1);
        let text = document.to_string();
        assert_eq!(names(&document), ["a"]);
        assert!(
            text.contains("# a section") && text.contains("# the end") && !text.contains("# the second"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn any_edits_leave_what_a_list_would_have(edits in prop::collection::vec((any::<bool>(), 0_usize..6), 0..12)) {
            let mut text = TWO.to_owned();
            let mut expected = vec!["a".to_owned(), "b".to_owned()];
            for (number, (is_new, place)) in edits.into_iter().enumerate() {
                // As the file does it: every edit begins with what is written.
                let mut document = document(&text);
                match is_new {
                    true if place < expected.len() => {
                        add(&mut document, &source(&format!("n{number}")), Some(place));
                        expected.insert(place, format!("n{number}"));
                    }
                    true => {
                        add(&mut document, &source(&format!("n{number}")), None);
                        expected.push(format!("n{number}"));
                    }
                    false if place < expected.len() => {
                        remove(&mut document, place);
                        expected.remove(place);
                    }
                    false => {}
                }
                text = document.to_string();
                prop_assert_eq!(&names(&document), &expected, "{}", text);
                prop_assert!(text.contains("# What we use.") && text.contains("# the end"), "{}", text);
            }
        }
    }
}
