//! Tokens bound to a key (RFC 9449): each proof is new, nonces are taken up, and the key lives as long as the tokens.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use car_testkit::authority::{Dpop, Endpoint};
use serde_json::Value;

use crate::custody::support::{Person, World, assert_let_in};

async fn world() -> World {
    World::with(
        |config| config.dpop = Dpop::RequiredWithNonce,
        |config| config.dpop = Dpop::RequiredWithNonce,
    )
    .await
}

/// The two parts of a proof that can be read.
fn parts(proof: &str) -> (Value, Value) {
    let mut parts = proof.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

/// Every proof that was shown, at the authorization server and at the MCP server.
fn proofs(world: &World) -> (Vec<String>, Vec<String>) {
    let tokens = world.authority.requests(Endpoint::Token);
    let calls = world.server.ledger().seen();
    (
        tokens.iter().filter_map(|seen| seen.dpop().map(str::to_owned)).collect(),
        calls.iter().filter_map(|seen| seen.headers.get("dpop")?.to_str().ok().map(str::to_owned)).collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_proof_is_new_and_nonces_are_taken_up_at_both_places() {
    let world = world().await;
    let program = world.builder(world.settings()).agent(Arc::new(Person::default())).build().unwrap();
    for _ in 0..3 {
        assert_let_in(&world.ask(&program).await);
        assert_let_in(&world.ask(&program).await);
        world.authority.change_nonce();
        world.authority.expire_access_tokens();
    }
    assert_eq!(world.visits(), 1, "a nonce is no reason to sign in");
    let (tokens, calls) = proofs(&world);
    let all: Vec<_> = tokens.iter().chain(&calls).map(|proof| parts(proof)).collect();
    let unique: HashSet<_> = all.iter().map(|(_, claims)| claims["jti"].to_string()).collect();
    assert_eq!(unique.len(), all.len());
    let keys: HashSet<_> = all.iter().map(|(header, _)| header["jwk"].to_string()).collect();
    assert_eq!(keys.len(), 1, "the tokens belong to one key");
    let nonces = |proofs: &[String]| {
        let all = proofs.iter().map(|proof| parts(proof).1["nonce"].clone());
        all.filter(Value::is_string).map(|nonce| nonce.to_string()).collect::<HashSet<_>>()
    };
    let (at_tokens, at_calls) = (nonces(&tokens), nonces(&calls));
    assert_eq!((at_tokens.len(), at_calls.len()), (3, 3));
    assert!(at_tokens.is_disjoint(&at_calls), "each server has its own");
    for (_, claims) in calls.iter().map(|proof| parts(proof)) {
        assert!(claims["ath"].is_string() && claims["htu"] == world.server.url().as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_outlives_the_program() {
    let world = world().await;
    let program = world.builder(world.settings()).agent(Arc::new(Person::default())).build().unwrap();
    assert_let_in(&world.ask(&program).await);
    drop(program);
    // Another program uses the token, renews it, and yet another uses that.
    assert_let_in(&world.ask(&world.program()).await);
    world.expire();
    assert_let_in(&world.ask(&world.program()).await);
    assert_let_in(&world.ask(&world.program()).await);
    assert_eq!((world.visits(), world.granted("authorization_code").len()), (1, 2), "one for the nonce");
    let (tokens, calls) = proofs(&world);
    let keys: HashSet<_> =
        tokens.iter().chain(&calls).map(|proof| parts(proof).0["jwk"].to_string()).collect();
    assert_eq!(keys.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_nowhere_but_in_the_vault() {
    let world = world().await;
    let program = world.builder(world.settings()).agent(Arc::new(Person::default())).build().unwrap();
    assert_let_in(&world.ask(&program).await);
    let kept = world.vault.record().await["grant"]["dpop_key"].as_str().unwrap().to_owned();
    assert!(kept.starts_with("-----BEGIN PRIVATE KEY-----"));
    let (tokens, calls) = proofs(&world);
    for (header, _) in tokens.iter().chain(&calls).map(|proof| parts(proof)) {
        assert_eq!(header["jwk"].get("d"), None);
    }
    assert!(!format!("{program:?}").contains("PRIVATE"));
}
