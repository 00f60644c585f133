//! The names of sessions and events.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;

/// How many random bytes make a session id: 144 bits, over the 128 that make guessing hopeless, and a whole number of
/// Base64 characters.
const RANDOM_BYTES: usize = 18;

/// How long a session id is.
const ID_LEN: usize = RANDOM_BYTES / 3 * 4;

/// Names a session. Whoever knows it can speak for the session where the server does not ask who calls, so it is not
/// printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SessionId([u8; ID_LEN]);

impl SessionId {
    /// Makes a new one.
    pub(super) fn random() -> Self {
        let bytes: [u8; RANDOM_BYTES] = rand::random();
        let mut id = [0; ID_LEN];
        URL_SAFE_NO_PAD.encode_slice(bytes, &mut id).expect("the length fits");
        Self(id)
    }

    /// Reads one that a client sent; nothing for what cannot be one of ours.
    pub(super) fn from_wire(text: &[u8]) -> Option<Self> {
        text.try_into().ok().map(Self)
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an id that is handed out is Base64")
    }

    /// Returns it as a header, which is not printed either.
    pub(super) fn to_header(self) -> HeaderValue {
        let mut value = HeaderValue::from_bytes(&self.0).expect("an id that is handed out is Base64");
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionId([redacted])")
    }
}

/// Names an event within its session: the stream that it belongs to and its place there. Place 0 is before the first.
///
/// > Event ids should encode sufficient information to identify the originating stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventId {
    pub(super) stream: u64,
    pub(super) sequence: u64,
}

impl EventId {
    /// Reads one that a client sent. There is one way to write each, so that what was not handed out is not taken.
    pub(super) fn from_wire(text: &[u8]) -> Option<Self> {
        let (stream, sequence) = std::str::from_utf8(text).ok()?.split_once('-')?;
        let id = Self { stream: stream.parse().ok()?, sequence: sequence.parse().ok()? };
        (id.to_string().as_bytes() == text).then_some(id)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.stream, self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn session_ids_are_visible_ascii_and_never_the_same() {
        let ids: HashSet<SessionId> = (0..1_000).map(|_| SessionId::random()).collect();
        assert_eq!(ids.len(), 1_000);
        for id in ids {
            assert!(id.as_str().bytes().all(|byte| matches!(byte, 0x21..=0x7e)), "{}", id.as_str());
            assert!(id.as_str().len() * 6 >= 128);
            assert_eq!(SessionId::from_wire(id.as_str().as_bytes()), Some(id));
        }
    }

    #[test]
    fn a_session_id_is_not_printed() {
        let id = SessionId::random();
        assert!(!format!("{id:?}").contains(id.as_str()));
    }

    #[test]
    fn an_event_id_has_one_spelling() {
        assert_eq!(EventId::from_wire(b"3-17"), Some(EventId { stream: 3, sequence: 17 }));
        for text in ["", "-", "3", "3-", "-17", "03-17", "+3-17", "3-17 ", "3-17-1", "3--17", "a-b"] {
            assert_eq!(EventId::from_wire(text.as_bytes()), None, "{text}");
        }
        assert_eq!(EventId::from_wire(b"99999999999999999999999-1"), None);
        assert_eq!(EventId::from_wire(&[0xff, b'-', b'1']), None);
    }

    proptest! {
        #[test]
        fn every_event_id_reads_back(stream in any::<u64>(), sequence in any::<u64>()) {
            let id = EventId { stream, sequence };
            prop_assert_eq!(EventId::from_wire(id.to_string().as_bytes()), Some(id));
        }

        #[test]
        fn no_text_makes_the_reader_fail(text in any::<Vec<u8>>()) {
            if let Some(id) = EventId::from_wire(&text) {
                prop_assert_eq!(id.to_string().into_bytes(), text);
            }
        }
    }
}
