//! Who is let in, at every path.

use car_mcp_http::server::McpServiceBuilder;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::Full;
use serde_json::json;

use crate::serving::{Serving, call};

async fn status(serving: &Serving, path: &str, method: &str, headers: &[(&str, &'static str)]) -> StatusCode {
    let mut request = call("echo", json!({"text": "hi"}));
    *request.uri_mut() = path.parse().unwrap();
    *request.method_mut() = method.parse().unwrap();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    serving.send(request).await.status
}

#[tokio::test]
async fn v02_v03_strangers_are_refused_at_every_path_and_by_every_method() {
    let serving = Serving::plain().await;
    for (path, method) in [
        ("/mcp", "POST"),
        ("/mcp", "GET"),
        ("/mcp", "DELETE"),
        ("/mcp", "OPTIONS"),
        ("/mcp/health", "GET"),
        ("/.well-known/oauth-protected-resource", "GET"),
        ("/nowhere", "GET"),
    ] {
        for headers in [
            &[("host", "evil.example.com")][..],
            &[("origin", "http://evil.example.com")],
            &[("origin", "null")],
            &[("host", "evil.example.com"), ("origin", "http://evil.example.com")],
        ] {
            let found = status(&serving, path, method, headers).await;
            assert_eq!(found, StatusCode::FORBIDDEN, "{method} {path} {headers:?}");
        }
    }
    for host in ["localhost:3000", "127.0.0.1:1", "[::1]:3000"] {
        assert_eq!(status(&serving, "/mcp", "POST", &[("host", host)]).await, StatusCode::OK, "{host}");
    }
    let page = status(&serving, "/mcp", "POST", &[("origin", "http://localhost:6274")]).await;
    assert_eq!(page, StatusCode::OK);
}

#[tokio::test]
async fn a_request_without_a_host_is_no_request() {
    let serving = Serving::plain().await;
    let answer = serving.raw("GET /mcp/health HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let twice = "GET /mcp/health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = serving.raw(twice).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn hosts_and_origins_can_be_allowed() {
    let serving = Serving::described(|builder| {
        builder.allow_hosts(["mcp.example.com"]).allow_origins(["https://app.example.com"])
    })
    .await;
    let headers = [("host", "mcp.example.com"), ("origin", "https://app.example.com")];
    assert_eq!(status(&serving, "/mcp", "POST", &headers).await, StatusCode::OK);
    let headers = [("host", "mcp.example.com"), ("origin", "https://mcp.example.com")];
    assert_eq!(status(&serving, "/mcp", "POST", &headers).await, StatusCode::FORBIDDEN);
    let serving = Serving::described(|builder| {
        builder.any_host_because_a_proxy_checks_it().any_origin_because_a_proxy_checks_it()
    })
    .await;
    let headers = [("host", "any.example.com"), ("origin", "null")];
    assert_eq!(status(&serving, "/mcp", "POST", &headers).await, StatusCode::OK);
}

#[tokio::test]
async fn paths_are_those_that_were_set() {
    type Describe = fn(McpServiceBuilder) -> McpServiceBuilder;
    let cases: [(Describe, &[(&str, u16)]); 4] = [
        (|builder| builder, &[("/mcp", 200), ("/mcp/", 404), ("/", 404), ("/mcp/health", 405)]),
        (|builder| builder.path("/a/b"), &[("/a/b", 200), ("/mcp", 404), ("/a/b/health", 405)]),
        (|builder| builder.any_path(), &[("/", 200), ("/mcp/health", 200)]),
        (|builder| builder.health_path(Some("/up")), &[("/up", 405), ("/mcp/health", 404)]),
    ];
    for (describe, paths) in cases {
        let serving = Serving::described(describe).await;
        for (path, expected) in paths {
            let found = status(&serving, path, "POST", &[]).await;
            assert_eq!(found.as_u16(), *expected, "{path}");
        }
    }
}

#[tokio::test]
async fn health_tells_name_and_version() {
    let serving = Serving::described(|builder| builder.legacy(car_mcp_http::server::LegacyMode::Off)).await;
    let request = Request::get("/mcp/health").body(Full::default()).unwrap();
    let reply = serving.send(request).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.json(), json!({"status": "ok", "name": "example", "version": "", "sessions": 0}));
}
