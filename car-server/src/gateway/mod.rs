//! The MCP endpoint: everything that is enabled, of all connectors, as one server.
//!
//! ```text
//!  MCP client ─▶ McpService ─▶ Server (car-mcp) ─▶ forwarded tool ─▶ ConnectorManager::call_tool ─▶ connector
//!                                   ▲                                        │
//!                                   │ Offer                                  ├ progress, log ─▶ Context
//!                                   └── offering(), when it changed          └ questions ─▶ Context::ask (see `pump`)
//! ```

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use car_connectors::ConnectorManager;
use car_connectors::mcp::ClientHandler;

use crate::visitor::Visitor;

/// The MCP endpoint, and for each connector one that has it alone. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    manager: ConnectorManager,
}

impl Gateway {
    /// Makes the endpoint; nothing is offered until [`Gateway::refresh`].
    pub(crate) fn new(manager: ConnectorManager) -> Self {
        Self { manager }
    }

    /// Brings what is offered in line with the connectors. Cheap where nothing changed.
    pub(crate) async fn refresh(&self) {
        let _ = &self.manager;
        todo!("part D")
    }

    /// Answers a request to `/mcp`.
    pub(crate) async fn handle(&self, request: Request<Body>, visitor: Visitor) -> Response {
        let _ = (request, visitor);
        todo!("part D")
    }

    /// Answers a request to `/connectors/{slug}/mcp`: that connector alone, under its own names.
    pub(crate) async fn handle_connector(
        &self,
        slug: &str,
        request: Request<Body>,
        visitor: Visitor,
    ) -> Response {
        let _ = (slug, request, visitor);
        todo!("part D")
    }

    /// Counts the legacy sessions.
    pub(crate) fn sessions(&self) -> usize {
        todo!("part D")
    }

    /// Ends what would go on for ever, in good order.
    pub(crate) fn close(&self) {
        todo!("part D")
    }
}

/// What the daemon declares to servers that it can be asked: everything that a client of its own may be able to answer. A
/// question of no call is refused.
pub(crate) fn handler() -> Arc<dyn ClientHandler> {
    todo!("part D")
}
