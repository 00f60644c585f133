//! A legacy server that forgets its session, and a server that changes its era.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use car_mcp::Error;
use car_mcp::proto::{Era, ProtocolVersion};
use car_mcp::transport::{Reply, TransportError};
use futures_util::future::join_all;

use crate::calls::call;
use crate::double::{DISCOVERED, DONE, Double, INITIALIZED, SECOND};

/// A server that has forgotten every session that is older than its newest handshake, and forgets on demand.
fn forgetful() -> (Double, Arc<AtomicBool>, Arc<AtomicUsize>) {
    let forgotten = Arc::new(AtomicBool::new(false));
    let handshakes = Arc::new(AtomicUsize::new(0));
    let (forgets, shakes) = (Arc::clone(&forgotten), Arc::clone(&handshakes));
    let double = Double::new(move |sent| {
        let (forgets, shakes) = (Arc::clone(&forgets), Arc::clone(&shakes));
        async move {
            tokio::time::sleep(SECOND / 10).await;
            match sent.method.as_str() {
                "server/discover" => sent.refuse(-32601, "no"),
                "initialize" => {
                    shakes.fetch_add(1, Ordering::Relaxed);
                    forgets.store(false, Ordering::Relaxed);
                    sent.answer(INITIALIZED)
                }
                "notifications/initialized" => Ok(Reply::Accepted),
                _ if forgets.load(Ordering::Relaxed) => Err(TransportError::SessionExpired),
                _ => sent.answer(DONE),
            }
        }
    });
    (double, forgotten, handshakes)
}

#[tokio::test(start_paused = true)]
async fn many_calls_that_find_the_session_gone_make_one_handshake_and_are_sent_once_more_each() {
    let (double, forgotten, handshakes) = forgetful();
    let (session, log) = double.connect().await;
    forgotten.store(true, Ordering::Relaxed);
    let results = join_all((0..64).map(|_| call(&session, "{}"))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(handshakes.load(Ordering::Relaxed), 2);
    assert_eq!(log.of("tools/call").len(), 128);
    assert_eq!(log.resets.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn the_call_that_makes_the_handshake_may_be_dropped() {
    let (double, forgotten, handshakes) = forgetful();
    let (session, _) = double.connect().await;
    forgotten.store(true, Ordering::Relaxed);
    let first = tokio::time::timeout(SECOND / 4, call(&session, "{}"));
    let (first, second) = tokio::join!(first, call(&session, "{}"));
    assert!(first.is_err());
    assert!(second.is_ok());
    assert_eq!(handshakes.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_session_that_is_gone_again_at_once_is_an_error() {
    let (session, log) =
        Double::legacy(|_| async move { Err(TransportError::SessionExpired) }).connect().await;
    let error = call(&session, "{}").await.unwrap_err();
    assert!(matches!(error, Error::Transport(TransportError::SessionExpired)));
    assert_eq!(log.of("tools/call").len(), 2);
}

#[tokio::test]
async fn a_server_that_has_become_modern_is_spoken_with_as_such() {
    let modern = Arc::new(AtomicBool::new(false));
    let became = Arc::clone(&modern);
    let double = Double::new(move |sent| {
        let modern = became.load(Ordering::Relaxed);
        async move {
            let is_modern = sent.version.is_some_and(|version| version.era() == Era::Modern);
            match (sent.method.as_str(), modern) {
                ("server/discover", true) => sent.answer(DISCOVERED),
                ("server/discover", false) => sent.refuse(-32601, "no"),
                ("initialize", _) => sent.answer(INITIALIZED),
                ("tools/call", true) if !is_modern => sent.refuse(-32020, "headers"),
                ("tools/call", _) => sent.answer(DONE),
                _ => Ok(Reply::Accepted),
            }
        }
    });
    let (session, _) = double.connect().await;
    call(&session, "{}").await.unwrap();
    assert_eq!(session.version(), ProtocolVersion::V2025_11_25);
    modern.store(true, Ordering::Relaxed);
    call(&session, "{}").await.unwrap();
    assert_eq!(session.version(), ProtocolVersion::V2026_07_28);
}

#[tokio::test]
async fn closing_says_goodbye() {
    let (session, log) = Double::legacy(|sent| async move { sent.answer(DONE) }).connect().await;
    session.close().await;
    assert_eq!(log.closes.load(Ordering::Relaxed), 1);
}
