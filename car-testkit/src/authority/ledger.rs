//! What reached the authorization server, by endpoint.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Instant;

use serde_json::Value;

/// How many requests are remembered. Enough for any test, and a soak run does not grow.
const REMEMBERED: usize = 4_096;

/// The endpoints of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// Any of the well-known metadata documents.
    Metadata,
    /// Where the user is sent.
    Authorize,
    /// What the button of the consent page calls.
    Consent,
    /// Where grants become tokens.
    Token,
    /// RFC 7591.
    Register,
    /// RFC 7009.
    Revoke,
    /// Where a device asks for its code (RFC 8628).
    Device,
    /// Where the user of a device enters its code.
    Activate,
    /// OpenID Connect's claims of the user.
    UserInfo,
    /// The public keys.
    Jwks,
    /// Anything else; answered with 404.
    Other,
}

/// One request as it arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Seen {
    /// What was asked.
    pub endpoint: Endpoint,
    /// The HTTP method.
    pub http_method: http::Method,
    /// The path, without the query.
    pub path: String,
    /// The query as it came, without its question mark.
    pub query: String,
    /// The parameters of the query and, after them, of a form in the body, decoded.
    pub params: Vec<(String, String)>,
    /// All headers.
    pub headers: http::HeaderMap,
    /// The body, as text.
    pub body: String,
    /// When it had arrived whole.
    pub at: Instant,
}

impl Seen {
    /// Returns the first parameter of this name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Returns the `Authorization` header.
    pub fn authorization(&self) -> Option<&str> {
        self.header("authorization")
    }

    /// Returns the `DPoP` header.
    pub fn dpop(&self) -> Option<&str> {
        self.header("dpop")
    }

    /// Returns the body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Everything that reached the server since it was first started; a restart does not forget it.
#[derive(Debug, Default)]
pub struct AuthorityLedger {
    seen: Mutex<VecDeque<Seen>>,
}

impl AuthorityLedger {
    /// Returns every request, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic under the lock").iter().cloned().collect()
    }

    /// Returns the requests to one endpoint, oldest first.
    pub fn requests(&self, endpoint: Endpoint) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.endpoint == endpoint).collect()
    }

    pub(super) fn note(&self, seen: Seen) {
        let mut all = self.seen.lock().expect("no panic under the lock");
        if all.len() == REMEMBERED {
            all.pop_front();
        }
        all.push_back(seen);
    }
}
