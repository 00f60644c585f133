//! Proofs of possession, at the authorization server and at the server it protects.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use car_testkit::authority::{Authority, Dpop, ProtectionConfig, SigningKey};
use car_testkit::double::{Config, Double};
use serde_json::{Value, json};

use crate::oauth::{BACK, VERIFIER, access, authority, authorize, error, returned, token};
use crate::wire::{Got, modern_with};

/// A proof for one request, before it is signed.
struct Proof {
    header: Value,
    claims: Value,
}

impl Proof {
    fn new(key: &SigningKey, method: &str, url: &str) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let jti = format!("{:x}", rand::random::<u128>());
        Self {
            header: json!({ "typ": "dpop+jwt", "jwk": key.jwk() }),
            claims: json!({ "jti": jti, "htm": method, "htu": url, "iat": now }),
        }
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    /// Binds the proof to an access token.
    fn of(self, token: &str) -> Self {
        let hash = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
        self.with("ath", URL_SAFE_NO_PAD.encode(hash))
    }

    fn signed(self, key: &SigningKey) -> String {
        key.sign(&self.header, &self.claims)
    }
}

async fn redeem(authority: &Authority, resource: &str, proof: Option<&str>) -> Got {
    let proofs: Vec<_> = proof.into_iter().collect();
    redeem_of(authority, &[("resource", resource)], &proofs).await
}

/// Redeems a code that was asked for with these parameters, with as many proofs as there are.
async fn redeem_of(authority: &Authority, asked: &[(&str, &str)], proofs: &[&str]) -> Got {
    let code = returned(&authorize(authority, asked).await, "code").unwrap();
    let params = [
        ("grant_type", "authorization_code"),
        ("client_id", "known"),
        ("code", &code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let headers: Vec<_> = proofs.iter().map(|proof| ("DPoP", *proof)).collect();
    token(authority, &headers, &params).await
}

#[tokio::test]
async fn a_proof_must_be_right_in_every_claim() {
    let authority = authority(|config| config.dpop = Dpop::Required).await;
    let (key, other) = (SigningKey::generate(), SigningKey::generate());
    let url = format!("{}/token", authority.issuer());
    let good = || Proof::new(&key, "POST", &url);
    let mut typ = good();
    typ.header["typ"] = json!("JWT");
    let mut private = good();
    private.header["jwk"]["d"] = json!("x");
    let cases = [
        ("typ", typ.signed(&key)),
        ("d", private.signed(&key)),
        ("signature", good().signed(&other)),
        ("htm", good().with("htm", "GET").signed(&key)),
        ("htu", good().with("htu", format!("{url}/")).signed(&key)),
        ("iat", good().with("iat", 1).signed(&key)),
        ("jti", good().with("jti", Value::Null).signed(&key)),
        ("ath", good().of("x").signed(&key)),
        ("nothing", "nothing".to_owned()),
    ];
    for (name, proof) in cases {
        let got = redeem(&authority, "r", Some(&proof)).await;
        assert_eq!(error(&got), (400, "invalid_dpop_proof".to_owned()), "{name}");
    }
    assert_eq!(error(&redeem(&authority, "r", None).await).1, "invalid_dpop_proof");
    let proof = good().signed(&key);
    let got = redeem(&authority, "r", Some(&proof)).await;
    assert_eq!((got.status, &got.json()["token_type"]), (200, &json!("DPoP")));
    assert_eq!(error(&redeem(&authority, "r", Some(&proof)).await).1, "invalid_dpop_proof", "used twice");
}

#[tokio::test]
async fn a_nonce_is_told_and_then_demanded() {
    let authority = authority(|config| config.dpop = Dpop::RequiredWithNonce).await;
    let key = SigningKey::generate();
    let url = format!("{}/token", authority.issuer());
    let without = redeem(&authority, "r", Some(&Proof::new(&key, "POST", &url).signed(&key))).await;
    assert_eq!(error(&without), (400, "use_dpop_nonce".to_owned()));
    let nonce = without.header("dpop-nonce").unwrap();
    let with = || Proof::new(&key, "POST", &url).with("nonce", nonce).signed(&key);
    assert_eq!(redeem(&authority, "r", Some(&with())).await.status, 200);
    authority.change_nonce();
    assert_eq!(error(&redeem(&authority, "r", Some(&with())).await).1, "use_dpop_nonce");
}

#[tokio::test]
async fn a_bound_token_is_good_with_its_key_only() {
    let authority = authority(|config| config.dpop = Dpop::RequiredWithNonce).await;
    let mut config = Config::default();
    let mut protection = ProtectionConfig::default();
    protection.dpop = Dpop::RequiredWithNonce;
    config.protection = Some(authority.protection(protection));
    let server = Double::start(config).await.unwrap();
    let (key, other) = (SigningKey::generate(), SigningKey::generate());
    let url = format!("{}/token", authority.issuer());
    let proof = Proof::new(&key, "POST", &url);
    let refused = redeem(&authority, &server.url(), Some(&proof.signed(&key))).await;
    let theirs = refused.header("dpop-nonce").unwrap();
    let proof = Proof::new(&key, "POST", &url).with("nonce", theirs).signed(&key);
    let answer = redeem(&authority, &server.url(), Some(&proof)).await.json();
    let bound = access(&answer);
    let ask = async |scheme: &str, proof: String| {
        let authorization = format!("{scheme} {bound}");
        let headers = [("Authorization", authorization.as_str()), ("DPoP", &proof)];
        modern_with(&server.url(), "tools/list", json!({}), &headers).await
    };
    let proof = || Proof::new(&key, "POST", &server.url()).of(bound);
    let without = ask("DPoP", proof().with("nonce", theirs).signed(&key)).await;
    let nonce = without.header("dpop-nonce").unwrap();
    let challenge = without.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("DPoP error=\"use_dpop_nonce\""), "{challenge}");
    assert_eq!(ask("DPoP", proof().with("nonce", nonce).signed(&key)).await.status, 200);
    assert_eq!(ask("Bearer", proof().with("nonce", nonce).signed(&key)).await.status, 401);
    let foreign = Proof::new(&other, "POST", &server.url()).of(bound).with("nonce", nonce).signed(&other);
    assert_eq!(ask("DPoP", foreign).await.status, 401);
    let unbound = Proof::new(&key, "POST", &server.url()).with("nonce", nonce).signed(&key);
    assert_eq!(ask("DPoP", unbound).await.status, 401);
}

#[tokio::test]
async fn a_code_can_be_bound_to_a_key_before_it_is_given() {
    let authority = authority(|config| config.dpop = Dpop::Supported).await;
    let (key, other) = (SigningKey::generate(), SigningKey::generate());
    let url = format!("{}/token", authority.issuer());
    let proof = |key: &SigningKey| Proof::new(key, "POST", &url).signed(key);
    let thumbprint = {
        let answer = redeem(&authority, "r", Some(&proof(&key))).await.json();
        authority.introspect(access(&answer)).unwrap().thumbprint.unwrap()
    };
    let bound = [("dpop_jkt", thumbprint.as_str())];
    assert_eq!(error(&redeem_of(&authority, &bound, &[&proof(&other)]).await).1, "invalid_dpop_proof");
    assert_eq!(error(&redeem_of(&authority, &bound, &[]).await).1, "invalid_dpop_proof");
    assert_eq!(redeem_of(&authority, &bound, &[&proof(&key)]).await.status, 200);
    let two = redeem_of(&authority, &[], &[&proof(&key), &proof(&key)]).await;
    assert_eq!(error(&two).1, "invalid_dpop_proof");
}

#[tokio::test]
async fn a_bound_refresh_token_stays_with_its_key() {
    let authority = authority(|config| config.dpop = Dpop::Supported).await;
    let (key, other) = (SigningKey::generate(), SigningKey::generate());
    let url = format!("{}/token", authority.issuer());
    let proof = |key: &SigningKey| Proof::new(key, "POST", &url).signed(key);
    let answer = redeem(&authority, "r", Some(&proof(&key))).await.json();
    let refresh = async |proof: &str| {
        let refresh_token = answer["refresh_token"].as_str().unwrap();
        let params =
            [("grant_type", "refresh_token"), ("client_id", "known"), ("refresh_token", refresh_token)];
        token(&authority, &[("DPoP", proof)], &params).await
    };
    assert_eq!(error(&refresh(&proof(&other)).await).1, "invalid_dpop_proof");
    assert_eq!(refresh(&proof(&key)).await.json()["token_type"], "DPoP");
}
