//! Legacy clients: sessions, streams that can be resumed, the stream for what belongs to no request.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use car_mcp::server::{Caller, Server};
use http::Response;
use http::request::Parts;

use super::body::ResponseBody;
use super::options::{LegacyMode, SessionOptions};

/// Every session of a service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {}

impl Sessions {
    pub(crate) fn new(
        server: Server,
        mode: LegacyMode,
        options: SessionOptions,
        keep_alive: Duration,
    ) -> Self {
        todo!("http-b {server:?} {mode:?} {options:?} {keep_alive:?}")
    }

    /// Answers a POST whose body is a legacy message or a batch of them. Origin, Host, size, media types and the
    /// caller have been checked.
    pub(crate) async fn post(&self, head: &Parts, body: Bytes, caller: Caller) -> Response<ResponseBody> {
        todo!("http-b {head:?} {body:?} {caller:?} {:?}", self.shared)
    }

    /// Answers GET: opens or resumes a stream.
    pub(crate) fn get(&self, head: &Parts, caller: Caller) -> Response<ResponseBody> {
        todo!("http-b {head:?} {caller:?}")
    }

    /// Answers DELETE: ends a session.
    pub(crate) fn delete(&self, head: &Parts, caller: &Caller) -> Response<ResponseBody> {
        todo!("http-b {head:?} {caller:?}")
    }

    /// Puts a message on a session's own stream, and returns whether there is somebody to read it.
    pub(crate) fn push(&self, session: &str, message: Bytes) -> bool {
        todo!("http-b {session} {message:?}")
    }

    /// Returns how many sessions there are.
    pub(crate) fn len(&self) -> usize {
        todo!("http-b")
    }

    /// Ends every session: open streams end in good order.
    pub(crate) fn close(&self) {
        todo!("http-b")
    }
}
