//! Agreeing on a revision, over a wire.

use car_mcp::proto::ProtocolVersion;
use car_mcp::proto::negotiate::{EraPreference, NegotiationError};
use car_mcp::transport::{Reply, TransportError};
use car_mcp::{Error, Session};

use crate::double::{Answer, DISCOVERED, Double, INITIALIZED, SECOND, Sent, body, builder, feed, stream};

/// Connects to a server that answers the probe so, and is legacy otherwise.
async fn probe(
    answer: impl Fn(&Sent) -> Answer + Send + Sync + 'static,
) -> (Result<Session, Error>, Vec<String>) {
    let double = Double::new(move |sent| {
        let answer = match sent.method.as_str() {
            "server/discover" => answer(&sent),
            "initialize" => sent.answer(INITIALIZED),
            _ => Ok(Reply::Accepted),
        };
        async move { answer }
    });
    let log = double.log.clone();
    (builder().connect(double).await, log.methods())
}

fn status(status: u16) -> Answer {
    Err(TransportError::Status { status, excerpt: String::new() })
}

#[tokio::test]
async fn speaks_modern_with_a_modern_server() {
    let (session, methods) = probe(|sent| sent.answer(DISCOVERED)).await;
    let server = session.unwrap().server();
    assert_eq!(server.version, ProtocolVersion::V2026_07_28);
    assert_eq!(server.info.unwrap().name, "double");
    assert_eq!(server.instructions.as_deref(), Some("be kind"));
    assert_eq!(methods, ["server/discover"]);
}

#[tokio::test]
async fn falls_back_where_no_modern_server_answers_so() {
    let answers: [fn(&Sent) -> Answer; 10] = [
        |sent| sent.answer("{}"),
        |sent| sent.refuse(-32601, "no such method"),
        |sent| sent.refuse(-32000, "no session"),
        |_| body(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"what"}}"#),
        |_| status(400),
        |_| status(404),
        |_| status(405),
        |_| body("<html>"),
        |_| Ok(Reply::Accepted),
        |_| stream(Vec::<String>::new()),
    ];
    for answer in answers {
        let (session, methods) = probe(answer).await;
        assert_eq!(session.unwrap().version(), ProtocolVersion::V2025_11_25);
        assert_eq!(methods, ["server/discover", "initialize", "notifications/initialized"]);
    }
}

#[tokio::test]
async fn what_is_no_evidence_of_an_era_is_an_error() {
    for status_code in [500, 503] {
        let (session, methods) = probe(move |_| status(status_code)).await;
        assert!(matches!(session, Err(Error::Transport(TransportError::Status { .. }))));
        assert_eq!(methods, ["server/discover"]);
    }
    let unauthorized = || TransportError::Unauthorized { status: 401, challenges: Vec::new() };
    let (session, methods) = probe(move |_| Err(unauthorized())).await;
    assert!(session.unwrap_err().is_auth_required());
    assert_eq!(methods, ["server/discover"]);
}

#[tokio::test]
async fn takes_one_correction_of_the_revision() {
    let refusal = |sent: &Sent| {
        let id = serde_json::to_string(&sent.id).unwrap();
        body(format!(
            r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32022,"message":"","data":{{"supported":["2026-07-28"]}}}}}}"#
        ))
    };
    let (session, methods) = probe(refusal).await;
    assert!(matches!(session, Err(Error::Negotiation(NegotiationError::NoCommonVersion { .. }))));
    assert_eq!(methods, ["server/discover", "server/discover"]);
}

#[tokio::test]
async fn never_initializes_a_server_that_is_modern_only() {
    let (session, methods) =
        probe(|sent| sent.answer(r#"{"supportedVersions":["2031-01-01"],"capabilities":{}}"#)).await;
    let error = session.unwrap_err();
    assert!(matches!(&error, Error::Negotiation(NegotiationError::NoCommonVersion { supported })
        if supported == &["2031-01-01"]));
    assert_eq!(methods, ["server/discover"]);
    let (session, _) = probe(|sent| sent.refuse(-32020, "headers")).await;
    assert!(matches!(session, Err(Error::Negotiation(NegotiationError::ProbeRefused { .. }))));
}

#[tokio::test]
async fn keeps_to_the_era_that_was_asked_for() {
    let legacy = || Double::legacy(|sent| async move { sent.answer("{}") });
    let (session, log) = legacy().connect_with(builder().era(EraPreference::Legacy)).await;
    assert_eq!(session.version(), ProtocolVersion::V2025_11_25);
    assert_eq!(log.methods(), ["initialize", "notifications/initialized"]);
    let error = builder().era(EraPreference::Modern).connect(legacy()).await.unwrap_err();
    assert!(matches!(error, Error::Negotiation(NegotiationError::NotModern { .. })));
}

#[tokio::test]
async fn refuses_a_revision_that_it_does_not_speak() {
    let double = Double::new(|sent| async move {
        sent.answer(
            r#"{"protocolVersion":"1999-01-01","capabilities":{},"serverInfo":{"name":"x","version":"1"}}"#,
        )
    });
    let error = builder().era(EraPreference::Legacy).connect(double).await.unwrap_err();
    assert!(matches!(error, Error::Negotiation(NegotiationError::NoCommonVersion { .. })));
}

#[tokio::test]
async fn answers_a_ping_that_comes_before_the_handshake_is_answered() {
    let double = Double::new(|sent| async move {
        match sent.method.as_str() {
            "initialize" => stream([
                r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#.to_owned(),
                r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#
                    .to_owned(),
                sent.result(INITIALIZED),
            ]),
            _ => Ok(Reply::Accepted),
        }
    });
    let (_session, log) = double.connect_with(builder().era(EraPreference::Legacy)).await;
    assert_eq!(log.of("")[0].body, r#"{"jsonrpc":"2.0","id":"p","result":{}}"#);
}

#[tokio::test(start_paused = true)]
async fn gives_each_step_of_the_handshake_its_time_and_no_more() {
    let silent = Double::new(|_| std::future::pending::<Answer>());
    let begin = tokio::time::Instant::now();
    let error = builder().connect(silent).await.unwrap_err();
    assert_eq!(error.to_string(), "server/discover was not answered within 30s without progress");
    assert_eq!(begin.elapsed().as_secs(), 30);
    // A stream that is opened and never says anything is no answer either.
    let (_feeder, messages) = feed();
    let messages = std::sync::Mutex::new(Some(messages));
    let mute = Double::new(move |_| {
        let reply = Reply::Stream(messages.lock().unwrap().take().unwrap());
        async move { Ok(reply) }
    });
    let begin = tokio::time::Instant::now();
    assert!(builder().connect(mute).await.unwrap_err().is_transient());
    assert_eq!(begin.elapsed(), SECOND * 30);
}
