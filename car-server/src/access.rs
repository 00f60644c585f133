//! Who is let in: programs of this machine's user, which can read the token. Pure but for the dice.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use car_connectors::store::Secret;
use car_mcp_http::server::{Guard, Stranger};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

/// How many random bytes a token has: as many as a key.
const TOKEN_BYTES: usize = 32;

/// Who is let in.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    guard: Guard,
    /// The hash of the token: comparing hashes tells nothing of how much of a guess was right.
    token: [u8; 32],
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Stranger(Stranger),
    #[error(
        "expected the daemon's token as `Authorization: Bearer …`; it is in run/daemon.json of the state folder"
    )]
    Token,
}

impl Access {
    pub(crate) fn new(token: &Secret) -> Self {
        Self { guard: Guard::default(), token: hash(token.expose()) }
    }

    /// Checks a request to any route that only says that the daemon is there.
    pub(crate) fn check_place(&self, head: &Parts) -> Result<(), Refusal> {
        self.guard.check(head).map_err(Refusal::Stranger)
    }

    /// Checks a request that wants to do something.
    pub(crate) fn check(&self, head: &Parts) -> Result<(), Refusal> {
        self.check_place(head)?;
        match bearer(&head.headers) {
            Some(token) if hash(token) == self.token => Ok(()),
            _ => Err(Refusal::Token),
        }
    }
}

impl Refusal {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Stranger(Stranger::NoHost) => StatusCode::BAD_REQUEST,
            Self::Stranger(_) => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
        }
    }
}

/// Makes a token that nobody can guess.
pub(crate) fn new_token() -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>()))
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Returns the token of the one header that holds one (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn check(headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut request = Request::builder().uri("/ws");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Access::new(&Secret::new("s3cret")).check(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn lets_in_who_has_the_token_and_is_of_this_machine() {
        const HOST: (&str, &str) = ("host", "127.0.0.1:7");
        const TOKEN: (&str, &str) = ("authorization", "Bearer s3cret");
        assert_eq!(check(&[HOST, TOKEN]), Ok(()));
        assert_eq!(check(&[HOST, ("authorization", "bearer  s3cret")]), Ok(()));
        assert_eq!(check(&[HOST, TOKEN, ("origin", "http://localhost:5173")]), Ok(()));
        for wrong in ["Bearer s3cre", "Bearer s3cret2", "Bearer ", "Bearer", "s3cret", "Basic s3cret"] {
            assert_eq!(check(&[HOST, ("authorization", wrong)]), Err(Refusal::Token), "{wrong}");
        }
        assert_eq!(check(&[HOST]), Err(Refusal::Token));
        assert_eq!(check(&[HOST, TOKEN, TOKEN]), Err(Refusal::Token));
        assert_eq!(check(&[TOKEN]).unwrap_err().status(), StatusCode::BAD_REQUEST);
        for strange in [("host", "evil.example"), ("host", "127.0.0.1.evil.example")] {
            assert_eq!(check(&[strange, TOKEN]).unwrap_err().status(), StatusCode::FORBIDDEN, "{strange:?}");
        }
        assert_eq!(
            check(&[HOST, TOKEN, ("origin", "https://evil.example")]).unwrap_err().status(),
            StatusCode::FORBIDDEN
        );
        assert_eq!(check(&[HOST, TOKEN, ("origin", "null")]).unwrap_err().status(), StatusCode::FORBIDDEN);
    }

    #[test]
    fn makes_tokens_that_differ() {
        let token = new_token();
        assert_eq!(token.expose().len(), 43);
        assert_ne!(token.expose(), new_token().expose());
    }
}
