//! A JSON document of a peer, read member by member.

use serde_json::{Map, Value};

use super::{cleaned, shown};
use crate::Error;

/// The longest document that is read. The largest real ones, of identity providers, have some 20 KiB.
const LONGEST_DOCUMENT: usize = 256 * 1024;
/// The most items of a list that are read; the longest real ones are scopes.
const MOST_ITEMS: usize = 256;
/// How much of a foreign value stands in an error.
const LONGEST_FOUND: usize = 80;

/// An object, and where it was found.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    url: &'a str,
    members: Map<String, Value>,
}

impl<'a> Document<'a> {
    /// Reads a body; the error says what it is instead of a JSON object.
    pub(crate) fn read(url: &'a str, body: &[u8]) -> Result<Self, String> {
        if body.len() > LONGEST_DOCUMENT {
            return Err(format!("longer than {LONGEST_DOCUMENT} bytes"));
        }
        // RFC 8259 §8.1: a reader may ignore the mark instead of refusing it.
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
        if body.is_empty() {
            return Err("an empty body".to_owned());
        }
        if body.starts_with(b"<") {
            return Err("not JSON: HTML page".to_owned());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self { url, members }),
            Ok(other) => Err(format!("expected an object, found {}", kind(&other))),
            Err(_) => Err("not JSON".to_owned()),
        }
    }

    /// Returns whether a member is there and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Returns a text; null is like nothing.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.unfit(name, "a string", other)),
        }
    }

    /// Returns a list of texts; null is like nothing.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                let texts = items.iter().take(MOST_ITEMS).map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    other => Err(self.unfit(name, "a list of strings", other)),
                });
                texts.collect::<Result<_, _>>().map(Some)
            }
            Some(other) => Err(self.unfit(name, "a list of strings", other)),
        }
    }

    /// Returns a list of texts that nothing depends on: of another type it is like nothing.
    pub(crate) fn optional_texts(&self, name: &str) -> Option<Vec<String>> {
        self.texts(name).ok().flatten()
    }

    /// Returns a flag that something depends on; nothing and null are false.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.unfit(name, "true or false", other)),
        }
    }

    /// Returns a flag that nothing depends on: of another type it is false.
    pub(crate) fn optional_flag(&self, name: &str) -> bool {
        self.flag(name).unwrap_or(false)
    }

    /// Returns a number of seconds, which some servers write as a fraction or as a string.
    pub(crate) fn seconds(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
            _ => None,
        }
    }

    /// Returns a text or a list of texts as a list.
    pub(crate) fn one_or_many(&self, name: &str) -> Result<Vec<String>, Error> {
        if let Some(Value::String(text)) = self.get(name) {
            return Ok(vec![text.clone()]);
        }
        Ok(self.texts(name)?.unwrap_or_default())
    }

    /// Says that the document cannot be used.
    pub(crate) fn invalid(&self, what: impl Into<String>) -> Error {
        Error::InvalidMetadata { url: shown(self.url), what: what.into() }
    }

    fn unfit(&self, name: &str, expected: &str, found: &Value) -> Error {
        let found = match found {
            Value::String(text) => format!("the string {:?}", cleaned(text, LONGEST_FOUND)),
            Value::Bool(_) | Value::Number(_) => found.to_string(),
            other => kind(other).to_owned(),
        };
        self.invalid(format!("expected {name} to be {expected}, found {found}"))
    }
}

/// Cuts a fraction off; nothing for what is no time, such as a negative number.
fn whole(seconds: f64) -> Option<u64> {
    // Beyond 2^53 a float is no longer exact, and no time is that far.
    const FARTHEST: f64 = 9_007_199_254_740_992.0;
    (0.0..FARTHEST).contains(&seconds).then_some(seconds as u64)
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_body_is_instead() {
        for (body, what) in [
            (&b""[..], "an empty body"),
            (b"  <!doctype html>", "not JSON: HTML page"),
            (b"Not Found", "not JSON"),
            (b"[1]", "expected an object, found a list"),
            (b"{\"a\":", "not JSON"),
        ] {
            assert_eq!(Document::read("https://h.example", body).unwrap_err(), what);
        }
        assert!(Document::read("u", &vec![b' '; LONGEST_DOCUMENT + 1]).unwrap_err().starts_with("longer"));
        assert!(Document::read("u", b"\xef\xbb\xbf{}").is_ok());
    }

    #[test]
    fn tells_a_wrong_type_from_nothing() {
        let body = br#"{"s":1,"n":null,"l":["a",2],"f":"true","o":{}}"#;
        let document = Document::read("https://h.example/?q", body).unwrap();
        assert_eq!(document.text("n").unwrap(), None);
        assert_eq!(document.text("absent").unwrap(), None);
        assert_eq!(document.optional_texts("l"), None);
        assert!(!document.optional_flag("f"));
        for (error, what) in [
            (document.text("s").unwrap_err(), "expected s to be a string, found 1"),
            (document.texts("l").unwrap_err(), "expected l to be a list of strings, found 2"),
            (document.texts("o").unwrap_err(), "expected o to be a list of strings, found an object"),
            (document.flag("f").unwrap_err(), "expected f to be true or false, found the string \"true\""),
        ] {
            let wanted = format!("the metadata at https://h.example/ cannot be used: {what}");
            assert_eq!(error.to_string(), wanted);
        }
    }

    #[test]
    fn reads_seconds_however_they_are_written() {
        let body = br#"{"a":7,"b":7.9,"c":"7","d":"7.5","e":-1,"f":"soon","g":[],"h":1e300}"#;
        let document = Document::read("u", body).unwrap();
        for name in ["a", "b", "c", "d"] {
            assert_eq!(document.seconds(name), Some(7), "{name}");
        }
        for name in ["e", "f", "g", "h", "absent"] {
            assert_eq!(document.seconds(name), None, "{name}");
        }
    }
}
