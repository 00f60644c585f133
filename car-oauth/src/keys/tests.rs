//! Keys of every form sign what their public half verifies.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde_json::Value;

use super::*;

// Made by openssl for these tests, and used nowhere else.
const P256_SEC1: &str = include_str!("../../tests/data/keys/p256-sec1.pem");
const P256_PRIVATE_ONLY: &str = include_str!("../../tests/data/keys/p256-private-only.pem");
const P384: &str = include_str!("../../tests/data/keys/p384.pem");
const ED25519: &str = include_str!("../../tests/data/keys/ed25519.pem");
const RSA: &str = include_str!("../../tests/data/keys/rsa.pem");
const RSA_PKCS1: &str = include_str!("../../tests/data/keys/rsa-pkcs1.pem");

fn verified(key: &SigningKey, message: &[u8], signature: &[u8]) -> bool {
    let jwk: Value = serde_json::from_str(&key.public_jwk().to_json()).unwrap();
    let member = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = || [&[4][..], &member("x"), &member("y")].concat();
    let check = |algorithm: &'static dyn VerificationAlgorithm, public: Vec<u8>| {
        UnparsedPublicKey::new(algorithm, public).verify(message, signature).is_ok()
    };
    let rsa = |parameters| {
        let public = RsaPublicKeyComponents { n: member("n"), e: member("e") };
        public.verify(parameters, message, signature).is_ok()
    };
    match key.algorithm() {
        "ES256" => check(&signature::ECDSA_P256_SHA256_FIXED, point()),
        "ES384" => check(&signature::ECDSA_P384_SHA384_FIXED, point()),
        "EdDSA" | "Ed25519" => check(&signature::ED25519, member("x")),
        "RS256" => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => rsa(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => rsa(&signature::RSA_PSS_2048_8192_SHA512),
        other => panic!("{other}"),
    }
}

fn refusal(pem: &str, algorithm: Option<&str>) -> String {
    match SigningKey::from_pem(pem, algorithm, None) {
        Err(Error::InvalidKey { what }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_form_and_algorithm_signs_what_its_public_half_verifies() {
    let cases = [
        (P256_SEC1, None, "ES256"),
        (P256_SEC1, Some("ES256"), "ES256"),
        (P384, None, "ES384"),
        (ED25519, None, "EdDSA"),
        (ED25519, Some("Ed25519"), "Ed25519"),
        (RSA, None, "RS256"),
        (RSA_PKCS1, None, "RS256"),
        (RSA, Some("PS256"), "PS256"),
        (RSA, Some("RS384"), "RS384"),
        (RSA, Some("PS384"), "PS384"),
        (RSA, Some("RS512"), "RS512"),
        (RSA, Some("PS512"), "PS512"),
    ];
    for (pem, wanted, expected) in cases {
        let key = SigningKey::from_pem(pem, wanted, Some("k".to_owned())).unwrap();
        assert_eq!((key.algorithm(), key.key_id()), (expected, Some("k")));
        let signature = key.sign(b"message").unwrap();
        assert!(verified(&key, b"message", &signature), "{expected}");
        assert!(!verified(&key, b"massage", &signature), "{expected}");
    }
}

#[test]
fn a_generated_key_survives_storing() {
    let key = SigningKey::generate_es256().unwrap();
    let back = SigningKey::from_pem(key.to_pkcs8_pem().expose(), None, None).unwrap();
    assert_eq!(key.public_jwk(), back.public_jwk());
    assert!(verified(&key, b"m", &back.sign(b"m").unwrap()));
    assert_ne!(key.public_jwk(), SigningKey::generate_es256().unwrap().public_jwk());
}

#[test]
fn older_forms_are_stored_as_pkcs8() {
    let stored = |pem| SigningKey::from_pem(pem, None, None).unwrap().to_pkcs8_pem().expose().to_owned();
    assert_eq!(stored(RSA_PKCS1), RSA, "as openssl converts it");
    assert!(stored(P256_SEC1).starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(stored(&stored(P256_SEC1)), stored(P256_SEC1));
}

#[test]
fn a_signature_of_an_elliptic_key_has_a_fixed_length() {
    let length = |pem| SigningKey::from_pem(pem, None, None).unwrap().sign(b"m").unwrap().len();
    assert_eq!((length(P256_SEC1), length(P384)), (64, 96));
}

#[test]
fn an_algorithm_that_does_not_fit_the_key_is_refused() {
    for (pem, wanted) in [(P256_SEC1, "RS256"), (P256_SEC1, "ES384"), (RSA, "ES256"), (ED25519, "none")] {
        assert!(refusal(pem, Some(wanted)).starts_with(&format!("expected a key for {wanted}, found")));
    }
}

#[test]
fn a_key_in_another_form_is_refused_with_the_command_that_helps() {
    let relabelled = |label: &str| P256_SEC1.replace("EC PRIVATE KEY", label);
    let legacy =
        P256_SEC1.replace("EC PRIVATE KEY-----\nM", "EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nM");
    let cases = [
        (P256_PRIVATE_ONLY.to_owned(), "openssl ec -in KEY -out NEW"),
        (relabelled("ENCRYPTED PRIVATE KEY"), "openssl pkey -in KEY -out NEW"),
        (legacy, "openssl pkey -in KEY -out NEW"),
        (relabelled("OPENSSH PRIVATE KEY"), "ssh-keygen -p -m PKCS8 -f KEY"),
        (relabelled("DSA PRIVATE KEY"), "openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW"),
        (RSA.replace("PRIVATE KEY", "PUBLIC KEY"), "expected PEM with a PRIVATE KEY"),
        (RSA.replace("-----END", ""), "expected PEM with a PRIVATE KEY"),
        (String::new(), "expected PEM with a PRIVATE KEY"),
        (RSA.replacen("\nMII", "\n!II", 1), "damaged"),
        (RSA_PKCS1.replace("RSA PRIVATE KEY", "PRIVATE KEY"), "found another kind"),
        (RSA_PKCS1.replace("RSA PRIVATE KEY", "EC PRIVATE KEY"), "P-256 or P-384"),
        (" ".repeat(70_000), "at most"),
    ];
    for (pem, hint) in cases {
        let what = refusal(&pem, None);
        assert!(what.contains(hint), "{what}");
    }
}

#[test]
fn hides_the_key_in_debug_output() {
    let key = SigningKey::from_pem(ED25519, None, Some("k".to_owned())).unwrap();
    assert_eq!(format!("{key:?}"), r#"SigningKey { algorithm: "EdDSA", key_id: Some("k"), .. }"#);
}

proptest! {
    #[test]
    fn a_damaged_key_is_refused_without_a_panic(at in 0_usize..1700, byte in any::<u8>(), cut in any::<bool>()) {
        let mut pem = RSA.as_bytes().to_vec();
        let at = at % pem.len();
        if cut { pem.truncate(at) } else { pem[at] = byte }
        // Most are refused at once. What slips through fails to sign, or was not damaged.
        if let Ok(key) = SigningKey::from_pem(&String::from_utf8_lossy(&pem), None, None) {
            prop_assert!(key.sign(b"m").map_or(true, |signature| verified(&key, b"m", &signature)));
        }
    }
}
