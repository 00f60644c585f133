//! Requests as bytes: parameters borrowed, metadata written once, one allocation.

use bytes::Bytes;
use car_mcp_proto::mrtr::Retry;
use car_mcp_proto::rpc::Outgoing;
use car_mcp_proto::{Members, RequestId, meta};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::Error;

/// One parameter, borrowed from the caller.
#[derive(Clone, Copy)]
pub(crate) enum Param<'a> {
    Text(&'a str),
    Raw(&'a RawValue),
    Members(&'a Members),
}

impl Serialize for Param<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Members(members) => members.serialize(serializer),
        }
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
    pub(crate) session_meta: &'a Members,
    /// What the caller adds.
    pub(crate) caller_meta: &'a Members,
    /// Asks for progress under this name.
    pub(crate) progress_token: Option<&'a RequestId>,
}

impl Params<'_> {
    fn has_meta(&self) -> bool {
        !self.session_meta.is_empty() || !self.caller_meta.is_empty() || self.progress_token.is_some()
    }
}

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.own {
            map.serialize_entry(name, value)?;
        }
        if let Some(responses) = self.retry.and_then(|retry| retry.input_responses.as_ref()) {
            map.serialize_entry("inputResponses", responses)?;
        }
        if let Some(state) = self.retry.and_then(|retry| retry.request_state.as_ref()) {
            map.serialize_entry("requestState", state)?;
        }
        if self.has_meta() {
            map.serialize_entry("_meta", &Meta(self))?;
        }
        map.end()
    }
}

struct Meta<'a, 'b>(&'b Params<'a>);

impl Serialize for Meta<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Params { session_meta, caller_meta, progress_token, .. } = self.0;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in session_meta.iter() {
            map.serialize_entry(name, value)?;
        }
        // What the protocol defines is the session's to say; a caller cannot say it twice.
        let reserved = |name: &str| {
            session_meta.member(name).is_some() || (progress_token.is_some() && name == meta::PROGRESS_TOKEN)
        };
        for (name, value) in caller_meta.iter().filter(|(name, _)| !reserved(name)) {
            map.serialize_entry(name, value)?;
        }
        if let Some(token) = progress_token {
            map.serialize_entry(meta::PROGRESS_TOKEN, token)?;
        }
        map.end()
    }
}

/// What a request's text needs beside its parameters: ids, braces and metadata come to about this many bytes.
const ENVELOPE_BYTES: usize = 512;

/// Writes any message.
pub(crate) fn encode<P: Serialize>(method: &str, message: &Outgoing<'_, P>) -> Result<Bytes, Error> {
    let mut text = Vec::with_capacity(ENVELOPE_BYTES);
    serde_json::to_writer(&mut text, message)
        .map_err(|error| Error::Parameters { method: method.to_owned(), reason: error.to_string() })?;
    Ok(Bytes::from(text))
}
