//! Responses as bytes: written once, into one buffer, with what every result repeats copied from a text made at start.

use bytes::Bytes;
use car_mcp_proto::legacy::RESOURCE_NOT_FOUND;
use car_mcp_proto::rpc::{INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, MISSING_CLIENT_CAPABILITY};
use car_mcp_proto::{Era, ErrorObject, Members, RawJson, RequestId, meta};
use serde::Serialize;

use super::exchange::Answer;
use super::failure::{Failure, Reason, error};
use super::service::Settings;

/// What a response needs beside its result: the envelope, the kind of result and the server's name.
pub(super) const ENVELOPE_BYTES: usize = 384;

/// The kind of a modern result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Complete,
    InputRequired,
    /// Of the extension of tasks.
    Task,
}

impl Kind {
    pub(super) const fn member(self) -> &'static str {
        match self {
            Self::Complete => r#""resultType":"complete""#,
            Self::InputRequired => r#""resultType":"input_required""#,
            Self::Task => r#""resultType":"task""#,
        }
    }
}

/// Texts that are the same in every response of a server.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The member of `_meta` that names the server.
    pub(crate) server_info: Box<str>,
    /// The member that says for how long lists may be kept.
    pub(crate) ttl: Box<str>,
    /// The member that says who may share them.
    pub(crate) scope: Box<str>,
}

/// One result, and what belongs into it beside its own members.
pub(crate) struct Outcome<'a, T> {
    pub(crate) kind: Kind,
    /// Has neither `resultType` nor `_meta`: those are written from the members here.
    pub(crate) result: &'a T,
    pub(crate) meta: Option<&'a Members>,
    /// Whether it may be kept by clients, and so has to say for how long.
    pub(crate) is_cacheable: bool,
}

impl Texts {
    pub(crate) fn new(settings: &Settings) -> Self {
        let info = serde_json::to_string(&settings.info).expect("a name is JSON");
        let ttl = u64::try_from(settings.fresh_for.as_millis()).unwrap_or(u64::MAX);
        let scope = serde_json::to_string(&settings.scope).expect("a text is JSON");
        Self {
            server_info: format!("{:?}:{info}", meta::SERVER_INFO).into(),
            ttl: format!(r#""ttlMs":{ttl}"#).into(),
            scope: format!(r#""cacheScope":{scope}"#).into(),
        }
    }

    /// Writes the response to a request.
    pub(crate) fn answer<T: Serialize>(&self, era: Era, id: &RequestId, outcome: &Outcome<'_, T>) -> Answer {
        let mut text = Vec::with_capacity(ENVELOPE_BYTES + self.server_info.len());
        begin(&mut text, id);
        match self.write(&mut text, era, outcome) {
            Ok(()) => {
                text.push(b'}');
                Answer { body: Bytes::from(text), error: None }
            }
            Err(cause) => {
                let text = format!("the result cannot be written: {cause}");
                Answer::error(Some(id), &error(INTERNAL_ERROR, text))
            }
        }
    }

    /// Writes a result.
    pub(crate) fn write<T: Serialize>(
        &self,
        text: &mut Vec<u8>,
        era: Era,
        outcome: &Outcome<'_, T>,
    ) -> Result<(), serde_json::Error> {
        serde_json::to_writer(&mut *text, outcome.result)?;
        debug_assert_eq!(text.last(), Some(&b'}'), "a result is an object");
        text.pop();
        self.finish(text, era, outcome.kind, outcome.meta, outcome.is_cacheable)
    }

    /// Writes what follows a result's own members, and the brace that closes it.
    pub(crate) fn finish(
        &self,
        text: &mut Vec<u8>,
        era: Era,
        kind: Kind,
        meta: Option<&Members>,
        is_cacheable: bool,
    ) -> Result<(), serde_json::Error> {
        match era {
            Era::Legacy => {
                if let Some(meta) = meta {
                    comma(text);
                    text.extend_from_slice(br#""_meta":"#);
                    serde_json::to_writer(&mut *text, meta)?;
                }
            }
            Era::Modern => {
                comma(text);
                text.extend_from_slice(kind.member().as_bytes());
                if is_cacheable {
                    text.push(b',');
                    text.extend_from_slice(self.ttl.as_bytes());
                    text.push(b',');
                    text.extend_from_slice(self.scope.as_bytes());
                }
                text.extend_from_slice(br#","_meta":{"#);
                text.extend_from_slice(self.server_info.as_bytes());
                write_members(text, meta)?;
                text.push(b'}');
            }
        }
        text.push(b'}');
        Ok(())
    }
}

/// Writes a handler's own members of `_meta` after the server's name, which they cannot replace.
fn write_members(text: &mut Vec<u8>, members: Option<&Members>) -> Result<(), serde_json::Error> {
    let own = members.into_iter().flat_map(Members::iter).filter(|(name, _)| *name != meta::SERVER_INFO);
    for (name, value) in own {
        text.push(b',');
        serde_json::to_writer(&mut *text, name)?;
        text.push(b':');
        text.extend_from_slice(value.as_str().as_bytes());
    }
    Ok(())
}

pub(super) fn comma(text: &mut Vec<u8>) {
    if text.last() != Some(&b'{') {
        text.push(b',');
    }
}

/// Writes the envelope up to the result.
pub(super) fn begin(text: &mut Vec<u8>, id: &RequestId) {
    text.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    serde_json::to_writer(&mut *text, id).expect("an id can be written");
    text.extend_from_slice(br#","result":"#);
}

/// Returns the response whose result was written before.
pub(crate) fn written(id: &RequestId, result: &[u8]) -> Answer {
    let mut text = Vec::with_capacity(ENVELOPE_BYTES + result.len());
    begin(&mut text, id);
    text.extend_from_slice(result);
    text.push(b'}');
    Answer { body: Bytes::from(text), error: None }
}

/// Returns the response that says why there is no result. A round of questions is none of these.
pub(crate) fn refusal(era: Era, id: &RequestId, failure: Failure) -> Answer {
    Answer::error(Some(id), &error_of(era, failure))
}

/// Returns the error that says why there is no result. A round of questions is none of these.
pub(crate) fn error_of(era: Era, failure: Failure) -> ErrorObject {
    match failure.0 {
        Reason::Failed(text) => error(INTERNAL_ERROR, text),
        Reason::NotFound(uri) => not_found(era, &uri),
        Reason::Error(error) => in_terms_of(era, error),
        Reason::InputRequired(_) => {
            error(INTERNAL_ERROR, "expected a result, found a question that cannot be put here".to_owned())
        }
    }
}

pub(crate) fn not_found(era: Era, uri: &str) -> ErrorObject {
    let code = match era {
        Era::Legacy => RESOURCE_NOT_FOUND,
        Era::Modern => INVALID_PARAMS,
    };
    let mut error = error(code, format!("expected the URI of a resource, found {uri:?}"));
    error.data = RawJson::from_value(&std::collections::BTreeMap::from([("uri", uri)])).ok();
    error
}

/// The legacy era has no code for a capability that is missing.
pub(crate) const fn in_terms_of(era: Era, mut error: ErrorObject) -> ErrorObject {
    if matches!(era, Era::Legacy) && error.code == MISSING_CLIENT_CAPABILITY {
        error.code = INVALID_REQUEST;
    }
    error
}
