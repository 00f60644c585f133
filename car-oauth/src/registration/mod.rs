//! Which client we are to an authorization server, and becoming one (RFC 7591).

use crate::Error;
use crate::client_auth::{AuthMethod, ClientCredential};
use crate::client_metadata;
use crate::issuer::Issuer;
use crate::redirect_uri::matches_registered;
use crate::server_metadata::AuthorizationServer;
use crate::time::Timestamp;

mod request;

pub use request::RegistrationRequest;

/// Where a client comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientOrigin {
    /// A person or an administrator registered it.
    PreRegistered,
    /// Its id is the URL of its metadata document.
    MetadataDocument,
    /// It registered itself (RFC 7591).
    Dynamic,
}

/// A client of one authorization server, and of no other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KnownClient {
    /// Whose client it is.
    pub issuer: Issuer,
    /// Its identifier.
    pub client_id: String,
    /// How it proves who it is.
    pub credential: ClientCredential,
    /// The method that the registration answered.
    pub auth_method: Option<AuthMethod>,
    /// The redirect URIs that it was registered with.
    pub redirect_uris: Vec<String>,
    /// When its secret ends; nothing if it does not.
    pub secret_expires_at: Option<Timestamp>,
    /// Where it comes from.
    pub origin: ClientOrigin,
}

impl KnownClient {
    /// Describes a public client.
    #[must_use]
    pub fn new(issuer: Issuer, client_id: impl Into<String>, origin: ClientOrigin) -> Self {
        Self {
            issuer,
            client_id: client_id.into(),
            credential: ClientCredential::Public,
            auth_method: None,
            redirect_uris: Vec::new(),
            secret_expires_at: None,
            origin,
        }
    }

    /// Returns whether a client that registered itself is still good for a sign-in at a server with an address.
    fn serves(&self, issuer: &Issuer, redirect_uri: &str, now: Timestamp) -> bool {
        let lasts = self.secret_expires_at.is_none_or(|end| now < end);
        let fits = |registered: &String| matches_registered(registered, redirect_uri);
        let is_own = self.origin == ClientOrigin::Dynamic && self.issuer == *issuer;
        is_own && lasts && self.redirect_uris.iter().any(fits)
    }
}

/// A client that a person or an administrator registered and gave to us.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PreRegistered {
    /// Its identifier.
    pub client_id: String,
    /// How it proves who it is.
    pub credential: ClientCredential,
    /// Whose client it is; nothing until it is used for the first time.
    pub issuer: Option<Issuer>,
}

impl PreRegistered {
    /// Takes a client that was not used yet.
    #[must_use]
    pub fn new(client_id: impl Into<String>, credential: ClientCredential) -> Self {
        Self { client_id: client_id.into(), credential, issuer: None }
    }
}

/// Everything that has a say in which client we are.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the arguments of one decision, given by name")]
pub struct ClientChoice<'a> {
    /// The client that was given to us.
    pub pre_registered: Option<&'a PreRegistered>,
    /// The URL of the metadata document that we publish.
    pub metadata_document: Option<&'a str>,
    /// The clients that were registered before, of whatever issuer.
    pub known: &'a [KnownClient],
    /// Where the browser is to come back to.
    pub redirect_uri: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// Which client we are.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "there is one, or it has to be made")]
pub enum Identification {
    /// This one.
    Known(KnownClient),
    /// None yet: register one.
    Register,
}

impl ClientChoice<'_> {
    /// Decides in the order of the MCP specification: the client that was given, our metadata document if the server
    /// reads such, a client that registered itself, a new registration, and otherwise a person.
    ///
    /// # Errors
    /// [`Error::ClientOfAnotherIssuer`] if the given client belongs elsewhere, [`Error::InvalidSettings`] if the URL of
    /// our document cannot be a client id, [`Error::ClientUnknown`] if only a person can help.
    ///
    /// # Security
    /// A client is never taken to another issuer than its own. A server that names a new authorization server, by a
    /// change of hands or by malice, gets to see neither the id nor the secret that the old one knows.
    pub fn decide(&self, server: &AuthorizationServer) -> Result<Identification, Error> {
        if let Some(given) = self.pre_registered {
            return self.given(given, server).map(Identification::Known);
        }
        if let Some(url) = self.metadata_document.filter(|_| server.supports_client_id_metadata()) {
            client_metadata::check(url)?;
            let client = KnownClient {
                redirect_uris: vec![self.redirect_uri.to_owned()],
                ..KnownClient::new(server.issuer().clone(), url, ClientOrigin::MetadataDocument)
            };
            return Ok(Identification::Known(client));
        }
        let serves = |client: &&KnownClient| client.serves(server.issuer(), self.redirect_uri, self.now);
        if let Some(client) = self.known.iter().find(serves) {
            return Ok(Identification::Known(client.clone()));
        }
        if server.registration_endpoint().is_some() {
            return Ok(Identification::Register);
        }
        Err(self.unknown(server))
    }

    fn given(&self, given: &PreRegistered, server: &AuthorizationServer) -> Result<KnownClient, Error> {
        let issuer = server.issuer();
        if let Some(bound) = given.issuer.as_ref().filter(|bound| *bound != issuer) {
            return Err(Error::ClientOfAnotherIssuer {
                client_id: given.client_id.clone(),
                bound: bound.to_string(),
                issuer: issuer.to_string(),
            });
        }
        Ok(KnownClient {
            credential: given.credential.clone(),
            redirect_uris: vec![self.redirect_uri.to_owned()],
            ..KnownClient::new(issuer.clone(), given.client_id.clone(), ClientOrigin::PreRegistered)
        })
    }

    /// Says that only a person can help, and how; also for a server that is known to refuse registrations.
    #[must_use]
    pub fn unknown(&self, server: &AuthorizationServer) -> Error {
        let uri = self.redirect_uri;
        let mut ways = vec![format!(
            "register an application there with the redirect address {uri}, and give its client id"
        )];
        if server.supports_client_id_metadata() {
            ways.push("give the URL of a client metadata document as the client id".to_owned());
        }
        if self.pre_registered.is_none() && server.device_authorization_endpoint().is_some() {
            ways.push("with a client id, sign in on another device".to_owned());
        }
        Error::ClientUnknown { issuer: server.issuer().to_string(), ways }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use crate::endpoint::Endpoint;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);
    const DOCUMENT: &str = "https://car.example/client.json";

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).unwrap()
    }

    /// A server that knows none, some or all of: documents, registration, devices.
    fn server(ways: &str) -> AuthorizationServer {
        let endpoint =
            |way, url| ways.contains(way).then(|| Endpoint::parse("registration endpoint", url).unwrap());
        AuthorizationServer {
            client_id_metadata: ways.contains("document"),
            registration_endpoint: endpoint("register", "https://as.example/register"),
            device_authorization_endpoint: endpoint("device", "https://as.example/device"),
            ..AuthorizationServer::named(issuer("https://as.example"))
        }
    }

    const NOTHING: ClientChoice<'_> = ClientChoice {
        pre_registered: None,
        metadata_document: None,
        known: &[],
        redirect_uri: "http://127.0.0.1:5000/cb",
        now: NOW,
    };

    fn dynamic(of: &str, uri: &str) -> KnownClient {
        KnownClient {
            redirect_uris: vec![uri.to_owned()],
            ..KnownClient::new(issuer(of), "dynamic", ClientOrigin::Dynamic)
        }
    }

    fn known(choice: ClientChoice<'_>, ways: &str) -> KnownClient {
        match choice.decide(&server(ways)).unwrap() {
            Identification::Known(client) => client,
            Identification::Register => panic!("expected a client"),
        }
    }

    #[test]
    fn prefers_the_given_client_then_the_document_then_what_registered_itself() {
        let given = PreRegistered::new("given", ClientCredential::Secret(Secret::new("s")));
        let clients = [dynamic("https://as.example", "http://127.0.0.1:4000/cb")];
        let all = ClientChoice {
            pre_registered: Some(&given),
            metadata_document: Some(DOCUMENT),
            known: &clients,
            ..NOTHING
        };
        let everything = "document register";
        let client = known(all, everything);
        assert_eq!((client.client_id.as_str(), client.origin), ("given", ClientOrigin::PreRegistered));
        assert_eq!(client.issuer.as_str(), "https://as.example");
        assert!(matches!(client.credential, ClientCredential::Secret(_)));
        let all = ClientChoice { pre_registered: None, ..all };
        let client = known(all, everything);
        assert_eq!((client.client_id.as_str(), client.origin), (DOCUMENT, ClientOrigin::MetadataDocument));
        assert_eq!(known(all, "register").client_id, "dynamic");
        assert_eq!(known(all, "").client_id, "dynamic");
        let none = ClientChoice { known: &[], ..all };
        assert!(matches!(none.decide(&server("register")), Ok(Identification::Register)));
    }

    #[test]
    fn never_takes_a_given_client_to_another_issuer() {
        let mut given = PreRegistered::new("given", ClientCredential::Public);
        given.issuer = Some(issuer("https://as.example/"));
        let choice = ClientChoice { pre_registered: Some(&given), ..NOTHING };
        let error = choice.decide(&server("document register")).unwrap_err();
        assert!(matches!(error, Error::ClientOfAnotherIssuer { .. }), "{error}");
        given.issuer = Some(issuer("https://as.example"));
        let choice = ClientChoice { pre_registered: Some(&given), ..NOTHING };
        assert_eq!(known(choice, "").client_id, "given");
    }

    #[test]
    fn reuses_a_client_only_where_and_while_it_is_good() {
        let good = dynamic("https://as.example", "http://127.0.0.1:4000/cb");
        let with_end =
            |end| KnownClient { secret_expires_at: Some(Timestamp::from_seconds(end)), ..good.clone() };
        for (client, is_reused) in [
            (good.clone(), true),
            (with_end(1_001), true),
            (with_end(1_000), false),
            (dynamic("https://as2.example", "http://127.0.0.1:4000/cb"), false),
            (dynamic("https://as.example/", "http://127.0.0.1:4000/cb"), false),
            (dynamic("https://as.example", "http://127.0.0.1:4000/other"), false),
            (dynamic("https://as.example", "http://localhost:5000/cb"), false),
            (KnownClient { origin: ClientOrigin::PreRegistered, ..good.clone() }, false),
        ] {
            let clients = [client];
            let choice = ClientChoice { known: &clients, ..NOTHING };
            let decided = choice.decide(&server("register")).unwrap();
            assert_eq!(matches!(decided, Identification::Known(_)), is_reused, "{clients:?}");
        }
    }

    #[test]
    fn asks_a_person_where_nothing_else_is_open() {
        let error =
            ClientChoice { metadata_document: Some(DOCUMENT), ..NOTHING }.decide(&server("")).unwrap_err();
        let Error::ClientUnknown { ways, issuer } = &error else { panic!("{error}") };
        assert_eq!((ways.len(), issuer.as_str()), (1, "https://as.example"));
        assert!(ways[0].contains("http://127.0.0.1:5000/cb"), "{ways:?}");
        let Err(Error::ClientUnknown { ways, .. }) = NOTHING.decide(&server("document device")) else {
            panic!("there is no client")
        };
        assert_eq!(ways.len(), 3);
    }

    #[test]
    fn refuses_a_document_url_that_cannot_be_an_id() {
        let choice = ClientChoice { metadata_document: Some("http://car.example/x"), ..NOTHING };
        assert!(matches!(choice.decide(&server("document")), Err(Error::InvalidSettings { .. })));
    }
}
