//! Requests of whom it is known already who makes them: a service within a program that has asked.

use std::sync::Arc;

use bytes::Bytes;
use car_mcp::proto::capability::Implementation;
use car_mcp::server::{Caller, Context, Failure, NoArguments, Principal, Server, tool};
use car_mcp_http::server::{McpService, RequestHead};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};

use crate::peer::{call, hello, text};

/// A caller with something that only the program knows.
fn known(id: &str) -> Caller {
    let mut caller = Caller::anonymous();
    caller.principal = Some(Arc::new(Principal::new(id)));
    caller.detail = Some(Arc::new(format!("the one called {id}")));
    caller
}

fn service() -> McpService {
    let who = |_: NoArguments, context: Context| async move {
        assert!(context.detail::<RequestHead>().is_none(), "what the program hands on is not replaced");
        Ok::<_, Failure>(context.detail::<String>().cloned().unwrap_or_default())
    };
    let server = Server::builder(Implementation::new("inner")).tool(tool("who", "Says who asks").run(who));
    McpService::builder(server.build().unwrap()).any_path().hand_on_head().build()
}

struct Reply {
    status: StatusCode,
    session: Option<String>,
    json: Value,
}

/// Sends a request as it reaches a program behind a router: with any path, a foreign host and no token.
async fn send(
    service: &McpService,
    id: &str,
    headers: &[(&str, &str)],
    method: Method,
    body: &Value,
) -> Reply {
    let mut request = Request::builder()
        .method(method)
        .uri("/deep/inside")
        .header("host", "public.example")
        .header("origin", "https://public.example")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body.to_string()))).unwrap();
    let response = service.handle_for(request, known(id)).await;
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let session = head.headers.get("mcp-session-id").map(|id| id.to_str().unwrap().to_owned());
    Reply { status: head.status, session, json: event_or_json(&body) }
}

/// Returns the last message of a body.
fn event_or_json(body: &[u8]) -> Value {
    let text = std::str::from_utf8(body).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back();
    serde_json::from_str(data.unwrap_or(text)).unwrap_or(Value::Null)
}

#[tokio::test]
async fn a_modern_request_is_the_callers_that_was_given() {
    let service = service();
    let mut message = call(7, "who", json!({}));
    message["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "who")];
    let reply = send(&service, "ada", &headers, Method::POST, &message).await;
    assert_eq!((reply.status, text(&reply.json)), (StatusCode::OK, "the one called ada"));
    // The checks that are the protocol's own are made all the same.
    let reply = send(&service, "ada", &headers[..2], Method::POST, &message).await;
    assert_eq!((reply.status, &reply.json["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32020)));
}

#[tokio::test]
async fn a_session_is_bound_to_the_caller_that_was_given() {
    let service = service();
    let begun = send(&service, "ada", &[], Method::POST, &hello("2025-11-25")).await;
    assert_eq!(begun.status, StatusCode::OK);
    let session = begun.session.unwrap();
    let headers = [("mcp-session-id", &*session), ("mcp-protocol-version", "2025-11-25")];
    let asked = call(2, "who", json!({}));
    let reply = send(&service, "ada", &headers, Method::POST, &asked).await;
    assert_eq!(text(&reply.json), "the one called ada");
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let reply = send(&service, "eve", &headers, method, &asked).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(send(&service, "ada", &headers, Method::DELETE, &asked).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_same_request_from_outside_is_still_looked_at() {
    let request = Request::builder().method(Method::POST).uri("/mcp").header("host", "public.example");
    let request = request.body(Full::new(Bytes::from(hello("2025-11-25").to_string()))).unwrap();
    assert_eq!(service().handle(request).await.status(), StatusCode::FORBIDDEN);
}
