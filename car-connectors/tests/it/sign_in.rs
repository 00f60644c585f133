//! Signing in and out, and what becomes of tokens from one start of the program to the next.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use car_connectors::store::{Keychain, KeychainError, Secret, SecretMode};
use car_connectors::{ErrorKind, NewConnector, SignInOptions};
use car_testkit::authority::{Account, Endpoint};
use car_testkit::location_of;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::sign_in_support::{Protected, person};
use crate::support::{ERAS, echo, logged, named, server};

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_starts_with_an_expired_token_calls_without_a_browser() {
    let world = Protected::start(|_| {}).await;
    world.signed_in(&["Docs"]).await.close().await;
    for round in 1..=3 {
        world.authority.expire_access_tokens();
        echo(&world.place.manager().await, "docs").await.unwrap();
        assert_eq!((world.refreshes(), world.visits()), (round, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_calls_with_a_token_that_has_ended_send_one_refresh() {
    let world = Protected::start(|_| {}).await;
    let manager = world.signed_in(&["Docs"]).await;
    for round in 1..=2 {
        world.authority.expire_access_tokens();
        let mut calls = JoinSet::new();
        for _ in 0..100 {
            let manager = manager.clone();
            calls.spawn(async move { echo(&manager, "docs").await.map(drop) });
        }
        for outcome in calls.join_all().await {
            outcome.unwrap();
        }
        assert_eq!((world.refreshes(), world.visits()), (round, 1));
    }
    assert!(logged(&manager).iter().all(|line| !line.contains("error")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_during_a_refresh_costs_no_sign_in() {
    let world = Protected::start(|_| {}).await;
    let manager = world.signed_in(&["Docs"]).await;
    world.authority.expire_access_tokens();
    world.authority.set(|config| config.refresh_delay = Duration::from_millis(200));
    let refreshing = async {
        while world.refreshes() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        outcome = echo(&manager, "docs") => panic!("its token is held up: {outcome:?}"),
        () = refreshing => {}
    }
    echo(&manager, "docs").await.unwrap();
    assert_eq!((world.refreshes(), world.visits()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_keeps_the_sign_in_until_it_is_back() {
    let mut world = Protected::start(|_| {}).await;
    let manager = world.signed_in(&["Docs"]).await;
    let kept = world.secrets();
    world.authority.expire_access_tokens();
    world.authority.stop().await;
    for manager in [&manager, &world.place.manager().await] {
        let error = echo(manager, "docs").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        assert!(
            error.is_transient() && error.hint().is_some_and(|hint| hint.contains("the sign-in is kept"))
        );
    }
    let refresh_token = kept.split("refresh-").nth(1).unwrap()[..32].to_owned();
    assert!(world.secrets().contains(&refresh_token));
    world.authority.restart().await.unwrap();
    // The program that runs leaves the server alone for a moment.
    let began = Instant::now();
    while let Err(error) = echo(&manager, "docs").await {
        assert!(error.is_transient() && began.elapsed() < Duration::from_secs(20), "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    echo(&world.place.manager().await, "docs").await.unwrap();
    assert_eq!((world.refreshes(), world.visits()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_at_one_server_do_not_mix() {
    let world = Protected::start(|_| {}).await;
    let manager = world.signed_in(&["Ada"]).await;
    world.authority.set(|config| config.account = Account::new("user-2", "grace@example.com", "Grace"));
    world.add(&manager, "Grace").await;
    for _ in 0..2 {
        for (slug, subject) in [("ada", "user-1"), ("grace", "user-2")] {
            for manager in [&manager, &world.place.manager().await] {
                echo(manager, slug).await.unwrap();
                assert_eq!(world.last_subject().as_deref(), Some(subject));
            }
        }
        world.authority.expire_access_tokens();
    }
    assert!(manager.sign_out("grace").await.unwrap().revoked);
    assert!(echo(&manager, "grace").await.unwrap_err().is_auth_required());
    echo(&manager, "ada").await.unwrap();
    manager.remove("grace").await.unwrap();
    echo(&world.place.manager().await, "ada").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_gives_the_tokens_back_and_leaves_the_tools_enabled() {
    let world = Protected::start(|_| {}).await;
    let manager = world.signed_in(&["Docs"]).await;
    assert!(manager.account("docs").await.unwrap().signed_in);
    assert!(world.entry("docs")["issuer"].is_string());
    let signed_out = manager.sign_out("docs").await.unwrap();
    assert!(signed_out.was_signed_in && signed_out.revoked);
    assert!(world.authority.count(Endpoint::Revoke) > 0);
    let secrets = world.secrets();
    assert!(!secrets.contains("access-") && !secrets.contains("refresh-"), "{secrets}");
    assert_eq!(world.entry("docs")["issuer"], Value::Null);
    for manager in [&manager, &world.place.manager().await] {
        let error = echo(manager, "docs").await.unwrap_err();
        assert!(error.is_auth_required() && error.hint().is_some_and(|hint| hint.contains("car login docs")));
        assert!(!manager.account("docs").await.unwrap().signed_in);
    }
    assert!(!manager.sign_out("docs").await.unwrap().was_signed_in);
    manager.sign_in("docs", &SignInOptions::new(), &person()).await.unwrap();
    echo(&manager, "docs").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_end_begins_and_completes_a_sign_in() {
    let world = Protected::start(|_| {}).await;
    let manager = world.place.manager().await;
    world.only_add(&manager, "Docs").await;
    let before = world.place.manifest();
    let callback = "https://front.example/callback";
    let begun = manager.begin_sign_in("docs", &SignInOptions::new(), callback).await.unwrap();
    assert_eq!(world.place.manifest(), before, "nothing is kept yet");
    let ended_at = location_of(&begun.authorize_url).await.unwrap();
    let query = ended_at.strip_prefix(callback).unwrap().trim_start_matches('?').to_owned();
    assert!(query.contains(&begun.state));

    let foreign = query.replace(&begun.state, "another");
    assert_eq!(manager.complete_sign_in(&foreign).await.unwrap_err().kind(), ErrorKind::SignInFailed);
    // The one that waits is still there, and good for one answer.
    assert!(manager.complete_sign_in(&query).await.unwrap().is_renewable);
    assert_eq!(manager.complete_sign_in(&query).await.unwrap_err().kind(), ErrorKind::SignInFailed);
    manager.refresh("docs").await.unwrap();
    manager.enable_tools("docs", &named(&["echo"])).await.unwrap();
    echo(&manager, "docs").await.unwrap();
    echo(&world.place.manager().await, "docs").await.unwrap();
    let http = manager.begin_sign_in("docs", &SignInOptions::new(), "http://front.example/").await;
    assert_eq!(http.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_runs_notices_a_sign_in_by_another() {
    let world = Protected::start(|_| {}).await;
    let manager = world.signed_in(&["Docs"]).await;
    echo(&manager, "docs").await.unwrap();
    world.authority.revoke_everything();
    assert!(echo(&manager, "docs").await.unwrap_err().is_auth_required());
    let other = world.place.manager().await;
    other.sign_in("docs", &SignInOptions::new(), &person()).await.unwrap();
    echo(&manager, "docs").await.unwrap();
    assert_eq!(world.visits(), 2);
    // The same for the first sign-in of all.
    world.only_add(&manager, "Second").await;
    other.sign_in("second", &SignInOptions::new(), &person()).await.unwrap();
    manager.refresh("second").await.unwrap();
    manager.enable_tools("second", &named(&["echo"])).await.unwrap();
    echo(&manager, "second").await.unwrap();
    assert_eq!(world.visits(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_somebody_to_ask_a_call_signs_in_by_itself() {
    let world = Protected::start(|_| {}).await;
    world.signed_in(&["Docs"]).await.close().await;
    world.authority.revoke_everything();
    let manager = world.with(|options| options.with_user_agent(Arc::new(person()))).await;
    echo(&manager, "docs").await.unwrap();
    assert_eq!(world.visits(), 2);
    echo(&world.place.manager().await, "docs").await.unwrap();
}

/// A keychain in memory that counts.
#[derive(Default)]
struct Counted {
    entries: Mutex<HashMap<String, String>>,
    used: AtomicUsize,
}

impl Keychain for Counted {
    fn read(&self, entry: &str) -> Result<Option<Secret>, KeychainError> {
        self.used.fetch_add(1, Ordering::SeqCst);
        Ok(self.entries.lock().unwrap().get(entry).map(|value| Secret::new(value.as_str())))
    }

    fn write(&self, entry: &str, secret: &Secret) -> Result<(), KeychainError> {
        self.used.fetch_add(1, Ordering::SeqCst);
        self.entries.lock().unwrap().insert(entry.to_owned(), secret.expose().to_owned());
        Ok(())
    }

    fn remove(&self, entry: &str) -> Result<(), KeychainError> {
        self.used.fetch_add(1, Ordering::SeqCst);
        self.entries.lock().unwrap().remove(entry);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_without_a_sign_in_leaves_the_keychain_alone() {
    let keychain = Arc::new(Counted::default());
    let world = Protected::start(|_| {}).await;
    let manager = world
        .with(|options| {
            let options = options.with_secrets(SecretMode::Keychain);
            options.with_keychain(Arc::clone(&keychain) as Arc<dyn Keychain>)
        })
        .await;
    let open = server(ERAS[0]).await;
    manager.add(NewConnector::remote("Open", open.url())).await.unwrap();
    manager.enable_tools("open", &named(&["echo"])).await.unwrap();
    echo(&manager, "open").await.unwrap();
    manager.refresh("open").await.unwrap();
    // Neither does one that wants a sign-in, as long as nobody has made one.
    world.only_add(&manager, "Docs").await;
    assert!(manager.refresh("docs").await.unwrap_err().is_auth_required());
    manager.list().await.unwrap();
    assert_eq!(keychain.used.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_leaves_no_token_behind() {
    let keychain = Arc::new(Counted::default());
    let world = Protected::start(|_| {}).await;
    let manager = world
        .with(|options| {
            let options = options.with_secrets(SecretMode::Keychain);
            options.with_keychain(Arc::clone(&keychain) as Arc<dyn Keychain>)
        })
        .await;
    world.add(&manager, "Docs").await;
    assert_eq!(keychain.entries.lock().unwrap().len(), 1);
    assert_eq!(world.secrets(), "", "nothing is in a file");
    manager.remove("docs").await.unwrap();
    assert!(keychain.entries.lock().unwrap().is_empty());
    // One of the same name does not inherit anything.
    world.only_add(&manager, "Docs").await;
    assert!(!manager.account("docs").await.unwrap().signed_in);

    let manager = world.signed_in(&["File"]).await;
    assert!(world.secrets().contains("refresh-"));
    manager.remove("file").await.unwrap();
    assert!(!world.secrets().contains("refresh-") && !world.secrets().contains("access-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_opens_no_way_around_the_rules() {
    let world = Protected::start(|_| {}).await;
    let manager = world.signed_in(&["Docs"]).await;
    let before = world.server.ledger().method("tools/call");
    let error = crate::support::call(&manager, "docs", "add", r#"{"a":1,"b":2}"#).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotEnabled);
    // Signing in anew enables nothing that was not.
    manager.disable_tools("docs", &named(&["echo"])).await.unwrap();
    manager.sign_in("docs", &SignInOptions::new(), &person()).await.unwrap();
    assert_eq!(echo(&manager, "docs").await.unwrap_err().kind(), ErrorKind::NotEnabled);
    manager.enable_tools("docs", &named(&["echo"])).await.unwrap();
    world.place.write("policy.toml", "[[deny_connector]]\nconnector = \"docs\"\n");
    let denied = world.place.manager().await;
    world.authority.expire_access_tokens();
    let requests = world.server.ledger().requests();
    assert_eq!(echo(&denied, "docs").await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(
        (world.server.ledger().method("tools/call"), world.server.ledger().requests()),
        (before, requests)
    );
    assert_eq!(world.refreshes(), 0, "what is denied renews nothing");
}
