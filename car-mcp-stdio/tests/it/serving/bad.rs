//! Bad input on standard streams: each case has its exact answer, and the next line is served.

use std::sync::Arc;

use car_mcp_stdio::StdioServer;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::double::{Pipe, legacy, modern, notification, plain, serve, server};

/// Writes a line, and checks the code and the id of what is answered; `null` stands for an answer without one.
async fn assert_refused(pipe: &mut Pipe, case: &str, line: &str, code: i64, id: &Value) {
    pipe.write(line).await;
    pipe.write("\n").await;
    let answer = pipe.next().await.unwrap();
    let found = (&answer["error"]["code"], answer.get("id").unwrap_or(&Value::Null));
    assert_eq!(found, (&json!(code), id), "{case}: {answer}");
}

/// Shows that lines are served.
async fn assert_lives(pipe: &mut Pipe) {
    let answer = pipe.ask(modern("alive", "tools/call", json!({"name": "greet"}))).await;
    assert_eq!((&answer["id"], &answer["result"]["content"][0]["text"]), (&json!("alive"), &json!("hello")));
}

#[tokio::test]
async fn lines_that_are_no_message() {
    let mut pipe = plain();
    let right = modern(7, "tools/call", json!({"name": "greet"})).to_string();
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let seven = &json!(7);
    for (case, line, code, id) in [
        ("bytes after it", format!("{right} x"), -32700, &Value::Null),
        ("a message after it", format!("{right}{right}"), -32700, &Value::Null),
        ("cut off", right[..right.len() - 1].to_owned(), -32700, &Value::Null),
        ("an empty batch", "[]".to_owned(), -32600, &Value::Null),
        ("a batch", format!("[{right}]"), -32600, &Value::Null),
        ("a batch of 10,000", format!("[{}]", vec![&*right; 10_000].join(",")), -32600, &Value::Null),
        ("a bomb", deep.clone(), -32600, &Value::Null),
        (
            "a bomb as parameters",
            format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{{"_meta":{deep}}}}}"#),
            -32600,
            seven,
        ),
        ("a request without an id", right.replace("\"id\":7,", ""), -32600, &Value::Null),
        ("a notification with an id", right.replace("tools/call", "notifications/cancelled"), -32600, seven),
        ("a method twice", right.replace("\"id\":7,", r#""id":7,"method":"ping","#), -32600, seven),
        ("a name twice", right.replace("\"name\":", r#""name":"large","name":"#), -32602, seven),
        ("V12 no method", right.replace("tools/call", "nothing"), -32601, seven),
        ("V12 a removed method", right.replace("tools/call", "ping"), -32601, seven),
        ("V09 a revision that is not spoken", right.replace("2026-07-28", "2027-01-01"), -32022, seven),
        ("V10 no capabilities", right.replace("clientCapabilities", "other"), -32602, seven),
        (
            "V10 capabilities of the wrong type",
            right.replace("Capabilities\":{}", "Capabilities\":[]"),
            -32602,
            seven,
        ),
    ] {
        assert_refused(&mut pipe, case, &line, code, id).await;
    }
    for id in ["null", "1.5", "true", "{}", "[]", "18446744073709551616"] {
        let line = right.replace("\"id\":7", &format!("\"id\":{id}"));
        assert_refused(&mut pipe, id, &line, -32600, &Value::Null).await;
    }
    assert_lives(&mut pipe).await;
}

#[tokio::test]
async fn bytes_that_are_not_utf_8() {
    let mut pipe = plain();
    pipe.write_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\xff\"}\n").await;
    let answer = pipe.next().await.unwrap();
    assert_eq!((&answer["error"]["code"], answer.get("id")), (&json!(-32700), None));
    assert_lives(&mut pipe).await;
}

#[tokio::test]
async fn batches_in_revisions_that_have_none_and_batches_that_are_too_large() {
    for (version, code) in [("2024-11-05", -32600), ("2025-06-18", -32600), ("2025-11-25", -32600)] {
        let mut pipe = plain();
        pipe.shake_hands(version).await;
        let batch = json!([legacy(1, "ping", json!({}))]).to_string();
        assert_refused(&mut pipe, version, &batch, code, &Value::Null).await;
        assert_lives(&mut pipe).await;
    }
    let mut pipe = plain();
    pipe.shake_hands("2025-03-26").await;
    let many: Vec<_> = (0..10_000).map(|id| legacy(id, "ping", json!({}))).collect();
    assert_refused(&mut pipe, "a batch of 10,000", &json!(many).to_string(), -32600, &Value::Null).await;
    assert_lives(&mut pipe).await;
}

#[tokio::test]
async fn what_wants_no_answer_gets_none_whatever_is_wrong_with_it() {
    let mut pipe = plain();
    for handshake in [false, true] {
        if handshake {
            pipe.shake_hands("2025-11-25").await;
        }
        for message in [
            json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
            json!({"jsonrpc": "2.0", "id": "never", "error": {"code": 1, "message": "no"}}),
            json!({"jsonrpc": "2.0", "error": {"code": 1, "message": "no"}}),
            notification("notifications/cancelled", json!({"requestId": "never"})),
            notification("notifications/cancelled", json!({"requestId": null})),
            notification("notifications/cancelled", json!({"requestId": 1.5})),
            notification("notifications/cancelled", json!([])),
            // The id of `initialize`, which is over.
            notification("notifications/cancelled", json!({"requestId": "hello"})),
            notification("notifications/nobody/knows", json!({})),
        ] {
            pipe.send(message).await;
        }
        assert_lives(&mut pipe).await;
    }
}

#[tokio::test]
async fn a_second_request_with_an_id_in_flight_is_refused_in_either_era() {
    let permits = Arc::new(Semaphore::new(0));
    let mut pipe = serve(StdioServer::new(server(&permits)));
    pipe.shake_hands("2025-11-25").await;
    let wait = json!({"name": "wait"});
    for first in [modern(1, "tools/call", wait.clone()), legacy(1, "tools/call", wait.clone())] {
        pipe.send(first.clone()).await;
        assert_refused(&mut pipe, "the second", &first.to_string(), -32600, &json!(1)).await;
        permits.add_permits(1);
        assert_eq!(pipe.next().await.unwrap()["result"]["content"][0]["text"], "waited");
    }
    // The eras do not share their ids: nothing says that a client has told them apart.
    pipe.send(modern(1, "tools/call", wait.clone())).await;
    assert_eq!(pipe.ask(legacy(1, "ping", json!({}))).await["result"], json!({}));
}

#[tokio::test(start_paused = true)]
async fn an_id_that_was_taken_back_serves_the_next_request_at_once() {
    let permits = Arc::new(Semaphore::new(0));
    let mut pipe = serve(StdioServer::new(server(&permits)));
    pipe.shake_hands("2025-11-25").await;
    let wait = json!({"name": "wait"});
    for first in [modern(1, "tools/call", wait.clone()), legacy(1, "tools/call", wait.clone())] {
        pipe.send(first.clone()).await;
        let cancel = notification("notifications/cancelled", json!({"requestId": 1}));
        // In one piece, so that nothing happens between the two lines.
        pipe.write(&format!("{cancel}\n{first}\n")).await;
        assert_lives(&mut pipe).await;
        permits.add_permits(1);
        assert_eq!(pipe.next().await.unwrap()["result"]["content"][0]["text"], "waited");
    }
}
