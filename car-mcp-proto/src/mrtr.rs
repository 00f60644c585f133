//! Multi-round-trip requests: how a modern server asks for input without sending a request of its own.
//!
//! ```text
//! request ─▶ input_required {inputRequests, requestState}
//!               │ client gathers one answer per key
//!               ▼
//! same request, new id, + {inputResponses, requestState byte for byte} ─▶ complete | input_required | error
//! ```
//!
//! Source: specification 2026-07-28, "Multi round-trip requests". Allowed on `tools/call`, `prompts/get` and
//! `resources/read` only.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::elicitation::ElicitParams;
use crate::json::Members;
use crate::method::EmptyParams;
use crate::result::ResultType;
use crate::sampling::CreateMessageParams;

/// How many rounds a client goes before it gives up: servers may ask without limit, so the client sets one.
pub const MAX_ROUNDS: u32 = 10;

open_object! {
    /// The server asks the user.
    pub struct ElicitationInput tag "method" = "elicitation/create" {
        /// What it asks.
        req params: ElicitParams = "params",
    }
}

open_object! {
    /// The server asks the client's model.
    pub struct SamplingInput tag "method" = "sampling/createMessage" {
        /// What it asks.
        req params: CreateMessageParams = "params",
    }
}

open_object! {
    /// The server asks for the client's roots.
    pub struct RootsInput tag "method" = "roots/list" {
        /// Metadata, if any.
        opt params: EmptyParams = "params",
    }
}

tagged_union! {
    /// One thing that the server wants to know.
    pub enum InputRequest by "method" {
        /// It asks the user.
        Elicitation(ElicitationInput) = "elicitation/create",
        /// It asks the client's model.
        Sampling(SamplingInput) = "sampling/createMessage",
        /// It asks for the client's roots.
        Roots(RootsInput) = "roots/list",
    }
}

/// Holds what the server wants to know, by key, in the server's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputRequests(Vec<(String, InputRequest)>);

impl InputRequests {
    /// Iterates over keys and requests.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &InputRequest)> {
        self.0.iter().map(|(key, request)| (key.as_str(), request))
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>> FromIterator<(K, InputRequest)> for InputRequests {
    fn from_iter<I: IntoIterator<Item = (K, InputRequest)>>(requests: I) -> Self {
        Self(requests.into_iter().map(|(key, request)| (key.into(), request)).collect())
    }
}

impl Serialize for InputRequests {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, request) in &self.0 {
            map.serialize_entry(key, request)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for InputRequests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RequestsVisitor;
        impl<'de> Visitor<'de> for RequestsVisitor {
            type Value = InputRequests;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of input requests")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<InputRequests, A::Error> {
                let mut requests = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    requests.push(entry);
                }
                Ok(InputRequests(requests))
            }
        }
        deserializer.deserialize_map(RequestsVisitor)
    }
}

open_object! {
    /// A result that is no answer yet. At least one of the two first members is there.
    pub struct InputRequired {
        /// What the server wants to know.
        opt input_requests: InputRequests = "inputRequests",
        /// What it wants to have back, byte for byte. Opaque.
        opt request_state: String = "requestState",
        /// `input_required`.
        opt result_type: ResultType = "resultType",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

/// What a client adds to the same request when it sends it again.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Retry {
    /// One answer for each key that the server asked for. Absent where it asked for nothing.
    pub input_responses: Option<Members>,
    /// The server's state, byte for byte. Absent where it gave none.
    pub request_state: Option<String>,
}

/// Counts the rounds of one request and builds each retry.
///
/// State and answers of a round go into the next sending of the same request and nowhere else: the value is
/// consumed by each step, and a fresh one begins every request.
#[derive(Debug)]
pub struct Rounds {
    left: u32,
}

impl Rounds {
    /// Begins a request that may take this many rounds.
    pub const fn new(limit: u32) -> Self {
        Self { left: limit }
    }

    /// Takes a round and the answers to it.
    ///
    /// # Errors
    /// Says that the server asks too often, or which key was left without an answer.
    pub fn answer(&mut self, round: InputRequired, responses: Members) -> Result<Retry, RoundError> {
        self.left = self.left.checked_sub(1).ok_or(RoundError::TooMany)?;
        let input_responses = match &round.input_requests {
            None => None,
            Some(requests) => {
                if let Some((key, _)) = requests.iter().find(|(key, _)| responses.member(key).is_none()) {
                    return Err(RoundError::Unanswered { key: key.to_owned() });
                }
                Some(responses)
            }
        };
        Ok(Retry { input_responses, request_state: round.request_state })
    }
}

/// Says why a multi-round-trip request cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoundError {
    /// The server keeps asking.
    #[error("the server asked for input more often than this client answers")]
    TooMany,
    /// An answer is missing.
    #[error("expected an answer for the input request {key:?}, found none")]
    Unanswered {
        /// The server's key.
        key: String,
    },
}
