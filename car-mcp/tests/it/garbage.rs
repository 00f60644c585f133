//! Whatever a server sends, a call ends: with an answer or an error, never with a panic and never not at all.

use car_mcp::transport::Reply;
use proptest::prelude::*;

use crate::calls::call;
use crate::double::{Double, SECOND, feed};

/// Pieces that are nearly right get further than noise.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "[\\[\\]{}:,\"a-z0-9 ]{0,40}".prop_map(String::into_bytes),
        prop::sample::select(vec![
            r#"{"jsonrpc":"2.0","id":2,"result":{"content":[]}}"#,
            r#"{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text"}]}}"#,
            r#"{"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","requestState":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":3,"result":null}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":1e400}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
            r#"[{"jsonrpc":"2.0","id":9,"method":"ping"},7,null]"#,
            "[]",
            "",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn in_virtual_time(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(work);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_call_ends(pieces in prop::collection::vec(piece(), 0..6), legacy: bool, as_body: bool, open: bool) {
        in_virtual_time(async move {
            let script = move |sent: crate::double::Sent| {
                let pieces = pieces.clone();
                async move {
                    if !sent.method.contains('/') || sent.method.starts_with("notifications/") {
                        return Ok(Reply::Accepted);
                    }
                    if as_body {
                        return Ok(Reply::Body(pieces.concat().into()));
                    }
                    let (feeder, messages) = feed();
                    for piece in pieces {
                        feeder.say_bytes(piece);
                    }
                    if open {
                        #[expect(clippy::disallowed_methods, reason = "keeps the stream open for as long as it is read")]
                        tokio::spawn(async move { feeder.dropped().await });
                    }
                    Ok(Reply::Stream(messages))
                }
            };
            let double = if legacy { Double::legacy(script) } else { Double::modern(script) };
            let (session, _) = double.connect().await;
            let ended = tokio::time::timeout(SECOND * 4000, async {
                drop(call(&session, "{}").await);
                drop(session.list_tools().await);
                drop(session.list_prompts().await);
            });
            ended.await.expect("every call ends");
        });
    }

    #[test]
    fn every_handshake_ends(pieces in prop::collection::vec(piece(), 0..4), as_body: bool) {
        in_virtual_time(async move {
            let double = Double::new(move |_| {
                let pieces = pieces.clone();
                async move {
                    if as_body {
                        return Ok(Reply::Body(pieces.concat().into()));
                    }
                    let (feeder, messages) = feed();
                    for piece in pieces {
                        feeder.say_bytes(piece);
                    }
                    Ok(Reply::Stream(messages))
                }
            });
            let connecting = tokio::time::timeout(SECOND * 200, crate::double::builder().connect(double));
            drop(connecting.await.expect("every handshake ends"));
        });
    }
}
