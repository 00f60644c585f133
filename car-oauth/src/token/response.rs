//! What the token endpoint answers (RFC 6749 §5).

use crate::Error;
use crate::issuer::Issuer;
use crate::response::cleaned_code;
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::token::answer::{self, Answer, Member, Source};

/// How a token is shown to the MCP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum TokenType {
    /// By itself (RFC 6750).
    Bearer,
    /// With a proof of its key (RFC 9449).
    DPoP,
}

/// Tokens as they were issued.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The access token: visible ASCII, so that it fits a header.
    pub access_token: Secret,
    /// How it is shown.
    pub token_type: TokenType,
    /// How many seconds it is good for; nothing if the server does not say.
    pub expires_in: Option<u64>,
    /// What the next one is asked for with.
    pub refresh_token: Option<Secret>,
    /// What it is good for; nothing if that is what was asked for (RFC 6749 §5.1).
    pub scope: Option<Scopes>,
    /// Who signed in (OpenID Connect Core §3.1.3.3).
    pub id_token: Option<Secret>,
    /// What kind of token was exchanged (RFC 8693 §2.2.1).
    pub issued_token_type: Option<String>,
}

impl TokenResponse {
    /// Reads the answer of a token endpoint.
    ///
    /// # Errors
    /// [`Error::TokenRefused`] with the server's code, also where it came with status 200;
    /// [`Error::ServerFailed`] for other statuses, worth another try for 5xx, 408 and 429;
    /// [`Error::InvalidTokenResponse`] for a success that cannot be used.
    pub fn parse(status: u16, body: &[u8], issuer: &Issuer) -> Result<Self, Error> {
        let source = Source { issuer, endpoint: "token" };
        let answer = Answer::read(status, body, source)?;
        let token_type = token_type(answer.token_type.as_ref(), source)?;
        Self::from_answer(answer, token_type, source)
    }

    pub(crate) fn from_answer(
        answer: Answer,
        token_type: TokenType,
        source: Source<'_>,
    ) -> Result<Self, Error> {
        let access_token = answer::token(answer.access_token, "access_token", is_visible, source)?
            .ok_or_else(|| source.invalid("expected an access_token, found none"))?;
        Ok(Self {
            access_token,
            token_type,
            expires_in: answer::seconds(answer.expires_in.as_ref()),
            refresh_token: answer::token(answer.refresh_token, "refresh_token", is_printable, source)?,
            scope: scope(answer.scope.as_ref()),
            id_token: answer::token(answer.id_token, "id_token", is_visible, source)?,
            issued_token_type: answer::text(answer.issued_token_type.as_ref()).map(str::to_owned),
        })
    }
}

/// What a header can carry within a credential: no blanks, no control characters (RFC 6750 §2.1 allows still less).
fn is_visible(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

/// What RFC 6749, appendix A.17 allows a refresh token.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

fn token_type(member: Option<&Member>, source: Source<'_>) -> Result<TokenType, Error> {
    // It is required, and some servers leave it out all the same; nothing but Bearer can be meant then.
    let Some(name) = answer::text(member) else { return Ok(TokenType::Bearer) };
    match name {
        _ if name.eq_ignore_ascii_case("bearer") => Ok(TokenType::Bearer),
        _ if name.eq_ignore_ascii_case("dpop") => Ok(TokenType::DPoP),
        _ => {
            let found = cleaned_code(name);
            Err(source.invalid(format!("expected the token_type Bearer or DPoP, found {found}")))
        }
    }
}

/// Reads the scopes. An empty text is not one of RFC 6749 §3.3: it is written for "as you asked".
fn scope(member: Option<&Member>) -> Option<Scopes> {
    let text = match member? {
        Member::Text(text) => text.to_string(),
        Member::List(items) => items.join(" "),
        Member::Number(_) | Member::Other => return None,
    };
    let scopes = Scopes::parse(&text);
    let is_empty = scopes.iter().next().is_none();
    (!is_empty).then_some(scopes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn parse(status: u16, body: &str) -> Result<TokenResponse, Error> {
        TokenResponse::parse(status, body.as_bytes(), &Issuer::parse("https://as.example").unwrap())
    }

    fn accepted(extra: Value) -> TokenResponse {
        let mut body = json!({ "access_token": "at", "token_type": "Bearer" });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        parse(200, &body.to_string()).unwrap()
    }

    #[test]
    fn reads_the_example_of_the_rfc() {
        let body = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600,
            "refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA","example_parameter":"example_value"}"#;
        let answer = parse(200, &body.replace("\"example\"", "\"Bearer\"")).unwrap();
        assert_eq!(answer.access_token.expose(), "2YotnFZFEjr1zCsicMWpAA");
        assert_eq!(answer.token_type, TokenType::Bearer);
        assert_eq!(answer.expires_in, Some(3600));
        assert_eq!(answer.refresh_token.unwrap().expose(), "tGzv3JOkF0XG5Qx2TlKWIA");
        assert!(matches!(parse(200, body), Err(Error::InvalidTokenResponse { .. })), "an unknown type");
    }

    #[test]
    fn the_type_is_read_in_any_case_and_bearer_where_it_is_absent() {
        let cases = [
            (json!({ "token_type": "BEARER" }), TokenType::Bearer),
            (json!({ "token_type": null }), TokenType::Bearer),
            (json!({ "token_type": "" }), TokenType::Bearer),
            (json!({ "token_type": "dpop" }), TokenType::DPoP),
        ];
        for (extra, expected) in cases {
            assert_eq!(accepted(extra.clone()).token_type, expected, "{extra}");
        }
        assert_eq!(parse(200, r#"{"access_token":"at"}"#).unwrap().token_type, TokenType::Bearer);
    }

    #[test]
    fn the_lifetime_is_read_in_every_form_that_servers_write() {
        let cases = [
            (json!(3600), Some(3600)),
            (json!(3599.9), Some(3599)),
            (json!("3600"), Some(3600)),
            (json!(" 1.5e3 "), Some(1500)),
            (json!(0), Some(0)),
            (json!(-5), Some(0)),
            (json!("-1"), Some(0)),
            (json!(1e300), Some(u64::MAX)),
            (json!(null), None),
            (json!("inf"), None),
            (json!("NaN"), None),
            (json!("soon"), None),
            (json!([1]), None),
        ];
        for (written, expected) in cases {
            assert_eq!(accepted(json!({ "expires_in": written })).expires_in, expected, "{written}");
        }
    }

    #[test]
    fn scopes_are_read_as_text_or_list_and_an_empty_one_says_nothing() {
        assert_eq!(accepted(json!({ "scope": "a b" })).scope, Some(Scopes::parse("a b")));
        assert_eq!(accepted(json!({ "scope": ["a", 1, "b"] })).scope, Some(Scopes::parse("a b")));
        for nothing in [json!(""), json!([]), json!(1), json!({}), json!(null)] {
            assert_eq!(accepted(json!({ "scope": nothing })).scope, None);
        }
    }

    #[test]
    fn an_empty_refresh_or_id_token_is_none() {
        let answer = accepted(json!({ "refresh_token": "", "id_token": "" }));
        assert!(answer.refresh_token.is_none() && answer.id_token.is_none());
    }

    #[test]
    fn what_cannot_be_used_is_an_error_that_shows_no_token() {
        let long = format!(r#"{{"access_token":"{}"}}"#, "hunter2".repeat(10_000));
        let cases = [
            "",
            "null",
            "[\"hunter2\"]",
            "<html>hunter2</html>",
            "hunter2",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":7}"#,
            r#"{"access_token":["hunter2"]}"#,
            r#"{"access_token":"hunter2\r\nX-Evil: 1"}"#,
            r#"{"access_token":"hunter2 and"}"#,
            r#"{"access_token":"hunter2ü"}"#,
            r#"{"access_token":"hunter2","refresh_token":"hunter2\u0000"}"#,
            r#"{"access_token":"hunter2","access_token":"hunter2"}"#,
            r#"{"access_token":"hunter2"#,
            &long,
        ];
        for body in cases {
            let error = parse(200, body).unwrap_err();
            assert!(
                matches!(error, Error::InvalidTokenResponse { endpoint: "token", .. }),
                "{body}: {error}"
            );
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
            assert!(!error.is_transient(), "{error}");
        }
    }

    #[test]
    fn a_refusal_keeps_the_code_and_cleans_the_words() {
        let body =
            r#"{"error":"invalid_grant","error_description":"Token\u001b[31m expired\nor \u202erevoked"}"#;
        for status in [400, 401, 403, 200] {
            let error = parse(status, body).unwrap_err();
            assert!(error.is_invalid_grant(), "{error}");
            let Error::TokenRefused { description, .. } = error else { unreachable!() };
            assert_eq!(description.unwrap(), "Token [31m expired or revoked");
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_a_token_that_the_server_quotes() {
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl-c2lnbmF0dXJl";
        let body =
            json!({ "error": "invalid_grant", "error_description": format!("unknown token '{token}'") });
        let error = parse(400, &body.to_string()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "https://as.example refused a token: invalid_grant (unknown token […])"
        );
    }

    #[test]
    fn a_failing_server_says_nothing_about_the_tokens() {
        let refusal = r#"{"error":"invalid_grant"}"#;
        let cases = [
            (500, refusal, true, "a JSON object"),
            (503, "<html>hunter2", true, "an HTML page"),
            (429, refusal, true, "a JSON object"),
            (408, "", true, "nothing"),
            (404, "<!doctype html>", false, "an HTML page"),
            (403, "hunter2", false, "text that is not a JSON object"),
            (400, r#"{"message":"hunter2"}"#, false, "JSON without an error code"),
            (400, r#"{"error":{"code":"hunter2"}}"#, false, "JSON without an error code"),
            (302, "", false, "nothing"),
        ];
        for (status, body, transient, kind) in cases {
            let error = parse(status, body).unwrap_err();
            assert_eq!(error.is_transient(), transient, "{status}: {error}");
            assert!(!error.is_invalid_grant(), "{status}: {error}");
            let Error::ServerFailed { status: found, what, .. } = error else { panic!("{status}: {error}") };
            assert_eq!((found, what), (status, format!("it answered {kind}")));
        }
    }

    #[test]
    fn a_null_error_beside_a_token_is_no_error() {
        assert_eq!(accepted(json!({ "error": null })).access_token.expose(), "at");
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_a_panic(status in 0_u16..700, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let issuer = Issuer::parse("https://as.example").unwrap();
            prop_assert!(TokenResponse::parse(status, &body, &issuer).is_err());
        }

        #[test]
        fn every_visible_token_comes_back_unchanged(token in "[!-~]{1,80}", refresh in "[ -~]{1,80}") {
            let body = json!({ "access_token": token, "refresh_token": refresh }).to_string();
            let answer = parse(201, &body).unwrap();
            prop_assert_eq!(answer.access_token.expose(), token);
            let found = answer.refresh_token.unwrap();
            prop_assert_eq!(found.expose(), refresh);
        }
    }
}
