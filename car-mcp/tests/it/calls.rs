//! Calls: many at once, in time, byte for byte, and given up.

use std::sync::{Arc, Mutex};

use car_mcp::proto::tool::CallToolResult;
use car_mcp::transport::{Reply, TransportError};
use car_mcp::{CallOptions, Error, Session};
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::double::{DONE, Double, SECOND, Sent, feed, raw, stream};

pub(crate) async fn call(session: &Session, arguments: &str) -> Result<CallToolResult, Error> {
    session.call_tool("t", raw(arguments).as_raw(), &CallOptions::new()).await
}

fn progress(sent: &Sent, at: u32) -> String {
    let token = serde_json::to_string(sent.id.as_ref().unwrap()).unwrap();
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{at}}}}}"#
    )
}

#[tokio::test(start_paused = true)]
async fn sixty_four_calls_take_as_long_as_one() {
    let (session, _) = Double::modern(|sent| async move {
        tokio::time::sleep(SECOND / 5).await;
        sent.answer(DONE)
    })
    .connect()
    .await;
    let begin = Instant::now();
    let results = join_all((0..64).map(|_| call(&session, "{}"))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(begin.elapsed(), SECOND / 5);
}

#[tokio::test]
async fn arguments_go_out_byte_for_byte_and_results_come_back_so() {
    let arguments = r#"{ "b" : 1.10, "a":"\u0041", "b":2, "n":123456789012345678901234567890 }"#;
    let result = r#"{"content":[],"structuredContent":{ "x" : 1.0, "x":2 },"isError":true,"own":7}"#;
    let (session, log) = Double::modern(move |sent| async move { sent.answer(result) }).connect().await;
    let answer = session.call_tool_raw("t", raw(arguments).as_raw(), &CallOptions::new()).await.unwrap();
    assert!(log.of("tools/call")[0].body.contains(arguments));
    assert_eq!(answer.text.as_str(), result);
    assert!(answer.is_error);
    assert_eq!(answer.structured_content.unwrap().as_str(), r#"{ "x" : 1.0, "x":2 }"#);
    assert!(call(&session, arguments).await.unwrap().is_failure());
}

#[tokio::test]
async fn every_modern_request_says_who_asks_and_a_legacy_one_does_not() {
    let (session, log) = Double::modern(|sent| async move { sent.answer(DONE) }).connect().await;
    call(&session, "{}").await.unwrap();
    let sent = log.of("tools/call").pop().unwrap();
    let meta = &sent.json()["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert_eq!(meta["io.modelcontextprotocol/clientInfo"]["name"], "tests");
    assert!(meta["io.modelcontextprotocol/clientCapabilities"].is_object());
    assert_eq!(meta["progressToken"], sent.json()["id"]);
    assert_eq!(sent.name.as_deref(), Some("t"));
    let (session, log) = Double::legacy(|sent| async move { sent.answer(DONE) }).connect().await;
    call(&session, "{}").await.unwrap();
    let sent = log.of("tools/call").pop().unwrap();
    let expected =
        serde_json::json!({"name": "t", "arguments": {}, "_meta": {"progressToken": sent.json()["id"]}});
    assert_eq!(sent.json()["params"], expected);
}

#[tokio::test(start_paused = true)]
async fn gives_up_at_the_deadline_which_progress_moves_and_the_ceiling_ends() {
    let (session, _) = Double::modern(|sent| async move {
        let (feeder, messages) = feed();
        #[expect(clippy::disallowed_methods, reason = "the double's server works beside the client")]
        tokio::spawn(async move {
            for at in 0..20 {
                tokio::time::sleep(SECOND * 4).await;
                feeder.say(progress(&sent, at));
            }
            feeder.say(sent.result(DONE));
        });
        Ok(Reply::Stream(messages))
    })
    .connect()
    .await;
    for (timeout, ceiling, expected) in [(3, 100, Some(3)), (5, 11, Some(11)), (5, 100, None)] {
        let seen = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&seen);
        let options = CallOptions::new()
            .with_timeout(SECOND * timeout)
            .with_ceiling(SECOND * ceiling)
            .with_progress(move |_| *counted.lock().unwrap() += 1);
        let begin = Instant::now();
        let outcome = session.call_tool("t", raw("{}").as_raw(), &options).await;
        match expected {
            Some(seconds) => {
                assert!(matches!(outcome, Err(Error::TimedOut { ceiling: reached, .. })
                    if reached == (seconds == ceiling)));
                assert_eq!(begin.elapsed(), SECOND * seconds);
            }
            None => {
                assert!(outcome.is_ok());
                assert_eq!(*seen.lock().unwrap(), 20);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_progress_of_another_call_is_not_ours() {
    let (session, _) = Double::modern(|_| async move {
        let (feeder, messages) = feed();
        #[expect(clippy::disallowed_methods, reason = "the double's server works beside the client")]
        tokio::spawn(async move {
            for _ in 0..10 {
                tokio::time::sleep(SECOND * 20).await;
                feeder.say(
                    r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"x","progress":1}}"#,
                );
            }
        });
        Ok(Reply::Stream(messages))
    })
    .connect()
    .await;
    let begin = Instant::now();
    assert!(matches!(call(&session, "{}").await, Err(Error::TimedOut { .. })));
    assert_eq!(begin.elapsed(), SECOND * 60);
}

/// Makes a call that is never answered, gives it up by its deadline or by dropping it, and returns what was then sent.
async fn give_up(double: Double, drop_it: bool) -> Option<serde_json::Value> {
    let (session, log) = double.connect().await;
    let options = CallOptions::new().with_timeout(SECOND * if drop_it { 9 } else { 1 });
    let arguments = raw("{}");
    let pending = session.call_tool("t", arguments.as_raw(), &options);
    let outcome = tokio::time::timeout(SECOND * 2, pending).await;
    assert_eq!(outcome.is_err(), drop_it);
    let word = tokio::time::timeout(SECOND, log.until("notifications/cancelled")).await.ok()?.json();
    assert_eq!(word["params"]["requestId"], log.of("tools/call")[0].json()["id"]);
    Some(word)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_tells_the_server() {
    for drop_it in [true, false] {
        let silent = |sent: Sent| async move {
            match sent.method.as_str() {
                "tools/call" => std::future::pending().await,
                _ => Ok(Reply::Accepted),
            }
        };
        assert!(give_up(Double::legacy(silent), drop_it).await.is_some(), "legacy");
        assert!(give_up(Double::modern(silent), drop_it).await.is_none(), "closing says enough");
        let mut stdio = Double::modern(silent);
        stdio.closing_cancels = false;
        assert!(give_up(stdio, drop_it).await.is_some(), "closing says nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wire_that_waits_no_longer_tells_the_server_too() {
    let (session, log) = Double::legacy(|sent| async move {
        match sent.id {
            Some(_) => Err(TransportError::TimedOut { phase: "first byte".to_owned(), after: SECOND }),
            None => Ok(Reply::Accepted),
        }
    })
    .connect()
    .await;
    assert!(call(&session, "{}").await.unwrap_err().is_transient());
    log.until("notifications/cancelled").await;
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_closes_its_stream() {
    let feeders = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&feeders);
    let (session, _) = Double::modern(move |_| {
        let (feeder, messages) = feed();
        kept.lock().unwrap().push(feeder);
        async move { Ok(Reply::Stream(messages)) }
    })
    .connect()
    .await;
    assert!(tokio::time::timeout(SECOND, call(&session, "{}")).await.is_err());
    let feeder = feeders.lock().unwrap().pop().unwrap();
    feeder.dropped().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_answered_or_a_handshake_is_never_cancelled() {
    let (session, log) = Double::legacy(|sent| async move {
        match sent.name.as_deref() {
            Some("t") => sent.refuse(-32000, "no"),
            _ => std::future::pending().await,
        }
    })
    .connect()
    .await;
    assert!(matches!(call(&session, "{}").await, Err(Error::Refused { .. })));
    let silent = Double::legacy(|sent| async move { sent.answer(DONE) });
    let silent_log = Arc::clone(&silent.log);
    let never = Double::new(|sent| async move {
        match sent.method.as_str() {
            "initialize" => std::future::pending().await,
            _ => sent.refuse(-32601, "no"),
        }
    });
    let never_log = Arc::clone(&never.log);
    assert!(crate::double::builder().connect(never).await.is_err());
    drop(silent);
    tokio::time::sleep(SECOND).await;
    for log in [log, silent_log, never_log] {
        assert!(log.of("notifications/cancelled").is_empty());
    }
}

#[tokio::test]
async fn repeats_marked_arguments_in_headers_and_reads_the_list_again_for_them() {
    let tools = r#"{"tools":[{"name":"t","inputSchema":{"type":"object","properties":
        {"region":{"type":"string","x-mcp-header":"Region"}}}}]}"#;
    let (session, log) = Double::modern(move |sent| async move {
        match sent.method.as_str() {
            "tools/list" => sent.answer(tools),
            _ if sent.headers.is_empty() => sent.refuse(-32020, "Mcp-Param-Region is missing"),
            _ => sent.answer(DONE),
        }
    })
    .connect()
    .await;
    call(&session, r#"{"region":"eu"}"#).await.unwrap();
    assert_eq!(log.methods(), ["server/discover", "tools/call", "tools/list", "tools/call"]);
    assert_eq!(log.of("tools/call")[1].headers, [("mcp-param-region".to_owned(), "eu".to_owned())]);
    assert!(matches!(call(&session, r#"{"region":7}"#).await, Err(Error::Argument(_))));
}

#[tokio::test]
async fn asks_a_modern_server_to_describe_itself_instead_of_a_ping() {
    let (session, log) = Double::modern(|sent| async move { sent.answer("{}") }).connect().await;
    session.ping().await.unwrap();
    assert_eq!(log.methods(), ["server/discover", "server/discover"]);
    let (session, log) = Double::legacy(|sent| async move { sent.answer("{}") }).connect().await;
    session.ping().await.unwrap();
    assert_eq!(log.of("ping").len(), 1);
    session.set_log_level(car_mcp::proto::logging::LoggingLevel::ERROR).await.unwrap();
    assert_eq!(log.of("logging/setLevel")[0].json()["params"]["level"], "error");
}

#[tokio::test]
async fn reads_an_answer_among_other_messages() {
    let (session, _) = Double::modern(|sent| async move {
        stream([
            r#"{"jsonrpc":"2.0","id":999,"result":{"of":"another"}}"#.to_owned(),
            r#"{"jsonrpc":"2.0","id":999,"error":{"code":1,"message":"late"}}"#.to_owned(),
            r#"{"jsonrpc":"2.0","method":"notifications/of/tomorrow","params":[1]}"#.to_owned(),
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":"x"}}"#.to_owned(),
            r#"{"jsonrpc":"2.0","id":5,"method":"roots/list"}"#.to_owned(),
            sent.result(DONE),
            sent.result(r#"{"content":[]}"#),
        ])
    })
    .connect()
    .await;
    assert_eq!(call(&session, "{}").await.unwrap().content.len(), 1);
}
