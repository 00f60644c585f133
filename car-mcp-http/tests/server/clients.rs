//! Our own client against our own server, in both eras, and what a server tells without being asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use car_http::Client;
use car_mcp::proto::capability::Implementation;
use car_mcp::proto::negotiate::EraPreference;
use car_mcp::proto::{ProtocolVersion, RawJson};
use car_mcp::server::{Context, Failure, NoArguments, Server, tool};
use car_mcp::{CallOptions, Session};
use car_mcp_http::HttpTransport;
use car_mcp_http::server::{Answers, LegacyMode, McpService, RequestHead};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::serving::{Serving, Stage, call, modern, patiently};

async fn session(serving: &Serving, preference: EraPreference) -> Session {
    let url = format!("http://{}/mcp", serving.address);
    let transport = HttpTransport::new(Client::new().unwrap(), &url).unwrap();
    let builder = Session::builder(Implementation::new("test")).era(preference);
    patiently(builder.connect(transport)).await.unwrap()
}

#[tokio::test]
async fn a_client_lists_and_calls_in_both_eras() {
    for (preference, version) in [
        (EraPreference::Auto, ProtocolVersion::V2026_07_28),
        (EraPreference::Legacy, ProtocolVersion::V2025_11_25),
    ] {
        for answers in [Answers::ByNeed, Answers::AlwaysStream] {
            let serving = Serving::described(|builder| builder.answers(answers)).await;
            let session = session(&serving, preference).await;
            assert_eq!(session.version(), version);
            let names: Vec<_> =
                session.list_tools().await.unwrap().items.iter().map(|tool| tool.name.clone()).collect();
            assert_eq!(names, ["echo", "wait", "large"]);
            let said = RawJson::from_text(r#"{"text":"hi","region":"世界","count":42}"#).unwrap();
            let result =
                patiently(session.call_tool("echo", said.as_raw(), &CallOptions::new())).await.unwrap();
            assert_eq!(result.content[0].as_text(), Some("hi"), "{preference:?} {answers:?}");
            session.close().await;
        }
    }
}

#[tokio::test]
async fn a_legacy_client_is_served_without_a_session_or_sent_away() {
    let serving = Serving::described(|builder| builder.legacy(LegacyMode::Stateless)).await;
    let session = session(&serving, EraPreference::Legacy).await;
    let said = RawJson::from_text(r#"{"text":"hi"}"#).unwrap();
    let result = patiently(session.call_tool("echo", said.as_raw(), &CallOptions::new())).await.unwrap();
    assert_eq!(result.content[0].as_text(), Some("hi"));
    session.close().await;
    let serving = Serving::described(|builder| builder.legacy(LegacyMode::Off)).await;
    let url = format!("http://{}/mcp", serving.address);
    let transport = HttpTransport::new(Client::new().unwrap(), &url).unwrap();
    let builder = Session::builder(Implementation::new("test")).era(EraPreference::Legacy);
    assert!(patiently(builder.connect(transport)).await.is_err());
}

#[tokio::test]
async fn a_session_ends_when_its_client_says_goodbye() {
    let serving = Serving::plain().await;
    let session = session(&serving, EraPreference::Legacy).await;
    let health = || async {
        let request = http::Request::get("/mcp/health").body(http_body_util::Full::default()).unwrap();
        serving.send(request).await.json()["sessions"].as_u64()
    };
    assert_eq!(health().await, Some(1));
    session.close().await;
    assert_eq!(health().await, Some(0));
}

fn steps(count: u32) -> Server {
    let work = move |_: NoArguments, context: Context| async move {
        for step in 1..=count {
            context.progress(f64::from(step), Some(f64::from(count)), None).await;
        }
        Ok::<_, Failure>("done")
    };
    Server::builder(Implementation::new("example")).tool(tool("work", "Works").run(work)).build().unwrap()
}

#[tokio::test]
async fn v06_progress_comes_on_the_stream_of_its_request_before_the_answer() {
    let serving = Serving::start(McpService::new(steps(100))).await;
    let params = json!({"name": "work", "arguments": {}, "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": "p",
    }});
    let events = serving.send(modern("tools/call", Some("work"), params.clone())).await.events();
    let progress: Vec<_> =
        events[..100].iter().map(|event| event["params"]["progress"].as_f64().unwrap()).collect();
    assert_eq!(progress, (1..=100).map(f64::from).collect::<Vec<_>>());
    assert_eq!((events.len(), &events[100]["result"]["content"][0]["text"]), (101, &json!("done")));

    let mut request = modern("tools/call", Some("work"), params);
    request.headers_mut().insert("accept", http::HeaderValue::from_static("application/json"));
    let reply = serving.send(request).await;
    assert_eq!(
        reply.json()["result"]["content"][0]["text"],
        "done",
        "a client without streams hears of no progress"
    );
}

#[tokio::test]
async fn a_client_of_either_era_hears_of_progress() {
    let serving = Serving::start(McpService::new(steps(5))).await;
    for preference in [EraPreference::Modern, EraPreference::Legacy] {
        let session = session(&serving, preference).await;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let options = CallOptions::new().with_progress({
            let heard = Arc::clone(&heard);
            move |progress| heard.lock().unwrap().push(progress.progress.as_f64().unwrap_or_default())
        });
        let nothing = RawJson::empty_object();
        patiently(session.call_tool("work", nothing.as_raw(), &options)).await.unwrap();
        assert_eq!(*heard.lock().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0], "{preference:?}");
        session.close().await;
    }
}

/// Reads the next event that is no comment.
async fn next_event(stream: &mut http::Response<Incoming>) -> Option<Value> {
    loop {
        let frame = patiently(stream.frame()).await?.unwrap().into_data().unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        if let Some(data) = text.strip_prefix("event: message\ndata: ") {
            return Some(serde_json::from_str(data.trim_end()).unwrap());
        }
        assert_eq!(text, ":\n\n");
    }
}

#[tokio::test]
async fn v17_a_stream_of_changes_begins_with_what_was_agreed_and_ends_in_good_order() {
    let server = Stage::default().server();
    let service = McpService::new(server.clone());
    let serving = Serving::start(service.clone()).await;
    let listen = modern(
        "subscriptions/listen",
        None,
        json!({"notifications": {"toolsListChanged": true}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }}),
    );
    let mut stream = serving.begin(listen).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let acknowledged = next_event(&mut stream).await.unwrap();
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    server.tools_changed();
    let changed = next_event(&mut stream).await.unwrap();
    assert_eq!(changed["method"], "notifications/tools/list_changed");
    assert_eq!(changed["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 7);
    service.close();
    let ended = next_event(&mut stream).await.unwrap();
    assert_eq!((&ended["id"], &ended["result"]["resultType"]), (&json!(7), &json!("complete")));
    assert!(next_event(&mut stream).await.is_none());
    assert_eq!(serving.send(call("echo", json!({"text": "hi"}))).await.status, 200);
}

#[tokio::test]
async fn a_stream_of_changes_needs_a_client_that_takes_streams() {
    let serving = Serving::plain().await;
    let mut listen = modern(
        "subscriptions/listen",
        None,
        json!({"notifications": {}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }}),
    );
    listen.headers_mut().insert("accept", http::HeaderValue::from_static("application/json"));
    let reply = serving.send(listen).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["id"]), (406, &json!(7)));
}

#[tokio::test]
async fn open_streams_do_not_keep_a_server_from_ending() {
    let mut serving = Serving::plain().await;
    let listen = modern(
        "subscriptions/listen",
        None,
        json!({"notifications": {"toolsListChanged": true}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }}),
    );
    let mut stream = serving.begin(listen).await;
    assert!(next_event(&mut stream).await.is_some());
    let session = session(&serving, EraPreference::Legacy).await;
    let mut events = session.events(Default::default());
    let listening = async { while events.next().await.is_ok() {} };
    serving.end();
    let ended = async {
        assert!(next_event(&mut stream).await.unwrap()["result"].is_object());
        assert!(next_event(&mut stream).await.is_none());
        drop(stream);
        let begun = std::time::Instant::now();
        patiently(&mut serving.task).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "it waited for the streams");
    };
    tokio::select! {
        () = listening => panic!("a client goes on listening"),
        () = ended => {}
    }
}

#[tokio::test]
async fn handlers_see_the_head_of_the_request_where_they_may() {
    let tenant = |_: NoArguments, context: Context| async move {
        let head = context.detail::<RequestHead>();
        let tenant = head.and_then(|head| head.headers.get("x-tenant")?.to_str().ok().map(str::to_owned));
        Ok::<_, Failure>(tenant.unwrap_or_else(|| "nothing".to_owned()))
    };
    let server = Server::builder(Implementation::new("example"))
        .tool(tool("tenant", "Tells whose call it is").run(tenant))
        .build()
        .unwrap();
    for (service, expected) in [
        (McpService::builder(server.clone()).hand_on_head().build(), "blue"),
        (McpService::new(server), "nothing"),
    ] {
        let serving = Serving::start(service).await;
        let mut request = call("tenant", json!({}));
        request.headers_mut().insert("x-tenant", http::HeaderValue::from_static("blue"));
        let reply = serving.send(request).await;
        assert_eq!(reply.json()["result"]["content"][0]["text"], expected);
    }
}

#[tokio::test]
async fn a_message_is_pushed_to_nobody_but_its_session() {
    let service = McpService::new(Stage::default().server());
    let _serving = Serving::start(service.clone()).await;
    let text = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"hi"}}"#;
    assert!(!service.push_to_session("nobody", Bytes::from(text)));
    assert_eq!(service.session_count(), 0);
}

#[tokio::test]
async fn it_is_a_service_for_tower_with_any_body() {
    use tower_service::Service as _;
    let mut service = McpService::builder(Stage::default().server()).any_path().build();
    let mut request = call("echo", json!({"text": "hi"}));
    request.headers_mut().insert("host", http::HeaderValue::from_static("localhost"));
    let response = service.call(request.map(|body| body.boxed())).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let reply: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(reply["result"]["content"][0]["text"], "hi");
}
