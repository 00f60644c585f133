//! Authorization as the revision 2025-03-26 had it: no resource metadata, the MCP server's origin is the issuer.

use url::Url;

use crate::Error;
use crate::endpoint::Endpoint;
use crate::issuer::Issuer;
use crate::lookup::{Document, Fetched, Tried, shown};
use crate::pkce::S256;
use crate::server_metadata::{AuthorizationServer, is_server_metadata};

/// The one place where that revision looks; it knows no OpenID Connect Discovery.
const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

/// An authorization server of the old kind, by how it was found.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "it publishes metadata, or it does not")]
pub enum LegacyServer {
    /// It publishes metadata, and is then held to the same rules as any other.
    Published(AuthorizationServer),
    /// It publishes none: its endpoints are assumed.
    Assumed(AssumedServer),
}

/// An authorization server with the endpoints that the revision 2025-03-26 gives to servers without metadata:
/// `/authorize`, `/token` and `/register`.
#[derive(Clone, Debug)]
pub struct AssumedServer {
    server: AuthorizationServer,
    tried: Tried,
}

impl AssumedServer {
    /// Returns the server. Its [`pkce`](AuthorizationServer::pkce) gives no proof, as nothing says that it offers any.
    #[must_use]
    pub const fn server(&self) -> &AuthorizationServer {
        &self.server
    }

    /// Returns where metadata was looked for.
    #[must_use]
    pub const fn tried(&self) -> &Tried {
        &self.tried
    }

    /// Gives the proof of S256 on the word of the revision 2025-03-26, which required PKCE of every server.
    ///
    /// # Security
    /// Nothing that the server published says so. A server that ignores the challenge leaves a stolen code usable; who
    /// calls this decides to live with that, for this server.
    #[must_use]
    pub const fn assume_s256_as_2025_03_26_requires_it(&self) -> S256 {
        S256::proven()
    }
}

/// Looking for the metadata of a server that publishes none about itself as a resource.
#[derive(Clone, Debug)]
pub struct LegacyLookup {
    base: Issuer,
    place: Url,
}

impl LegacyLookup {
    /// Begins to look: the base URL is the MCP server's URL without its path.
    ///
    /// # Errors
    /// [`Error::InsecureEndpoint`] if the server may not be asked.
    pub fn new(server: &Url) -> Result<Self, Error> {
        let origin = server.origin().ascii_serialization();
        Endpoint::parse("MCP server", if server.has_host() { &origin } else { server.as_str() })?;
        let base = Issuer::parse(&origin)?;
        let mut place = base.url();
        place.set_path(WELL_KNOWN);
        Ok(Self { base, place })
    }

    /// Returns where to look.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.place
    }

    /// Takes what was there. Nothing, or garbage, stands for a server without metadata.
    ///
    /// # Errors
    /// [`Error::IssuerMismatch`] for the metadata of another issuer, otherwise as for any metadata.
    ///
    /// # Security
    /// Nobody named the issuer, so two texts are the server's own: its origin, and the same with a slash, which is how
    /// most libraries print it. The one that was published is the issuer from then on.
    pub fn answered(self, answer: Fetched<'_>) -> Result<LegacyServer, Error> {
        let body = match answer {
            Fetched::Absent { status } => return self.assumed(status.to_string()),
            Fetched::Document(body) => body,
        };
        let url = self.place.to_string();
        let document = match Document::read(&url, body) {
            Ok(document) if is_server_metadata(&document) => document,
            Ok(_) => return self.assumed("no metadata of an authorization server"),
            Err(what) => return self.assumed(what),
        };
        let own = [self.base.to_string(), format!("{}/", self.base)];
        match document.text("issuer")? {
            Some(found) if own.iter().any(|own| own == found) => {
                AuthorizationServer::read(Issuer::parse(found)?, &document).map(LegacyServer::Published)
            }
            found => {
                let expected = self.base.to_string();
                Err(Error::IssuerMismatch { expected, found: found.map(shown) })
            }
        }
    }

    fn assumed(self, why: impl Into<String>) -> Result<LegacyServer, Error> {
        let mut tried = Tried::default();
        tried.add(self.place.as_str(), why);
        let endpoint = |what, path| Endpoint::parse(what, &format!("{}{path}", self.base)).map(Some);
        let server = AuthorizationServer {
            authorization_endpoint: endpoint("authorization endpoint", "/authorize")?,
            token_endpoint: endpoint("token endpoint", "/token")?,
            registration_endpoint: endpoint("registration endpoint", "/register")?,
            ..AuthorizationServer::named(self.base.clone())
        };
        Ok(LegacyServer::Assumed(AssumedServer { server, tried }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup() -> LegacyLookup {
        LegacyLookup::new(&Url::parse("https://ada:pw@h.example:8443/mcp/x?q#f").unwrap()).unwrap()
    }

    fn published(issuer: &str) -> Result<LegacyServer, Error> {
        let body = format!(
            r#"{{"issuer":"{issuer}","authorization_endpoint":"https://h.example:8443/oauth/authorize","code_challenge_methods_supported":["S256"]}}"#
        );
        lookup().answered(Fetched::Document(body.as_bytes()))
    }

    #[test]
    fn looks_at_the_origin_of_the_server() {
        assert_eq!(lookup().url().as_str(), "https://h.example:8443/.well-known/oauth-authorization-server");
        for server in ["http://h.example/mcp", "file:///mcp", "urn:x"] {
            assert!(LegacyLookup::new(&Url::parse(server).unwrap()).is_err(), "{server}");
        }
    }

    #[test]
    fn takes_what_the_server_publishes() {
        for issuer in ["https://h.example:8443", "https://h.example:8443/"] {
            let LegacyServer::Published(server) = published(issuer).unwrap() else { panic!("{issuer}") };
            assert_eq!(server.issuer().as_str(), issuer);
            assert!(server.authorization_endpoint().unwrap().as_str().ends_with("/oauth/authorize"));
            assert!(server.pkce().is_ok());
        }
    }

    #[test]
    fn refuses_the_metadata_of_another_issuer() {
        for issuer in [
            "https://evil.example",
            "https://h.example",
            "https://h.example:8443/mcp",
            "https://h.example:8443//",
        ] {
            let error = published(issuer).unwrap_err();
            assert!(matches!(error, Error::IssuerMismatch { .. }), "{error}");
        }
        let error =
            lookup().answered(Fetched::Document(br#"{"token_endpoint":"https://h.example/"}"#)).unwrap_err();
        assert!(matches!(error, Error::IssuerMismatch { found: None, .. }), "{error}");
    }

    #[test]
    fn assumes_endpoints_where_nothing_is_published_and_says_so() {
        for (answer, why) in [
            (Fetched::Absent { status: 404 }, "404"),
            (Fetched::Document(b"<html>"), "not JSON: HTML page"),
            (Fetched::Document(b"{}"), "no metadata of an authorization server"),
        ] {
            let LegacyServer::Assumed(assumed) = lookup().answered(answer).unwrap() else { panic!("{why}") };
            assert!(assumed.tried().to_string().ends_with(&format!("({why})")), "{}", assumed.tried());
            let server = assumed.server();
            assert_eq!(server.issuer().as_str(), "https://h.example:8443");
            assert_eq!(server.authorization_endpoint().unwrap().as_str(), "https://h.example:8443/authorize");
            assert_eq!(server.token_endpoint().unwrap().as_str(), "https://h.example:8443/token");
            assert_eq!(server.registration_endpoint().unwrap().as_str(), "https://h.example:8443/register");
        }
    }

    #[test]
    fn gives_no_proof_of_s256_for_assumed_endpoints_unless_asked_by_name() {
        let LegacyServer::Assumed(assumed) = lookup().answered(Fetched::Absent { status: 404 }).unwrap()
        else {
            panic!("nothing was published")
        };
        assert!(matches!(assumed.server().pkce(), Err(Error::PkceNotSupported { .. })));
        let _: S256 = assumed.assume_s256_as_2025_03_26_requires_it();
    }
}
