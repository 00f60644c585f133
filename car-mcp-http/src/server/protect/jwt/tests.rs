//! Tokens that are taken, and attacks that are not.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use ring::{hmac, signature};
use serde_json::{Value, json};

use super::fixtures::{ED25519, P256, P384, RSA, join, unsigned};
use super::*;

const ISSUER: &str = "https://as.example/t1";
const RESOURCE: &str = "https://mcp.example/mcp";
const NOW: u64 = 1_800_000_000;

fn jwks() -> String {
    json!({ "keys": [RSA.jwk(), P256.jwk(), P384.jwk(), ED25519.jwk()] }).to_string()
}

fn builder() -> JwtVerifierBuilder {
    JwtVerifier::builder(ISSUER, RESOURCE).jwks(jwks())
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "ada", "aud": RESOURCE, "exp": NOW + 300, "iat": NOW, "nbf": NOW,
        "client_id": "app", "scope": "read write",
    })
}

fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

async fn check(verifier: &JwtVerifier, token: &str) -> Result<VerifiedToken, VerifyError> {
    verifier.verify_at(BearerToken::new(token), UNIX_EPOCH + Duration::from_secs(NOW)).await
}

async fn verify(token: &str) -> Result<VerifiedToken, VerifyError> {
    check(&builder().build().unwrap(), token).await
}

/// Checks that a token is refused, and for this reason: that it is refused for another would prove nothing.
async fn refused(token: &str, reason: &str) {
    match verify(token).await {
        Err(VerifyError::Invalid(what)) => {
            assert!(what.contains(reason), "expected {reason:?}, found {what:?}")
        }
        other => panic!("expected {reason:?}, found {other:?}"),
    }
}

#[tokio::test]
async fn takes_a_token_of_every_algorithm() {
    let cases = [
        (&RSA, "RS256"),
        (&RSA, "RS384"),
        (&RSA, "RS512"),
        (&RSA, "PS256"),
        (&RSA, "PS384"),
        (&RSA, "PS512"),
        (&P256, "ES256"),
        (&P384, "ES384"),
        (&ED25519, "EdDSA"),
        (&ED25519, "Ed25519"),
    ];
    for (key, algorithm) in cases {
        let verified = verify(&key.token(algorithm, &json!({}), &claims())).await.unwrap();
        assert_eq!(&*verified.principal.id, "https://as.example/t1#sub=ada", "{algorithm}");
        assert!(verified.principal.has_scope("read") && verified.principal.has_scope("write"));
    }
}

#[tokio::test]
async fn a_token_says_who_asks_and_what_they_may() {
    let cases = [
        (json!({ "sub": "ada" }), "#sub=ada"),
        (json!({ "sub": null, "client_id": "ada" }), "#client_id=ada"),
        (json!({ "sub": "", "client_id": null, "azp": "app" }), "#client_id=app"),
    ];
    for (patch, id) in cases {
        let mut claims = claims();
        claims.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        let verified = verify(&P256.token("ES256", &json!({}), &claims)).await.unwrap();
        assert_eq!(*verified.principal.id, format!("{ISSUER}{id}"));
    }
    let scopes: [(Value, &[&str]); 4] = [
        (json!({ "scp": "a b" }), &["a", "b"]),
        (json!({ "scp": ["a", "b"] }), &["a", "b"]),
        (json!({ "scope": "a  b" }), &["a", "b"]),
        (json!({}), &[]),
    ];
    for (patch, expected) in scopes {
        let mut claims = claims_with("scope", Value::Null);
        claims.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        let verified = verify(&P256.token("ES256", &json!({}), &claims)).await.unwrap();
        assert_eq!(verified.principal.scopes.iter().map(|scope| &**scope).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn takes_only_tokens_for_this_resource_and_of_this_issuer() {
    for audience in [json!(RESOURCE), json!([RESOURCE]), json!(["https://other.example", RESOURCE])] {
        verify(&P256.token("ES256", &json!({}), &claims_with("aud", audience))).await.unwrap();
    }
    // A token for another resource that was passed on to this one is the second of these.
    for audience in [
        json!(null),
        json!("https://mcp.example/other"),
        json!([]),
        json!("https://mcp.example/mcp/"),
        json!("https://mcp.example"),
    ] {
        refused(&P256.token("ES256", &json!({}), &claims_with("aud", audience)), "for this resource").await;
    }
    for issuer in [
        json!(null),
        json!("https://as.example"),
        json!("https://as.example/t1/"),
        json!("https://AS.example/t1"),
    ] {
        refused(&P256.token("ES256", &json!({}), &claims_with("iss", issuer)), "issuer").await;
    }
}

#[tokio::test]
async fn takes_a_token_in_its_time_only() {
    let token = |name: &str, value: Value| P256.token("ES256", &json!({}), &claims_with(name, value));
    for seconds in [NOW - 29, NOW, NOW + 1] {
        verify(&token("exp", json!(seconds))).await.unwrap();
    }
    for seconds in [0, NOW - 31, NOW - 30] {
        let refused = verify(&token("exp", json!(seconds))).await.unwrap_err();
        assert_eq!(refused, VerifyError::Expired, "{seconds}");
    }
    refused(&token("exp", Value::Null), "when it expires").await;
    refused(&token("exp", json!(-1)), "a point in time").await;
    refused(&token("exp", json!(1e300)), "a point in time").await;
    refused(&token("exp", json!("1800000300")), "the claims").await;
    for name in ["nbf", "iat"] {
        verify(&token(name, json!(NOW + 30))).await.unwrap();
        verify(&token(name, json!(NOW as f64 + 0.5))).await.unwrap();
        refused(&token(name, json!(NOW + 31)), "good already").await;
    }
}

#[tokio::test]
async fn never_takes_a_token_without_an_allowed_algorithm() {
    for algorithm in ["none", "None", "NONE", "nOnE", "", "HS256", "HS512", "rs256", "RS1", "ES512", "ES256K"]
    {
        let text = unsigned(&json!({ "typ": "JWT", "alg": algorithm }), &claims());
        refused(&join(&text, b""), "algorithm").await;
        refused(&join(&text, &RSA.sign("RS256", &text)), "algorithm").await;
    }
    let verifier = builder().algorithms([Algorithm::Es256]).build().unwrap();
    check(&verifier, &P256.token("ES256", &json!({}), &claims())).await.unwrap();
    let refused = check(&verifier, &RSA.token("RS256", &json!({}), &claims())).await;
    assert!(matches!(refused, Err(VerifyError::Invalid(what)) if what.contains("algorithm")));
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    for secret in [RSA.jwk().to_string(), RSA.jwk()["n"].as_str().unwrap().to_owned(), String::new()] {
        let text = unsigned(&json!({ "typ": "JWT", "alg": "HS256", "kid": "rsa" }), &claims());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
        refused(&join(&text, tag.as_ref()), "algorithm").await;
        // The same with an algorithm that is allowed, which the key is not for.
        let text = unsigned(&json!({ "typ": "JWT", "alg": "ES256", "kid": "rsa" }), &claims());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
        refused(&join(&text, tag.as_ref()), "signature").await;
    }
}

#[tokio::test]
async fn a_key_is_used_with_its_own_algorithm_and_under_its_own_name() {
    // Signed with one key, in the name of another.
    for kid in ["p384", "rsa", "ed25519", "unknown", ""] {
        refused(&P256.token("ES256", &json!({ "kid": kid }), &claims()), "signature").await;
    }
    // Signed rightly, but the header says another algorithm of the same key.
    refused(&RSA.token("RS256", &json!({ "alg": "PS256" }), &claims()), "signature").await;
    refused(&RSA.token("RS256", &json!({ "alg": "RS512" }), &claims()), "signature").await;
    refused(&P384.token("ES384", &json!({ "alg": "ES256" }), &claims()), "signature").await;
    // A key that the issuer binds to one algorithm.
    let mut bound = RSA.jwk();
    bound["alg"] = json!("PS256");
    let set = json!({ "keys": [bound] }).to_string();
    let verifier = JwtVerifier::builder(ISSUER, RESOURCE).jwks(set).build().unwrap();
    check(&verifier, &RSA.token("PS256", &json!({}), &claims())).await.unwrap();
    assert!(check(&verifier, &RSA.token("RS256", &json!({}), &claims())).await.is_err());
}

#[tokio::test]
async fn a_token_that_names_no_key_is_checked_with_those_of_its_kind() {
    let text = unsigned(&json!({ "alg": "ES256" }), &claims());
    verify(&join(&text, &P256.sign("ES256", &text))).await.unwrap();
    let text = unsigned(&json!({ "alg": "ES384" }), &claims());
    refused(&join(&text, &P256.sign("ES256", &text)), "signature").await;
}

#[tokio::test]
async fn a_signature_is_of_these_very_bytes() {
    let token = P256.token("ES256", &json!({}), &claims());
    let (text, signature) = token.rsplit_once('.').unwrap();
    let (header, body) = text.split_once('.').unwrap();
    let other =
        unsigned(&json!({ "alg": "ES256", "kid": "p256", "x": 1 }), &claims_with("sub", json!("bob")));
    let (other_header, other_body) = other.split_once('.').unwrap();
    refused(&format!("{header}.{other_body}.{signature}"), "signature").await;
    refused(&format!("{other_header}.{body}.{signature}"), "signature").await;
    refused(&format!("{text}."), "signature").await;
    refused(&format!("{text}.AAAA"), "signature").await;
    refused(&format!("{token}="), "three parts").await;
    refused(&join(text, &[0; 64]), "signature").await;
}

#[tokio::test]
async fn an_ecdsa_signature_has_its_fixed_form() {
    let text = unsigned(&json!({ "typ": "at+jwt", "alg": "ES256", "kid": "p256" }), &claims());
    let random = SystemRandom::new();
    let document: Vec<u8> = STANDARD
        .decode(P256.pem().lines().filter(|line| !line.starts_with('-')).collect::<String>())
        .unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &document, &random).unwrap();
    let der = pair.sign(&random, text.as_bytes()).unwrap();
    let key = signature::KeyPair::public_key(&pair).as_ref().to_vec();
    let public = signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, key);
    assert!(public.verify(text.as_bytes(), der.as_ref()).is_ok(), "it is a good signature in its own form");
    refused(&join(&text, der.as_ref()), "signature").await;
}

#[tokio::test]
async fn a_header_asks_for_nothing_that_is_not_understood() {
    for crit in [json!(["exp"]), json!([]), json!(null), json!("b64")] {
        refused(&P256.token("ES256", &json!({ "crit": crit }), &claims()), "critical").await;
    }
    // A key that the token brings along is not looked at.
    let own = json!({ "jwk": P384.jwk(), "jku": "https://evil.example/keys", "kid": "p384" });
    let text = unsigned(&json!({ "alg": "ES256", "jwk": own["jwk"], "jku": own["jku"] }), &claims());
    refused(&join(&text, &P384.sign("ES384", &text)), "signature").await;
}

#[tokio::test]
async fn a_token_of_another_type_is_none() {
    let token = |typ: Value| P256.token("ES256", &json!({ "typ": typ }), &claims());
    for typ in [json!("at+jwt"), json!("application/at+jwt"), json!("AT+JWT"), json!("JWT"), json!(null)] {
        verify(&token(typ)).await.unwrap();
    }
    for typ in ["dpop+jwt", "logout+jwt", "oauth-id-jag+jwt", "id_token", "application/application/at+jwt"] {
        refused(&token(json!(typ)), "type").await;
    }
    let strict = builder().require_at_jwt().build().unwrap();
    check(&strict, &token(json!("at+jwt"))).await.unwrap();
    for typ in [json!("JWT"), json!(null)] {
        assert!(
            matches!(check(&strict, &token(typ)).await, Err(VerifyError::Invalid(what)) if what.contains("type"))
        );
    }
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_key_is_no_bearer_token() {
    let bound = claims_with("cnf", json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }));
    refused(&P256.token("ES256", &json!({}), &bound), "bound to a key").await;
}

#[tokio::test]
async fn a_claim_is_said_once_and_in_its_type() {
    let twice = r#"{"iss":"https://as.example/t1","aud":"https://mcp.example/mcp","aud":"x","exp":1800000300,"sub":"ada"}"#;
    let header = json!({ "alg": "ES256", "kid": "p256" }).to_string();
    let text = format!("{}.{}", encode(&header), encode(twice));
    refused(&join(&text, &P256.sign("ES256", &text)), "the claims").await;
    for (name, value) in
        [("aud", json!({})), ("sub", json!(1)), ("scope", json!([1])), ("iss", json!([ISSUER]))]
    {
        refused(&P256.token("ES256", &json!({}), &claims_with(name, value)), "the claims").await;
    }
    let nobody = json!({ "iss": ISSUER, "aud": RESOURCE, "exp": NOW + 300 });
    refused(&P256.token("ES256", &json!({}), &nobody), "who it is for").await;
}

#[tokio::test]
async fn what_is_larger_than_a_token_ever_is_is_not_read() {
    refused(&P256.token("ES256", &json!({ "x": "a".repeat(4 * 1024) }), &claims()), "usual size").await;
    let text = unsigned(&json!({ "alg": "ES256" }), &claims());
    refused(&join(&text, &[1; 1_100]), "usual size").await;
    // Deeper than the parser goes.
    let deep = format!("{{\"aud\":{}{}}}", "[".repeat(4_000), "]".repeat(4_000));
    let text = format!("{}.{}", encode(r#"{"alg":"ES256"}"#), encode(&deep));
    refused(&join(&text, &P256.sign("ES256", &text)), "the claims").await;
}

#[tokio::test]
async fn what_is_no_token_is_none() {
    for text in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "e30.e30", "e30.e30.", "{}.{}.x", "opaque"] {
        assert!(matches!(verify(text).await, Err(VerifyError::Invalid(_))), "{text:?}");
    }
}

#[test]
fn a_verifier_that_could_be_deceived_cannot_be_built() {
    let build = |issuer: &str| JwtVerifier::new(issuer, RESOURCE);
    for issuer in
        ["http://as.example", "as.example", "https://as.example?x", "https://as.example#x", "ftp://localhost"]
    {
        assert!(matches!(build(issuer), Err(InvalidVerifier::Issuer(_))), "{issuer}");
    }
    for issuer in ["https://as.example", "http://127.0.0.1:4000", "http://localhost:4000/t1"] {
        build(issuer).unwrap();
    }
    assert!(matches!(JwtVerifier::new(ISSUER, ""), Err(InvalidVerifier::Audience)));
    assert!(matches!(builder().algorithms([]).build(), Err(InvalidVerifier::Algorithms)));
    for set in ["", "{}", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"] {
        assert!(matches!(builder().jwks(set).build(), Err(InvalidVerifier::Keys)), "{set}");
    }
    let with_url = JwtVerifier::builder(ISSUER, RESOURCE).jwks_url("http://as.example/keys");
    assert!(matches!(with_url.build(), Err(InvalidVerifier::JwksUrl(_))));
}

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn verified(token: &str) -> Result<VerifiedToken, VerifyError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(verify(token))
}

fn signed() -> impl Strategy<Value = String> {
    let keys = [(P256, "ES256"), (ED25519, "EdDSA")];
    prop::sample::select(Vec::from(keys))
        .prop_map(|(key, algorithm)| key.token(algorithm, &json!({}), &claims()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_other_text_is_taken(text in r"[A-Za-z0-9_-]{0,60}(\.[A-Za-z0-9_-]{0,60}){0,3}") {
        prop_assert!(matches!(verified(&text), Err(VerifyError::Invalid(_))));
    }

    #[test]
    fn a_token_with_one_letter_changed_is_refused(
        token in signed(), place: prop::sample::Index, letter in "[A-Za-z0-9_.-]",
    ) {
        let place = place.index(token.len());
        prop_assume!(!token[place..].starts_with(&letter));
        let mut changed = token;
        changed.replace_range(place..=place, &letter);
        prop_assert!(verified(&changed).is_err());
    }
}
