//! The server: what it offers, and the steps by which a request is let in and answered.

use std::fmt;
use std::sync::Arc;

use car_mcp_proto::capability::Implementation;
use car_mcp_proto::param_header::ParamHeaders;
use car_mcp_proto::{ErrorObject, ProtocolVersion};

use super::builder::ServerBuilder;
use super::exchange::Exchange;
use super::inbound::Request;
use super::principal::Caller;

/// An MCP server of every revision, without a wire. Cheap to clone; clones are the same server.
#[derive(Clone)]
pub struct Server {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {}

impl Server {
    /// Begins to describe a server.
    pub fn builder(info: Implementation) -> ServerBuilder {
        ServerBuilder::new(info)
    }

    /// Returns the revisions that it speaks, newest first.
    pub fn versions(&self) -> &[ProtocolVersion] {
        todo!("core-a")
    }

    /// Checks that a modern request is made in a revision that this server speaks.
    ///
    /// # Errors
    /// Names the revisions that it does speak (-32022).
    pub fn check_version(&self, version: &str) -> Result<ProtocolVersion, ErrorObject> {
        todo!("core-a {version}")
    }

    /// Checks that a modern request's method exists and that what it needs is offered here.
    ///
    /// # Errors
    /// Says that there is no such method (-32601).
    pub fn check_method(&self, method: &str) -> Result<(), ErrorObject> {
        todo!("core-a {method}")
    }

    /// Returns the headers that calls of a tool repeat; nothing for a tool that has none or does not exist.
    pub fn param_headers(&self, tool: &str) -> Option<Arc<ParamHeaders>> {
        todo!("core-a {tool}")
    }

    /// Begins to answer a modern request. Every check that needs no header is made here again, so that no transport
    /// can forget one.
    pub fn answer(&self, request: Request, caller: Caller) -> Exchange {
        todo!("core-a {request:?} {caller:?}")
    }

    /// Tells whoever listens that a resource changed.
    pub fn resource_updated(&self, uri: &str) {
        todo!("core-b {uri}")
    }

    /// Tells whoever listens that the list of tools changed. Adding and removing tools does so by itself.
    pub fn tools_changed(&self) {
        todo!("core-b")
    }

    /// Tells whoever listens that the list of prompts changed.
    pub fn prompts_changed(&self) {
        todo!("core-b")
    }

    /// Tells whoever listens that the list of resources changed.
    pub fn resources_changed(&self) {
        todo!("core-b")
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").finish_non_exhaustive()
    }
}
