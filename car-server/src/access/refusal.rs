//! Why a request is not let in, and how it is told.

use axum::response::Response;
use car_connectors::store::Scope;
use car_mcp_http::server::Stranger;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};

use crate::routes::problem;

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It goes to, or comes from, somebody else.
    #[error("{0}")]
    Stranger(Stranger),
    /// It has no token, or several.
    #[error(
        "expected one token as `Authorization: Bearer …`, found none or several; `car token add` makes one"
    )]
    NoToken,
    /// Nobody has that token, or nobody has it any more.
    #[error("this token is not known here, or was revoked; `car token add` makes another one")]
    UnknownToken,
    /// The time of the token is over.
    #[error("the time of this token is over; `car token add` makes another one")]
    Ended,
    /// It has the token of a page, and does not come from the page.
    #[error("this token is for the daemon's own page alone")]
    NotThePage,
    /// The token does not let its holder do that.
    #[error("this needs the scope `{}`; the token has `{}`", needed.as_str(), has.as_str())]
    Scope { needed: Scope, has: Scope },
    /// The token is for some connectors, and this is about all.
    #[error("this is about all connectors; the token is for some of them")]
    SomeConnectors,
    /// This is for who can read the daemon's own token.
    #[error("expected the daemon's own token, which is in run/daemon.json of the state folder")]
    NotTheOwner,
    /// It cannot be found out who has the token.
    #[error("the access file cannot be read, so no token of it is let in; `car token list` says why")]
    Unreadable,
}

impl Refusal {
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Stranger(Stranger::NoHost) => StatusCode::BAD_REQUEST,
            Self::NoToken | Self::UnknownToken | Self::Ended => StatusCode::UNAUTHORIZED,
            Self::Unreadable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// Returns what the client is told of how to come in (RFC 6750, section 3).
    fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::NoToken => Some(HeaderValue::from_static("Bearer")),
            Self::UnknownToken | Self::Ended => {
                Some(HeaderValue::from_static("Bearer error=\"invalid_token\""))
            }
            Self::Scope { needed, .. } => {
                let text = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", needed.as_str());
                HeaderValue::try_from(text).ok()
            }
            _ => None,
        }
    }

    /// Returns the answer. The reason is for who asked, and holds nothing of what they sent.
    pub(crate) fn response(&self) -> Response {
        let mut response = problem(self.status(), &self.to_string());
        if let Some(challenge) = self.challenge() {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
