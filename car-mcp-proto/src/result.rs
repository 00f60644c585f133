//! What a request can be answered with: a complete result, or a round in which the server wants input first.
//!
//! ```text
//! {"resultType": absent | "complete"}   ─▶ Outcome::Complete(T)
//! {"resultType": "input_required", …}   ─▶ Outcome::InputRequired
//! {"resultType": anything else}         ─▶ Outcome::Unrecognized
//! ```
//!
//! Source: specification 2026-07-28, "Base protocol", section "ResultType".

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::json::{FromMembers, MemberSource, ObjectVisitor};
use crate::mrtr::{InputRequests, InputRequired};

open_enum! {
    /// Names the kind of a result. Absent, as in every legacy result, means complete.
    pub struct ResultType {
        /// The answer.
        COMPLETE = "complete",
        /// The server wants input before it answers.
        INPUT_REQUIRED = "input_required",
    }
}

/// Holds what a request was answered with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome<T> {
    /// The answer.
    Complete(T),
    /// The server wants input; the request is to be sent again with it.
    InputRequired(InputRequired),
    /// A kind of result that neither the core nor an extension we offered defines. A client must treat it as invalid.
    Unrecognized(ResultType),
}

/// Passes everything on to the result's own type, except what says which kind of result it is.
struct Intercepted<'a, S> {
    source: S,
    seen: &'a mut Seen,
}

#[derive(Default)]
struct Seen {
    result_type: Option<ResultType>,
    input_requests: Option<InputRequests>,
    request_state: Option<String>,
}

impl<'de, S: MemberSource<'de>> MemberSource<'de> for Intercepted<'_, S> {
    type Error = S::Error;

    fn next_name(&mut self) -> Result<Option<Cow<'de, str>>, S::Error> {
        loop {
            let Some(name) = self.source.next_name()? else { return Ok(None) };
            match &*name {
                "resultType" => self.seen.result_type = self.source.next_value()?,
                "inputRequests" => self.seen.input_requests = self.source.next_value()?,
                "requestState" => self.seen.request_state = self.source.next_value()?,
                _ => return Ok(Some(name)),
            }
        }
    }

    fn next_value<T: DeserializeOwned>(&mut self) -> Result<T, S::Error> {
        self.source.next_value()
    }
}

impl<T: FromMembers> FromMembers for Outcome<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_members<'de, S: MemberSource<'de>>(source: S) -> Result<Self, S::Error> {
        let mut seen = Seen::default();
        let complete = T::from_members(Intercepted { source, seen: &mut seen });
        match seen.result_type {
            None => complete.map(Self::Complete),
            Some(kind) if kind == ResultType::COMPLETE => complete.map(Self::Complete),
            Some(kind) if kind == ResultType::INPUT_REQUIRED => {
                if seen.input_requests.is_none() && seen.request_state.is_none() {
                    return Err(S::Error::custom(
                        "a result of type `input_required` needs `inputRequests` or `requestState`",
                    ));
                }
                let mut round = InputRequired::new();
                round.input_requests = seen.input_requests;
                round.request_state = seen.request_state;
                Ok(Self::InputRequired(round))
            }
            Some(kind) => Ok(Self::Unrecognized(kind)),
        }
    }
}

impl<'de, T: FromMembers> Deserialize<'de> for Outcome<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor::new())
    }
}
