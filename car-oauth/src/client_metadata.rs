//! The client ID metadata document: a client id that is a URL.
//!
//! The document is published by whoever distributes the client. Its URL is the client id, at every authorization
//! server that says so, without a registration (draft-ietf-oauth-client-id-metadata-document).

use serde_json::{Map, Value, json};
use url::Url;

use crate::Error;
use crate::lookup::shown;
use crate::scope::Scopes;

/// What the document says about the client. It is a public client: whatever secret it published would be none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientMetadataDocument {
    /// Where the document is published, and the client id.
    pub client_id: String,
    /// The name that people see when they are asked for consent.
    pub client_name: String,
    /// The page about the client.
    pub client_uri: Option<String>,
    /// The addresses that the browser may come back to.
    pub redirect_uris: Vec<String>,
    /// The scopes that the client may ask for; nothing for any.
    pub scope: Option<Scopes>,
}

impl ClientMetadataDocument {
    /// Describes a client.
    ///
    /// # Errors
    /// [`Error::InvalidSettings`] if the URL cannot be a client id.
    pub fn new(
        client_id: impl Into<String>,
        client_name: impl Into<String>,
        redirect_uris: Vec<String>,
    ) -> Result<Self, Error> {
        let client_id = client_id.into();
        check(&client_id)?;
        Ok(Self { client_id, client_name: client_name.into(), client_uri: None, redirect_uris, scope: None })
    }

    /// Returns the document, to be published under its URL as `application/json`.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut members = Map::new();
        let mut set = |name: &str, value| members.insert(name.to_owned(), value);
        set("client_id", json!(self.client_id));
        set("client_name", json!(self.client_name));
        if let Some(uri) = &self.client_uri {
            set("client_uri", json!(uri));
        }
        set("redirect_uris", json!(self.redirect_uris));
        set("grant_types", json!(["authorization_code", "refresh_token"]));
        set("response_types", json!(["code"]));
        set("token_endpoint_auth_method", json!("none"));
        if let Some(scope) = &self.scope {
            set("scope", json!(scope.to_string()));
        }
        let mut text =
            serde_json::to_vec_pretty(&Value::Object(members)).expect("strings and lists are JSON");
        text.push(b'\n');
        text
    }
}

/// Checks whether a URL can be a client id: https, with a path, and written so that no two readers take it for
/// different URLs.
///
/// # Errors
/// [`Error::InvalidSettings`] says what is wrong with it.
pub fn check(url: &str) -> Result<(), Error> {
    let refused = |what: &str| {
        let url = shown(url);
        Err(Error::InvalidSettings { what: format!("the client id {url} {what}") })
    };
    let Ok(parsed) = Url::parse(url) else { return refused("is not a URL") };
    if parsed.scheme() != "https" {
        return refused("has to be an https URL");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return refused("must not hold a user or a password");
    }
    if parsed.fragment().is_some() {
        return refused("must not have a fragment");
    }
    if parsed.path() == "/" {
        return refused("has to have a path");
    }
    // It is compared as text. Dot segments, capitals in the host and the like are what the parser writes differently.
    if parsed.as_str() != url {
        return refused(&format!("has to be written as {}", shown(parsed.as_str())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_urls_can_be_client_ids() {
        for url in ["https://car.example/client.json", "https://car.example:8443/a/b?v=1"] {
            check(url).unwrap();
        }
        for (url, what) in [
            ("http://car.example/client.json", "has to be an https URL"),
            ("http://localhost/client.json", "has to be an https URL"),
            ("https://car.example", "has to have a path"),
            ("https://car.example/", "has to have a path"),
            ("https://car.example/a#b", "must not have a fragment"),
            ("https://ada:pw@car.example/a", "must not hold a user or a password"),
            ("https://car.example/a/../b", "has to be written as https://car.example/b"),
            ("https://car.example/./b", "has to be written as https://car.example/b"),
            ("https://CAR.example/b", "has to be written as https://car.example/b"),
            ("client.json", "is not a URL"),
        ] {
            let error = check(url).unwrap_err().to_string();
            assert!(error.ends_with(what), "{error}");
            assert!(!error.contains("pw"), "{error}");
        }
    }

    #[test]
    fn writes_a_document_whose_id_is_its_url() {
        let url = "https://car.example/client.json";
        let uris = vec!["http://127.0.0.1/callback".to_owned(), "http://localhost/callback".to_owned()];
        let mut document = ClientMetadataDocument::new(url, "CAR", uris.clone()).unwrap();
        document.scope = Some(Scopes::parse("a b"));
        let read: Value = serde_json::from_slice(&document.to_json()).unwrap();
        assert_eq!(
            read,
            json!({
                "client_id": url,
                "client_name": "CAR",
                "redirect_uris": uris,
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
                "scope": "a b",
            })
        );
        assert!(ClientMetadataDocument::new("http://car.example/x", "CAR", uris).is_err());
    }
}
