//! From a frame to a request, and from a result to a frame.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::RpcError;

/// A request, or with no id a notification.
#[derive(Debug)]
pub(crate) struct Request {
    /// Its id, as it was sent; nothing where no answer is wanted.
    pub(crate) id: Option<Box<RawValue>>,
    pub(crate) method: String,
    pub(crate) params: Option<Box<RawValue>>,
}

/// What a frame holds before it has been looked at.
#[derive(Deserialize)]
struct Envelope {
    jsonrpc: Option<String>,
    #[serde(default, deserialize_with = "present")]
    id: Option<Box<RawValue>>,
    method: Option<String>,
    params: Option<Box<RawValue>>,
}

/// Tells `null`, which is there, from a member that is not.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// A frame that is no request.
#[derive(Debug)]
pub(crate) struct Unread {
    /// The id to answer it under, as far as that could be read.
    pub(crate) id: Option<Box<RawValue>>,
    /// What is wrong with it.
    pub(crate) error: RpcError,
}

/// Reads a frame.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(text: &str) -> Result<Request, Box<Unread>> {
    let unread = |id, error| Box::new(Unread { id, error });
    let refuse = |id, what: &str| unread(id, RpcError::invalid_request(what));
    let value: &RawValue =
        serde_json::from_str(text).map_err(|error| unread(None, RpcError::parse(&error)))?;
    match value.get().as_bytes().first() {
        Some(b'{') => {}
        Some(b'[') => {
            return Err(refuse(None, "expected one message a frame, found a batch; send them one by one"));
        }
        _ => return Err(refuse(None, "expected an object")),
    }
    let envelope: Envelope = serde_json::from_str(value.get())
        .map_err(|error| refuse(None, &format!("expected a request: {error}")))?;
    let Envelope { jsonrpc, id, method, params } = envelope;
    if id.as_ref().is_some_and(|id| !matches!(id.get().as_bytes().first(), Some(b'"' | b'-' | b'0'..=b'9'))) {
        return Err(refuse(None, "expected `id` to be a text or a number"));
    }
    if jsonrpc.as_deref() != Some("2.0") {
        return Err(refuse(id, "expected `jsonrpc` to be \"2.0\""));
    }
    let Some(method) = method else { return Err(refuse(id, "expected a member `method`, found none")) };
    Ok(Request { id, method, params })
}

impl Request {
    /// Reads the parameters of a method: an object, every member of which is known.
    ///
    /// # Errors
    /// Names the member that is missing, unknown or of another type.
    pub(crate) fn params<P: DeserializeOwned>(&self) -> Result<P, RpcError> {
        let text = self.params.as_deref().map_or("{}", RawValue::get);
        if !text.starts_with('{') {
            return Err(RpcError::invalid_params(&self.method, "expected `params` to be an object"));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let place = error.path().to_string();
            let what = error.inner().to_string();
            // The library ends its text with a position in the frame, which nobody can look up.
            let what = what.rfind(" at line ").map_or(what.as_str(), |end| &what[..end]);
            let what = match place.as_str() {
                "." | "?" => what.to_owned(),
                place => format!("{place}: {what}"),
            };
            RpcError::invalid_params(&self.method, &what)
        })
    }
}

/// Writes an answer.
pub(crate) fn answer(id: Option<&RawValue>, outcome: Result<Box<RawValue>, RpcError>) -> String {
    #[derive(Serialize)]
    struct Answer<'a> {
        jsonrpc: &'static str,
        id: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<RpcError>,
    }
    let (result, error) = match outcome {
        Ok(result) => (Some(result), None),
        Err(error) => (None, Some(error)),
    };
    let answer = Answer { jsonrpc: "2.0", id, result, error };
    serde_json::to_string(&answer).expect("raw JSON and texts are always JSON")
}

/// Writes a notification.
pub(crate) fn notification(method: &str, params: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Notification<'a, P> {
        jsonrpc: &'static str,
        method: &'a str,
        params: &'a P,
    }
    let notification = Notification { jsonrpc: "2.0", method, params };
    serde_json::to_string(&notification).expect("what is told has texts for keys")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Params {
        #[expect(dead_code, reason = "read to see whether it fits")]
        slug: String,
        #[expect(dead_code, reason = "read to see whether it fits")]
        tools: Option<Vec<String>>,
    }

    fn refused(text: &str) -> String {
        let unread = read(text).unwrap_err();
        answer(unread.id.as_deref(), Err(unread.error))
    }

    #[test]
    fn reads_a_request_and_keeps_its_id_as_it_was() {
        let request = read(r#" {"jsonrpc":"2.0","id":1.50,"method":"connectors.list"} "#).unwrap();
        assert_eq!(request.id.unwrap().get(), "1.50");
        let request = read(r#"{"jsonrpc":"2.0","method":"connectors.list","params":{}}"#).unwrap();
        assert!(request.id.is_none());
    }

    #[test]
    fn says_what_is_wrong_with_a_frame() {
        for (text, code, part) in [
            ("", -32_700, "no JSON"),
            ("{\"jsonrpc\"", -32_700, "no JSON"),
            ("[]", -32_600, "batch"),
            ("7", -32_600, "expected an object"),
            (r#"{"id":1,"method":"x"}"#, -32_600, "jsonrpc"),
            (r#"{"jsonrpc":"1.0","id":1,"method":"x"}"#, -32_600, "jsonrpc"),
            (r#"{"jsonrpc":"2.0","id":1}"#, -32_600, "member `method`"),
            (r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#, -32_600, "`id`"),
            (r#"{"jsonrpc":"2.0","id":{},"method":"x"}"#, -32_600, "`id`"),
            (r#"{"jsonrpc":"2.0","id":1,"method":5}"#, -32_600, "invalid type"),
        ] {
            let refused = refused(text);
            assert!(
                refused.contains(&format!("\"code\":{code}")) && refused.contains(part),
                "{text}: {refused}"
            );
        }
        assert!(refused(r#"{"id":"a","method":"x"}"#).contains(r#""id":"a""#));
    }

    #[test]
    fn names_the_member_that_does_not_fit() {
        let params = |params: &str| {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{params}}}"#);
            let error = read(&text).unwrap().params::<Params>().unwrap_err();
            answer(None, Err(error))
        };
        assert!(params("{}").contains("missing field `slug`"));
        assert!(params(r#"{"slug":5}"#).contains("m: slug: invalid type: integer `5`, expected a string\""));
        assert!(params(r#"{"slug":"a","tools":["b",7]}"#).contains("tools[1]: invalid type"));
        assert!(params(r#"{"slug":"a","slugg":1}"#).contains("unknown field `slugg`"));
        assert!(params("[1]").contains("expected `params` to be an object"));
    }
}
