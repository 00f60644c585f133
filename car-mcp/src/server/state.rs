//! Request states, sealed: what the server wants to have back, which the client can neither read nor change.
//!
//! ```text
//!  requestState = base64url( nonce ‖ AES-256-GCM( {expiry, journal, state} ) )
//!  bound to:      format, method, name or URI, arguments as they were sent, principal
//! ```
//!
//! A state that comes back with another request, or from somebody else, is as bad as one that was changed, and the
//! client is not told which it was.
//!
//! Source: specification 2026-07-28, "Multi round-trip requests", section "Server requirements"; RFC 5116.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use car_mcp_proto::{ErrorObject, RawJson};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{Context as Digest, SHA256, SHA256_OUTPUT_LEN};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::inbound::{Request, invalid};

/// The longest state, as text. It travels twice in every round.
pub(crate) const MAX_STATE_BYTES: usize = 64 * 1024;

/// Names the format. States of another one are refused.
const FORMAT: &[u8] = b"car-mcp request state 1";

/// For how long a client may take, where the server does not say otherwise.
pub(crate) const DEFAULT_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The key that seals states.
#[derive(Clone)]
pub(crate) struct StateKey(Zeroizing<[u8; 32]>);

impl StateKey {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// Makes a key; nothing where the system gives no random bytes.
    pub(crate) fn random() -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(&mut *key).ok()?;
        Some(Self(key))
    }
}

impl fmt::Debug for StateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// What is sealed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// Until when it can be used, in seconds since 1970.
    #[serde(rename = "e")]
    expiry: u64,
    /// What has been answered.
    #[serde(rename = "j", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) journal: Vec<Recorded>,
    /// What the handler keeps.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<RawJson>,
}

/// An answer, and which question it answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Recorded {
    #[serde(rename = "k")]
    pub(crate) key: String,
    /// The beginning of the digest of the question: enough to tell that a handler asks something else.
    #[serde(rename = "q")]
    pub(crate) question: u64,
    #[serde(rename = "a")]
    pub(crate) answer: RawJson,
}

/// Why a state cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    #[error("expected a request state of at most {MAX_STATE_BYTES} bytes, found a longer one")]
    TooLong,
    #[error("the system gives no random bytes")]
    Random,
}

/// Seals states and opens them.
pub(crate) struct Sealer {
    key: LessSafeKey,
    random: SystemRandom,
    lifetime: Duration,
}

impl Sealer {
    pub(crate) fn new(key: &StateKey, lifetime: Duration) -> Self {
        let key =
            UnboundKey::new(&AES_256_GCM, &*key.0).expect("the key has the length that the cipher wants");
        Self { key: LessSafeKey::new(key), random: SystemRandom::new(), lifetime }
    }

    /// Seals a state for the request that it is bound to.
    ///
    /// Nonces are random: one key seals 2^32 states before two of them are likely to meet in one nonce.
    pub(crate) fn seal(
        &self,
        binding: &Binding,
        journal: Vec<Recorded>,
        state: Option<RawJson>,
        now: SystemTime,
    ) -> Result<String, SealError> {
        let sealed = Sealed { expiry: seconds(now + self.lifetime), journal, state };
        let mut text = serde_json::to_vec(&sealed).expect("it is made of JSON");
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| SealError::Random)?;
        let aad = Aad::from(binding.0);
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text)
            .map_err(|_| SealError::TooLong)?;
        text.splice(0..0, nonce);
        let text = URL_SAFE_NO_PAD.encode(text);
        if text.len() > MAX_STATE_BYTES { Err(SealError::TooLong) } else { Ok(text) }
    }

    /// Opens a state that came with a request.
    ///
    /// # Errors
    /// Says that it has expired, or cannot be used (-32602).
    pub(crate) fn open(&self, binding: &Binding, text: &str, now: SystemTime) -> Result<Sealed, ErrorObject> {
        let sealed = self.unseal(binding, text).ok_or_else(|| {
            invalid(
                "expected the request state that this request was given, found one that cannot be used"
                    .to_owned(),
            )
        })?;
        if sealed.expiry <= seconds(now) {
            return Err(invalid(
                "the request state has expired: send the request anew without it".to_owned(),
            ));
        }
        Ok(sealed)
    }

    fn unseal(&self, binding: &Binding, text: &str) -> Option<Sealed> {
        if text.len() > MAX_STATE_BYTES {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.key.open_in_place(nonce, Aad::from(binding.0), sealed).ok()?;
        serde_json::from_slice(text).ok()
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sealer").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// The request and the principal that a state is bound to, as a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Binding([u8; SHA256_OUTPUT_LEN]);

impl Binding {
    pub(crate) fn of(request: &Request, principal: Option<&str>) -> Self {
        let subject = request.parts().subject(request.method()).ok().flatten();
        // None are as good as an empty object, also for the handler.
        let arguments = request.arguments();
        let arguments = arguments.as_ref().map_or(&b"{}"[..], |arguments| arguments.as_bytes());
        let parts = [
            Some(FORMAT),
            Some(request.method().as_bytes()),
            subject.map(str::as_bytes),
            Some(arguments),
            principal.map(str::as_bytes),
        ];
        let mut digest = Digest::new(&SHA256);
        for part in parts {
            // The length tells where a part ends, and that one is there at all.
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            digest.update(&length.to_be_bytes());
            digest.update(part.unwrap_or_default());
        }
        Self(digest.finish().as_ref().try_into().expect("a digest has its length"))
    }
}

/// Reads the clock. Everything below is told the time.
pub(crate) fn now() -> SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the server reads the clock for states"
    )]
    SystemTime::now()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::server::inbound::Inbound;

    fn request(method: &str, params: &str) -> Request {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        match Inbound::read(&Bytes::from(body)) {
            Ok(Inbound::Request(request)) => request,
            other => panic!("expected a request, found {other:?}"),
        }
    }

    fn sealer() -> Sealer {
        Sealer::new(&StateKey::new([7; 32]), Duration::from_secs(60))
    }

    const CALL: &str = r#"{"name":"a","arguments":{"x":1}}"#;

    #[test]
    fn a_state_comes_back_to_the_same_request_of_the_same_principal_only() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let bound = Binding::of(&request("tools/call", CALL), Some("ada"));
        let kept = RawJson::from_text("[1,2]").ok();
        let text = sealer().seal(&bound, Vec::new(), kept.clone(), now).unwrap();
        assert_eq!(sealer().open(&bound, &text, now).unwrap().state, kept);
        for (method, params, principal) in [
            ("prompts/get", CALL, Some("ada")),
            ("tools/call", r#"{"name":"b","arguments":{"x":1}}"#, Some("ada")),
            ("tools/call", r#"{"name":"a","arguments":{"x":2}}"#, Some("ada")),
            ("tools/call", r#"{"name":"a"}"#, Some("ada")),
            ("tools/call", CALL, Some("eve")),
            ("tools/call", CALL, Some("")),
            ("tools/call", CALL, None),
        ] {
            let other = Binding::of(&request(method, params), principal);
            let error = sealer().open(&other, &text, now).unwrap_err();
            assert!(error.code == -32602 && error.message.ends_with("cannot be used"), "{error}");
        }
    }

    #[test]
    fn no_arguments_are_an_empty_object() {
        let without = Binding::of(&request("tools/call", r#"{"name":"a"}"#), None);
        assert_eq!(without, Binding::of(&request("tools/call", r#"{"name":"a","arguments":{}}"#), None));
    }

    #[test]
    fn a_state_that_was_changed_cut_or_made_up_is_refused() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let bound = Binding::of(&request("tools/call", CALL), None);
        let text = sealer().seal(&bound, Vec::new(), None, now).unwrap();
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(sealer().open(&bound, &changed, now).is_err(), "{index}");
            assert!(sealer().open(&bound, &text[..index], now).is_err(), "{index}");
        }
        let other = Sealer::new(&StateKey::new([8; 32]), Duration::from_secs(60));
        assert!(other.open(&bound, &text, now).is_err());
    }

    #[test]
    fn a_state_expires_and_says_so() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let bound = Binding::of(&request("tools/call", CALL), None);
        let text = sealer().seal(&bound, Vec::new(), None, now).unwrap();
        assert!(sealer().open(&bound, &text, now + Duration::from_secs(59)).is_ok());
        let error = sealer().open(&bound, &text, now + Duration::from_secs(60)).unwrap_err();
        assert!(error.message.contains("expired"), "{error}");
    }

    #[test]
    fn a_state_that_is_too_long_is_not_sealed() {
        let bound = Binding::of(&request("tools/call", CALL), None);
        let long = RawJson::from_value(&"x".repeat(MAX_STATE_BYTES)).ok();
        assert_eq!(sealer().seal(&bound, Vec::new(), long, UNIX_EPOCH), Err(SealError::TooLong));
    }

    #[test]
    fn the_key_is_not_shown() {
        assert_eq!(format!("{:?}", StateKey::new([65; 32])), "[redacted]");
    }
}
