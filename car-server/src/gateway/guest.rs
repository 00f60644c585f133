//! Who makes a request to the endpoint, and what the head of the request says beside.

use std::sync::Arc;

use car_connectors::mcp::server::{Caller, Context, Failure, Principal};
use car_connectors::store::Scope;
use http::HeaderMap;

use super::outcome;
use crate::visitor::Visitor;

/// Names the session of a legacy client.
const SESSION: &str = "mcp-session-id";

/// The members of a trace context, in a request's metadata as in the head of an HTTP request.
///
/// Source: W3C Trace Context and Baggage; SEP-414.
pub(super) const TRACE_PARENT: &str = "traceparent";
const TRACE_REST: [&str; 2] = ["tracestate", "baggage"];

/// Who makes a request.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) visitor: Visitor,
    /// In whose name calls are made, where a connector's one session serves several clients.
    pub(super) name: Arc<str>,
    /// The trace context of the head: name and value.
    trace: Vec<(&'static str, Box<str>)>,
}

impl Guest {
    /// Returns who makes the request with these headers.
    pub(super) fn new(visitor: Visitor, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let name = match text(SESSION) {
            Some(session) => format!("{}/{session}", visitor.name).into(),
            None => Arc::clone(&visitor.name),
        };
        let trace = std::iter::once(TRACE_PARENT).chain(TRACE_REST);
        let trace = trace.filter_map(|name| Some((name, text(name)?.into()))).collect();
        Self { visitor, name, trace }
    }

    /// Returns them as the endpoint's server knows its callers.
    pub(super) fn into_caller(self) -> Caller {
        let mut caller = Caller::anonymous();
        caller.principal = Some(Arc::new(Principal::new(&*self.visitor.name)));
        caller.detail = Some(Arc::new(self));
        caller
    }

    /// Returns who makes a request; nothing only where it did not come through this endpoint.
    pub(super) fn of(caller: &Caller) -> Option<&Self> {
        caller.detail.as_deref()?.downcast_ref()
    }

    /// Returns who makes a request that needs more than looking.
    ///
    /// # Errors
    /// Says which scope it needs.
    pub(super) fn who_may_call(context: &Context) -> Result<&Self, Failure> {
        match Self::of(context.caller()) {
            Some(guest) if guest.visitor.may(Scope::Call) => Ok(guest),
            _ => Err(outcome::not_allowed()),
        }
    }

    /// Returns a member of the head's trace context.
    pub(super) fn trace(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.trace.iter().map(|(name, value)| (*name, &**value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(headers: &[(&'static str, &str)]) -> Guest {
        let headers = headers.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_str(value).unwrap())
        });
        Guest::new(Visitor::manager("owner"), &headers.collect())
    }

    #[test]
    fn each_legacy_session_has_a_name_of_its_own() {
        assert_eq!(&*guest(&[]).name, "owner");
        assert_eq!(&*guest(&[(SESSION, "a")]).name, "owner/a");
    }

    #[test]
    fn a_caller_is_known_by_the_visitors_name() {
        let caller = guest(&[(TRACE_PARENT, "00-1-2-01"), ("baggage", "a=1")]).into_caller();
        assert_eq!(caller.id(), Some("owner"));
        let guest = Guest::of(&caller).unwrap();
        assert_eq!(guest.trace().collect::<Vec<_>>(), [(TRACE_PARENT, "00-1-2-01"), ("baggage", "a=1")]);
        assert!(Guest::of(&Caller::anonymous()).is_none());
    }
}
