//! The values of `Mcp-Name` and `Mcp-Param-*` headers.
//!
//! > Values that cannot be carried as they are travel in Base64 between `=?base64?` and `?=`.
//!
//! Source: specification 2026-07-28, "Streamable HTTP", sections "Standard request headers" and "Custom headers".

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands before a value in Base64.
const PREFIX: &str = "=?base64?";
/// What stands after it.
const SUFFIX: &str = "?=";

/// Names the revision that a request is made in.
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// Repeats a request's method.
pub const METHOD: &str = "mcp-method";
/// Repeats the name of the tool or prompt, or the URI of the resource.
pub const NAME: &str = "mcp-name";
/// Begins the name of every header that repeats an argument.
pub const PARAM_PREFIX: &str = "mcp-param-";

/// Writes a value so that it can stand in a header.
///
/// Plain is what consists of 0x20 to 0x7E without a space at either end and does not look encoded; the empty string
/// is plain.
pub fn encode(value: &str) -> Cow<'_, str> {
    if is_plain(value) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("{PREFIX}{}{SUFFIX}", STANDARD.encode(value)))
}

/// Reads a value from a header. A value that lacks the prefix or the suffix is itself.
///
/// # Errors
/// Says that what stands between prefix and suffix is not padded Base64 of UTF-8 text.
pub fn decode(header: &str) -> Result<Cow<'_, str>, InvalidHeaderValue> {
    let header = header.trim_matches([' ', '\t']);
    let Some(encoded) = header.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) else {
        return Ok(Cow::Borrowed(header));
    };
    let bytes = STANDARD.decode(encoded).map_err(|_| InvalidHeaderValue)?;
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| InvalidHeaderValue)
}

fn is_plain(value: &str) -> bool {
    let printable = value.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    let padded = value.starts_with(' ') || value.ends_with(' ');
    let looks_encoded = value.starts_with(PREFIX) && value.ends_with(SUFFIX);
    printable && !padded && !looks_encoded
}

/// Says that a header's encoded value cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected padded base64 of UTF-8 text between =?base64? and ?=, found something else")]
#[expect(clippy::exhaustive_structs, reason = "there is nothing more to say about it")]
pub struct InvalidHeaderValue;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encodes_the_examples_of_the_specification() {
        for (value, header) in [
            ("us-west1", "us-west1"),
            ("", ""),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("a\tb", "=?base64?YQli?="),
        ] {
            assert_eq!(encode(value), header);
            assert_eq!(decode(header).unwrap(), value);
        }
    }

    #[test]
    fn half_a_marker_is_literal_and_bad_base64_is_refused() {
        assert_eq!(decode("=?base64?abc").unwrap(), "=?base64?abc");
        assert_eq!(decode("abc?=").unwrap(), "abc?=");
        assert_eq!(decode("=?base64?SGVsbG8?="), Err(InvalidHeaderValue));
        assert_eq!(decode("=?base64?SGVs bG8=?="), Err(InvalidHeaderValue));
        assert_eq!(decode("=?base64?/w==?="), Err(InvalidHeaderValue));
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in any::<String>()) {
            let header = encode(&value);
            prop_assert!(header.bytes().all(|byte| matches!(byte, 0x20..=0x7e)));
            prop_assert_eq!(&*decode(&header).unwrap(), &*value);
        }
    }
}
