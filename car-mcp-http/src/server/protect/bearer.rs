//! The token in a request's head (RFC 6750 §2.1, RFC 9110 §11.6.2).

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::verifier::BearerToken;

/// A longer token is refused unread. Tokens with many groups reach 8 KiB; what servers accept as a header ends here.
pub(super) const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why there is no token to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoToken {
    /// The client has not tried to prove who it is, or not with a token.
    Absent,
    /// The request says two things, or nothing where it promises something (`invalid_request`).
    Malformed(&'static str),
    /// What stands there cannot be a token (`invalid_token`).
    Invalid(&'static str),
}

/// Returns the token of a request.
pub(super) fn token(head: &Parts) -> Result<BearerToken<'_>, NoToken> {
    if head.uri.query().is_some_and(has_token) {
        return Err(NoToken::Malformed(
            "expected the token in the header Authorization, found it in the query",
        ));
    }
    let mut values = head.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Err(NoToken::Absent) };
    if values.next().is_some() {
        return Err(NoToken::Malformed("expected one header Authorization, found several"));
    }
    let value = value.as_bytes().trim_ascii();
    let (scheme, token) = match value.iter().position(|byte| *byte == b' ') {
        Some(end) => (&value[..end], value[end..].trim_ascii_start()),
        None => (value, &[][..]),
    };
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(NoToken::Absent);
    }
    if token.is_empty() {
        return Err(NoToken::Malformed("expected a token after Bearer, found none"));
    }
    if token.len() > MAX_TOKEN_BYTES {
        return Err(NoToken::Invalid("expected a token of 16 KiB at most"));
    }
    let text = std::str::from_utf8(token).ok().filter(|text| is_token68(text));
    text.map(BearerToken::new)
        .ok_or(NoToken::Invalid("expected one token after Bearer, found something else"))
}

/// Whether a query has a token in it (RFC 6750 §2.3, which OAuth 2.1 took back): what is in a URL is in logs.
fn has_token(query: &str) -> bool {
    query.split('&').any(|pair| pair.split('=').next() == Some("access_token"))
}

/// Whether a text has the form of a token (`token68`, RFC 9110 §11.2).
fn is_token68(text: &str) -> bool {
    let stem = text.trim_end_matches('=');
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !stem.is_empty() && stem.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn read(uri: &str, values: &[&str]) -> Result<String, NoToken> {
        let mut request = Request::builder().uri(uri);
        for value in values {
            request = request.header(AUTHORIZATION, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        token(&head).map(|token| token.expose().to_owned())
    }

    #[test]
    fn finds_a_token_behind_its_scheme_in_any_case() {
        for value in ["Bearer abc", "bearer abc", "BEARER   abc", " Bearer abc "] {
            assert_eq!(read("/mcp", &[value]), Ok("abc".to_owned()), "{value:?}");
        }
        assert_eq!(read("/mcp", &["Bearer a-b._~+/9=="]), Ok("a-b._~+/9==".to_owned()));
    }

    #[test]
    fn a_request_without_a_bearer_token_has_not_tried() {
        for values in [&[][..], &["Basic YTpi"], &["DPoP abc"], &[""], &["Bearerabc"]] {
            assert_eq!(read("/mcp", values), Err(NoToken::Absent), "{values:?}");
        }
    }

    #[test]
    fn a_request_that_says_two_things_or_nothing_is_malformed() {
        let cases: [(&str, &[&str]); 6] = [
            ("/mcp", &["Bearer"]),
            ("/mcp", &["Bearer  "]),
            ("/mcp", &["Bearer abc", "Bearer abc"]),
            ("/mcp", &["Bearer abc", "Basic YTpi"]),
            ("/mcp?access_token=abc", &["Bearer abc"]),
            ("/mcp?a=b&access_token=abc", &[]),
        ];
        for (uri, values) in cases {
            assert!(matches!(read(uri, values), Err(NoToken::Malformed(_))), "{uri} {values:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_token_is_an_invalid_one() {
        let long = format!("Bearer {}", "a".repeat(MAX_TOKEN_BYTES + 1));
        for value in ["Bearer a b", "Bearer a,b", "Bearer \"a\"", "Bearer =", "Bearer a=b", "Bearer ä", &long]
        {
            assert!(matches!(read("/mcp", &[value]), Err(NoToken::Invalid(_))), "{value:.20}");
        }
    }
}
