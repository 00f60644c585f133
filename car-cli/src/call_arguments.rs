//! A tool's arguments as a person types them: one JSON object, a file of it, or `KEY=VALUE` words.
//!
//! `KEY=VALUE` takes the value as JSON if it is a number, `true`, `false`, `null`, an object or an array, unless the
//! tool's schema says that a text belongs there; anything else is a text. `KEY:=JSON` is always JSON.
//! What is JSON already is passed on byte for byte, so that a number keeps all its digits.

use std::collections::HashSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::failure::Failure;

/// Builds the arguments from words.
pub(crate) fn from_words(words: &[String], schema: Option<&RawValue>) -> Result<Box<RawValue>, Failure> {
    match words {
        [] => object("{}"),
        [text] if text.trim_start().starts_with('{') => object(text),
        words => pairs(words, schema),
    }
}

/// Tells whether a word could mean a text as well as JSON, so that the tool's schema must decide.
pub(crate) fn need_schema(words: &[String]) -> bool {
    words.iter().filter_map(|word| word.split_once('=')).any(|(key, value)| {
        !key.ends_with(':')
            && !key.trim_start().starts_with('{')
            && serde_json::from_str::<&RawValue>(value).is_ok()
    })
}

/// Reads the arguments from a file, or from standard input where its name is `-`.
pub(crate) fn from_file(path: &Path) -> Result<Box<RawValue>, Failure> {
    let mut text = String::new();
    let read = match path == Path::new("-") {
        true => std::io::stdin().lock().read_to_string(&mut text).map(drop),
        false => fs::read_to_string(path).map(|read| text = read),
    };
    read.map_err(|error| Failure {
        kind: "invalid_input",
        ..Failure::io(format!("cannot read {}", path.display()), &error)
    })?;
    object(&text)
}

fn object(text: &str) -> Result<Box<RawValue>, Failure> {
    let raw: Box<RawValue> = serde_json::from_str(text).map_err(|error| {
        Failure::usage(format!("the arguments are not JSON: {error}")).hinted(
            "quote the whole object for the shell, as in '{\"message\": \"hi\"}', or write message=hi",
        )
    })?;
    match raw.get().starts_with('{') {
        true => Ok(raw),
        false => {
            Err(Failure::usage("the arguments are JSON, but not an object").hinted("write KEY=VALUE, or {…}"))
        }
    }
}

fn pairs(words: &[String], schema: Option<&RawValue>) -> Result<Box<RawValue>, Failure> {
    let schema: Value = schema.and_then(|schema| serde_json::from_str(schema.get()).ok()).unwrap_or_default();
    let mut seen = HashSet::new();
    let mut members = Vec::new();
    for word in words {
        let (key, value) =
            word.split_once('=').filter(|(key, _)| !key.trim_end_matches(':').is_empty()).ok_or_else(
                || Failure::usage(format!("expected KEY=VALUE or one JSON object, found {word:?}")),
            )?;
        let (key, value) = match key.strip_suffix(':') {
            Some(key) => (key, json(key, value)?),
            None => (key, guessed(value, schema.get("properties").and_then(|all| all.get(key)))),
        };
        if !seen.insert(key) {
            return Err(Failure::usage(format!("the argument {key:?} is given twice")));
        }
        members.push(format!("{}:{}", Value::from(key), value.get()));
    }
    let text = format!("{{{}}}", members.join(","));
    Ok(RawValue::from_string(text).expect("members that are JSON, with names that are JSON, make an object"))
}

fn json(key: &str, value: &str) -> Result<Box<RawValue>, Failure> {
    serde_json::from_str(value)
        .map_err(|error| Failure::usage(format!("the argument {key:?} is not JSON: {error}")))
}

/// Takes a value as JSON or as a text, whichever the schema wants, or else whichever it looks like.
fn guessed(value: &str, schema: Option<&Value>) -> Box<RawValue> {
    let text = || to_raw_value(value).expect("a text is JSON");
    let Ok(raw) = serde_json::from_str::<&RawValue>(value) else { return text() };
    let kinds: &[&str] = match raw.get().as_bytes().first() {
        Some(b'"') => return text(),
        Some(b'{') => &["object"],
        Some(b'[') => &["array"],
        Some(b't' | b'f') => &["boolean"],
        Some(b'n') => &["null"],
        _ => &["number", "integer"],
    };
    let mut wanted = Vec::new();
    types(schema, &mut wanted);
    let wants_text = wanted.contains(&"string") && !kinds.iter().any(|kind| wanted.contains(kind));
    if wants_text { text() } else { raw.to_owned() }
}

/// Collects the types that a property may have: its own, and those of its alternatives, as `Optional` fields have them.
fn types<'a>(schema: Option<&'a Value>, found: &mut Vec<&'a str>) {
    let Some(schema) = schema else { return };
    match schema.get("type") {
        Some(Value::String(name)) => found.push(name),
        Some(Value::Array(names)) => found.extend(names.iter().filter_map(Value::as_str)),
        _ => {}
    }
    for alternatives in ["anyOf", "oneOf"] {
        for one in schema.get(alternatives).and_then(Value::as_array).into_iter().flatten() {
            if let Some(name) = one.get("type").and_then(Value::as_str) {
                found.push(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(words: &[&str], schema: Option<&str>) -> Result<String, Failure> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let schema = schema.map(|text| RawValue::from_string(text.to_owned()).unwrap());
        from_words(&words, schema.as_deref()).map(|raw| raw.get().to_owned())
    }

    #[test]
    fn takes_values_as_json_where_they_are() {
        let words =
            ["a=1.50", "b=true", "c=null", "d=[1, 2]", "e={\"x\":1}", "f=hi there", "g=", "h=\"q\"", "i=a=b"];
        let expected = r#"{"a":1.50,"b":true,"c":null,"d":[1, 2],"e":{"x":1},"f":"hi there","g":"","h":"\"q\"","i":"a=b"}"#;
        assert_eq!(built(&words, None).unwrap(), expected);
    }

    #[test]
    fn keeps_a_text_where_the_schema_wants_one() {
        let schema = r#"{"properties":{"zip":{"type":"string"},"n":{"type":"number"},"both":{"type":["string","integer"]},
            "maybe":{"anyOf":[{"type":"string"},{"type":"null"}]}}}"#;
        let words = ["zip=02139", "n=5", "both=5", "maybe=7"];
        assert_eq!(built(&words, Some(schema)).unwrap(), r#"{"zip":"02139","n":5,"both":5,"maybe":"7"}"#);
        assert_eq!(built(&["maybe=null", "zip=5"], Some(schema)).unwrap(), r#"{"maybe":null,"zip":"5"}"#);
    }

    #[test]
    fn takes_json_where_it_is_said_to_be() {
        assert_eq!(
            built(&["s:=\"5\"", "n:=12345678901234567890"], None).unwrap(),
            r#"{"s":"5","n":12345678901234567890}"#
        );
        assert_eq!(built(&["s:=oops"], None).unwrap_err().exit, crate::exit::Exit::Usage);
    }

    #[test]
    fn passes_an_object_on_as_it_is_and_refuses_anything_else() {
        assert_eq!(built(&["{\"a\": 1.0}"], None).unwrap(), "{\"a\": 1.0}");
        for words in
            [&["{\"a\": }"][..], &["[1]"], &["word"], &["=x"], &[":=1"], &["a=1", "a=2"], &["{}", "{}"]]
        {
            assert!(built(words, None).is_err(), "{words:?}");
        }
    }
}
