//! When a sign-in has ended: that is looked at once more, then it is forgotten and a person is asked for, once.

use std::sync::Arc;
use std::time::Duration;

use car_testkit::authority::{Endpoint, TokenFault};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::custody::support::{Person, World, ask, assert_let_in, assert_sign_in_required, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refresh_token_is_forgotten_and_a_sign_in_asked_for() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.expire();
    world.authority.revoke_everything();
    assert_sign_in_required(&world.ask(&program).await);
    let record = world.vault.record().await;
    assert_eq!(record["grant"], Value::Null);
    assert_eq!(record["clients"].as_array().unwrap().len(), 1, "the client is still known");
    assert!(record["last_failure"]["text"].as_str().unwrap().contains("invalid_grant"));
    // That was that: neither this program nor another tries it again.
    assert_sign_in_required(&world.ask(&program).await);
    assert_sign_in_required(&world.ask(&world.program()).await);
    assert_eq!(world.refreshes().len(), 1);

    program.sign_in(&Person::default()).await.unwrap();
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.authority.count(Endpoint::Register), 1);
    assert_eq!(world.vault.record().await["last_failure"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_whose_sign_in_has_ended_asks_once() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.expire();
    world.authority.revoke_everything();
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let (program, url) = (program.clone(), world.url());
        tasks.spawn(async move { ask(&program, &url, "ping").await });
    }
    for outcome in tasks.join_all().await {
        assert_sign_in_required(&outcome);
    }
    assert_eq!(world.refreshes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_with_a_person_to_ask_sends_that_person_once() {
    let world = World::start().await;
    let program = world.builder(world.settings()).agent(Arc::new(Person::default())).build().unwrap();
    for round in 1..=2 {
        let mut tasks = JoinSet::new();
        for _ in 0..50 {
            let (program, url) = (program.clone(), world.url());
            tasks.spawn(async move { ask(&program, &url, "ping").await });
        }
        for outcome in tasks.join_all().await {
            assert_let_in(&outcome);
        }
        assert_eq!(world.visits(), round);
        world.expire();
        world.authority.revoke_everything();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_kept_meanwhile_is_used() {
    let world = World::start().await;
    let program = world.signed_in().await;
    let elsewhere = world.vault.copy().await;
    world.expire();
    world.authority.revoke_everything();
    world.authority.set(|config| config.refresh_delay = Duration::from_millis(200));
    let mut tasks = JoinSet::new();
    let url = world.url();
    tasks.spawn(async move { ask(&program, &url, "ping").await });
    until(|| world.refreshes().len() == 1).await;
    // It knows no lock, as on another machine with the same home.
    let other = world.over(world.settings(), Arc::new(elsewhere.clone())).build().unwrap();
    other.sign_in(&Person::default()).await.unwrap();
    world.vault.put(&elsewhere.text().await.unwrap()).await;
    assert_let_in(&tasks.join_next().await.unwrap().unwrap());
    assert_eq!(world.refreshes().len(), 1);
    assert_eq!(world.vault.text().await, elsewhere.text().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_no_longer_known_is_registered_again() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.expire();
    world.authority.forget_clients();
    assert_sign_in_required(&world.ask(&program).await);
    let record = world.vault.record().await;
    assert_eq!(record["clients"].as_array().unwrap().len(), 0);
    assert_eq!(record["grant"], Value::Null);
    program.sign_in(&Person::default()).await.unwrap();
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.authority.count(Endpoint::Register), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_renewed_and_still_refused_is_not_renewed_again() {
    let world = World::start().await;
    let program = world.signed_in().await;
    assert_let_in(&world.ask(&program).await);
    world.authority.expire_access_tokens();
    world.authority.set(|config| config.refresh_fault = Some(TokenFault::DeadToken));
    let outcome = world.ask(&program).await;
    assert_sign_in_required(&outcome);
    assert!(outcome.unwrap_err().to_string().contains("renewed a moment ago"));
    assert_eq!(world.refreshes().len(), 1);
    // The server comes to its senses: nothing was thrown away.
    world.authority.set(|config| config.refresh_fault = None);
    world.expire();
    assert_let_in(&world.ask(&program).await);
    assert_eq!((world.refreshes().len(), world.visits()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_as_soon_as_it_is_issued_asks_nobody_again() {
    let world = World::with(|_| {}, |config| config.refuses_all = true).await;
    let program = world.builder(world.settings()).agent(Arc::new(Person::default())).build().unwrap();
    let outcome = world.ask(&program).await;
    assert_sign_in_required(&outcome);
    assert!(outcome.unwrap_err().to_string().contains("issued for it a moment ago"));
    assert_eq!((world.visits(), world.refreshes().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_gives_the_tokens_back_and_forgets_them_though_the_server_is_gone() {
    let mut world = World::start().await;
    let program = world.signed_in().await;
    let token = world.vault.access_token().await.unwrap();
    assert!(program.sign_out().await.unwrap().revoked);
    assert!(!world.authority.is_live(&token));
    assert_sign_in_required(&world.ask(&program).await);

    program.sign_in(&Person::default()).await.unwrap();
    world.authority.stop().await;
    let signed_out = program.sign_out().await.unwrap();
    assert!(signed_out.was_signed_in && !signed_out.revoked && signed_out.refusal.is_some());
    assert_eq!(world.vault.record().await["grant"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_during_a_refresh_is_a_sign_out() {
    for is_other_program in [false, true] {
        let world = World::start().await;
        let program = world.signed_in().await;
        let who = if is_other_program { world.program() } else { program.clone() };
        world.expire();
        world.authority.set(|config| config.refresh_delay = Duration::from_millis(100));
        let mut tasks = JoinSet::new();
        let (asking, url) = (program.clone(), world.url());
        tasks.spawn(async move { ask(&asking, &url, "ping").await });
        until(|| world.refreshes().len() == 1).await;
        assert!(who.sign_out().await.unwrap().revoked);
        // Whether that request still got through is a matter of moments; there is no token after it.
        drop(tasks.join_next().await.unwrap().unwrap());
        assert_eq!(world.vault.record().await["grant"], Value::Null);
        assert_sign_in_required(&world.ask(&world.program()).await);
        assert_sign_in_required(&world.ask(&program).await);
        assert_eq!((world.refreshes().len(), world.visits()), (1, 1));
    }
}
