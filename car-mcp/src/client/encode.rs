//! Requests as bytes: parameters borrowed, what every request repeats written once for the session, one allocation.

use bytes::Bytes;
use car_mcp_proto::mrtr::Retry;
use car_mcp_proto::rpc::Outgoing;
use car_mcp_proto::{Members, RequestId, meta};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::Error;

/// One parameter, borrowed from the caller.
#[derive(Clone, Copy)]
pub(crate) enum Param<'a> {
    Text(&'a str),
    Raw(&'a RawValue),
    Members(&'a Members),
}

/// What every request of a session carries in `_meta`, as the text of its members.
///
/// It is the same for every call, so it is written once and copied: a fifth of the work of encoding a small call.
#[derive(Debug, Default)]
pub(crate) struct SessionMeta {
    members: Members,
    text: String,
}

impl SessionMeta {
    pub(crate) fn new(members: Members) -> Result<Self, serde_json::Error> {
        let text = serde_json::to_string(&members)?;
        // Without its braces, so that a request can add members of its own.
        let text = text[1..text.len() - 1].to_owned();
        Ok(Self { members, text })
    }
}

/// Holds all parameters of a request.
#[derive(Clone, Copy)]
pub(crate) struct Params<'a> {
    /// The method's own.
    pub(crate) own: &'a [(&'static str, Param<'a>)],
    /// What an earlier round adds.
    pub(crate) retry: Option<&'a Retry>,
    /// What every request of the session carries.
    pub(crate) session_meta: &'a SessionMeta,
    /// What the caller adds.
    pub(crate) caller_meta: &'a Members,
    /// Asks for progress under this name.
    pub(crate) progress_token: Option<&'a RequestId>,
}

/// What a request's text needs beside its parameters: ids, braces and metadata come to about this many bytes.
const ENVELOPE_BYTES: usize = 512;

/// Writes a request.
pub(crate) fn encode_request(
    id: &RequestId,
    method: &'static str,
    params: &Params<'_>,
) -> Result<Bytes, Error> {
    let mut text = Vec::with_capacity(ENVELOPE_BYTES + params.weight());
    write_request(&mut text, id, method, params).map_err(|error| unwritable(method, &error))?;
    Ok(Bytes::from(text))
}

/// Writes any message.
pub(crate) fn encode<P: Serialize>(method: &str, message: &Outgoing<'_, P>) -> Result<Bytes, Error> {
    serde_json::to_vec(message).map(Bytes::from).map_err(|error| unwritable(method, &error))
}

fn unwritable(method: &str, error: &serde_json::Error) -> Error {
    Error::Parameters { method: method.to_owned(), reason: error.to_string() }
}

fn write_request(
    text: &mut Vec<u8>,
    id: &RequestId,
    method: &'static str,
    params: &Params<'_>,
) -> Result<(), serde_json::Error> {
    text.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    serde_json::to_writer(&mut *text, id)?;
    // Methods are this crate's own constants and need no escapes.
    text.extend_from_slice(br#","method":""#);
    text.extend_from_slice(method.as_bytes());
    text.extend_from_slice(br#"","params":"#);
    let mut object = Object::begin(text);
    for (name, value) in params.own {
        match value {
            Param::Text(value) => object.member(name, value)?,
            Param::Raw(value) => object.raw(name, value.get()),
            Param::Members(value) => object.member(name, value)?,
        }
    }
    if let Some(responses) = params.retry.and_then(|retry| retry.input_responses.as_ref()) {
        object.member("inputResponses", responses)?;
    }
    if let Some(state) = params.retry.and_then(|retry| retry.request_state.as_ref()) {
        object.member("requestState", state)?;
    }
    if params.has_meta() {
        object.name("_meta");
        params.write_meta(object.text)?;
    }
    object.end();
    text.push(b'}');
    Ok(())
}

impl Params<'_> {
    /// Returns about how long the parameters are, so that the text grows at most once.
    fn weight(&self) -> usize {
        let own = self.own.iter().map(|(_, value)| match value {
            Param::Text(value) => value.len(),
            Param::Raw(value) => value.get().len(),
            Param::Members(_) => 0,
        });
        own.sum::<usize>() + self.session_meta.text.len()
    }

    fn has_meta(&self) -> bool {
        !self.session_meta.text.is_empty() || !self.caller_meta.is_empty() || self.progress_token.is_some()
    }

    fn write_meta(&self, text: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let mut object = Object::begin(text);
        object.members(&self.session_meta.text);
        // What the protocol defines is the session's to say; a caller cannot say it twice.
        let reserved = |name: &str| {
            self.session_meta.members.member(name).is_some()
                || (self.progress_token.is_some() && name == meta::PROGRESS_TOKEN)
        };
        for (name, value) in self.caller_meta.iter().filter(|(name, _)| !reserved(name)) {
            object.escaped_name(name)?;
            object.text.extend_from_slice(value.as_str().as_bytes());
        }
        if let Some(token) = self.progress_token {
            object.member(meta::PROGRESS_TOKEN, token)?;
        }
        object.end();
        Ok(())
    }
}

/// Writes an object member by member.
struct Object<'a> {
    text: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    fn begin(text: &'a mut Vec<u8>) -> Self {
        text.push(b'{');
        Self { text, is_empty: true }
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.is_empty) {
            self.text.push(b',');
        }
    }

    /// Writes a name that needs no escapes: one of this crate's own.
    fn name(&mut self, name: &'static str) {
        self.comma();
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
    }

    fn escaped_name(&mut self, name: &str) -> Result<(), serde_json::Error> {
        self.comma();
        serde_json::to_writer(&mut *self.text, name)?;
        self.text.push(b':');
        Ok(())
    }

    fn raw(&mut self, name: &'static str, value: &str) {
        self.name(name);
        self.text.extend_from_slice(value.as_bytes());
    }

    fn member(
        &mut self,
        name: &'static str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), serde_json::Error> {
        self.name(name);
        serde_json::to_writer(&mut *self.text, value)
    }

    /// Writes members that are text already.
    fn members(&mut self, members: &str) {
        if !members.is_empty() {
            self.comma();
            self.text.extend_from_slice(members.as_bytes());
        }
    }

    fn end(self) {
        self.text.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use car_mcp_proto::RawJson;

    use super::*;

    fn members(text: &str) -> Members {
        serde_json::from_str(text).unwrap()
    }

    fn encoded(params: &Params<'_>) -> String {
        let body = encode_request(&RequestId::Number(7), "tools/call", params).unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn writes_nothing_that_is_not_there() {
        let params = Params {
            own: &[],
            retry: None,
            session_meta: &SessionMeta::default(),
            caller_meta: &Members::new(),
            progress_token: None,
        };
        assert_eq!(encoded(&params), r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}}"#);
    }

    #[test]
    fn writes_parameters_retry_and_metadata() {
        let arguments = RawJson::from_text(r#"{ "n" : 1.0e2 }"#).unwrap();
        let mut retry = Retry::default();
        retry.input_responses = Some(members(r#"{"k":{"action":"accept"}}"#));
        retry.request_state = Some("st\"ate".to_owned());
        let params = Params {
            own: &[("name", Param::Text("a \"b\"")), ("arguments", Param::Raw(arguments.as_raw()))],
            retry: Some(&retry),
            session_meta: &SessionMeta::new(members(r#"{"s":1}"#)).unwrap(),
            caller_meta: &members(r#"{"s":2,"progressToken":3,"tr\"ace":"x"}"#),
            progress_token: Some(&RequestId::Number(7)),
        };
        assert_eq!(
            encoded(&params),
            concat!(
                r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a \"b\"","arguments":{ "n" : 1.0e2 },"#,
                r#""inputResponses":{"k":{"action":"accept"}},"requestState":"st\"ate","#,
                r#""_meta":{"s":1,"tr\"ace":"x","progressToken":7}}}"#
            )
        );
    }
}
