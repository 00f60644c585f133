//! Answers in every form that is allowed.

use std::time::Duration;

use car_mcp::CallOptions;

use crate::server::{DONE, call, call_with, legacy, modern, plain, sse, stream};

#[tokio::test]
async fn reads_json_and_event_streams() {
    let server = modern(|seen| async move { seen.answer(DONE) }).await;
    assert_eq!(call(&server.connect().await).await.unwrap().content.len(), 1);
    let server = modern(|seen| async move {
        sse([
            "\u{feff}: hello\n\nevent: ping\ndata: {}\n\n".to_owned(),
            "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\r\n\r\n".to_owned(),
            format!("event: message\ndata: {}\n\n", seen.result(DONE)),
        ])
    })
    .await;
    assert_eq!(call(&server.connect().await).await.unwrap().content.len(), 1);
}

#[tokio::test]
async fn reads_an_event_that_comes_byte_by_byte() {
    let server = modern(|seen| async move {
        let text = format!("id: 1\r\ndata: {}\r\n\r\n", seen.result(DONE));
        let (pusher, answer) = stream();
        crate::server::spawn(async move {
            for byte in text.into_bytes() {
                pusher.push(vec![byte]);
                tokio::task::yield_now().await;
            }
        });
        answer
    })
    .await;
    assert_eq!(call(&server.connect().await).await.unwrap().content.len(), 1);
}

#[tokio::test]
async fn sixty_four_calls_are_under_way_at_once() {
    let server = modern(|seen| async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        seen.answer(DONE)
    })
    .await;
    let session = server.connect().await;
    let begin = std::time::Instant::now();
    let calls = futures_util::future::join_all((0..64).map(|_| call(&session))).await;
    assert!(calls.iter().all(Result::is_ok));
    // One after the other they would take 12.8 s; what is left over is for a loaded machine.
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn does_not_wait_for_the_end_of_a_stream_after_the_answer() {
    let server = modern(|seen| async move {
        let (pusher, answer) = stream();
        pusher.event(&seen.result(DONE));
        crate::server::spawn(async move { pusher.closed().await });
        answer
    })
    .await;
    let session = server.connect().await;
    let options = CallOptions::new().with_timeout(Duration::from_secs(20));
    call_with(&session, "t", "{}", &options).await.unwrap();
}

#[tokio::test]
async fn reads_json_that_does_not_say_what_it_is() {
    for kind in ["", "text/plain", "application/json; charset=utf-8", "APPLICATION/JSON"] {
        let server = modern(move |seen| async move { plain(200, kind, seen.result(DONE)) }).await;
        assert_eq!(call(&server.connect().await).await.unwrap().content.len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn an_error_is_the_answer_whatever_the_status() {
    for status in [200, 400, 404, 500] {
        let server = modern(move |seen| async move {
            plain(status, "application/json", seen.refusal(-32601, "no such method"))
        })
        .await;
        let error = call(&server.connect().await).await.unwrap_err();
        assert!(matches!(error, car_mcp::Error::Refused { error, .. } if error.code == -32601), "{status}");
    }
}

#[tokio::test]
async fn a_server_may_take_a_notification_with_any_success() {
    for status in [200, 202, 204] {
        let server = crate::server::Server::start(move |seen| async move {
            match seen.method().as_str() {
                "notifications/initialized" => plain(status, "", ""),
                "tools/call" => seen.answer(DONE),
                _ => crate::server::shaken(&seen, "s").unwrap(),
            }
        })
        .await;
        call(&server.connect().await).await.unwrap();
    }
}

#[tokio::test]
async fn a_batch_from_an_earlier_revision_is_read() {
    let server = legacy(|seen| async move {
        crate::server::json(format!(
            r#"[{{"jsonrpc":"2.0","method":"notifications/x"}},{}]"#,
            seen.result(DONE)
        ))
    })
    .await;
    assert_eq!(call(&server.connect().await).await.unwrap().content.len(), 1);
}
