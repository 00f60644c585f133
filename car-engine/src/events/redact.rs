//! What of a call's arguments goes into the log.

use serde_json::{Map, Value, value::RawValue};

/// How much of a call's arguments is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgumentLogging {
    /// Nothing.
    #[default]
    Off,
    /// The names of members, and of each value its type and length.
    Redacted,
    /// Everything, except members that are named like secrets.
    Full,
}

/// The most bytes of arguments in one record.
const LONGEST: usize = 16 * 1024;

/// The longest name of a member that is kept. A map from secrets to anything has secrets for names; longer names are
/// unlikely to be names.
const LONGEST_NAME: usize = 64;

/// Parts of names that speak of secrets, in lower case and without separators.
const SECRET_NAMES: [&str; 12] = [
    "secret",
    "token",
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "credential",
    "cookie",
    "apikey",
    "privatekey",
    "accesskey",
    "bearer",
];

/// What stands for a value that must not be seen.
const REDACTED: &str = "[redacted]";

/// Makes the arguments fit for the log; `None` means that they are left out.
#[must_use]
pub fn redact_arguments(logging: ArgumentLogging, arguments: &RawValue) -> Option<Box<RawValue>> {
    if logging == ArgumentLogging::Off {
        return None;
    }
    let value = match serde_json::from_str::<Value>(arguments.get()) {
        Ok(value) if logging == ArgumentLogging::Full => without_secrets(value),
        Ok(value) => outline(value),
        Err(_) => Value::String("[not JSON]".to_owned()),
    };
    let raw = serde_json::value::to_raw_value(&value).expect("a value is always JSON");
    if raw.get().len() <= LONGEST {
        return Some(raw);
    }
    let cut = Value::String(format!("[{} bytes]", arguments.get().len()));
    Some(serde_json::value::to_raw_value(&cut).expect("a text is always JSON"))
}

fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| {
                    let value = if is_secret(&name) { REDACTED.into() } else { without_secrets(value) };
                    (name, value)
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_secrets).collect()),
        other => other,
    }
}

fn outline(value: Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => "[boolean]".into(),
        Value::Number(_) => "[number]".into(),
        Value::String(text) => format!("[string of {} characters]", text.chars().count()).into(),
        Value::Array(items) => Value::Array(items.into_iter().map(outline).collect()),
        Value::Object(members) => {
            let mut outlined = Map::new();
            for (name, value) in members {
                let value = if is_secret(&name) { REDACTED.into() } else { outline(value) };
                let name = if name.len() > LONGEST_NAME { format!("[{} bytes]", name.len()) } else { name };
                outlined.insert(name, value);
            }
            Value::Object(outlined)
        }
    }
}

/// Says whether a member's name speaks of a secret, however it is spelt: `API-Key`, `apiKey`, `x_api_key`, `key`.
fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    plain.ends_with("key")
        || plain == "auth"
        || plain == "pin"
        || SECRET_NAMES.iter().any(|part| plain.contains(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redact(logging: ArgumentLogging, text: &str) -> Option<String> {
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        redact_arguments(logging, &raw).map(|raw| raw.get().to_owned())
    }

    #[test]
    fn keeps_as_much_as_it_is_told_to() {
        let text = r#"{"q":"rust","n":5,"deep":[{"apiKey":"k"}],"Access-Token":{"a":1}}"#;
        assert_eq!(redact(ArgumentLogging::Off, text), None);
        let outlined = redact(ArgumentLogging::Redacted, text).unwrap();
        assert!(outlined.contains(r#""q":"[string of 4 characters]""#), "{outlined}");
        assert!(outlined.contains(r#"[{"apiKey":"[redacted]"}]"#), "{outlined}");
        let full = redact(ArgumentLogging::Full, text).unwrap();
        assert!(full.contains(r#""q":"rust""#) && full.contains(r#""n":5"#), "{full}");
        assert!(
            full.contains(r#"{"apiKey":"[redacted]"}"#) && full.contains(r#""Access-Token":"[redacted]""#)
        );
    }

    #[test]
    fn bounds_what_it_keeps() {
        let long = format!(r#"{{"q":"{}"}}"#, "x".repeat(20_000));
        assert_eq!(redact(ArgumentLogging::Full, &long).unwrap(), "\"[20008 bytes]\"");
        let name = format!(r#"{{"{}":1}}"#, "n".repeat(100));
        assert_eq!(redact(ArgumentLogging::Redacted, &name).unwrap(), r#"{"[100 bytes]":"[number]"}"#);
    }

    /// Any JSON with a marked text as each of its values.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            "[a-z ]{0,8}".prop_map(|text| Value::from(format!("S3CR3T{text}"))),
            any::<i32>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-zA-Z_-]{1,10}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_value_remains(value in json()) {
            let outlined = redact(ArgumentLogging::Redacted, &value.to_string()).unwrap();
            prop_assert!(!outlined.contains("S3CR3T"), "{}", outlined);
        }

        #[test]
        fn no_value_under_a_secret_name_remains(
            value in json(),
            name in "(x-|my_)?(API_KEY|accessToken|password|Authorization|client-secret|key)",
        ) {
            let arguments = serde_json::json!({"list": [{name: value}], "q": "kept"}).to_string();
            let full = redact(ArgumentLogging::Full, &arguments).unwrap();
            prop_assert!(!full.contains("S3CR3T") && full.contains("kept"), "{}", full);
        }
    }
}
