//! Any JSON answer of an endpoint that authenticates clients, read without trust and without leaving copies behind.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::Error;
use crate::issuer::Issuer;
use crate::response::{cleaned, cleaned_code};
use crate::secret::Secret;

/// The longest answer that is read: three tokens of the greatest length and some words.
const MAX_ANSWER: usize = 256 * 1024;

/// The longest token that is accepted. Tokens travel in headers, and no server takes a longer one there.
pub(crate) const MAX_TOKEN: usize = 64 * 1024;

/// Statuses below 500 that mean "later", whatever the body says: RFC 9110 §15.5.9, RFC 6585 §4.
const LATER: [u16; 2] = [408, 429];

/// A member of an answer, whatever its type is.
pub(crate) enum Member {
    /// A text.
    Text(Zeroizing<String>),
    /// A number.
    Number(f64),
    /// A list; what is not a text is left out.
    List(Vec<String>),
    /// Something else.
    Other,
}

impl Member {
    /// Returns the text, if it is one and not empty.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Member, E> {
        Ok(Member::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Member, E> {
        Ok(Member::Number(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Member, E> {
        Ok(Member::Number(number as f64))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Member, E> {
        Ok(Member::Number(number as f64))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Member, A::Error> {
        let mut texts = Vec::new();
        while let Some(item) = items.next_element::<Self::Value>()? {
            texts.extend(item.text().map(str::to_owned));
        }
        Ok(Member::List(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Member, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }
}

/// The members that any of our endpoints answers with. A member that repeats makes the answer unreadable: which of
/// the two counts is what readers disagree about.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Answer {
    pub(crate) access_token: Option<Member>,
    pub(crate) token_type: Option<Member>,
    pub(crate) expires_in: Option<Member>,
    pub(crate) refresh_token: Option<Member>,
    pub(crate) scope: Option<Member>,
    pub(crate) id_token: Option<Member>,
    pub(crate) issued_token_type: Option<Member>,
    pub(crate) device_code: Option<Member>,
    pub(crate) user_code: Option<Member>,
    pub(crate) verification_uri: Option<Member>,
    /// The name that the draft of RFC 8628 had, which servers still use.
    pub(crate) verification_url: Option<Member>,
    pub(crate) verification_uri_complete: Option<Member>,
    pub(crate) interval: Option<Member>,
    error: Option<Member>,
    error_description: Option<Member>,
}

/// Who answered, for errors.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) endpoint: &'static str,
}

impl Source<'_> {
    pub(crate) fn invalid(self, what: impl Into<String>) -> Error {
        Error::InvalidTokenResponse {
            issuer: self.issuer.to_string(),
            endpoint: self.endpoint,
            what: what.into(),
        }
    }

    fn failed(self, status: u16, what: &str) -> Error {
        Error::ServerFailed {
            issuer: self.issuer.to_string(),
            endpoint: self.endpoint,
            status,
            what: format!("it answered {what}"),
        }
    }
}

impl Answer {
    /// Reads an answer to a request that was accepted, or says how it was refused (RFC 6749 §5.2).
    pub(crate) fn read(status: u16, body: &[u8], source: Source<'_>) -> Result<Self, Error> {
        // What such a server says about tokens is not trusted: it may be a proxy in front of it that speaks.
        if status >= 500 || LATER.contains(&status) {
            return Err(source.failed(status, kind(body)));
        }
        let success = (200..300).contains(&status);
        match Self::decode(body) {
            Some(answer) => match answer.refusal(source) {
                // Some servers refuse with status 200.
                Some(refusal) => Err(refusal),
                None if success => Ok(answer),
                None => Err(source.failed(status, "JSON without an error code")),
            },
            None if success => Err(source.invalid(format!("expected a JSON object, found {}", kind(body)))),
            None => Err(source.failed(status, kind(body))),
        }
    }

    fn decode(body: &[u8]) -> Option<Self> {
        // A list would be read too, its items taken for members in our order.
        let is_object = body.trim_ascii_start().starts_with(b"{");
        (is_object && body.len() <= MAX_ANSWER).then(|| serde_json::from_slice(body).ok())?
    }

    fn refusal(&self, source: Source<'_>) -> Option<Error> {
        let error = cleaned_code(self.error.as_ref()?.text()?);
        let description = self.error_description.as_ref().and_then(Member::text).and_then(cleaned);
        Some(Error::TokenRefused { issuer: source.issuer.to_string(), error, description })
    }
}

/// Says what a body looks like, in none of its words.
fn kind(body: &[u8]) -> &'static str {
    match body.trim_ascii_start().first() {
        None => "nothing",
        Some(_) if body.len() > MAX_ANSWER => "more than can be meant",
        Some(b'<') => "an HTML page",
        Some(b'{') if serde_json::from_slice::<IgnoredAny>(body).is_ok() => "a JSON object",
        Some(_) => "text that is not a JSON object",
    }
}

/// Returns a text member; nothing where it is absent, empty or not a text.
pub(crate) fn text(member: Option<&Member>) -> Option<&str> {
    member.and_then(Member::text)
}

/// Returns a token member; nothing where it is absent or empty, which servers write for absent.
pub(crate) fn token(
    member: Option<Member>,
    name: &str,
    allowed: fn(u8) -> bool,
    source: Source<'_>,
) -> Result<Option<Secret>, Error> {
    match member {
        None => Ok(None),
        Some(Member::Text(text)) if text.is_empty() => Ok(None),
        Some(Member::Text(text)) if text.len() > MAX_TOKEN => {
            Err(source.invalid(format!("expected {name} of at most {MAX_TOKEN} bytes, found {}", text.len())))
        }
        Some(Member::Text(text)) if !text.bytes().all(allowed) => {
            Err(source.invalid(format!("expected {name} of printable ASCII, found other characters")))
        }
        Some(Member::Text(mut text)) => Ok(Some(Secret::new(std::mem::take(&mut *text)))),
        Some(_) => Err(source.invalid(format!("expected {name} to be a text, found another type"))),
    }
}

/// Returns whole seconds: from a number, a fraction or a number in a text; what lies in the past is zero.
///
/// Nothing where it cannot be read. That is no error: the token is good, and with it came a refresh token perhaps
/// that replaces the one before.
pub(crate) fn seconds(member: Option<&Member>) -> Option<u64> {
    let number = match member? {
        Member::Number(number) => *number,
        Member::Text(text) => text.trim().parse().ok()?,
        Member::List(_) | Member::Other => return None,
    };
    // The conversion cuts off the fraction, and what is too great or below zero.
    number.is_finite().then_some(number as u64)
}
