//! Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0).

use url::Url;

use crate::Error;
use crate::client_auth::AuthMethod;
use crate::endpoint::Endpoint;
use crate::issuer::Issuer;
use crate::lookup::{Document, Fetched, Lookup, Places, Tried, shown};
use crate::pkce::S256;
use crate::scope::Scopes;

/// An authorization server whose metadata was checked against the issuer that was asked.
#[derive(Clone, Debug)]
pub struct AuthorizationServer {
    pub(crate) issuer: Issuer,
    pub(crate) authorization_endpoint: Option<Endpoint>,
    pub(crate) token_endpoint: Option<Endpoint>,
    pub(crate) registration_endpoint: Option<Endpoint>,
    pub(crate) revocation_endpoint: Option<Endpoint>,
    pub(crate) device_authorization_endpoint: Option<Endpoint>,
    pub(crate) userinfo_endpoint: Option<Endpoint>,
    pub(crate) scopes: Option<Scopes>,
    pub(crate) code_challenge_methods: Option<Vec<String>>,
    pub(crate) response_iss: bool,
    pub(crate) client_id_metadata: bool,
    pub(crate) token_auth_methods: Option<Vec<AuthMethod>>,
    pub(crate) grant_types: Option<Vec<String>>,
    pub(crate) dpop_algorithms: Vec<String>,
    pub(crate) grant_profiles: Vec<String>,
    pub(crate) token_auth_signing_algorithms: Vec<String>,
}

impl AuthorizationServer {
    /// Returns the issuer.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns where a person is sent.
    ///
    /// # Errors
    /// [`Error::EndpointMissing`].
    pub fn authorization_endpoint(&self) -> Result<&Endpoint, Error> {
        self.needed("authorization endpoint", self.authorization_endpoint.as_ref())
    }

    /// Returns where tokens are asked for.
    ///
    /// # Errors
    /// [`Error::EndpointMissing`].
    pub fn token_endpoint(&self) -> Result<&Endpoint, Error> {
        self.needed("token endpoint", self.token_endpoint.as_ref())
    }

    fn needed<'a>(&self, what: &'static str, endpoint: Option<&'a Endpoint>) -> Result<&'a Endpoint, Error> {
        endpoint.ok_or_else(|| Error::EndpointMissing { issuer: self.issuer.to_string(), what })
    }

    /// Returns where clients register themselves (RFC 7591).
    #[must_use]
    pub const fn registration_endpoint(&self) -> Option<&Endpoint> {
        self.registration_endpoint.as_ref()
    }

    /// Returns where tokens are given back (RFC 7009).
    #[must_use]
    pub const fn revocation_endpoint(&self) -> Option<&Endpoint> {
        self.revocation_endpoint.as_ref()
    }

    /// Returns where a sign-in on another device begins (RFC 8628).
    #[must_use]
    pub const fn device_authorization_endpoint(&self) -> Option<&Endpoint> {
        self.device_authorization_endpoint.as_ref()
    }

    /// Returns where it says who signed in (OpenID Connect Core §5.3).
    #[must_use]
    pub const fn userinfo_endpoint(&self) -> Option<&Endpoint> {
        self.userinfo_endpoint.as_ref()
    }

    /// Returns the scopes that it lists; it may know more.
    #[must_use]
    pub const fn scopes(&self) -> Option<&Scopes> {
        self.scopes.as_ref()
    }

    /// Proves that the server offers PKCE with S256.
    ///
    /// # Errors
    /// [`Error::PkceNotSupported`], also if it does not say: then no code may be asked for.
    pub fn pkce(&self) -> Result<S256, Error> {
        let offered = self.code_challenge_methods.clone().unwrap_or_default();
        if offered.iter().any(|method| method == "S256") {
            Ok(S256::proven())
        } else {
            Err(Error::PkceNotSupported { issuer: self.issuer.to_string(), offered })
        }
    }

    /// Proves that the server offers S256 though its metadata lists no methods, on the word of a table that says so.
    ///
    /// # Errors
    /// [`Error::PkceNotSupported`] where the metadata does list methods, and S256 is not among them: that is the server's
    /// own word, or an attacker's, and no table goes over it.
    ///
    /// # Security
    /// MCP has clients refuse a server that lists nothing. A server that ignores the challenge leaves a stolen code usable;
    /// the table says why that is not so for this one.
    pub fn pkce_on_the_word_of_a_table(&self) -> Result<S256, Error> {
        match self.code_challenge_methods {
            None => Ok(S256::proven()),
            Some(_) => self.pkce(),
        }
    }

    /// Returns whether every authorization response names the issuer (RFC 9207 §3).
    #[must_use]
    pub const fn response_iss_supported(&self) -> bool {
        self.response_iss
    }

    /// Returns whether a client id may be the URL of a metadata document.
    #[must_use]
    pub const fn supports_client_id_metadata(&self) -> bool {
        self.client_id_metadata
    }

    /// Returns how clients may prove who they are at the token endpoint; nothing if it does not say, which stands for
    /// `client_secret_basic` (RFC 8414 §2).
    #[must_use]
    pub fn token_auth_methods(&self) -> Option<&[AuthMethod]> {
        self.token_auth_methods.as_deref()
    }

    /// Returns the grant types that it lists.
    #[must_use]
    pub fn grant_types(&self) -> Option<&[String]> {
        self.grant_types.as_deref()
    }

    /// Returns the algorithms that DPoP proofs may be signed with (RFC 9449 §5.1); none if it does not say.
    #[must_use]
    pub fn dpop_algorithms(&self) -> &[String] {
        &self.dpop_algorithms
    }

    /// Returns the profiles of grants that it lists, such as that of identity assertions.
    #[must_use]
    pub fn grant_profiles(&self) -> &[String] {
        &self.grant_profiles
    }

    /// Returns the algorithms that a client's assertion may be signed with; none if it does not say.
    #[must_use]
    pub fn token_auth_signing_algorithms(&self) -> &[String] {
        &self.token_auth_signing_algorithms
    }

    /// A server of which only the name is known.
    pub(crate) const fn named(issuer: Issuer) -> Self {
        Self {
            issuer,
            authorization_endpoint: None,
            token_endpoint: None,
            registration_endpoint: None,
            revocation_endpoint: None,
            device_authorization_endpoint: None,
            userinfo_endpoint: None,
            scopes: None,
            code_challenge_methods: None,
            response_iss: false,
            client_id_metadata: false,
            token_auth_methods: None,
            grant_types: None,
            dpop_algorithms: Vec::new(),
            grant_profiles: Vec::new(),
            token_auth_signing_algorithms: Vec::new(),
        }
    }

    /// Reads the document of an issuer that was compared already.
    pub(crate) fn read(issuer: Issuer, document: &Document<'_>) -> Result<Self, Error> {
        let endpoint = |member, what| -> Result<Option<Endpoint>, Error> {
            document.text(member)?.map(|url| Endpoint::parse(what, url)).transpose()
        };
        let listed = |member| document.optional_texts(member).unwrap_or_default();
        let methods = document.texts("token_endpoint_auth_methods_supported")?;
        Ok(Self {
            issuer,
            authorization_endpoint: endpoint("authorization_endpoint", "authorization endpoint")?,
            token_endpoint: endpoint("token_endpoint", "token endpoint")?,
            registration_endpoint: endpoint("registration_endpoint", "registration endpoint")?,
            revocation_endpoint: endpoint("revocation_endpoint", "revocation endpoint")?,
            device_authorization_endpoint: endpoint(
                "device_authorization_endpoint",
                "device authorization endpoint",
            )?,
            userinfo_endpoint: endpoint("userinfo_endpoint", "userinfo endpoint")?,
            scopes: document.optional_texts("scopes_supported").map(Scopes::from),
            code_challenge_methods: document.texts("code_challenge_methods_supported")?,
            // Of another type it is an error: taken for "no", it would switch a check off.
            response_iss: document.flag("authorization_response_iss_parameter_supported")?,
            client_id_metadata: document.optional_flag("client_id_metadata_document_supported"),
            token_auth_methods: methods.map(|names| names.into_iter().map(AuthMethod::from).collect()),
            grant_types: document.optional_texts("grant_types_supported"),
            dpop_algorithms: listed("dpop_signing_alg_values_supported"),
            grant_profiles: listed("authorization_grant_profiles_supported"),
            token_auth_signing_algorithms: listed("token_endpoint_auth_signing_alg_values_supported"),
        })
    }
}

/// Returns whether a document looks like metadata of an authorization server at all.
pub(crate) fn is_server_metadata(document: &Document<'_>) -> bool {
    ["issuer", "authorization_endpoint", "token_endpoint"].iter().any(|name| document.has(name))
}

/// Looking for the metadata of an issuer, in the places that [`Issuer::metadata_urls`] names.
#[derive(Clone, Debug)]
pub struct ServerLookup {
    issuer: Issuer,
    places: Places,
}

impl ServerLookup {
    /// Begins to look.
    #[must_use]
    pub fn new(issuer: &Issuer) -> Self {
        let mut urls = issuer.metadata_urls();
        let first = urls.remove(0);
        Self { issuer: issuer.clone(), places: Places::new(first, urls) }
    }

    /// Returns where to look now.
    #[must_use]
    pub const fn url(&self) -> &Url {
        self.places.current()
    }

    /// Takes what was there. Garbage is the same as nothing: each place is a guess.
    ///
    /// # Errors
    /// [`Error::IssuerMismatch`] for the metadata of another issuer, or of none; [`Error::InsecureEndpoint`] for an
    /// endpoint that may not be used; [`Error::InvalidMetadata`] for a member of the wrong type.
    ///
    /// # Security
    /// The issuer is compared as it is written (RFC 8414 §3.3). Without that a server could pass off the endpoints of
    /// another one as its own, and codes and secrets meant for one would reach the other (RFC 9207 §1).
    pub fn answered(self, answer: Fetched<'_>) -> Result<Lookup<AuthorizationServer, Self>, Error> {
        let body = match answer {
            Fetched::Absent { status } => return Ok(self.next(status.to_string())),
            Fetched::Document(body) => body,
        };
        let url = self.url().to_string();
        let document = match Document::read(&url, body) {
            Ok(document) => document,
            Err(what) => return Ok(self.next(what)),
        };
        if !is_server_metadata(&document) {
            return Ok(self.next("no metadata of an authorization server"));
        }
        let found = document.text("issuer")?;
        if found != Some(self.issuer.as_str()) {
            let expected = self.issuer.to_string();
            return Err(Error::IssuerMismatch { expected, found: found.map(shown) });
        }
        AuthorizationServer::read(self.issuer, &document).map(Lookup::Found)
    }

    fn next(self, why: impl Into<String>) -> Lookup<AuthorizationServer, Self> {
        let Self { issuer, places } = self;
        let going_on = |places| Lookup::Next(Self { issuer, places });
        places.leave(why).map_or_else(|tried: Tried| Lookup::Missing(tried), going_on)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://as.example/t1";

    fn lookup() -> ServerLookup {
        ServerLookup::new(&Issuer::parse(ISSUER).unwrap())
    }

    fn answer(body: &Value) -> Result<Lookup<AuthorizationServer, ServerLookup>, Error> {
        lookup().answered(Fetched::Document(body.to_string().as_bytes()))
    }

    fn found(body: &Value) -> AuthorizationServer {
        match answer(body).unwrap() {
            Lookup::Found(server) => server,
            other => panic!("expected metadata, found {other:?}"),
        }
    }

    fn full() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://as.example/authorize?tenant=t1",
            "token_endpoint": "https://tokens.example/token",
            "registration_endpoint": "https://as.example/register",
            "revocation_endpoint": "https://as.example/revoke",
            "device_authorization_endpoint": "https://as.example/device",
            "userinfo_endpoint": "https://as.example/me",
            "jwks_uri": "javascript:not-used",
            "scopes_supported": ["openid", "offline_access"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "authorization_response_iss_parameter_supported": true,
            "client_id_metadata_document_supported": true,
            "token_endpoint_auth_methods_supported": ["none", "tls_client_auth"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "grant_types_supported": ["authorization_code"],
            "authorization_grant_profiles_supported": ["urn:ietf:params:oauth:grant-profile:id-jag"],
            "dpop_signing_alg_values_supported": ["EdDSA"],
        })
    }

    fn with(member: &str, value: Value) -> Value {
        let mut body = full();
        body[member] = value;
        body
    }

    #[test]
    fn reads_what_the_server_offers() {
        let server = found(&full());
        assert_eq!(server.issuer().as_str(), ISSUER);
        assert_eq!(
            server.authorization_endpoint().unwrap().as_str(),
            "https://as.example/authorize?tenant=t1"
        );
        assert_eq!(server.token_endpoint().unwrap().as_str(), "https://tokens.example/token");
        assert_eq!(server.registration_endpoint().unwrap().as_str(), "https://as.example/register");
        assert_eq!(server.revocation_endpoint().unwrap().as_str(), "https://as.example/revoke");
        assert_eq!(server.device_authorization_endpoint().unwrap().as_str(), "https://as.example/device");
        assert_eq!(server.userinfo_endpoint().unwrap().as_str(), "https://as.example/me");
        assert!(server.scopes().unwrap().contains("offline_access"));
        assert!(
            server.pkce().is_ok() && server.response_iss_supported() && server.supports_client_id_metadata()
        );
        let methods = [AuthMethod::None, AuthMethod::Other("tls_client_auth".to_owned())];
        assert_eq!(server.token_auth_methods(), Some(&methods[..]));
        assert_eq!(server.grant_types().unwrap(), ["authorization_code"]);
        assert_eq!(server.grant_profiles(), ["urn:ietf:params:oauth:grant-profile:id-jag"]);
        assert_eq!(server.dpop_algorithms(), ["EdDSA"]);
        assert_eq!(server.token_auth_signing_algorithms(), ["ES256"]);
    }

    #[test]
    fn says_which_endpoint_is_missing_only_when_it_is_needed() {
        let server = found(&json!({ "issuer": ISSUER }));
        for (result, what) in [
            (server.authorization_endpoint(), "https://as.example/t1 names no authorization endpoint"),
            (server.token_endpoint(), "https://as.example/t1 names no token endpoint"),
        ] {
            assert_eq!(result.unwrap_err().to_string(), what);
        }
        assert!(server.token_auth_methods().is_none() && !server.response_iss_supported());
    }

    #[test]
    fn refuses_the_metadata_of_another_issuer_at_once() {
        for other in [
            "https://evil.example/t1",
            "https://as.example/t1/",
            "https://AS.example/t1",
            "https://as.example",
            "",
        ] {
            let error = answer(&with("issuer", other.into())).unwrap_err();
            let Error::IssuerMismatch { expected, found } = &error else { panic!("{error}") };
            assert_eq!((expected.as_str(), found.as_deref()), (ISSUER, Some(other)));
        }
        let error = answer(&with("issuer", Value::Null)).unwrap_err();
        assert!(matches!(error, Error::IssuerMismatch { found: None, .. }), "{error}");
    }

    #[test]
    fn refuses_an_endpoint_that_could_be_misused() {
        for member in [
            "authorization_endpoint",
            "token_endpoint",
            "registration_endpoint",
            "revocation_endpoint",
            "device_authorization_endpoint",
            "userinfo_endpoint",
        ] {
            for url in [
                "javascript:alert(1)",
                "data:text/html,x",
                "http://as.example/x",
                "https://a:b@as.example/",
                "x",
            ] {
                let error = answer(&with(member, url.into())).unwrap_err();
                let Error::InsecureEndpoint { what, .. } = error else { panic!("{error}") };
                assert_eq!(what, member.replace('_', " "));
            }
        }
    }

    #[test]
    fn gives_no_proof_of_s256_where_it_is_not_offered() {
        for (offered, words) in [
            (Value::Null, "nothing"),
            (json!([]), "nothing"),
            (json!(["plain"]), "plain"),
            (json!(["s256"]), "s256"),
        ] {
            let error = found(&with("code_challenge_methods_supported", offered)).pkce().unwrap_err();
            assert!(error.to_string().contains(&format!("(it offers {words})")), "{error}");
        }
    }

    #[test]
    fn no_table_goes_over_what_the_server_lists() {
        let server = |offered| found(&with("code_challenge_methods_supported", offered));
        assert!(server(Value::Null).pkce_on_the_word_of_a_table().is_ok());
        for offered in [json!(["plain"]), json!([])] {
            let refused = server(offered).pkce_on_the_word_of_a_table();
            assert!(matches!(refused, Err(Error::PkceNotSupported { .. })), "{refused:?}");
        }
    }

    #[test]
    fn refuses_wrong_types_of_what_it_needs_and_ignores_the_others() {
        for member in [
            "issuer",
            "token_endpoint",
            "code_challenge_methods_supported",
            "authorization_response_iss_parameter_supported",
            "token_endpoint_auth_methods_supported",
        ] {
            let error = answer(&with(member, json!({ "a": 1 }))).unwrap_err();
            assert!(error.to_string().contains(&format!("expected {member} to be")), "{error}");
        }
        for member in
            ["scopes_supported", "client_id_metadata_document_supported", "grant_types_supported", "jwks_uri"]
        {
            found(&with(member, json!({ "a": 1 })));
        }
    }

    #[test]
    fn goes_from_place_to_place_until_none_is_left() {
        let next = |lookup: ServerLookup, answer| match lookup.answered(answer).unwrap() {
            Lookup::Next(next) => next,
            other => panic!("expected another place, found {other:?}"),
        };
        let second = next(lookup(), Fetched::Absent { status: 404 });
        let third = next(second, Fetched::Document(b"<html>"));
        assert_eq!(third.url().as_str(), "https://as.example/t1/.well-known/openid-configuration");
        let Ok(Lookup::Missing(tried)) = third.answered(Fetched::Document(b"{\"error\":\"no\"}")) else {
            panic!("expected the end")
        };
        assert_eq!(
            tried.to_string(),
            "https://as.example/.well-known/oauth-authorization-server/t1 (404), \
             https://as.example/.well-known/openid-configuration/t1 (not JSON: HTML page), \
             https://as.example/t1/.well-known/openid-configuration (no metadata of an authorization server)"
        );
    }

    proptest! {
        #[test]
        fn reads_anything_without_falling_over(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(lookup().answered(Fetched::Document(&body)));
        }

        #[test]
        fn finds_only_the_issuer_that_was_asked(issuer in "https://[a-z./1]{0,16}") {
            let answer = answer(&with("issuer", issuer.clone().into()));
            prop_assert_eq!(matches!(answer, Ok(Lookup::Found(_))), issuer == ISSUER);
        }
    }
}
