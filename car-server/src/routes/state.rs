//! What whoever watches over the daemon asks: whether it is there, and how much it does.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use car_connectors::mcp::proto::version::ProtocolVersion;
use car_connectors::store::Scope;
use serde::Serialize;

use super::answer::{json, problem};
use super::{Shared, refuse};
use crate::access::Refusal;
use crate::metrics::{CONTENT_TYPE, Now};

/// What the daemon's MCP server calls itself.
const SERVER_NAME: &str = "car";

/// Says that the daemon is there: nothing that a stranger could use.
pub(super) async fn health() -> Response {
    #[derive(Serialize)]
    struct Health {
        status: &'static str,
        protocol_version: &'static str,
        server_name: &'static str,
    }
    let protocol_version = ProtocolVersion::ALL[0].as_str();
    json(&Health { status: "ok", protocol_version, server_name: SERVER_NAME })
}

/// Says how much the daemon does, as Prometheus reads it.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let visitor = match shared.enter(&head, Scope::Read) {
        Ok(visitor) => visitor,
        Err(response) => return *response,
    };
    if !visitor.sees_all() {
        return refuse(&Refusal::SomeConnectors, &head);
    }
    let connectors = match shared.desk.manager.list().await {
        Ok(connectors) => connectors,
        Err(error) => {
            tracing::warn!(%error, "the connectors cannot be listed");
            return problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the connectors cannot be listed; the log says why",
            );
        }
    };
    let states = connectors.iter().map(|connector| connector.state);
    let now =
        Now { mcp_sessions: shared.gateway.sessions(), approvals: shared.desk.approvals.pending().len() };
    let text = shared.metrics.written(states, &now);
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text).into_response()
}
