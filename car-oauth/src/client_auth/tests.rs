//! Which method is chosen, and what it sends.

use super::*;
use crate::jwt::tests::opened;
use crate::sign::tests::HashKey;
use crate::token::Grant;
use crate::token::fixtures::{ISSUER, client, endpoint, issuer, server};

const BASIC: AuthMethod = AuthMethod::ClientSecretBasic;
const POST: AuthMethod = AuthMethod::ClientSecretPost;
const KEY: AuthMethod = AuthMethod::PrivateKeyJwt;
const NONE: AuthMethod = AuthMethod::None;

fn secret() -> ClientCredential {
    ClientCredential::Secret(Secret::new("hun:ter 2"))
}

fn key() -> ClientCredential {
    ClientCredential::Key(Arc::new(HashKey("ES256")))
}

/// What a request holds after the client was put into it: header and body.
fn applied(client: &KnownClient, method: AuthMethod) -> (Option<String>, String) {
    let mut request = TokenRequest::new(&endpoint("/token"), Grant::ClientCredentials, None, None);
    let authentication = ClientAuthentication::new(client, method).unwrap();
    authentication.apply(&mut request, &issuer(ISSUER), Timestamp::from_seconds(5), [2; 32]).unwrap();
    (request.authorization().map(|value| value.expose().to_owned()), request.body().to_string())
}

#[test]
fn the_method_follows_credential_registration_and_metadata() {
    type Case = (ClientCredential, Option<AuthMethod>, Option<Vec<AuthMethod>>, AuthMethod);
    let cases: [Case; 17] = [
        // Without metadata: what was registered, else the default of RFC 8414.
        (secret(), None, None, BASIC),
        (secret(), None, Some(vec![]), BASIC),
        (secret(), Some(POST), None, POST),
        (secret(), Some(NONE), None, NONE),
        (secret(), Some(KEY), None, BASIC),
        (key(), None, None, KEY),
        // With metadata: only what it lists.
        (secret(), None, Some(vec![POST]), POST),
        (secret(), None, Some(vec![NONE, POST, BASIC]), BASIC),
        (secret(), Some(POST), Some(vec![BASIC, POST]), POST),
        (secret(), Some(BASIC), Some(vec![POST]), POST),
        (secret(), Some(BASIC), Some(vec![NONE]), NONE),
        (secret(), Some(NONE), Some(vec![BASIC]), BASIC),
        (key(), Some(BASIC), Some(vec![BASIC, KEY]), KEY),
        // A public client has nothing to show.
        (ClientCredential::Public, None, None, NONE),
        (ClientCredential::Public, Some(BASIC), Some(vec![NONE]), NONE),
        (ClientCredential::Public, None, Some(vec![BASIC]), NONE),
        (secret(), None, Some(vec![AuthMethod::Other("tls_client_auth".to_owned()), NONE]), NONE),
    ];
    for (credential, registered, supported, expected) in cases {
        let chosen = choose_method(&credential, registered.as_ref(), supported.as_deref()).unwrap();
        assert_eq!(chosen, expected, "{credential:?} {registered:?} {supported:?}");
    }
}

#[test]
fn a_credential_that_the_server_does_not_take_is_an_error() {
    for (credential, supported) in [(secret(), KEY), (key(), NONE), (key(), BASIC)] {
        let error = choose_method(&credential, None, Some(&[supported])).unwrap_err();
        assert!(matches!(error, Error::InvalidSettings { .. }), "{error}");
    }
}

#[test]
fn basic_encodes_both_parts_and_leaves_the_body_alone() {
    let mut client = client(secret());
    client.client_id = "https://me.example/id".to_owned();
    let (header, body) = applied(&client, BASIC);
    let encoded = header.unwrap().strip_prefix("Basic ").map(|text| STANDARD.decode(text).unwrap()).unwrap();
    assert_eq!(String::from_utf8(encoded).unwrap(), "https%3A%2F%2Fme.example%2Fid:hun%3Ater%202");
    assert_eq!(body, "grant_type=client_credentials");
}

#[test]
fn post_and_none_name_the_client_in_the_body() {
    let post = "grant_type=client_credentials&client_id=me&client_secret=hun%3Ater+2";
    assert_eq!(applied(&client(secret()), POST), (None, post.to_owned()));
    let none = (None, "grant_type=client_credentials&client_id=me".to_owned());
    assert_eq!(applied(&client(secret()), NONE), none);
    assert_eq!(applied(&client(ClientCredential::Public), NONE), none);
}

#[test]
fn a_key_sends_an_assertion_for_the_issuer_and_no_client_id() {
    let (header, body) = applied(&client(key()), KEY);
    assert!(header.is_none());
    let fields: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).collect();
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_ref()).collect();
    assert_eq!(names, ["grant_type", "client_assertion_type", "client_assertion"]);
    assert_eq!(fields[1].1, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let (_, claims) = opened(&Secret::new(fields[2].1.as_ref()));
    assert_eq!((&claims["iss"], &claims["sub"]), (&"me".into(), &"me".into()));
    assert_eq!(claims["aud"], ISSUER);
}

#[test]
fn applying_twice_replaces_the_proof() {
    let (now, issuer) = (Timestamp::from_seconds(5), issuer(ISSUER));
    let mut request = TokenRequest::new(&endpoint("/token"), Grant::ClientCredentials, None, None);
    for (client, method) in [(client(secret()), POST), (client(key()), KEY), (client(secret()), BASIC)] {
        let authentication = ClientAuthentication::new(&client, method).unwrap();
        authentication.apply(&mut request, &issuer, now, [2; 32]).unwrap();
    }
    assert_eq!(*request.body(), "grant_type=client_credentials");
    let client = client(ClientCredential::Public);
    let authentication = ClientAuthentication::new(&client, NONE).unwrap();
    authentication.apply(&mut request, &issuer, now, [2; 32]).unwrap();
    assert!(request.authorization().is_none());
}

#[test]
fn a_credential_is_never_shown_to_another_issuer() {
    let mut request = TokenRequest::new(&endpoint("/token"), Grant::ClientCredentials, None, None);
    let authentication = ClientAuthentication::new(&client(secret()), POST).unwrap();
    for other in ["https://evil.example", "https://as.example/"] {
        let refused = authentication.apply(&mut request, &issuer(other), Timestamp::from_seconds(5), [2; 32]);
        assert!(matches!(refused, Err(Error::ClientOfAnotherIssuer { .. })));
        assert_eq!(*request.body(), "grant_type=client_credentials");
    }
    let mut other = server();
    other.issuer = issuer("https://evil.example");
    let refused = ClientAuthentication::for_server(&client(secret()), &other);
    assert!(matches!(refused, Err(Error::ClientOfAnotherIssuer { .. })));
}

#[test]
fn a_method_that_the_credential_does_not_fit_is_refused() {
    let public = ClientCredential::Public;
    for (credential, method) in [(public, BASIC), (secret(), KEY), (key(), POST)] {
        let refused = ClientAuthentication::new(&client(credential), method);
        assert!(matches!(refused, Err(Error::InvalidSettings { .. })));
    }
}

#[test]
fn the_algorithm_of_a_key_has_to_be_one_that_the_server_takes() {
    let mut server = server();
    server.token_auth_methods = Some(vec![KEY]);
    server.token_auth_signing_algorithms = vec!["RS256".to_owned()];
    let refused = ClientAuthentication::for_server(&client(key()), &server);
    assert!(matches!(refused, Err(Error::InvalidSettings { .. })));
    server.token_auth_signing_algorithms.push("ES256".to_owned());
    assert_eq!(*ClientAuthentication::for_server(&client(key()), &server).unwrap().method(), KEY);
}

#[test]
fn names_survive_a_round_trip() {
    for name in ["none", "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"] {
        let method: AuthMethod = serde_json::from_value(name.into()).unwrap();
        assert_eq!(serde_json::to_value(&method).unwrap(), name);
        assert_eq!(matches!(method, AuthMethod::Other(_)), name == "tls_client_auth");
    }
}
