//! Proof of possession for every request (RFC 9449).

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use crate::Error;
use crate::jwt::{Header, compact};
use crate::secret::Secret;
use crate::sign::Sign;
use crate::time::Timestamp;

/// From how many origins a nonce is remembered: those of one sign-in, and of many MCP servers behind one client.
const MAX_ORIGINS: usize = 64;

/// The longest nonce. It is sent back in a header with each request; servers use some dozens of characters.
const MAX_NONCE: usize = 1024;

#[derive(Serialize)]
struct Claims<'a> {
    jti: &'a str,
    htm: &'a str,
    htu: &'a str,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

/// Makes the value of the `DPoP` header for one request (RFC 9449 §4.2).
///
/// `token` is the access token that goes along; none at the token endpoint. `jti` has to be fresh for each request, a
/// repeated one too: a server takes a proof once.
///
/// # Errors
/// [`Error::InvalidKey`].
pub fn proof(
    key: &dyn Sign,
    method: &str,
    url: &Url,
    token: Option<&Secret>,
    nonce: Option<&str>,
    jti: [u8; 32],
    now: Timestamp,
) -> Result<Secret, Error> {
    let claims = Claims {
        jti: &URL_SAFE_NO_PAD.encode(jti),
        htm: method,
        htu: &target(url),
        iat: now.seconds(),
        ath: token.map(|token| URL_SAFE_NO_PAD.encode(Sha256::digest(token.expose()))),
        nonce,
    };
    compact(&Header::with_public_key("dpop+jwt", key), &claims, key)
}

/// Returns a URL without query and fragment (RFC 9449 §4.2), and without what a header would carry.
fn target(url: &Url) -> String {
    let end = url.as_str().find(['?', '#']).unwrap_or(url.as_str().len());
    let text = &url.as_str()[..end];
    match (url.username().is_empty() && url.password().is_none(), text.split_once("://")) {
        (false, Some((scheme, rest))) => {
            let host = rest.split_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://{host}")
        }
        _ => text.to_owned(),
    }
}

/// Returns whether an answer wants the same request again with the nonce that came in its `DPoP-Nonce` header
/// (RFC 9449 §8).
#[must_use]
pub fn is_nonce_error(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Refusal<'a> {
        error: &'a str,
    }
    let is_object = body.trim_ascii_start().starts_with(b"{");
    is_object
        && serde_json::from_slice::<Refusal<'_>>(body).is_ok_and(|refusal| refusal.error == "use_dpop_nonce")
}

/// The nonces of servers, the newest of each origin (RFC 9449 §8.2): a nonce of one server is never shown to another.
#[derive(Clone, Debug, Default)]
pub struct NonceJar(VecDeque<(String, String)>);

impl NonceJar {
    /// Makes an empty jar.
    #[must_use]
    pub const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Returns the nonce for requests to a URL.
    #[must_use]
    pub fn nonce(&self, url: &Url) -> Option<&str> {
        let origin = url.origin().ascii_serialization();
        self.0.iter().find(|(known, _)| *known == origin).map(|(_, nonce)| nonce.as_str())
    }

    /// Remembers the value of a `DPoP-Nonce` header, of any answer, refused or not.
    ///
    /// Returns whether it is a nonce, and a new one: only then is the same request worth repeating. The origin that was
    /// quiet for longest makes room where there are too many.
    pub fn remember(&mut self, url: &Url, nonce: &str) -> bool {
        if nonce.is_empty() || nonce.len() > MAX_NONCE || !nonce.bytes().all(is_nonce_char) {
            return false;
        }
        let is_new = self.nonce(url) != Some(nonce);
        let origin = url.origin().ascii_serialization();
        self.0.retain(|(known, _)| *known != origin);
        self.0.push_back((origin, nonce.to_owned()));
        if self.0.len() > MAX_ORIGINS {
            self.0.pop_front();
        }
        is_new
    }
}

/// `NQCHAR` of RFC 6749, appendix A, by RFC 9449 §8.1.
const fn is_nonce_char(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::jwt::tests::opened;
    use crate::sign::tests::HashKey;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn claims(url: &Url, token: Option<&Secret>, nonce: Option<&str>) -> Value {
        let now = Timestamp::from_seconds(1_562_262_616);
        let proof = proof(&HashKey("ES256"), "POST", url, token, nonce, [3; 32], now).unwrap();
        let (header, claims) = opened(&proof);
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([7; 32]) });
        assert_eq!(header, json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk }));
        claims
    }

    #[test]
    fn a_proof_for_the_token_endpoint_has_no_token_hash() {
        let expected = json!({
            "jti": URL_SAFE_NO_PAD.encode([3; 32]),
            "htm": "POST",
            "htu": "https://server.example.com/token",
            "iat": 1_562_262_616,
        });
        assert_eq!(claims(&url("https://server.example.com/token"), None, None), expected);
    }

    #[test]
    fn the_token_hash_matches_the_example_of_the_rfc() {
        let token = Secret::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        let claims = claims(&url("https://resource.example.org/r"), Some(&token), Some("eyJ7S_zG"));
        assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_eq!(claims["nonce"], "eyJ7S_zG");
    }

    #[test]
    fn the_target_has_neither_query_nor_fragment_nor_user() {
        let cases = [
            ("https://a.example/mcp?x=1#y", "https://a.example/mcp"),
            ("https://a.example#y?x", "https://a.example/"),
            ("http://localhost:8080/m@p?token=s", "http://localhost:8080/m@p"),
            ("https://me:hunter2@a.example/mcp", "https://a.example/mcp"),
            ("https://A.example:443/MCP", "https://a.example/MCP"),
        ];
        for (text, expected) in cases {
            assert_eq!(target(&url(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_nonce_error_is_told_from_others() {
        assert!(is_nonce_error(br#" {"error":"use_dpop_nonce","error_description":"x"}"#));
        for other in [r#"{"error":"invalid_grant"}"#, r#"["use_dpop_nonce"]"#, "use_dpop_nonce", "", "{}"] {
            assert!(!is_nonce_error(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_nonce_stays_with_its_origin() {
        let mut jar = NonceJar::new();
        assert!(jar.remember(&url("https://a.example/token"), "one"));
        assert_eq!(jar.nonce(&url("https://a.example/other?x")), Some("one"));
        for other in ["https://b.example/token", "http://a.example/token", "https://a.example:8443/token"] {
            assert_eq!(jar.nonce(&url(other)), None, "{other}");
        }
    }

    #[test]
    fn a_newer_nonce_replaces_the_one_before_and_the_same_is_not_new() {
        let mut jar = NonceJar::new();
        let origin = url("https://a.example");
        assert!(jar.remember(&origin, "one"));
        assert!(!jar.remember(&origin, "one"), "the server does not take its own nonce");
        assert!(jar.remember(&origin, "two"));
        assert_eq!(jar.nonce(&origin), Some("two"));
    }

    #[test]
    fn what_is_no_nonce_is_not_kept() {
        let mut jar = NonceJar::new();
        let origin = url("https://a.example");
        for text in ["", "a b", "a\"b", "a\\b", "a\r\nb", "ü", &"a".repeat(MAX_NONCE + 1)] {
            assert!(!jar.remember(&origin, text), "{text}");
        }
        assert_eq!(jar.nonce(&origin), None);
    }

    #[test]
    fn the_jar_keeps_the_origins_that_spoke_last() {
        let mut jar = NonceJar::new();
        let origin = |number: usize| url(&format!("https://{number}.example"));
        for number in 0..MAX_ORIGINS {
            jar.remember(&origin(number), "n");
        }
        jar.remember(&origin(0), "n");
        jar.remember(&origin(MAX_ORIGINS), "n");
        assert!(jar.nonce(&origin(0)).is_some() && jar.nonce(&origin(1)).is_none());
        assert_eq!(jar.0.len(), MAX_ORIGINS);
    }

    proptest! {
        #[test]
        fn any_nonce_survives_the_proof(nonce in "[!#-\\[\\]-~]{1,60}") {
            let mut jar = NonceJar::new();
            let origin = url("https://a.example");
            prop_assert!(jar.remember(&origin, &nonce));
            prop_assert_eq!(&claims(&origin, None, jar.nonce(&origin))["nonce"], &json!(nonce));
        }
    }
}
