//! The seam for whoever proves who asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use car_http::{Target, header};
use car_mcp::transport::{BoxFuture, TransportError};
use car_mcp::{Error, Session};
use car_mcp_http::{Challenge, Credentials, HttpTransport, MAX_ROUNDS, Proof};

use crate::server::{Answer, DISCOVERED, DONE, Seen, Server, builder, call, client, plain, with_header};

/// Counts up its token when it is challenged, up to a limit.
struct Tokens {
    now: AtomicU32,
    most: u32,
}

impl Credentials for Tokens {
    fn prove<'a>(&'a self, _method: &'a str, _url: &'a str) -> BoxFuture<'a, Result<Proof, TransportError>> {
        let now = self.now.load(Ordering::Relaxed);
        let token = format!("Bearer {now}");
        Box::pin(
            async move { Ok(Proof::new(vec![(header::AUTHORIZATION, token.parse().unwrap())], now.into())) },
        )
    }

    fn challenged<'a>(&'a self, challenge: &'a Challenge) -> BoxFuture<'a, Result<bool, TransportError>> {
        assert_eq!(challenge.values, [r#"Bearer scope="a""#, "Basic"]);
        assert_eq!(challenge.generation, u64::from(self.now.load(Ordering::Relaxed)));
        assert!(challenge.headers.contains_key("www-authenticate"));
        Box::pin(async move {
            let renewed = self.now.load(Ordering::Relaxed) < self.most;
            if renewed {
                self.now.fetch_add(1, Ordering::Relaxed);
            }
            Ok(renewed)
        })
    }
}

/// A refusal that says what is wanted.
pub(crate) fn challenge(status: u16) -> Answer {
    let refused = plain(status, "", "");
    with_header(with_header(refused, "www-authenticate", r#"Bearer scope="a""#), "www-authenticate", "Basic")
}

/// A server that wants at least this token.
async fn guarded(status: u16, wanted: u32) -> Server {
    Server::start(move |seen: Seen| async move {
        let token = seen.header("authorization").and_then(|token| token["Bearer ".len()..].parse().ok());
        let answer: Answer = match (token.unwrap_or(0) >= wanted, seen.method().as_str()) {
            (false, _) => challenge(status),
            (true, "server/discover") => seen.answer(DISCOVERED),
            (true, _) => seen.answer(DONE),
        };
        answer
    })
    .await
}

pub(crate) async fn connect(server: &Server, most: u32) -> Result<Session, Error> {
    let credentials = Arc::new(Tokens { now: AtomicU32::new(0), most });
    let target = Target::parse(&server.url()).unwrap();
    builder().connect(HttpTransport::builder(client(), target).credentials(credentials).build()).await
}

#[tokio::test]
async fn a_challenge_is_met_and_the_request_sent_once_more() {
    for status in [401, 403] {
        let server = guarded(status, 1).await;
        let session = connect(&server, 5).await.unwrap();
        call(&session).await.unwrap();
        assert_eq!(server.methods(), ["server/discover", "server/discover", "tools/call"]);
    }
}

#[tokio::test]
async fn a_challenge_that_is_not_met_is_an_error_with_every_value() {
    // One that is renewed for ever, one that is renewed twice, one that cannot be renewed.
    for (most, requests) in [(99, MAX_ROUNDS as usize), (2, 3), (0, 1)] {
        let server = guarded(401, 100).await;
        let error = connect(&server, most).await.unwrap_err();
        assert!(error.is_auth_required());
        let Error::Transport(TransportError::Unauthorized { status: 401, challenges }) = error else {
            panic!("{error:?}")
        };
        assert_eq!(challenges, [r#"Bearer scope="a""#, "Basic"]);
        assert_eq!(server.all().len(), requests);
    }
}

#[tokio::test]
async fn a_403_without_a_challenge_is_a_refusal() {
    let server = Server::start(|_| async { plain(403, "text/plain", "go away") }).await;
    let error = connect(&server, 5).await.unwrap_err();
    assert!(
        matches!(error, Error::Transport(TransportError::Status { status: 403, ref excerpt }) if excerpt == "go away"),
        "{error:?}"
    );
}
