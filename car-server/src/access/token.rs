//! Tokens: how they are made, where a request carries one, and how one is compared.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use car_connectors::store::Secret;
use http::HeaderMap;
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use sha2::Digest as _;

/// How many random bytes a token has: as many as a key.
const TOKEN_BYTES: usize = 32;

/// The WebSocket subprotocol that the daemon speaks.
pub(crate) const SUBPROTOCOL: &str = "car.v1";

/// What stands before the token where a browser, which can set no header, carries it among the subprotocols.
const BEARER_SUBPROTOCOL: &str = "car.bearer.";

/// The hash of a token: comparing hashes tells nothing of how much of a guess was right.
pub(super) type Digest = [u8; 32];

/// Makes a token that nobody can guess.
pub(crate) fn new_token() -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>()))
}

pub(super) fn digest(token: &str) -> Digest {
    sha2::Sha256::digest(token).into()
}

/// Returns the one token of a request: nothing where there is none, or several.
pub(super) fn carried(headers: &HeaderMap, is_socket: bool) -> Option<&str> {
    let mut authorizations = headers.get_all(AUTHORIZATION).iter();
    match (authorizations.next(), authorizations.next()) {
        (Some(value), None) => {
            // RFC 6750, section 2.1.
            let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
        }
        (None, _) if is_socket => {
            let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
            let names = offered.filter_map(|value| value.to_str().ok()).flat_map(|names| names.split(','));
            let mut tokens = names.filter_map(|name| name.trim().strip_prefix(BEARER_SUBPROTOCOL));
            tokens.next().filter(|_| tokens.next().is_none())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&'static str, &'static str)], is_socket: bool) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        carried(&map, is_socket).map(str::to_owned)
    }

    #[test]
    fn makes_tokens_that_differ() {
        let token = new_token();
        assert_eq!(token.expose().len(), 43);
        assert_ne!(token.expose(), new_token().expose());
    }

    #[test]
    fn reads_the_one_token_of_a_request() {
        const TOKEN: (&str, &str) = ("authorization", "Bearer s3cret");
        const OFFER: (&str, &str) = ("sec-websocket-protocol", "car.v1, car.bearer.s3cret");
        for headers in [&[TOKEN][..], &[("authorization", "bearer  s3cret")], &[TOKEN, OFFER]] {
            assert_eq!(read(headers, true).as_deref(), Some("s3cret"), "{headers:?}");
        }
        let (name, split) = ("sec-websocket-protocol", [("sec-websocket-protocol", "car.v1"), OFFER]);
        assert_eq!(read(&split, true).as_deref(), Some("s3cret"));
        assert_eq!(read(&[OFFER], false), None, "only a WebSocket has subprotocols");
        for headers in [
            &[][..],
            &[TOKEN, TOKEN],
            &[("authorization", "s3cret")],
            &[("authorization", "Basic s3cret")],
            &[("authorization", "Basic s3cret"), OFFER],
            &[(name, "car.v1")],
            &[(name, "car.bearer.a, car.bearer.b")],
        ] {
            assert_eq!(read(headers, true), None, "{headers:?}");
        }
    }
}
