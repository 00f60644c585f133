//! Whatever bytes come back, a call ends: with an answer or an error, never with a panic and never not at all.

use std::time::Duration;

use car_mcp::CallOptions;
use proptest::prelude::*;

use crate::server::{Server, call_with, modern, plain, pushed, shaken};

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        "(data|id|retry|event|:|x)(: )?[a-z0-9{}\\[\\]\",:]{0,20}(\n|\r|\r\n|\n\n)?"
            .prop_map(String::into_bytes),
        Just(b"data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[]}}\n\n".to_vec()),
        Just(b"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[]}}".to_vec()),
        Just(b"id: 1\nretry: 0\ndata:\n\n".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn every_call_ends(
        pieces in prop::collection::vec(piece(), 0..5),
        status in prop::sample::select(vec![200_u16, 200, 200, 202, 400, 401, 404, 500]),
        kind in prop::sample::select(vec!["application/json", "text/event-stream", "text/event-stream", "text/html", ""]),
        is_cut: bool,
        legacy: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ended = runtime.block_on(async move {
            let answer = move || {
                let (pusher, answer) = pushed(status, kind);
                for piece in &pieces {
                    pusher.push(piece.clone());
                }
                if is_cut {
                    pusher.cut();
                }
                answer
            };
            let server = if legacy {
                Server::start(move |seen| {
                    let answer = shaken(&seen, "s").unwrap_or_else(&answer);
                    async move { answer }
                })
                .await
            } else {
                modern(move |_| {
                    let answer = answer();
                    async move { answer }
                })
                .await
            };
            let session = server.connect().await;
            let options = CallOptions::new().with_timeout(Duration::from_millis(300));
            tokio::time::timeout(Duration::from_secs(20), call_with(&session, "t", "{}", &options)).await.is_ok()
        });
        prop_assert!(ended);
    }

    #[test]
    fn every_handshake_ends(body in piece(), status in 200_u16..600, json: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ended = runtime.block_on(async move {
            let kind = if json { "application/json" } else { "text/event-stream" };
            let server = Server::start(move |_| {
                let answer = plain(status, kind, body.clone());
                async move { answer }
            })
            .await;
            let connecting = crate::server::builder().connect(server.transport());
            tokio::time::timeout(Duration::from_secs(20), connecting).await.is_ok()
        });
        prop_assert!(ended);
    }
}
