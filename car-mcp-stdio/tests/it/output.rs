//! What else a server writes: too much, too long, and what is no message.

use std::time::Duration;

use car_mcp::transport::TransportError;
use car_mcp::{CallOptions, Error};
use car_mcp_stdio::STDERR_BYTES;

use crate::server::{call, call_with, client, transport};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_hundred_megabytes_of_standard_error_hold_up_nothing() {
    let transport = transport("good").build();
    let log = transport.stderr();
    let session = client().connect(transport).await.unwrap();
    let bytes = 100 * MIB;
    assert_eq!(call(&session, "stderr", &format!(r#"{{"bytes":{bytes}}}"#)).await.unwrap(), "said");
    let mut follower = log.follow();
    while log.written() < bytes as u64 {
        follower.next().await.unwrap();
    }
    assert_eq!(log.written(), bytes as u64);
    assert_eq!(log.text().len(), STDERR_BYTES);
}

#[tokio::test]
async fn a_banner_is_passed_over_and_told() {
    let transport = transport("banner").build();
    let (log, noise) = (transport.stderr(), transport.noise());
    let session = client().connect(transport).await.unwrap();
    assert_eq!(call(&session, "noise", "{}").await.unwrap(), "said");
    let noise = noise.told().unwrap();
    assert_eq!(noise.to_string(), r#"4 lines on standard output were not JSON-RPC, the first: "Welcome!""#);
    assert_eq!(log.text(), "");
}

#[tokio::test]
async fn a_broken_answer_fails_its_call_at_once() {
    let session = client().connect(transport("good").build()).await.unwrap();
    let error = call(&session, "broken", "{}").await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
    assert_eq!(call(&session, "echo", r#"{"text":"on"}"#).await.unwrap(), "on");
}

#[tokio::test]
async fn a_line_over_the_cap_fails_only_its_own_call() {
    let session = client().connect(transport("good").build()).await.unwrap();
    let mut held = Box::pin(call(&session, "hold", "{}"));
    assert!(futures_util::poll!(&mut held).is_pending());
    let huge = call(&session, "huge", &format!(r#"{{"bytes":{}}}"#, 50 * MIB)).await;
    assert!(futures_util::poll!(&mut held).is_pending(), "it costs no other call anything");
    let error = huge.unwrap_err();
    let Error::Transport(TransportError::TooLarge { cap, setting }) = error else { panic!("{error}") };
    assert_eq!((cap, setting), (4 * MIB, "max_line_bytes"));
    assert_eq!(call(&session, "echo", r#"{"text":"on"}"#).await.unwrap(), "on");
    let large = call(&session, "huge", &format!(r#"{{"bytes":{}}}"#, 4 * MIB - 1024)).await.unwrap();
    assert_eq!(large.len(), 4 * MIB - 1024);
}

#[tokio::test]
async fn a_long_line_that_names_nobody_in_time_is_told() {
    let transport = transport("good").max_line_bytes(10_000).build();
    let noise = transport.noise();
    let session = client().connect(transport).await.unwrap();
    let short = CallOptions::new().with_timeout(Duration::from_millis(200));
    let late = call_with(&session, "huge", r#"{"bytes":20000,"late":true}"#, &short).await;
    assert!(matches!(late, Err(Error::TimedOut { .. })), "{late:?}");
    let noise = noise.told().unwrap();
    assert!(noise.lines == 1 && noise.first.starts_with(r#"{"result":"#), "{noise}");
    assert_eq!(call(&session, "echo", r#"{"text":"on"}"#).await.unwrap(), "on");
}
