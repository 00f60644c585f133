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

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::json::{FromMembers, MemberSource, ObjectVisitor, Rest, ResultMembers};
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

/// Passes on to the result's own type what that type names, and keeps the rest until the kind of result is known.
struct Intercepted<'a, S> {
    source: S,
    names: &'static [&'static str],
    seen: &'a mut Seen,
}

#[derive(Default)]
struct Seen {
    input_requests: Option<InputRequests>,
    request_state: Option<String>,
    rest: Rest,
}

impl<'de, S: MemberSource<'de>> MemberSource<'de> for Intercepted<'_, S> {
    type Error = S::Error;

    fn next_name(&mut self) -> Result<Option<Cow<'de, str>>, S::Error> {
        loop {
            let Some(name) = self.source.next_name()? else { return Ok(None) };
            match &*name {
                "resultType" => self.seen.rest.result_type = self.source.next_value()?,
                "_meta" => self.seen.rest.meta = self.source.next_value()?,
                "inputRequests" => self.seen.input_requests = self.source.next_value()?,
                "requestState" => self.seen.request_state = self.source.next_value()?,
                known if self.names.contains(&known) => return Ok(Some(name)),
                _ => self.seen.rest.unknown.push(name.into(), self.source.next_value()?),
            }
        }
    }

    fn next_value<T: DeserializeOwned>(&mut self) -> Result<T, S::Error> {
        self.source.next_value()
    }
}

impl<T: ResultMembers> FromMembers for Outcome<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_members<'de, S: MemberSource<'de>>(source: S) -> Result<Self, S::Error> {
        let mut seen = Seen::default();
        // Whether its own type can be made of it matters only if it is of that kind.
        let complete = T::from_members(Intercepted { source, names: T::NAMES, seen: &mut seen });
        match &seen.rest.result_type {
            Some(kind) if *kind == ResultType::INPUT_REQUIRED => seen.into_round().map(Self::InputRequired),
            Some(kind) if *kind != ResultType::COMPLETE => Ok(Self::Unrecognized(kind.clone())),
            _ => {
                let mut complete = complete?;
                complete.restore(seen.rest);
                Ok(Self::Complete(complete))
            }
        }
    }
}

impl Seen {
    fn into_round<E: serde::de::Error>(self) -> Result<InputRequired, E> {
        if self.input_requests.is_none() && self.request_state.is_none() {
            return Err(E::custom(
                "a result of type `input_required` needs `inputRequests` or `requestState`, found neither",
            ));
        }
        let mut round = InputRequired::new();
        round.input_requests = self.input_requests;
        round.request_state = self.request_state;
        round.restore(self.rest);
        Ok(round)
    }
}

impl<'de, T: ResultMembers> Deserialize<'de> for Outcome<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor::new())
    }
}
