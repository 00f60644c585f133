//! Batches, which only 2025-03-26 has.
//!
//! > Implementations must support receiving JSON-RPC batches. The `initialize` request must not be part of a batch.
//!
//! Source: specification 2025-03-26, "Base protocol", section "Batching", and "Lifecycle".

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use car_mcp::proto::ErrorObject;
use car_mcp::proto::rpc::{INVALID_REQUEST, PARSE_ERROR};
use serde::Deserializer as _;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::server::refusal::error;

/// How many messages a batch may have. A client has a handful of things to say at once; each may cost a handler.
const MAX_MESSAGES: usize = 100;

/// Returns whether a body is an array rather than one message.
pub(super) fn is_batch(body: &[u8]) -> bool {
    body.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) == Some(&b'[')
}

/// Cuts a batch into its messages, without reading them.
///
/// # Errors
/// Says that the text is not JSON, or that there are no messages or too many.
pub(in crate::server) fn split(body: &Bytes) -> Result<Vec<Bytes>, ErrorObject> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let elements = json.deserialize_seq(Elements).and_then(|elements| json.end().map(|()| elements));
    let (elements, count) =
        elements.map_err(|_| error(PARSE_ERROR, "expected a JSON array, found something else"))?;
    if count == 0 || count > MAX_MESSAGES {
        let message = format!("expected 1 to {MAX_MESSAGES} messages in a batch, found {count}");
        return Err(error(INVALID_REQUEST, message));
    }
    Ok(elements.into_iter().map(|element| body.slice_ref(element.get().as_bytes())).collect())
}

/// Returns answers as one array.
pub(super) fn join(answers: &[Bytes]) -> Bytes {
    let length: usize = answers.iter().map(|answer| answer.len() + 1).sum();
    let mut array = BytesMut::with_capacity(length + 1);
    for (index, answer) in answers.iter().enumerate() {
        array.put_u8(if index == 0 { b'[' } else { b',' });
        array.put_slice(answer);
    }
    array.put_u8(b']');
    array.freeze()
}

/// Collects the elements of an array up to the most that are allowed, and counts the rest.
struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = (Vec<&'de RawValue>, usize);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while elements.len() < MAX_MESSAGES {
            match array.next_element()? {
                Some(element) => elements.push(element),
                None => {
                    let count = elements.len();
                    return Ok((elements, count));
                }
            }
        }
        let mut count = elements.len();
        while array.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok((elements, count))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_batch_is_cut_into_its_messages() {
        let body = Bytes::from_static(b" [ {\"a\":[1,2]} ,{} , 3 ]\n");
        assert!(is_batch(&body));
        assert_eq!(split(&body).unwrap(), [&b"{\"a\":[1,2]}"[..], b"{}", b"3"]);
        assert!(!is_batch(b"{}") && !is_batch(b" ") && !is_batch(b""));
    }

    #[test]
    fn an_empty_or_overlong_or_broken_batch_is_refused() {
        let of = |count: usize| Bytes::from(format!("[{}]", vec!["{}"; count].join(",")));
        for (body, code) in [
            (of(0), INVALID_REQUEST),
            (of(MAX_MESSAGES + 1), INVALID_REQUEST),
            (Bytes::from_static(b"[{}"), PARSE_ERROR),
            (Bytes::from_static(b"[{}] x"), PARSE_ERROR),
            (Bytes::from_static(b"[{},]"), PARSE_ERROR),
            (Bytes::from_static(b"[\xff]"), PARSE_ERROR),
        ] {
            assert_eq!(split(&body).unwrap_err().code, code, "{body:?}");
        }
        assert_eq!(split(&of(MAX_MESSAGES)).unwrap().len(), MAX_MESSAGES);
    }

    #[test]
    fn answers_are_joined_as_an_array() {
        assert_eq!(join(&[Bytes::from_static(b"{}"), Bytes::from_static(b"1")]), "[{},1]");
        assert_eq!(join(&[Bytes::from_static(b"{}")]), "[{}]");
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_fail(body in any::<Vec<u8>>()) {
            drop(split(&Bytes::from(body)));
        }
    }
}
