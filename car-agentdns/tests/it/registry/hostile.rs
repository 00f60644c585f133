//! Registries that misbehave.

use std::time::Duration;

use car_agentdns::registry::{Mirror, RegistryClient};
use car_agentdns::{Bearer, Error};
use car_http::ClientBuilder;
use car_testkit::registry::{Fault, RegistryConfig, RegistryServer};
use serde_json::{Value, json};

use super::{BUDGET, entry, reference, registry};

/// What stops the reading of a registry that fails so.
async fn stopped_by(fault: Fault) -> (Mirror, Error) {
    let (server, client) = registry(|_| ()).await;
    server.fail_after(0, fault);
    let mut mirror = Mirror::new(&server.url());
    let synced = client.sync(&mut mirror, 1_000, BUDGET).await;
    (mirror, synced.stopped.expect("it is stopped"))
}

#[tokio::test]
async fn leaves_a_registry_that_always_has_another_page() {
    let (mirror, error) = stopped_by(Fault::Endless).await;
    assert!(error.to_string().contains("expected at most 2000 pages"), "{error}");
    assert_eq!(mirror.len(), 2_000);
    assert!(!mirror.is_complete());
}

#[tokio::test]
async fn leaves_a_registry_that_goes_in_circles() {
    let page = json!({ "servers": [entry("a.b/c", "1", "")], "metadata": { "nextCursor": "again" } });
    let (mirror, error) = stopped_by(Fault::Body(page.to_string())).await;
    assert!(error.to_string().contains("begins where one before it did"), "{error}");
    assert_eq!((mirror.len(), mirror.is_complete()), (1, false));
}

#[tokio::test]
async fn takes_an_empty_page_for_the_last() {
    for page in [r#"{"servers":[],"metadata":{"nextCursor":"more"}}"#, r#"{"servers":[]}"#] {
        let (server, client) = registry(|_| ()).await;
        server.fail_after(0, Fault::Body(page.to_owned()));
        let mut mirror = Mirror::new(&server.url());
        super::sync(&client, &mut mirror, 1_000).await;
        assert!(mirror.is_complete() && mirror.is_empty());
    }
}

#[tokio::test]
async fn says_what_is_wrong_with_an_answer() {
    let large = format!(r#"{{"servers":["{}"]}}"#, "x".repeat(9 * 1_024 * 1_024));
    let long =
        json!({ "servers": [entry("a.b/c", "1", "")], "metadata": { "nextCursor": "x".repeat(5_000) } });
    for (fault, expected) in [
        (Fault::Status(502), "failed with status 502"),
        (Fault::TooOften(Some(7)), "was asked too often"),
        (Fault::Body("<html>".to_owned()), "expected a list of servers"),
        (Fault::Body(r#"{"servers":{}}"#.to_owned()), "expected a list of servers"),
        (Fault::Body("[]".to_owned()), "expected a list of servers"),
        (Fault::Body(r#"{"servers":[],"metadata":7}"#.to_owned()), "expected a list of servers"),
        (Fault::Body(large), "is larger than 8388608 bytes"),
        (Fault::Body(long.to_string()), "expected a cursor of at most 2048 bytes"),
        (Fault::Body("[".repeat(100_000)), "expected a list of servers"),
    ] {
        let (_, error) = stopped_by(fault).await;
        assert!(error.to_string().contains(expected), "{error}");
    }
    let (_, error) = stopped_by(Fault::TooOften(Some(7))).await;
    assert!(
        matches!(error, Error::RateLimited { retry_after: Some(after), .. } if after == Duration::from_secs(7)),
        "{error:?}"
    );
}

#[tokio::test]
async fn sets_bad_entries_aside_and_takes_the_others() {
    let bad = [
        json!(7),
        json!({}),
        json!({ "server": { "name": "no slash", "version": "1" } }),
        json!({ "server": { "name": "a.b/unversioned" } }),
        json!({ "server": { "name": "local/files", "version": "1" } }),
        json!({ "server": { "name": "a.b/large", "version": "1", "x": "x".repeat(300_000) } }),
    ];
    let odd = json!({ "server": { "name": "a.b/odd", "version": "1", "description": 7, "packages": "none",
        "remotes": [7, { "url": [] }] }, "_meta": [] });
    let servers: Vec<Value> = bad.iter().cloned().chain([odd, entry("a.b/good", "1", "")]).collect();
    let (server, client) = registry(|_| ()).await;
    server.fail_after(0, Fault::Body(json!({ "servers": servers }).to_string()));
    let mut mirror = Mirror::new(&server.url());
    super::sync(&client, &mut mirror, 1_000).await;
    let names: Vec<&str> = mirror.entries().map(|entry| entry.name.name()).collect();
    assert_eq!(names, ["good", "odd"]);
    assert_eq!(mirror.set_aside_count(), bad.len());
    let reasons: Vec<&str> = mirror.set_aside().iter().map(|aside| aside.reason.as_str()).collect();
    assert!(reasons[3].contains("expected a version, found none"), "{reasons:?}");
    assert_eq!(mirror.set_aside()[3].name.as_deref(), Some("a.b/unversioned"));
    assert_eq!(mirror.services("mine", false).len(), 2);
}

#[tokio::test]
async fn does_not_take_its_token_to_where_it_is_sent() {
    let other = RegistryServer::start(RegistryConfig::default()).await.unwrap();
    let (server, _) = registry(|_| ()).await;
    server.fail_after(0, Fault::Redirect(format!("{}/v0.1/servers", other.url())));
    let token = Bearer::new("t0ken").unwrap();
    let client = RegistryClient::new(&ClientBuilder::default(), &server.url(), Some(token)).unwrap();
    let error = client.version(&reference("a.b/c")).await.unwrap_err();
    assert!(matches!(&error, Error::Redirected { to, .. } if *to == other.url()), "{error:?}");
    assert_eq!(other.ledger().requests(), 0);
}
