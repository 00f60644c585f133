//! Answers that no client should trust, for any document and any endpoint.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;

use crate::reply::Reply;

/// One chunk of an endless answer.
const CHUNK: &[u8] = &[b' '; 4_096];
/// Between two chunks: slow enough not to fill the machine, quick enough to pass any bound soon.
const PACE: Duration = Duration::from_millis(1);

/// An answer fixed beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Canned {
    /// 200 with an HTML page, as a login wall answers.
    Html,
    /// 200 with JSON that breaks off: the connection closes before the announced length has come.
    Cut,
    /// 200 with a JSON object of this many bytes.
    Large(usize),
    /// 200 with JSON white space that never ends.
    Endless,
    /// Nothing, ever.
    Silence,
    /// 307 to this URL.
    Redirect(String),
    /// This status, content type and body.
    Exactly(u16, String, String),
}

impl Canned {
    pub(super) async fn reply(&self) -> Reply {
        match self {
            Self::Html => whole(200, "text/html", "<!doctype html><title>Sign in</title>".to_owned()),
            Self::Cut => cut(),
            Self::Large(bytes) => {
                let filling = "x".repeat(bytes.saturating_sub("{\"filling\":\"\"}".len()));
                whole(200, "application/json", format!("{{\"filling\":\"{filling}\"}}"))
            }
            Self::Endless => endless(),
            Self::Silence => std::future::pending().await,
            Self::Redirect(to) => {
                let mut reply = whole(307, "text/plain", String::new());
                let to = HeaderValue::from_str(to).expect("the test names a URL that can be sent");
                reply.headers_mut().insert(header::LOCATION, to);
                reply
            }
            Self::Exactly(status, kind, body) => whole(*status, kind, body.clone()),
        }
    }
}

/// A reply with a content type and a body.
pub(super) fn whole(status: u16, kind: &str, body: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)).boxed_unsync());
    *reply.status_mut() = StatusCode::from_u16(status).expect("the test names a status that exists");
    let kind = HeaderValue::from_str(kind).expect("the test names a content type that can be sent");
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply
}

/// A page for the user.
pub(super) fn html(status: u16, text: &str) -> Reply {
    whole(status, "text/html; charset=utf-8", format!("<!doctype html><title>Sign in</title><p>{text}</p>"))
}

fn cut() -> Reply {
    let start = Bytes::from_static(b"{\"issuer\":\"htt");
    // The end waits for one turn, so that what came before it is on its way when the server finds the lie.
    let end = stream::once(tokio::task::yield_now()).map(|()| Bytes::new());
    let frames = stream::iter([start]).chain(end).map(|bytes| Ok::<_, Infallible>(Frame::data(bytes)));
    let mut reply = Response::new(StreamBody::new(frames).boxed_unsync());
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("4096"));
    reply
}

fn endless() -> Reply {
    let chunks = stream::unfold((), |()| async {
        tokio::time::sleep(PACE).await;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(CHUNK))), ()))
    });
    let mut reply = Response::new(StreamBody::new(chunks).boxed_unsync());
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}
