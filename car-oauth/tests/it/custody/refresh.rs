//! What a refresh request says, and what its answer changes.

use car_testkit::authority::{Endpoint, RefreshTokens, RegistrationSecret, Rotation};
use serde_json::json;

use crate::custody::support::{LIFETIME, World, assert_let_in, assert_sign_in_required};

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_names_the_resource_and_asks_for_no_scope() {
    let world = World::start().await;
    let program = world.signed_in().await;
    let kept = world.vault.record().await;
    let documents = world.authority.count(Endpoint::Metadata);
    world.expire();
    assert_let_in(&world.ask(&program).await);
    let [seen] = world.refreshes().try_into().unwrap();
    assert_eq!(seen.param("resource"), Some(world.server.url().as_str()));
    assert_eq!(seen.param("scope"), None);
    assert_eq!(seen.param("refresh_token"), kept["grant"]["refresh_token"].as_str());
    assert_eq!(seen.param("client_id"), kept["grant"]["client_id"].as_str());
    assert_eq!(seen.query, "", "nothing of it stands in a log");
    assert_eq!(world.authority.count(Endpoint::Metadata), documents, "where to renew is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_refresh_token_takes_the_place_of_the_old_one() {
    let world = World::start().await;
    let program = world.signed_in().await;
    for _ in 0..3 {
        let before = world.vault.record().await["grant"]["refresh_token"].clone();
        world.expire();
        assert_let_in(&world.ask(&program).await);
        let after = world.vault.record().await["grant"]["refresh_token"].clone();
        assert!(after.is_string() && after != before);
    }
    assert_eq!(world.refreshes().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_refresh_token_leaves_the_old_one() {
    let world = World::with(|config| config.rotation = Rotation::None, |_| {}).await;
    let program = world.signed_in().await;
    let before = world.vault.record().await["grant"].clone();
    for _ in 0..2 {
        world.expire();
        assert_let_in(&world.ask(&program).await);
        let after = world.vault.record().await["grant"].clone();
        assert_eq!(after["refresh_token"], before["refresh_token"]);
        assert_ne!(after["access_token"], before["access_token"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_scope_or_lifetime_leaves_what_was_granted() {
    let world = World::start().await;
    let program = world.signed_in().await;
    let before = world.vault.record().await["grant"].clone();
    world.expire();
    world.authority.set(|config| config.token_patch = json!({ "scope": null, "expires_in": null }));
    assert_let_in(&world.ask(&program).await);
    let after = world.vault.record().await["grant"].clone();
    assert_eq!(after["scopes"], before["scopes"]);
    assert!(before["scopes"].to_string().contains("mcp:read"));
    assert_eq!(after["expires_at"], json!(null));
    // What has no end is used until it is refused.
    world.clock.advance(1_000 * LIFETIME);
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.refreshes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_secret_shows_it() {
    let always = |config: &mut car_testkit::authority::AuthorityConfig| {
        config.registration_secret = RegistrationSecret::Always;
        config.token_auth_methods = vec!["client_secret_basic".to_owned()];
    };
    let world = World::with(always, |_| {}).await;
    drop(world.signed_in().await);
    world.expire();
    // A program that has just been started knows it from the vault.
    assert_let_in(&world.ask(&world.program()).await);
    let [seen] = world.refreshes().try_into().unwrap();
    assert!(seen.authorization().is_some_and(|value| value.starts_with("Basic ")));
    assert_eq!(seen.param("client_secret"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_a_refresh_token_is_used_to_its_end() {
    let world = World::with(|config| config.refresh_tokens = RefreshTokens::Never, |_| {}).await;
    let program = world.signed_in().await;
    for left in [LIFETIME, LIFETIME / 20, 1] {
        world.clock.advance(LIFETIME - left);
        assert_let_in(&world.ask(&program).await);
        world.clock.rewind(LIFETIME - left);
    }
    world.expire();
    assert_sign_in_required(&world.ask(&program).await);
    assert_sign_in_required(&world.ask(&world.program()).await);
    assert_eq!(world.authority.count(Endpoint::Token), 1, "there was nothing to ask with");
}
