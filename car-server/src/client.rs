//! A program's way to the daemon of its state folder: asks it for a code that lets a browser in.

use std::time::Duration;

use car_connectors::store::{DaemonAddress, DaemonLock, Home, Secret, StoreError};
use futures_util::future::{Either, select};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

/// How long the daemon may take. It is on the same machine and looks nothing up.
const WAIT: Duration = Duration::from_secs(10);

/// The largest answer that is read, in bytes: a code and a URL.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Why the daemon did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No daemon runs for the state folder.
    #[error("no daemon runs for this state folder")]
    NoDaemon,
    /// The state folder cannot be used.
    #[error("the state folder cannot be used")]
    State {
        /// Why.
        source: StoreError,
    },
    /// The daemon cannot be reached.
    #[error("the daemon at {url} cannot be reached")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The daemon answered, and gave no code.
    #[error("the daemon at {url} gave no code: expected status 200, found {status}")]
    Refused {
        /// Where it is.
        url: String,
        /// The status of its answer.
        status: u16,
    },
    /// The daemon's answer makes no sense.
    #[error("the daemon at {url} answered with something else than a code")]
    Garbled {
        /// Where it is.
        url: String,
    },
}

impl ClientError {
    /// Returns what to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoDaemon => "start it with `car serve`",
            Self::State { .. } => "check that the state folder is yours and can be read",
            Self::Unreachable { .. } => "it may be starting or stopping: try again",
            Self::Refused { .. } | Self::Garbled { .. } => {
                "it may be of another release: stop it, and start it again with `car serve`"
            }
        }
    }
}

/// What the daemon answers.
#[derive(Deserialize)]
struct Answer {
    code: String,
    /// Where browsers reach it, if that is not where programs of this machine do.
    #[serde(default)]
    url: Option<String>,
}

/// Asks the daemon of a state folder for a code that lets a browser in once, and returns the address of its page with it.
///
/// # Errors
/// Says that there is no daemon, or why it gave no code.
pub async fn page(home: &Home) -> Result<Secret, ClientError> {
    let state = |source| ClientError::State { source };
    let address = DaemonAddress::read(home).map_err(state)?.ok_or(ClientError::NoDaemon)?;
    let url = address.url.ok_or(ClientError::NoDaemon)?;
    // What a killed daemon left behind may by now be the address of anybody, who would be handed the token.
    if !DaemonLock::is_held(home).map_err(state)? {
        return Err(ClientError::NoDaemon);
    }
    let unreachable = |source| ClientError::Unreachable { url: url.clone(), source };
    let asked = tokio::time::timeout(WAIT, ask(&url, &address.token)).await;
    let (status, body) = asked.map_err(|late| unreachable(late.into()))?.map_err(unreachable)?;
    if status != StatusCode::OK {
        return Err(ClientError::Refused { url, status: status.as_u16() });
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(&body) else {
        return Err(ClientError::Garbled { url });
    };
    let page = answer.url.as_deref().unwrap_or(&url).trim_end_matches('/');
    Ok(Secret::new(format!("{page}/#code={}", answer.code)))
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Sends the one request, and drives its connection for as long as it takes.
async fn ask(url: &str, token: &Secret) -> Result<(StatusCode, Bytes), Failed> {
    let host =
        url.strip_prefix("http://").ok_or("expected a URL that begins with http://")?.trim_end_matches('/');
    let stream = TcpStream::connect(host).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::post("/ui-code")
        .header(HOST, host)
        .header(AUTHORIZATION, format!("Bearer {}", token.expose()))
        .header(CONTENT_LENGTH, 0)
        .body(Empty::<Bytes>::new())?;
    let exchange = std::pin::pin!(async move {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await?.to_bytes();
        Ok((status, body))
    });
    match select(exchange, std::pin::pin!(connection)).await {
        Either::Left((answer, _)) => answer,
        // The connection is over, and what came over it may still be there to be read.
        Either::Right((_, exchange)) => exchange.await,
    }
}
