//! The registration request and its answer (RFC 7591 §2, §3).

use serde_json::{Map, Value, json};

use super::{ClientOrigin, KnownClient};
use crate::client_auth::{AuthMethod, ClientCredential};
use crate::issuer::Issuer;
use crate::lookup::{Document, cleaned};
use crate::redirect_uri::{is_web, matches_registered};
use crate::scope::Scopes;
use crate::server_metadata::AuthorizationServer;
use crate::{Error, Secret, Timestamp};

/// The grant type of RFC 8628 §3.4.
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How much of a server's own words is kept.
const LONGEST_DESCRIPTION: usize = 300;
/// The longest client id and secret; some servers put a whole signed token into the id.
const LONGEST_CREDENTIAL: usize = 8 * 1024;
/// The methods that we can ask for without a key, the one first that leaves nothing to be stolen.
const PREFERRED: [AuthMethod; 3] =
    [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];

/// What a client says about itself when it registers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistrationRequest {
    /// The name that people see when they are asked for consent.
    pub client_name: String,
    /// The page about the client.
    pub client_uri: Option<String>,
    /// The addresses that the browser may come back to.
    pub redirect_uris: Vec<String>,
    /// The scopes that it may ask for; nothing leaves it to the server.
    pub scope: Option<Scopes>,
    /// The grants that it may use.
    pub grant_types: Vec<String>,
    /// How it will prove who it is at the token endpoint.
    pub auth_method: AuthMethod,
    /// The version of the software.
    pub software_version: Option<String>,
}

impl RegistrationRequest {
    /// Describes a client to a server: with the grants of a sign-in in the browser, that of a sign-in on another device
    /// if the server has one, and the method of authentication that suits both best.
    #[must_use]
    pub fn new(
        client_name: impl Into<String>,
        redirect_uris: Vec<String>,
        server: &AuthorizationServer,
    ) -> Self {
        let mut grant_types = vec!["authorization_code".to_owned(), "refresh_token".to_owned()];
        if server.device_authorization_endpoint().is_some() {
            grant_types.push(DEVICE_CODE.to_owned());
        }
        Self {
            client_name: client_name.into(),
            client_uri: None,
            redirect_uris,
            scope: None,
            grant_types,
            auth_method: auth_method(server.token_auth_methods()),
            software_version: None,
        }
    }

    /// Returns the body of the request, JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut members = Map::new();
        let mut set = |name: &str, value| members.insert(name.to_owned(), value);
        set("client_name", json!(self.client_name));
        set("redirect_uris", json!(self.redirect_uris));
        set("grant_types", json!(self.grant_types));
        set("response_types", json!(["code"]));
        set("token_endpoint_auth_method", json!(self.auth_method.as_str()));
        // Servers that follow OpenID Connect take "web" where it is left out, and then refuse http://127.0.0.1.
        let is_web = self.redirect_uris.iter().any(|uri| is_web(uri));
        set("application_type", json!(if is_web { "web" } else { "native" }));
        for (name, value) in [
            ("client_uri", self.client_uri.clone()),
            ("scope", self.scope.as_ref().map(ToString::to_string)),
            ("software_version", self.software_version.clone()),
        ] {
            if let Some(value) = value {
                set(name, json!(value));
            }
        }
        Value::Object(members).to_string().into_bytes()
    }

    /// Reads the answer to a request.
    ///
    /// # Errors
    /// [`Error::RegistrationRefused`] for a refusal, in whatever form; [`Error::ServerFailed`] if the server could not
    /// answer now; [`Error::InvalidTokenResponse`] if a success cannot be read.
    pub fn parse_answer(
        status: u16,
        body: &[u8],
        issuer: &Issuer,
        asked: &Self,
    ) -> Result<KnownClient, Error> {
        let document = Document::read("", body);
        let refuses =
            document.as_ref().is_ok_and(|document| document.has("error") && !document.has("client_id"));
        match status {
            200..=299 if !refuses => {
                document.and_then(|document| registered(&document, issuer, asked)).map_err(|what| {
                    Error::InvalidTokenResponse { issuer: issuer.to_string(), endpoint: "registration", what }
                })
            }
            408 | 429 => Err(failed(status, issuer)),
            200..=299 | 400..=499 => Err(refusal(status, body, document.ok().as_ref(), issuer)),
            _ => Err(failed(status, issuer)),
        }
    }
}

/// RFC 8414 §2: a server that lists nothing takes `client_secret_basic`. Where it lists only what we cannot do, a public
/// client is asked for, and the server says why not.
fn auth_method(supported: Option<&[AuthMethod]>) -> AuthMethod {
    let Some(supported) = supported else { return AuthMethod::ClientSecretBasic };
    let fits = |method: &AuthMethod| supported.contains(method);
    PREFERRED.into_iter().find(fits).unwrap_or(AuthMethod::None)
}

fn failed(status: u16, issuer: &Issuer) -> Error {
    let what = "no registration".to_owned();
    Error::ServerFailed { issuer: issuer.to_string(), endpoint: "registration", status, what }
}

/// RFC 7591 §3.2.2; a list of who may register answers in plain text, or with a page.
fn refusal(status: u16, body: &[u8], document: Option<&Document<'_>>, issuer: &Issuer) -> Error {
    let text = |name| {
        let text = document?.text(name).ok().flatten()?;
        Some(cleaned(text, LONGEST_DESCRIPTION)).filter(|text| !text.is_empty())
    };
    let plain = || {
        let text = std::str::from_utf8(body).ok().filter(|_| document.is_none())?;
        let is_page = text.trim_start().starts_with('<');
        Some(cleaned(text, LONGEST_DESCRIPTION)).filter(|text| !is_page && !text.is_empty())
    };
    let error = text("error").unwrap_or_else(|| format!("status {status}"));
    Error::RegistrationRefused {
        issuer: issuer.to_string(),
        redirect_uri: error == "invalid_redirect_uri",
        description: text("error_description").or_else(|| text("message")).or_else(plain),
        error,
    }
}

/// RFC 7591 §3.2.1. Nothing of the document stands in an error: it may hold the secret.
fn registered(
    document: &Document<'_>,
    issuer: &Issuer,
    asked: &RegistrationRequest,
) -> Result<KnownClient, String> {
    let text = |name: &str| {
        let text = document.text(name).map_err(|_| format!("expected {name} to be a string"))?;
        let text = text.filter(|text| !text.is_empty());
        let fits =
            text.is_none_or(|text| text.len() <= LONGEST_CREDENTIAL && !text.chars().any(char::is_control));
        if fits { Ok(text) } else { Err(format!("the {name} is too long, or holds control characters")) }
    };
    let client_id = text("client_id")?.ok_or_else(|| "expected a client_id, found none".to_owned())?;
    let secret = text("client_secret")?;
    let answered = document.optional_texts("redirect_uris").unwrap_or_default();
    // A server may write them differently. What it was asked for decides then whether the client serves later.
    let keeps = |asked: &String| answered.iter().any(|answered| matches_registered(answered, asked));
    let redirect_uris =
        if asked.redirect_uris.iter().all(keeps) { answered } else { asked.redirect_uris.clone() };
    // Zero stands for a secret that does not end.
    let end = document.seconds("client_secret_expires_at").filter(|end| *end > 0 && secret.is_some());
    let method = document.text("token_endpoint_auth_method").ok().flatten();
    Ok(KnownClient {
        credential: secret
            .map_or(ClientCredential::Public, |text| ClientCredential::Secret(Secret::new(text))),
        auth_method: method.map(|name| AuthMethod::from(name.to_owned())),
        redirect_uris,
        secret_expires_at: end.map(Timestamp::from_seconds),
        ..KnownClient::new(issuer.clone(), client_id, ClientOrigin::Dynamic)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::endpoint::Endpoint;

    const URI: &str = "http://127.0.0.1:5000/cb";

    fn issuer() -> Issuer {
        Issuer::parse("https://as.example").unwrap()
    }

    fn asked(uris: &[&str]) -> RegistrationRequest {
        let uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
        RegistrationRequest::new("CAR", uris, &AuthorizationServer::named(issuer()))
    }

    fn answer(status: u16, body: &str) -> Result<KnownClient, Error> {
        RegistrationRequest::parse_answer(status, body.as_bytes(), &issuer(), &asked(&[URI]))
    }

    #[test]
    fn describes_the_client() {
        let mut server = AuthorizationServer::named(issuer());
        server.token_auth_methods = Some(vec![AuthMethod::ClientSecretPost, AuthMethod::None]);
        server.device_authorization_endpoint = Endpoint::parse("device", "https://as.example/device").ok();
        let mut request = RegistrationRequest::new("CAR", vec![URI.to_owned()], &server);
        request.scope = Some(Scopes::parse("a b"));
        request.software_version = Some("1.2.3".to_owned());
        let sent: Value = serde_json::from_slice(&request.to_json()).unwrap();
        assert_eq!(
            sent,
            json!({
                "client_name": "CAR",
                "redirect_uris": [URI],
                "grant_types": ["authorization_code", "refresh_token", DEVICE_CODE],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
                "application_type": "native",
                "scope": "a b",
                "software_version": "1.2.3",
            })
        );
    }

    #[test]
    fn says_what_kind_of_application_it_is() {
        for (uris, kind) in [
            (&[URI][..], "native"),
            (&["http://localhost:1/cb"], "native"),
            (&["car://cb"], "native"),
            (&[], "native"),
            (&["https://app.example/cb"], "web"),
        ] {
            let sent: Value = serde_json::from_slice(&asked(uris).to_json()).unwrap();
            assert_eq!(sent["application_type"], kind, "{uris:?}");
        }
    }

    #[test]
    fn asks_for_the_method_that_suits_both() {
        use AuthMethod::{ClientSecretBasic, ClientSecretPost, None as Public, PrivateKeyJwt};
        for (supported, wanted) in [
            (None, ClientSecretBasic),
            (Some(&[ClientSecretPost, Public][..]), Public),
            (Some(&[ClientSecretPost, ClientSecretBasic]), ClientSecretBasic),
            (Some(&[ClientSecretPost]), ClientSecretPost),
            (Some(&[PrivateKeyJwt]), Public),
        ] {
            assert_eq!(auth_method(supported), wanted);
        }
    }

    #[test]
    fn becomes_a_client() {
        let client = answer(
            201,
            r#"{"client_id":"abc","client_secret":"s3cret","client_secret_expires_at":5000,
                "token_endpoint_auth_method":"client_secret_post","redirect_uris":["http://127.0.0.1/cb"]}"#,
        )
        .unwrap();
        assert_eq!((client.client_id.as_str(), client.issuer.as_str()), ("abc", "https://as.example"));
        assert!(
            matches!(&client.credential, ClientCredential::Secret(secret) if secret.expose() == "s3cret")
        );
        assert_eq!(client.auth_method, Some(AuthMethod::ClientSecretPost));
        assert_eq!(client.redirect_uris, ["http://127.0.0.1/cb"]);
        assert_eq!(client.secret_expires_at, Some(Timestamp::from_seconds(5_000)));
        assert_eq!(client.origin, ClientOrigin::Dynamic);
        assert!(!format!("{client:?}").contains("s3cret"));
    }

    #[test]
    fn takes_the_least_that_a_server_answers() {
        for body in [
            r#"{"client_id":"abc"}"#,
            r#"{"client_id":"abc","client_secret":"","client_secret_expires_at":0}"#,
            r#"{"client_id":"abc","client_secret":null,"redirect_uris":["http://127.0.0.1/elsewhere"]}"#,
        ] {
            let client = answer(200, body).unwrap();
            assert!(matches!(client.credential, ClientCredential::Public));
            assert_eq!((client.auth_method, client.secret_expires_at), (None, None));
            assert_eq!(client.redirect_uris, [URI]);
        }
        let endless = answer(201, r#"{"client_id":"a","client_secret":"s","client_secret_expires_at":"0"}"#);
        assert_eq!(endless.unwrap().secret_expires_at, None);
    }

    #[test]
    fn says_why_it_was_refused_however_the_server_says_it() {
        for (status, body, wanted) in [
            (
                400,
                r#"{"error":"invalid_redirect_uri","error_description":"no"}"#,
                ("invalid_redirect_uri", Some("no"), true),
            ),
            (400, r#"{"error":"invalid_client_metadata"}"#, ("invalid_client_metadata", None, false)),
            (200, r#"{"error":"access_denied"}"#, ("access_denied", None, false)),
            (403, "Forbidden", ("status 403", Some("Forbidden"), false)),
            (403, "<html>no</html>", ("status 403", None, false)),
            (404, "", ("status 404", None, false)),
            (422, r#"{"message":"bad\u001b name"}"#, ("status 422", Some("bad name"), false)),
            (400, r#"{"error":{"code":1}}"#, ("status 400", None, false)),
        ] {
            let refused = answer(status, body).unwrap_err();
            assert!(!refused.is_transient());
            let Error::RegistrationRefused { error, description, redirect_uri, .. } = &refused else {
                panic!("{refused}")
            };
            assert_eq!((error.as_str(), description.as_deref(), *redirect_uri), wanted);
        }
    }

    #[test]
    fn tells_a_server_that_failed_from_one_that_refused() {
        for status in [500, 502, 503, 429, 408] {
            assert!(answer(status, "{}").unwrap_err().is_transient(), "{status}");
        }
        let redirected = answer(302, "").unwrap_err();
        assert!(matches!(redirected, Error::ServerFailed { status: 302, .. }), "{redirected}");
    }

    #[test]
    fn refuses_an_answer_that_is_no_client_and_shows_nothing_of_it() {
        for body in [
            "<html>".to_owned(),
            "{}".to_owned(),
            r#"{"client_secret":"s3cret"}"#.to_owned(),
            r#"{"client_id":""}"#.to_owned(),
            r#"{"client_id":7,"client_secret":"s3cret"}"#.to_owned(),
            r#"{"client_id":"a\nb","client_secret":"s3cret"}"#.to_owned(),
            r#"{"client_id":"a","client_secret":"s3cret\r\n"}"#.to_owned(),
            r#"{"client_id":"a","client_secret":["s3cret"]}"#.to_owned(),
            format!(r#"{{"client_id":"{}"}}"#, "a".repeat(LONGEST_CREDENTIAL + 1)),
        ] {
            let error = answer(201, &body).unwrap_err();
            assert!(matches!(error, Error::InvalidTokenResponse { endpoint: "registration", .. }), "{error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_anything_without_falling_over(status in 100_u16..600, body in "\\PC{0,100}") {
            drop(answer(status, &body));
        }
    }
}
