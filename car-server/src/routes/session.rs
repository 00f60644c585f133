//! How a browser gets in: `car ui` asks for a code, opens the page with it, and the page changes it for a token.
//!
//! The code stands behind the `#` of the page's address, which browsers send to nobody, and is good once. The token is kept
//! by the page and not as a cookie: cookies are shared by all ports of a machine.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::answer::{json, problem};
use super::{Shared, refuse};

/// The largest body: a code, with room.
const MAX_BODY_BYTES: usize = 4 * 1024;

/// A code for a page.
#[derive(Serialize)]
struct Code<'a> {
    code: &'a str,
    /// Where the page is, without a path.
    url: &'a str,
}

/// What a page has of `car ui`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    code: String,
}

#[derive(Serialize)]
struct Session<'a> {
    token: &'a str,
}

/// Makes a code, for who can read the daemon's own token.
pub(super) async fn code(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    if let Err(refusal) = shared.access.check_owner(&head) {
        return refuse(&refusal, &head);
    }
    let code = shared.access.new_code();
    json(&Code { code: code.expose(), url: shared.access.place().url() })
}

/// Changes a code for the token of a session.
pub(super) async fn begin(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "expected a code, found far more");
    };
    let Ok(shown) = serde_json::from_slice::<Shown>(&body) else {
        return problem(StatusCode::BAD_REQUEST, "expected an object with a text `code`");
    };
    match shared.access.begin_session(&head, &shown.code) {
        Ok(token) => {
            tracing::info!("a page was let in");
            json(&Session { token: token.expose() })
        }
        Err(refusal) => refuse(&refusal, &head),
    }
}
