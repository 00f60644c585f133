//! Legacy clients that name the wrong session or revision (W03, W04), and requests that are sent twice or taken back.

use car_mcp::server::Principal;
use car_mcp::transport::BoxFuture;
use car_mcp_http::server::McpService;
use car_mcp_http::server::protect::{
    BearerToken, ProtectedResource, TokenVerifier, VerifiedToken, VerifyError,
};
use http::request::Parts;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::lines::{Heard, Wire, serve, server};
use crate::serving::{Serving, Stage, patiently};

/// One client with its session.
struct Client<'s> {
    serving: &'s Serving,
    session: String,
}

impl<'s> Client<'s> {
    async fn begin(serving: &'s Serving, version: &str, token: Option<&str>) -> Self {
        let heard = bearing(Wire::post(hello(version).to_string()), token).send(serving).await;
        assert_eq!(heard.json()["result"]["protocolVersion"], version);
        let session = heard.header("mcp-session-id").unwrap().to_owned();
        Self { serving, session }
    }

    fn wire(&self, body: impl Into<Vec<u8>>) -> Wire {
        Wire::post(body).with("Mcp-Session-Id", &self.session)
    }

    async fn post(&self, message: Value) -> Heard {
        self.wire(message.to_string()).send(self.serving).await
    }

    /// Shows that the session goes on.
    async fn assert_lives(&self, case: &str) {
        let heard = self.post(ping(json!("alive"))).await;
        assert_eq!((heard.status, &heard.json()["result"]), (200, &json!({})), "{case}: {heard:?}");
    }

    /// Posts what wants no answer.
    async fn tell(&self, case: &str, message: Value) {
        let heard = self.post(message).await;
        assert_eq!((heard.status, &*heard.body), (202, ""), "{case}: {heard:?}");
    }
}

fn hello(version: &str) -> Value {
    let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
}

fn ping(id: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "ping"})
}

fn call(id: Value, tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": {}}})
}

fn cancel(id: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})
}

fn bearing(wire: Wire, token: Option<&str>) -> Wire {
    token.into_iter().fold(wire, |wire, token| wire.with("Authorization", format!("Bearer {token}")))
}

/// Each way of using a session.
const USES: [&str; 3] = ["POST /mcp", "GET /mcp", "DELETE /mcp"];

#[tokio::test]
async fn w03_a_session_that_is_not_the_clients() {
    let serving = serve().await;
    let client = Client::begin(&serving, "2025-11-25", None).await;
    let right = || client.wire(ping(json!(2)).to_string());
    let gone = Client::begin(&serving, "2025-11-25", None).await;
    assert_eq!(gone.wire("").send_as("DELETE /mcp", &serving).await.status, 204);
    let name = "Mcp-Session-Id";
    for (case, wire, status) in [
        ("W03.1 missing", right().without(name), 400),
        ("W03.2 twice", right().with(name, &client.session), 400),
        ("W03.3 two", right().with(name, "x"), 400),
        ("W03.4 empty", right().set(name, ""), 404),
        ("W03.5 unknown", right().set(name, "AAAAAAAAAAAAAAAAAAAAAA"), 404),
        ("W03.6 cut off", right().set(name, &client.session[1..]), 404),
        ("W03.7 with more after it", right().set(name, format!("{}A", client.session)), 404),
        ("W03.8 in another case", right().set(name, swapped(&client.session)), 404),
        ("W03.9 not ASCII", right().set(name, b"\xff\xfe"), 404),
        ("W03.10 ended", right().set(name, &gone.session), 404),
    ] {
        for line in USES {
            let heard = wire.clone().send_as(line, &serving).await;
            heard.assert_refused(&format!("{case}, {line}"), status, -32600, &Value::Null);
        }
    }
    client.assert_lives("the session of the others").await;
}

/// Returns a text with each letter in its other case.
fn swapped(text: &str) -> String {
    let other = |letter: char| match letter.is_ascii_lowercase() {
        true => letter.to_ascii_uppercase(),
        false => letter.to_ascii_lowercase(),
    };
    text.chars().map(other).collect()
}

/// Takes any token for the name of its owner.
struct Names;

impl TokenVerifier for Names {
    fn verify<'a>(
        &'a self,
        token: BearerToken<'a>,
        _: &'a Parts,
    ) -> BoxFuture<'a, Result<VerifiedToken, VerifyError>> {
        let principal = Principal::new(token.expose());
        Box::pin(std::future::ready(Ok(VerifiedToken::new(principal))))
    }
}

#[tokio::test]
async fn w03_a_session_of_another_principal() {
    let resource = ProtectedResource::new("http://localhost/mcp", ["https://issuer.example"], Names);
    let service = McpService::builder(server()).protect(resource.unwrap()).build();
    let serving = Serving::start(service).await;
    let client = Client::begin(&serving, "2025-11-25", Some("alice")).await;
    for (token, status) in [("mallory", 404), ("Alice", 404), ("alice", 200)] {
        for message in [ping(json!(2)), call(json!(3), "greet"), cancel(json!(3))] {
            let status = if status == 200 && message.get("id").is_none() { 202 } else { status };
            let heard = bearing(client.wire(message.to_string()), Some(token)).send(&serving).await;
            assert_eq!(heard.status, status, "W03.11 {token}: {message}");
        }
    }
    let nobody = client.wire(ping(json!(2)).to_string()).send(&serving).await;
    assert_eq!(nobody.status, 401, "W03.12 a session is no proof");
    for line in ["GET /mcp", "DELETE /mcp"] {
        let heard = bearing(client.wire(""), Some("mallory")).send_as(line, &serving).await;
        heard.assert_refused(&format!("W03.13 {line}"), 404, -32600, &Value::Null);
    }
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_refused_before_each_of_its_messages_is_asked_about() {
    let resource = ProtectedResource::new("http://localhost/mcp", ["https://issuer.example"], Names).unwrap();
    let resource =
        resource.scopes_for(|method, _| if method == "ping" { vec!["more".to_owned()] } else { Vec::new() });
    let serving = Serving::start(McpService::builder(server()).protect(resource).build()).await;
    let client = Client::begin(&serving, "2025-03-26", Some("alice")).await;
    for (size, status) in [(1, 403), (100, 403), (101, 400), (10_000, 400)] {
        let batch = json!(vec![ping(json!(2)); size]);
        let heard = bearing(client.wire(batch.to_string()), Some("alice")).send(&serving).await;
        assert_eq!(heard.status, status, "{size}: {heard:?}");
    }
}

#[tokio::test]
async fn w04_a_revision_that_is_not_spoken() {
    let serving = serve().await;
    let client = Client::begin(&serving, "2025-11-25", None).await;
    let right = || client.wire(ping(json!(2)).to_string());
    let name = "MCP-Protocol-Version";
    for (case, wire) in [
        ("W04.1 none of ours", right().with(name, "2024-01-01")),
        ("W04.2 one that may come", right().with(name, "2030-01-01")),
        ("W04.3 the modern one", right().with(name, "2026-07-28")),
        ("W04.4 no date", right().with(name, "nonsense")),
        ("W04.5 empty", right().with(name, "")),
        ("W04.6 not ASCII", right().with(name, b"2025-11-25\xff")),
        ("W04.7 twice", right().with(name, "2025-11-25").with(name, "2025-11-25")),
        ("W04.8 a list", right().with(name, "2025-11-25, 2025-06-18")),
    ] {
        for line in USES {
            let heard = wire.clone().send_as(line, &serving).await;
            heard.assert_refused(&format!("{case}, {line}"), 400, -32600, &Value::Null);
        }
    }
    for (case, wire) in [
        ("W04.9 absent", right()),
        ("W04.10 what was agreed on", right().with(name, "2025-11-25")),
        ("W04.11 white space around it", right().with(name, " 2025-11-25\t")),
    ] {
        assert_eq!(wire.send(&serving).await.json()["result"], json!({}), "{case}");
    }
}

#[tokio::test]
async fn w01_bodies_that_are_no_message() {
    let serving = serve().await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let client = Client::begin(&serving, version, None).await;
        let ping = ping(json!(2)).to_string();
        let many = format!("[{}]", vec![&*ping; 10_000].join(","));
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        for (case, body, code) in [
            ("empty", Vec::new(), -32700),
            ("not UTF-8", b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"\xff\"}".to_vec(), -32700),
            ("bytes after it", format!("{ping} x").into_bytes(), -32700),
            ("a message after it", format!("{ping}{ping}").into_bytes(), -32700),
            ("cut off", ping.as_bytes()[..ping.len() - 1].to_vec(), -32700),
            ("no message", b"{}".to_vec(), -32600),
            ("a request without an id", br#"{"jsonrpc":"2.0","method":"ping"}"#.to_vec(), -32600),
            ("an empty batch", b"[]".to_vec(), -32600),
            ("a batch of 10,000", many.into_bytes(), -32600),
            ("a bomb", deep.into_bytes(), -32600),
            ("a batch that is cut off", format!("[{ping}").into_bytes(), -32700),
            ("a batch with something after it", format!("[{ping}]x").into_bytes(), -32700),
        ] {
            let heard = client.wire(body).send(&serving).await;
            if (case, version) == ("a bomb", "2025-03-26") {
                assert_eq!(heard.status, 200, "a batch of one that is no message has an answer: {heard:?}");
                assert_eq!(heard.json()[0]["error"]["code"], -32600);
                continue;
            }
            heard.assert_refused(&format!("{version}: {case}"), 400, code, &Value::Null);
        }
        for id in ["null", "1.5", "true", "{}", "[]", "18446744073709551616"] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
            client.wire(body).send(&serving).await.assert_refused(id, 400, -32600, &Value::Null);
        }
        let with_id = json!({"jsonrpc": "2.0", "id": 3, "method": "notifications/initialized"});
        client.post(with_id).await.assert_refused("a notification with an id", 400, -32600, &json!(3));
        let twice = r#"{"jsonrpc":"2.0","id":3,"method":"ping","method":"tools/list"}"#;
        let twice = client.wire(twice).send(&serving).await;
        twice.assert_refused("a method twice", 400, -32600, &json!(3));
        let batch = client.post(json!([{"jsonrpc": "2.0", "id": 2, "method": "ping"}])).await;
        match version {
            "2025-03-26" => assert_eq!((batch.status, &batch.json()[0]["id"]), (200, &json!(2))),
            _ => batch.assert_refused(version, 400, -32600, &Value::Null),
        }
        client.assert_lives(version).await;
    }
}

#[tokio::test]
async fn w01_answers_to_what_was_never_asked() {
    let serving = serve().await;
    let client = Client::begin(&serving, "2025-11-25", None).await;
    for message in [
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        json!({"jsonrpc": "2.0", "id": "never", "result": {"action": "accept"}}),
        json!({"jsonrpc": "2.0", "id": -1, "error": {"code": 1, "message": "no"}}),
        json!({"jsonrpc": "2.0", "error": {"code": 1, "message": "no"}}),
    ] {
        client.tell("ignored", message).await;
    }
    client.assert_lives("after answers to nothing").await;
}

/// A server whose tool waits, and what happens to its calls.
async fn waiting() -> (Serving, Stage, UnboundedReceiver<&'static str>) {
    let (stage, events) = Stage::new();
    (Serving::start(McpService::new(stage.server())).await, stage, events)
}

#[tokio::test]
async fn a_second_request_with_an_id_in_flight() {
    let (serving, stage, mut events) = waiting().await;
    let client = Client::begin(&serving, "2025-11-25", None).await;
    for id in [json!(5), json!("5")] {
        let (first, ()) = tokio::join!(client.post(call(id.clone(), "wait")), async {
            assert_eq!(patiently(events.recv()).await, Some("began"));
            for second in [call(id.clone(), "wait"), ping(id.clone())] {
                client.post(second).await.assert_refused("the second", 200, -32600, &id);
            }
            stage.go.notify_one();
        });
        first.assert_says("the first", "waited");
        assert_eq!(patiently(events.recv()).await, Some("ended"));
        assert_eq!(client.post(ping(id.clone())).await.json()["id"], id, "the id is free again");
    }
}

#[tokio::test]
async fn a_request_that_was_taken_back() {
    let (serving, stage, mut events) = waiting().await;
    let client = Client::begin(&serving, "2025-11-25", None).await;
    client.tell("initialize, which is over", cancel(json!(1))).await;
    let (taken_back, ()) = tokio::join!(client.post(call(json!(5), "wait")), async {
        assert_eq!(patiently(events.recv()).await, Some("began"));
        for wrong in [json!("5"), json!(5.5), json!(null), json!({}), json!([5]), json!(6), json!(1)] {
            client.tell("another id", cancel(wrong)).await;
        }
        client.tell("no id", json!({"jsonrpc": "2.0", "method": "notifications/cancelled"})).await;
        client.assert_lives("after that").await;
        assert!(events.try_recv().is_err(), "the call goes on");
        client.tell("this one", cancel(json!(5))).await;
    });
    assert_eq!(patiently(events.recv()).await, Some("dropped"));
    assert_eq!(taken_back.status, 200);
    assert!(!taken_back.body.contains("\"id\""), "there is no answer: {taken_back:?}");
    client.tell("once more", cancel(json!(5))).await;
    stage.go.notify_one();
    client.post(call(json!(5), "wait")).await.assert_says("a later request of that id", "waited");
}

#[tokio::test]
async fn an_initialize_cannot_be_taken_back_from_elsewhere() {
    let serving = serve().await;
    let lone = Wire::post(cancel(json!(1)).to_string()).send(&serving).await;
    lone.assert_refused("without a session", 400, -32600, &Value::Null);
    Client::begin(&serving, "2025-11-25", None).await.assert_lives("a session begun after that").await;
}
