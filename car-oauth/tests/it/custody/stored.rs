//! A new token is kept before it is used, and what cannot be kept is told.

use car_oauth::Error;
use tokio::task::JoinSet;

use crate::custody::support::{World, ask, assert_let_in, until};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_uses_a_new_token_before_it_is_kept() {
    let world = World::start().await;
    let (program, other) = (world.signed_in().await, world.program());
    world.expire();
    world.vault.hold();
    let before = world.server.ledger().requests();
    let mut tasks = JoinSet::new();
    for program in [&program, &program, &other] {
        let (program, url) = (program.clone(), world.url());
        tasks.spawn(async move { ask(&program, &url, "ping").await });
    }
    world.vault.until_held().await;
    assert_eq!(world.refreshes().len(), 1);
    assert_eq!(world.server.ledger().requests(), before, "no request left");
    assert!(tasks.try_join_next().is_none(), "all wait");
    world.vault.release();
    for outcome in tasks.join_all().await {
        assert_let_in(&outcome);
    }
    assert_eq!(world.refreshes().len(), 1);
    let seen = world.server.ledger().seen();
    let kept = format!("Bearer {}", world.vault.access_token().await.unwrap());
    assert_eq!(seen.last().unwrap().authorization(), Some(kept.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_kept_is_told_and_serves_the_program() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.expire();
    world.vault.fail(true);
    let outcome = world.ask(&program).await;
    assert!(matches!(outcome, Err(Error::Vault { action: "stored", .. })), "{outcome:?}");
    for _ in 0..3 {
        assert_let_in(&world.ask(&program).await);
    }
    assert_eq!(world.refreshes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_refresh_token_in_the_vault_is_not_sent_again() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.vault.fail(true);
    // Twice, so that the vault is two tokens behind.
    for _ in 0..2 {
        world.expire();
        assert!(matches!(world.ask(&program).await, Err(Error::Vault { action: "stored", .. })));
        assert_let_in(&world.ask(&program).await);
    }
    // The keychain is there again: the next renewal keeps what the vault missed.
    world.vault.fail(false);
    world.expire();
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.refreshes().len(), 3);
    assert_let_in(&world.ask(&world.program()).await);
    assert_eq!((world.refreshes().len(), world.visits()), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_only_renews_spends_nothing_that_it_cannot_replace() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.expire();
    world.vault.fail(true);
    // It ends at once, and what it could not keep would end with it.
    let outcome = world.program().renew_due(None).await;
    assert!(matches!(outcome, Err(Error::Vault { action: "stored", .. })), "{outcome:?}");
    assert_eq!(world.refreshes().len(), 0);
    world.vault.fail(false);
    world.program().renew_due(None).await.unwrap();
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.refreshes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_cannot_be_kept_is_told_and_serves_the_program() {
    let world = World::start().await;
    let program = world.program();
    world.vault.fail(true);
    let outcome = program.sign_in(&crate::custody::support::Person::default()).await;
    assert!(matches!(outcome, Err(Error::Vault { action: "stored", .. })), "{outcome:?}");
    assert_let_in(&world.ask(&program).await);
    // It is renewed as any other, for as long as the program runs.
    world.expire();
    assert!(world.ask(&program).await.is_err());
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.refreshes().len(), 1);
    until(|| world.vault.stores() == 0).await;
}
