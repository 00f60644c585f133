//! A server that sends to another authorization server: what belongs to the old one never gets there.

use std::sync::Arc;

use car_oauth::Error;
use car_oauth::client_auth::ClientCredential;
use car_oauth::registration::PreRegistered;
use car_testkit::authority::{Authority, AuthorityConfig, Client, Endpoint};

use crate::custody::support::{Person, World, assert_let_in, assert_sign_in_required};

/// Everything that reached a server, as one text.
fn reached(authority: &Authority) -> String {
    let all = authority.ledger().seen();
    all.iter()
        .map(|seen| format!("{} {} {:?} {}\n", seen.path, seen.query, seen.headers, seen.body))
        .collect()
}

/// Moves the server, and returns where to, and what must not get there.
async fn moved(world: &World) -> (Authority, [String; 3]) {
    let grant = world.vault.record().await["grant"].clone();
    let secrets =
        ["client_id", "access_token", "refresh_token"].map(|name| grant[name].as_str().unwrap().to_owned());
    let next = Authority::start(AuthorityConfig::default()).await.unwrap();
    world.protection.move_to(&next);
    (next, secrets)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_person_the_new_server_is_not_asked_for_anything() {
    let world = World::start().await;
    let program = world.signed_in().await;
    assert_let_in(&world.ask(&program).await);
    let (next, _) = moved(&world).await;
    let asked = world.authority.count(Endpoint::Token);
    assert_sign_in_required(&world.ask(&program).await);
    assert_eq!(next.ledger().seen().len(), 0);
    assert_eq!(world.authority.count(Endpoint::Token), asked, "the old one cannot help either");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_new_server_gets_a_client_of_its_own_and_nothing_of_the_old_one() {
    let world = World::start().await;
    drop(world.signed_in().await);
    let (next, secrets) = moved(&world).await;
    let program = world.builder(world.settings()).agent(Arc::new(Person::default())).build().unwrap();
    assert_let_in(&world.ask(&program).await);
    assert_eq!((next.count(Endpoint::Register), next.count(Endpoint::Authorize)), (1, 1));
    let reached = reached(&next);
    assert!(secrets.iter().all(|secret| !reached.contains(secret)), "{reached}");
    assert!(reached.contains("code_verifier"), "the text holds what came");
    let grant = world.vault.record().await["grant"].clone();
    assert_eq!(grant["issuer"].as_str(), Some(next.issuer().as_str()));

    // And back again: the old client is known there.
    world.protection.move_to(&world.authority);
    assert_let_in(&world.ask(&program).await);
    assert_eq!((world.authority.count(Endpoint::Register), next.count(Endpoint::Register)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_renewed_at_its_own_server_only() {
    let world = World::start().await;
    let program = world.signed_in().await;
    let (next, _) = moved(&world).await;
    world.expire();
    assert_sign_in_required(&world.ask(&program).await);
    assert_eq!(next.ledger().seen().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_registered_by_hand_stays_with_the_server_it_was_first_used_at() {
    let by_hand = |config: &mut AuthorityConfig| {
        config.clients = vec![Client::confidential("by-hand", "hush-hush", &[])];
    };
    let world = World::with(by_hand, |_| {}).await;
    let mut settings = world.settings();
    let secret = ClientCredential::Secret(car_oauth::Secret::new("hush-hush"));
    settings.pre_registered = Some(PreRegistered::new("by-hand", secret));
    let program = world.builder(settings).agent(Arc::new(Person::default())).build().unwrap();
    assert_let_in(&world.ask(&program).await);
    let (next, _) = moved(&world).await;
    let outcome = world.ask(&program).await;
    assert!(matches!(&outcome, Err(Error::ClientOfAnotherIssuer { issuer, .. }) if *issuer == next.issuer()));
    let reached = reached(&next);
    assert!(!reached.contains("by-hand") && !reached.contains("hush-hush"), "{reached}");
}
