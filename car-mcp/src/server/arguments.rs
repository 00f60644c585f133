//! Arguments of typed tools: their schema, and what to tell a model whose arguments do not fit.

use std::collections::HashMap;

use car_mcp_proto::RawJson;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::failure::Failure;
use super::inbound::JsonSlice;

/// Returns the schema of arguments. It always says that they are an object, as the protocol wants it.
pub(crate) fn schema_of<A: JsonSchema>() -> RawJson {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<A>();
    if schema.get("type").is_none() {
        schema.insert("type".to_owned(), "object".into());
    }
    RawJson::from_value(&schema).expect("a schema is JSON")
}

/// Returns the schema of a structured result.
pub(crate) fn schema_of_result<T: JsonSchema>() -> RawJson {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    RawJson::from_value(&generator.into_root_schema_for::<T>()).expect("a schema is JSON")
}

/// Reads arguments; none are an empty object.
///
/// # Errors
/// Says which member does not fit, for the model.
pub(crate) fn read<A: DeserializeOwned>(given: Option<&JsonSlice>) -> Result<A, Failure> {
    let text = given.map_or("{}", JsonSlice::as_str);
    serde_json::from_str(text).map_err(|error| Failure::new(misfit(text, &error)))
}

/// Says what does not fit, and at which member: serde's own message knows only the line and the column.
fn misfit(text: &str, error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.split_once(" at line ").map_or(&*message, |(message, _)| message);
    match offset(text, error).map(|at| member_at(text, at)).filter(|path| !path.is_empty()) {
        Some(path) => format!("the arguments do not fit: {path}: {message}"),
        None => format!("the arguments do not fit: {message}"),
    }
}

/// Returns the byte at which reading stopped; nothing where that is not known.
fn offset(text: &str, error: &serde_json::Error) -> Option<usize> {
    let line = error.line().checked_sub(1)?;
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    Some(before + error.column().saturating_sub(1))
}

/// Returns the path of the member whose value holds a byte: `/address/street`.
fn member_at(text: &str, at: usize) -> String {
    let mut path = String::new();
    let (mut text, mut at) = (text, at);
    while let Ok(members) = serde_json::from_str::<HashMap<String, &RawValue>>(text) {
        let found = members.iter().find_map(|(name, value)| {
            let start = value.get().as_ptr().addr() - text.as_ptr().addr();
            (start..start + value.get().len()).contains(&at).then(|| (name, value.get(), at - start))
        });
        let Some((name, value, rest)) = found else { break };
        path.push('/');
        path.push_str(name);
        (text, at) = (value, rest);
    }
    path
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only their names and types matter")]
    struct Order {
        count: u8,
        address: Address,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only their names and types matter")]
    struct Address {
        street: String,
    }

    #[test]
    fn the_message_names_the_member() {
        for (text, expected) in [
            (r#"{"count":"three","address":{"street":"x"}}"#, "/count: invalid type: string \"three\""),
            (r#"{"count":300,"address":{"street":"x"}}"#, "/count: invalid value: integer `300`"),
            (
                "{\n \"count\": 3,\n \"address\": {\"street\": 7}\n}",
                "/address/street: invalid type: integer `7`",
            ),
            (r#"{"count":3,"address":{}}"#, "/address: missing field `street`"),
            (r#"{"count":3}"#, "missing field `address`"),
            ("{}", "missing field `count`"),
        ] {
            let error = serde_json::from_str::<Order>(text).unwrap_err();
            let message = misfit(text, &error);
            assert!(message.starts_with(&format!("the arguments do not fit: {expected}")), "{message}");
        }
    }

    #[test]
    fn a_type_whose_schema_has_no_type_of_its_own_is_declared_an_object() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only the schema is looked at")]
        enum Either {
            Left { a: u8 },
            Right { b: u8 },
        }
        let schema: serde_json::Value = schema_of::<Either>().parse().unwrap();
        assert_eq!(schema["type"], "object");
    }
}
