//! Signing in on another device (RFC 8628).

use std::sync::Mutex;
use std::time::Duration;

use car_oauth::driver::DeviceDisplay;
use car_oauth::{Error, Timestamp};
use car_testkit::authority::{Endpoint, TokenFault};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;
use url::Url;

use crate::custody::support::{World, assert_let_in, until};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Shows the code to the test.
struct Display(Mutex<watch::Sender<String>>);

impl Display {
    fn new() -> Self {
        Self(Mutex::new(watch::Sender::new(String::new())))
    }

    /// Returns the code once it is shown.
    async fn code(&self) -> String {
        let mut codes = self.0.lock().unwrap().subscribe();
        codes.wait_for(|code| !code.is_empty()).await.unwrap().clone()
    }
}

impl DeviceDisplay for Display {
    fn show<'a>(
        &'a self,
        name: &'a str,
        verification_uri: &'a Url,
        complete: Option<&'a Url>,
        user_code: &'a str,
        _expires_at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>> {
        assert_eq!((name, verification_uri.path()), ("Docs", "/activate"));
        assert!(complete.is_some_and(|uri| uri.query().is_some_and(|query| query.contains(user_code))));
        self.0.lock().unwrap().send_replace(user_code.to_owned());
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn it_waits_for_the_person_and_keeps_the_tokens() {
    let world = World::start().await;
    let (program, display) = (world.program(), Display::new());
    tokio::time::pause();
    let person = async {
        let code = display.code().await;
        // Asked twice in vain, as long as nobody has decided.
        until_asked(&world, 2).await;
        assert!(world.authority.approve_device(&code));
    };
    let (signed_in, ()) = tokio::join!(program.sign_in_by_device(&display), person);
    assert!(signed_in.unwrap().is_renewable);
    tokio::time::resume();
    assert_let_in(&world.ask(&program).await);
    world.expire();
    assert_let_in(&world.ask(&world.program()).await);
    assert_eq!((world.refreshes().len(), world.visits()), (1, 0));
}

#[tokio::test]
async fn it_asks_less_often_when_told_so() {
    let world = World::start().await;
    let (program, display) = (world.program(), Display::new());
    world.authority.set(|config| {
        config.token_fault = Some(TokenFault::Error(400, "slow_down".to_owned()));
    });
    tokio::time::pause();
    let began = Instant::now();
    let person = async {
        let code = display.code().await;
        until_asked(&world, 2).await;
        world.authority.set(|config| config.token_fault = None);
        assert!(world.authority.approve_device(&code));
    };
    let (signed_in, ()) = tokio::join!(program.sign_in_by_device(&display), person);
    signed_in.unwrap();
    // After 5, 10 and 15 seconds more.
    assert_eq!(world.granted(DEVICE_CODE).len(), 3);
    assert!(began.elapsed() >= Duration::from_secs(30), "{:?}", began.elapsed());
}

#[tokio::test]
async fn it_outlasts_a_server_that_fails_for_a_moment() {
    let world = World::start().await;
    let (program, display) = (world.program(), Display::new());
    world.authority.set(|config| config.token_fault = Some(TokenFault::Error(503, "down".to_owned())));
    tokio::time::pause();
    let person = async {
        let code = display.code().await;
        until_asked(&world, 2).await;
        assert!(world.authority.approve_device(&code));
        world.authority.set(|config| config.token_fault = None);
    };
    let (signed_in, ()) = tokio::join!(program.sign_in_by_device(&display), person);
    signed_in.unwrap();
}

#[tokio::test]
async fn a_person_who_refuses_leaves_nothing_behind() {
    let world = World::start().await;
    let (program, display) = (world.program(), Display::new());
    tokio::time::pause();
    let person = async { assert!(world.authority.deny_device(&display.code().await)) };
    let (signed_in, ()) = tokio::join!(program.sign_in_by_device(&display), person);
    assert!(matches!(&signed_in, Err(Error::AuthorizationRefused { error, .. }) if error == "access_denied"));
    assert_eq!(world.vault.text().await, None);
}

#[tokio::test]
async fn a_code_that_nobody_enters_comes_to_its_end() {
    let world = World::with(|config| config.device_lifetime = Duration::from_secs(12), |_| {}).await;
    let (program, display) = (world.program(), Display::new());
    tokio::time::pause();
    let signed_in = program.sign_in_by_device(&display).await;
    assert!(matches!(signed_in, Err(Error::SignInTimedOut { .. })), "{signed_in:?}");
    assert_eq!(world.vault.text().await, None);
    assert!(world.authority.count(Endpoint::Token) <= 3, "it is not asked after that");
}

async fn until_asked(world: &World, times: usize) {
    until(|| world.granted(DEVICE_CODE).len() >= times).await;
}
