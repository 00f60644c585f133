//! A server that fails costs nobody a sign-in: the token stays, and is renewed when the server is back.

use std::time::Duration;

use car_oauth::driver::Authorizer;
use car_testkit::authority::{Canned, TokenFault};

use crate::custody::support::{LIFETIME, World, assert_let_in, assert_transient, until};

/// The longest pause, in seconds, before a failing server is asked again.
const LONGEST_PAUSE: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_the_server_the_token_stays() {
    let html = "<!doctype html><title>Bad gateway</title>".to_owned();
    let faults = [
        TokenFault::Error(500, "server_error".to_owned()),
        TokenFault::Error(503, "invalid_grant".to_owned()),
        TokenFault::Error(400, "temporarily_unavailable".to_owned()),
        TokenFault::TooMany(1),
        TokenFault::Canned(Canned::Exactly(502, "text/html".to_owned(), html)),
        TokenFault::Canned(Canned::Cut),
    ];
    let world = World::start().await;
    let program = world.signed_in().await;
    for fault in faults {
        let kept = world.vault.record().await["grant"].clone();
        world.expire();
        world.authority.set(|config| config.refresh_fault = Some(fault.clone()));
        let outcome = world.ask(&program).await;
        assert!(outcome.as_ref().is_err_and(car_oauth::Error::is_transient), "{fault:?}: {outcome:?}");
        let record = world.vault.record().await;
        assert_eq!(record["grant"], kept, "{fault:?}");
        assert!(record["last_failure"]["text"].is_string(), "{fault:?}");
        assert!(program.account().await.unwrap().last_failure.is_some());

        world.authority.set(|config| config.refresh_fault = None);
        world.clock.advance(LONGEST_PAUSE);
        assert_let_in(&world.ask(&program).await);
        assert_eq!(program.account().await.unwrap().last_failure, None);
    }
    assert_eq!(world.visits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_status_200_says_nothing_about_the_token() {
    let world = World::start().await;
    let program = world.signed_in().await;
    let kept = world.vault.record().await["grant"].clone();
    world.expire();
    // A hotel's gate, for instance.
    world.authority.set(|config| config.refresh_fault = Some(TokenFault::Canned(Canned::Html)));
    let outcome = world.ask(&program).await;
    assert!(outcome.as_ref().is_err_and(|error| !error.is_sign_in_required()), "{outcome:?}");
    assert_eq!(world.vault.record().await["grant"], kept);
    world.authority.set(|config| config.refresh_fault = None);
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.visits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_asked_again_when_it_is_back() {
    let mut world = World::start().await;
    let program = world.signed_in().await;
    world.expire();
    world.authority.stop().await;
    assert_transient(&world.ask(&program).await);
    // The pauses grow up to the longest one, and nothing is asked meanwhile.
    for _ in 0..6 {
        world.clock.advance(LONGEST_PAUSE);
        assert_transient(&world.ask(&program).await);
    }
    world.authority.restart().await.unwrap();
    assert_transient(&world.ask(&program).await);
    assert_eq!(world.refreshes().len(), 0, "it is left alone for a moment");
    world.clock.advance(LONGEST_PAUSE);
    assert_let_in(&world.ask(&program).await);
    assert_eq!((world.refreshes().len(), world.visits()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_starts_while_the_server_is_gone_keeps_the_token() {
    let mut world = World::start().await;
    drop(world.signed_in().await);
    world.expire();
    world.authority.stop().await;
    assert_transient(&world.ask(&world.program()).await);
    world.authority.restart().await.unwrap();
    assert_let_in(&world.ask(&world.program()).await);
    assert_eq!(world.visits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_server_is_not_asked_by_everybody() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.expire();
    world.authority.set(|config| config.refresh_fault = Some(TokenFault::Error(500, "down".to_owned())));
    let mut asked = Vec::new();
    for _ in 0..30 {
        assert_transient(&world.ask(&program).await);
        asked.push(world.refreshes().len());
        world.clock.advance(1);
    }
    // After 0, 1, 3, 7, 15 and 25 seconds.
    let first = |count: usize| asked.iter().position(|so_far| *so_far == count).unwrap();
    assert_eq!([1, 2, 3, 4, 5, 6].map(first), [0, 1, 3, 7, 15, 25]);
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.expire();
    world.authority.set(|config| config.refresh_fault = Some(TokenFault::Canned(Canned::Silence)));
    let asking = world.ask(&program);
    tokio::pin!(asking);
    tokio::select! {
        outcome = &mut asking => panic!("it is silent: {outcome:?}"),
        () = until(|| world.refreshes().len() == 1) => {}
    }
    tokio::time::pause();
    assert_transient(&asking.await);
    tokio::time::resume();
    world.authority.set(|config| config.refresh_fault = None);
    world.clock.advance(LONGEST_PAUSE);
    assert_let_in(&world.ask(&program).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_its_end_and_used_to_its_end_if_that_fails() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.clock.advance(LIFETIME * 8 / 10);
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.refreshes().len(), 0, "it is good for long enough");

    world.clock.advance(LIFETIME * 15 / 100);
    world.authority.set(|config| config.refresh_fault = Some(TokenFault::Error(500, "down".to_owned())));
    for _ in 0..3 {
        assert_let_in(&world.ask(&program).await);
    }
    assert_eq!(world.refreshes().len(), 1, "it was tried, and then left alone");
    world.authority.set(|config| config.refresh_fault = None);
    world.clock.advance(1);
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.refreshes().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_renewal_ahead_of_the_end() {
    let world = World::start().await;
    let program = world.signed_in().await;
    world.clock.advance(LIFETIME * 95 / 100);
    world.authority.set(|config| config.refresh_delay = Duration::from_secs(60));
    let first = world.ask(&program);
    tokio::pin!(first);
    tokio::select! {
        outcome = &mut first => panic!("its answer is held up: {outcome:?}"),
        () = until(|| world.refreshes().len() == 1) => {}
    }
    assert_let_in(&world.ask(&program).await);
    assert_eq!(world.refreshes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_began_together_do_not_renew_together() {
    const LONG: u64 = 10_000;
    let world = World::with(|config| config.access_token_lifetime = Some(LONG as i64), |_| {}).await;
    drop(world.signed_in().await);
    // A minute before the end, or twenty seconds later: as the dice say.
    let renews = async |dice: u8, left: u64| {
        let vault = world.vault.copy().await;
        let program: Authorizer = world.over(world.settings(), std::sync::Arc::new(vault)).build().unwrap();
        let before = world.refreshes().len();
        world.clock.throw(dice);
        world.clock.advance(LONG - left);
        // What it comes to is of no interest: the copies share one refresh token, which is spent once.
        drop(program.prove("POST", &world.url()).await);
        world.clock.rewind(LONG - left);
        world.refreshes().len() > before
    };
    assert!(!renews(0, 61).await);
    assert!(renews(0, 59).await);
    assert!(!renews(255, 59).await);
    assert!(!renews(255, 41).await);
    assert!(renews(255, 39).await);
}
