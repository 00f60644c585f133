//! Who signed in (OpenID Connect Core §2, §5.3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::issuer::Issuer;
use crate::lookup::{Document, cleaned, shown};
use crate::{Error, Timestamp};

/// The longest ID token that is read; it has to fit into a header of most servers.
const LONGEST_TOKEN: usize = 64 * 1024;
/// OpenID Connect Core §2: a subject must not exceed 255 characters.
const LONGEST_SUBJECT: usize = 255;
/// How much of a label is shown: the longest e-mail address has 254 characters (RFC 5321 §4.5.3.1.3).
const LONGEST_LABEL: usize = 254;
/// How far the clocks of two machines may be apart, in seconds.
const LEEWAY: u64 = 120;

/// An account at an authorization server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// Who says so.
    pub issuer: String,
    /// The account's identifier there; it never changes and is never given to another.
    pub subject: String,
    /// What a person knows the account by: e-mail address, user name or name. Cleaned and cut; may change, and says
    /// nothing about whose it is.
    pub label: Option<String>,
}

impl Identity {
    /// Names somebody who is known already.
    #[must_use]
    pub fn new(issuer: &str, subject: &str, label: Option<&str>) -> Self {
        Self { issuer: issuer.to_owned(), subject: subject.to_owned(), label: label.map(str::to_owned) }
    }

    /// Returns whether it is the same account. A label may change, and may be the same for two (OpenID Connect Core §5.7).
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.issuer, &self.subject) == (&other.issuer, &other.subject)
    }

    /// Reads the ID token that the token endpoint answered.
    ///
    /// # Errors
    /// [`Error::IssuerMismatch`] if another issuer made it; [`Error::InvalidTokenResponse`] if it is for another client,
    /// has expired, or cannot be read.
    ///
    /// # Security
    /// The signature is not checked: the token came from the token endpoint itself over TLS, which OpenID Connect Core
    /// §3.1.3.7 (6) lets stand in for it. A token from anywhere else must not be given here.
    pub fn from_id_token(jwt: &str, issuer: &Issuer, client_id: &str, now: Timestamp) -> Result<Self, Error> {
        let invalid = |what: &str| unusable(issuer, "token", format!("the ID token {what}"));
        let claims = payload(jwt).ok_or_else(|| invalid("is not a JWT"))?;
        let claims = Document::read("", &claims).map_err(|_| invalid("has no claims"))?;
        let found = claims.text("iss").map_err(|_| invalid("has an issuer that is no string"))?;
        if found != Some(issuer.as_str()) {
            let expected = issuer.to_string();
            return Err(Error::IssuerMismatch { expected, found: found.map(shown) });
        }
        let audience = claims.one_or_many("aud").map_err(|_| invalid("has an audience that is no string"))?;
        if !audience.iter().any(|audience| audience == client_id) {
            return Err(invalid("is for another client"));
        }
        let presenter = claims.text("azp").map_err(|_| invalid("has a presenter that is no string"))?;
        if presenter.map_or(audience.len() > 1, |presenter| presenter != client_id) {
            return Err(invalid("was made for another client to present"));
        }
        let end = claims.seconds("exp").ok_or_else(|| invalid("does not say when it ends"))?;
        if Timestamp::from_seconds(end).plus(LEEWAY) <= now {
            return Err(invalid("has expired"));
        }
        Self::from_claims(&claims, issuer).ok_or_else(|| invalid("names nobody"))
    }

    /// Reads the answer of the userinfo endpoint. The subject of the ID token is expected where there was one
    /// (OpenID Connect Core §5.3.2), or the answer could be about somebody else.
    ///
    /// # Errors
    /// [`Error::InvalidTokenResponse`] if it is not JSON, or about somebody else.
    pub fn from_userinfo(
        body: &[u8],
        issuer: &Issuer,
        expected_subject: Option<&str>,
    ) -> Result<Self, Error> {
        let invalid = |what: String| unusable(issuer, "userinfo", what);
        let claims = Document::read("", body).map_err(invalid)?;
        let identity = Self::from_claims(&claims, issuer);
        let identity = identity.ok_or_else(|| invalid("it names nobody".to_owned()))?;
        if expected_subject.is_some_and(|expected| expected != identity.subject) {
            return Err(invalid("it is about another account than the ID token".to_owned()));
        }
        Ok(identity)
    }

    fn from_claims(claims: &Document<'_>, issuer: &Issuer) -> Option<Self> {
        let subject = claims.text("sub").ok().flatten()?;
        let fits = (1..=LONGEST_SUBJECT).contains(&subject.len()) && !subject.chars().any(char::is_control);
        let label = ["email", "preferred_username", "name"].iter().find_map(|name| {
            let text = claims.text(name).ok().flatten()?;
            Some(cleaned(text, LONGEST_LABEL)).filter(|label| !label.is_empty())
        });
        fits.then(|| Self { issuer: issuer.to_string(), subject: subject.to_owned(), label })
    }
}

/// Returns the middle part of a signed JWT (RFC 7515 §7.1).
fn payload(jwt: &str) -> Option<Vec<u8>> {
    if jwt.len() > LONGEST_TOKEN {
        return None;
    }
    let mut parts = jwt.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    URL_SAFE_NO_PAD.decode(payload).ok()
}

fn unusable(issuer: &Issuer, endpoint: &'static str, what: String) -> Error {
    Error::InvalidTokenResponse { issuer: issuer.to_string(), endpoint, what }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.label.as_deref().unwrap_or(&self.subject))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn issuer() -> Issuer {
        Issuer::parse("https://as.example").unwrap()
    }

    fn read(claims: &Value) -> Result<Identity, Error> {
        let jwt = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
        Identity::from_id_token(&jwt, &issuer(), "car", NOW)
    }

    fn claims(member: &str, value: Value) -> Value {
        let mut claims = json!({
            "iss": "https://as.example", "aud": "car", "exp": 1_000_600, "sub": "42",
            "name": "Ada", "preferred_username": "ada", "email": "ada@example.com",
        });
        claims[member] = value;
        claims
    }

    #[test]
    fn names_the_account_and_what_a_person_knows_it_by() {
        let identity = read(&claims("iat", json!(1))).unwrap();
        assert_eq!((identity.issuer.as_str(), identity.subject.as_str()), ("https://as.example", "42"));
        assert_eq!(identity.label.as_deref(), Some("ada@example.com"));
        for (member, value, label) in [
            ("email", json!(null), Some("ada")),
            ("email", json!(7), Some("ada")),
            ("email", json!("\u{202e}"), Some("ada")),
            ("email", json!("a\u{1b}[2Jb\u{202e}c@x"), Some("a[2Jbc@x")),
            ("aud", json!(["car"]), Some("ada@example.com")),
            ("exp", json!(999_900), Some("ada@example.com")),
        ] {
            assert_eq!(read(&claims(member, value)).unwrap().label.as_deref(), label, "{member}");
        }
    }

    #[test]
    fn refuses_a_token_of_another_issuer() {
        for other in [json!("https://evil.example"), json!("https://as.example/"), Value::Null] {
            let error = read(&claims("iss", other)).unwrap_err();
            assert!(matches!(error, Error::IssuerMismatch { .. }), "{error}");
        }
    }

    #[test]
    fn refuses_a_token_that_is_not_for_this_client_now() {
        for (member, value, what) in [
            ("aud", json!("other"), "the ID token is for another client"),
            ("aud", json!([]), "the ID token is for another client"),
            ("aud", json!({}), "the ID token has an audience that is no string"),
            ("aud", json!(["car", "other"]), "the ID token was made for another client to present"),
            ("azp", json!("other"), "the ID token was made for another client to present"),
            ("exp", json!(999_000), "the ID token has expired"),
            ("exp", Value::Null, "the ID token does not say when it ends"),
            ("sub", Value::Null, "the ID token names nobody"),
            ("sub", json!(""), "the ID token names nobody"),
            ("sub", json!("a\nb"), "the ID token names nobody"),
            ("sub", json!("4".repeat(256)), "the ID token names nobody"),
        ] {
            let error = read(&claims(member, value)).unwrap_err();
            let Error::InvalidTokenResponse { what: found, endpoint: "token", .. } = &error else {
                panic!("{error}")
            };
            assert_eq!(found, what);
        }
    }

    #[test]
    fn refuses_what_is_no_jwt() {
        for jwt in ["", "a", "a.b", "e30.e30.c.d", "e30.!!.c", "e30.W10.c", "e30.bm8.c", ".."] {
            let error = Identity::from_id_token(jwt, &issuer(), "car", NOW).unwrap_err();
            assert!(matches!(error, Error::InvalidTokenResponse { .. }), "{error}");
        }
        let long = "a".repeat(LONGEST_TOKEN + 1);
        assert!(Identity::from_id_token(&long, &issuer(), "car", NOW).is_err());
    }

    #[test]
    fn takes_userinfo_only_about_who_signed_in() {
        let body = br#"{"sub":"42","name":"Ada"}"#;
        for expected in [None, Some("42")] {
            let identity = Identity::from_userinfo(body, &issuer(), expected).unwrap();
            assert_eq!((identity.subject.as_str(), identity.label.as_deref()), ("42", Some("Ada")));
        }
        for (body, expected) in
            [(&body[..], Some("43")), (b"{}", None), (b"<html>", None), (b"e30.e30.c", None)]
        {
            let error = Identity::from_userinfo(body, &issuer(), expected).unwrap_err();
            assert!(matches!(error, Error::InvalidTokenResponse { endpoint: "userinfo", .. }), "{error}");
        }
    }

    proptest! {
        #[test]
        fn reads_anything_without_falling_over(jwt in "[a-zA-Z0-9._-]{0,80}", body in "\\PC{0,80}") {
            drop(Identity::from_id_token(&jwt, &issuer(), "car", NOW));
            drop(Identity::from_userinfo(body.as_bytes(), &issuer(), None));
        }
    }
}
