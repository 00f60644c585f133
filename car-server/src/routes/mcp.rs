//! `/mcp` and `/connectors/{slug}/mcp`: MCP clients.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use car_connectors::store::Scope;
use futures_util::StreamExt as _;

use super::{Shared, refuse};
use crate::access::Refusal;
use crate::visitor::Visitor;

/// All enabled tools, as one server.
pub(super) async fn all(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let visitor = match shared.enter(&head, Scope::Read) {
        Ok(visitor) => visitor,
        Err(response) => return *response,
    };
    let request = Request::from_parts(head.clone(), body);
    let answer = shared.gateway.handle(request, visitor.clone());
    match while_let_in(&shared, &visitor, answer).await {
        Ok(response) => response,
        Err(refusal) => refuse(&refusal, &head),
    }
}

/// One connector alone.
pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let visitor = match shared.enter(&head, Scope::Read) {
        Ok(visitor) => visitor,
        Err(response) => return *response,
    };
    let request = Request::from_parts(head.clone(), body);
    let answer = shared.gateway.handle_connector(&slug, request, visitor.clone());
    match while_let_in(&shared, &visitor, answer).await {
        Ok(response) => response,
        Err(refusal) => refuse(&refusal, &head),
    }
}

/// Waits for an answer as long as who asked is let in. So does a stream that the answer is.
async fn while_let_in(
    shared: &Shared,
    visitor: &Visitor,
    answer: impl Future<Output = Response>,
) -> Result<Response, Refusal> {
    if visitor.is_owner() {
        return Ok(answer.await);
    }
    let response = tokio::select! {
        response = answer => response,
        () = shared.access.ended(visitor) => return Err(Refusal::UnknownToken),
    };
    if response.body().size_hint().exact().is_some() {
        return Ok(response);
    }
    let (access, visitor) = (shared.access.clone(), visitor.clone());
    let ended = Box::pin(async move { access.ended(&visitor).await });
    Ok(response.map(|body| Body::from_stream(body.into_data_stream().take_until(ended))))
}
