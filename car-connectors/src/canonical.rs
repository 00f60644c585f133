//! JSON in one form: members in order, no white space, texts in one spelling. Two values have one form if they mean the
//! same to whoever reads them.
//!
//! Numbers keep their spelling, and a member that is there twice stays there twice: readers differ about those.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep a value is looked into; below that it is taken as it is written. What a server writes deeper than this cannot
/// be used as a schema either.
pub(crate) const DEEPEST: usize = 100;

/// The members of an object, in the order of their names.
pub(crate) type Members<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// Returns the members of an object; nothing for any other value.
pub(crate) fn members(value: &RawValue) -> Option<Members<'_>> {
    struct Object;

    impl<'de> Visitor<'de> for Object {
        type Value = Members<'de>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((name, value)) = map.next_entry::<Borrowed<'de>, &'de RawValue>()? {
                members.push((name.0, value));
            }
            Ok(members)
        }
    }

    if !value.get().starts_with('{') {
        return None;
    }
    let mut members = serde_json::Deserializer::from_str(value.get()).deserialize_map(Object).ok()?;
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    Some(members)
}

/// Returns the members of an object that has each of them once.
pub(crate) fn distinct_members(value: &RawValue) -> Option<Members<'_>> {
    members(value).filter(|members| !members.windows(2).any(|pair| pair[0].0 == pair[1].0))
}

/// Returns a value in the one form.
pub(crate) fn of(value: &RawValue) -> String {
    let mut text = String::with_capacity(value.get().len());
    write(&mut text, value);
    text
}

/// Writes a value in the one form.
pub(crate) fn write(text: &mut String, value: &RawValue) {
    write_at(text, value, 0);
}

/// Writes a text as JSON.
pub(crate) fn text(text: &str) -> String {
    serde_json::to_string(text).expect("a text is always JSON")
}

fn write_at(text: &mut String, value: &RawValue, depth: usize) {
    let raw = value.get();
    match raw.as_bytes().first() {
        Some(b'{') if depth < DEEPEST => {
            if let Some(members) = members(value) {
                text.push('{');
                for (name, value) in &members {
                    text.push_str(&self::text(name));
                    text.push(':');
                    write_at(text, value, depth + 1);
                    text.push(',');
                }
                text.push('}');
                return;
            }
        }
        Some(b'[') if depth < DEEPEST => {
            if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) {
                text.push('[');
                for item in items {
                    write_at(text, item, depth + 1);
                    text.push(',');
                }
                text.push(']');
                return;
            }
        }
        Some(b'"') => {
            if let Ok(read) = serde_json::from_str::<Borrowed<'_>>(raw) {
                text.push_str(&self::text(&read.0));
                return;
            }
        }
        _ => {}
    }
    text.push_str(raw);
}

/// A text, borrowed where nothing in it is escaped.
#[derive(serde::Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn form(json: &str) -> String {
        of(&RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn what_means_the_same_has_one_form() {
        for (one, other) in [
            (r#"{"a":1,"b":[true,null]}"#, "{ \"b\" : [ true , null ] ,\n \"a\" : 1 }"),
            (r#"{"type":"object","x":{"y":1,"z":2}}"#, r#"{"x":{"z":2,"y":1},"type":"object"}"#),
            (r#""caf\u00e9 \/""#, r#""café /""#),
        ] {
            assert_eq!(form(one), form(other));
        }
    }

    #[test]
    fn what_a_reader_may_take_differently_has_another_form() {
        for (one, other) in [
            (r#"{"a":1}"#, r#"{"a":2}"#),
            (r#"{"a":1}"#, r#"{"a":1.0}"#),
            (r#"[1,2]"#, r#"[2,1]"#),
            (r#"[[1],2]"#, r#"[[1,2]]"#),
            (r#"{"a":1}"#, r#"{"a":1,"a":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#),
            (r#"{"a":"1"}"#, r#"{"a":1}"#),
            (r#"{"a":null}"#, "{}"),
            (r#""A""#, r#""a""#),
        ] {
            assert_ne!(form(one), form(other));
        }
    }

    #[test]
    fn a_value_of_any_depth_is_written() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        // What cannot be read at all is none of ours; what can is written to its end.
        if let Ok(value) = RawValue::from_string(deep) {
            assert!(of(&value).contains('1'));
        }
    }
}
