//! However many ask, one refresh is made.

use std::time::Duration;

use car_oauth::Error;
use car_oauth::driver::{Authorizer, Refusal};
use tokio::task::JoinSet;

use crate::custody::support::{Person, World, ask, assert_let_in, until};

/// How many ask at once.
const CROWD: usize = 100;

/// Lets a crowd ask at once, each through the program that is its turn.
async fn crowd(world: &World, programs: &[Authorizer]) -> Vec<Result<u16, Error>> {
    let mut tasks = JoinSet::new();
    for number in 0..CROWD {
        let (program, url) = (programs[number % programs.len()].clone(), world.url());
        tasks.spawn(async move { ask(&program, &url, "ping").await });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_tasks_with_an_expired_token_send_one_refresh() {
    let world = World::start().await;
    let program = world.signed_in().await;
    for round in 1..=3 {
        world.expire();
        for outcome in crowd(&world, std::slice::from_ref(&program)).await {
            assert_let_in(&outcome);
        }
        assert_eq!(world.refreshes().len(), round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_tasks_refused_with_the_same_token_send_one_refresh() {
    let world = World::start().await;
    let program = world.signed_in().await;
    assert_let_in(&world.ask(&program).await);
    let proof = program.prove("POST", &world.url()).await.unwrap();
    world.authority.expire_access_tokens();
    let mut tasks = JoinSet::new();
    for _ in 0..CROWD {
        let (program, generation) = (program.clone(), proof.generation);
        tasks.spawn(async move {
            let challenges = ["Bearer error=\"invalid_token\"".to_owned()];
            let headers = car_http::HeaderMap::new();
            let refusal = Refusal { status: 401, challenges: &challenges, headers: &headers, generation };
            program.refused(&refusal).await
        });
    }
    for outcome in tasks.join_all().await {
        assert!(outcome.unwrap(), "it may be sent again");
    }
    assert_eq!(world.refreshes().len(), 1);
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.refreshes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_share_a_vault_send_one_refresh() {
    let world = World::start().await;
    let programs = [world.signed_in().await, world.program(), world.program()];
    for program in &programs {
        assert_let_in(&world.ask(program).await);
    }
    world.expire();
    for outcome in crowd(&world, &programs).await {
        assert_let_in(&outcome);
    }
    assert_eq!(world.refreshes().len(), 1, "the others found the new token in the vault");
    assert_eq!(world.visits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_finds_its_token_refused_takes_the_one_that_another_has_kept() {
    let world = World::start().await;
    let (one, other) = (world.signed_in().await, world.program());
    assert_let_in(&world.ask(&one).await);
    assert_let_in(&world.ask(&other).await);
    // Neither knows of the end of the token.
    world.authority.expire_access_tokens();
    assert_let_in(&world.ask(&one).await);
    assert_let_in(&world.ask(&other).await);
    assert_eq!(world.refreshes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_replaced_before_it_was_used_is_no_reason_to_sign_in() {
    let world = World::start().await;
    let (one, other) = (world.signed_in().await, world.program());
    assert_let_in(&world.ask(&other).await);
    world.expire();
    // The other one takes the new token from the vault, and before it sends anything there is a newer one.
    assert_let_in(&world.ask(&one).await);
    other.prove("POST", &world.url()).await.unwrap();
    world.expire();
    assert_let_in(&world.ask(&one).await);
    world.clock.rewind(crate::custody::support::LIFETIME);
    assert_let_in(&world.ask(&other).await);
    assert_eq!((world.refreshes().len(), world.visits()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_by_another_program_is_noticed() {
    let world = World::start().await;
    let program = world.program();
    assert!(world.ask(&program).await.is_err_and(|error| error.is_sign_in_required()));
    world.program().sign_in(&Person::default()).await.unwrap();
    assert_let_in(&world.ask(&program).await);
    // The same after a sign-in has ended.
    world.authority.revoke_everything();
    assert!(world.ask(&program).await.is_err_and(|error| error.is_sign_in_required()));
    world.program().sign_in(&Person::default()).await.unwrap();
    assert_let_in(&world.ask(&program).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gives_up_waiting_for_a_refresh_does_not_lose_its_answer() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.expire();
    world.authority.set(|config| config.refresh_delay = Duration::from_millis(200));
    tokio::select! {
        outcome = world.ask(&program) => panic!("the answer is held up: {outcome:?}"),
        () = until(|| world.refreshes().len() == 1) => {}
    }
    // Whose task it was is gone; the server has rotated the token already, and would take a second use for a theft.
    for outcome in crowd(&world, &[program, world.program()]).await {
        assert_let_in(&outcome);
    }
    assert_eq!((world.refreshes().len(), world.visits()), (1, 1));
}
