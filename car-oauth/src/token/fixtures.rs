//! An authorization server and its client, as tests need them.

use crate::client_auth::ClientCredential;
use crate::endpoint::Endpoint;
use crate::issuer::Issuer;
use crate::registration::{ClientOrigin, KnownClient};
use crate::server_metadata::AuthorizationServer;

pub(crate) const ISSUER: &str = "https://as.example";

pub(crate) fn issuer(text: &str) -> Issuer {
    Issuer::parse(text).unwrap()
}

pub(crate) fn endpoint(path: &str) -> Endpoint {
    Endpoint::parse("endpoint", &format!("{ISSUER}{path}")).unwrap()
}

/// A server with an authorization and a token endpoint that offers S256.
pub(crate) fn server() -> AuthorizationServer {
    AuthorizationServer {
        issuer: issuer(ISSUER),
        authorization_endpoint: Some(endpoint("/authorize")),
        token_endpoint: Some(endpoint("/token")),
        registration_endpoint: None,
        revocation_endpoint: None,
        device_authorization_endpoint: None,
        userinfo_endpoint: None,
        scopes: None,
        code_challenge_methods: Some(vec!["S256".to_owned()]),
        response_iss: false,
        client_id_metadata: false,
        token_auth_methods: None,
        grant_types: None,
        dpop_algorithms: Vec::new(),
        grant_profiles: Vec::new(),
        token_auth_signing_algorithms: Vec::new(),
    }
}

/// The client `me` of the server.
pub(crate) fn client(credential: ClientCredential) -> KnownClient {
    let mut client = KnownClient::new(issuer(ISSUER), "me", ClientOrigin::PreRegistered);
    client.credential = credential;
    client
}
