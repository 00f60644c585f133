//! Answers that are wrong, each of them one clear error.

use std::sync::Arc;

use car_mcp::transport::{Reply, TransportError};
use car_mcp::{Error, Session};

use crate::calls::call;
use crate::double::{Answer, DONE, Double, Sent, body, closed, feed, stream};

async fn answered(answer: impl Fn(&Sent) -> Answer + Send + Sync + 'static) -> Error {
    let (session, _) = connected(answer).await;
    call(&session, "{}").await.unwrap_err()
}

async fn connected(
    answer: impl Fn(&Sent) -> Answer + Send + Sync + 'static,
) -> (Session, Arc<crate::double::Log>) {
    Double::modern(move |sent| {
        let answer = answer(&sent);
        async move { answer }
    })
    .connect()
    .await
}

#[tokio::test]
async fn malformed_answers_are_errors_that_name_the_method() {
    type Answering = fn(&Sent) -> Answer;
    let answers: [(Answering, &str); 13] = [
        (|_| body(""), "EOF"),
        (|_| body("<html>"), "expected"),
        (|_| body("{}"), "JSON-RPC"),
        (|_| body("[]"), "batch"),
        (|_| body("7"), "JSON-RPC"),
        (|_| body(r#"{"jsonrpc":"1.0","id":1,"result":{}}"#), "2.0"),
        (|_| body(r#"{"jsonrpc":"2.0","id":424242,"result":{"content":[]}}"#), "answer"),
        (|_| Ok(Reply::Accepted), "expected an answer"),
        (|sent| sent.answer("7"), "expected"),
        (|sent| sent.answer("{\"content\":7}"), "expected"),
        (|sent| sent.answer(r#"{"resultType":"task","taskId":"1"}"#), "task"),
        (|sent| sent.answer(r#"{"resultType":"input_required"}"#), "inputRequests"),
        (|_| Ok(Reply::Body(bytes::Bytes::from_static(b"\xff\xfe"))), "UTF-8"),
    ];
    for (answer, reason) in answers {
        let error = answered(answer).await;
        assert!(matches!(&error, Error::Malformed { method, .. } if method == "tools/call"), "{error:?}");
        assert!(error.to_string().contains(reason), "{error} ({reason})");
    }
}

#[tokio::test]
async fn an_error_without_an_id_is_the_answer() {
    for id in ["", r#""id":null,"#] {
        let error = answered(move |_| {
            body(format!(r#"{{"jsonrpc":"2.0",{id}"error":{{"code":-32000,"message":"what"}}}}"#))
        })
        .await;
        assert_eq!(error.to_string(), "the server answered tools/call with an error: what (code -32000)");
    }
}

#[tokio::test]
async fn a_stream_that_ends_or_breaks_before_the_answer_is_an_error_and_is_not_sent_again() {
    let (session, log) = connected(|_| stream(Vec::<String>::new())).await;
    let error = call(&session, "{}").await.unwrap_err();
    assert!(matches!(error, Error::Transport(TransportError::Closed { .. })));
    assert!(error.is_transient());
    assert_eq!(log.of("tools/call").len(), 1);
    let (session, log) = connected(|_| {
        let (feeder, messages) = feed();
        feeder.fail(closed());
        Ok(Reply::Stream(messages))
    })
    .await;
    assert!(matches!(call(&session, "{}").await, Err(Error::Transport(TransportError::Closed { .. }))));
    assert_eq!(log.of("tools/call").len(), 1);
}

#[tokio::test]
async fn answers_nested_a_million_deep_do_not_overflow_the_stack() {
    const DEPTH: usize = 1_000_000;
    let deep = || format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let deep_objects = || format!("{}1{}", r#"{"a":"#.repeat(DEPTH), "}".repeat(DEPTH));
    // Where it is only passed on, it is passed on.
    for structured in [deep(), deep_objects()] {
        let (session, _) = connected(move |sent| {
            sent.answer(&format!(r#"{{"content":[],"structuredContent":{structured}}}"#))
        })
        .await;
        let result = call(&session, "{}").await.unwrap();
        assert!(result.structured_content.unwrap().as_str().len() > DEPTH);
    }
    // Where it has to be read, or is cut off, it is an error.
    let readable: [fn(&Sent, &str) -> Answer; 7] = [
        |_, deep| body(deep.to_owned()),
        |sent, deep| sent.answer(deep),
        |sent, deep| sent.answer(&format!(r#"{{"content":{deep}}}"#)),
        |sent, deep| sent.answer(&format!(r#"{{"content":[{{"type":{deep}}}]}}"#)),
        |sent, deep| sent.answer(&format!(r#"{{"resultType":"input_required","inputRequests":{deep}}}"#)),
        |_, deep| body(deep[..DEPTH].to_owned()),
        |_, deep| body(format!(r#"{{"jsonrpc":"2.0","error":{{"code":1,"message":"m","data":{deep}}}}}"#)),
    ];
    for answer in readable {
        let deep = deep();
        drop(answered(move |sent| answer(sent, &deep)).await);
    }
    // Where nobody reads it, it is passed over.
    let deep = deep_objects();
    let (session, _) = connected(move |sent| {
        stream([
            format!(r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{deep}}}"#),
            format!(r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","odd":{deep}}}"#),
            sent.result(DONE),
        ])
    })
    .await;
    call(&session, "{}").await.unwrap();
}
