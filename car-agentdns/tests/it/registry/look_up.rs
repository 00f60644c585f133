//! Asking a registry for one name.

use car_agentdns::registry::{RegistryClient, Status};
use car_agentdns::{Bearer, Error};
use car_http::ClientBuilder;
use car_testkit::registry::Fault;

use super::{entry, name, reference, registry};

#[tokio::test]
async fn asks_for_the_newest_version_or_exactly_one() {
    let (server, client) = registry(|_| ()).await;
    let newest = client.version(&reference("com.example.tracker/issues")).await.unwrap();
    assert_eq!((newest.version.as_str(), newest.is_latest), ("1.10.0", true));
    let old = client.version(&reference("com.example.tracker/issues@1.2.0")).await.unwrap();
    assert_eq!((old.version.as_str(), old.is_latest), ("1.2.0", false));
    assert_eq!(
        client.version(&reference("com.example.code/review@1.0.0+build.5")).await.unwrap().plans().len(),
        1
    );
    let asked = server.requests();
    assert_eq!(asked[0], "/v0.1/servers/com.example.tracker%2Fissues/versions/latest");
    assert_eq!(asked[2], "/v0.1/servers/com.example.code%2Freview/versions/1.0.0%2Bbuild.5");
}

#[tokio::test]
async fn says_that_a_name_is_not_known() {
    let (_server, client) = registry(|_| ()).await;
    for text in ["com.example/none", "com.example.tracker/issues@9.9.9", "com.example.pay/refunds"] {
        let error = client.version(&reference(text)).await.unwrap_err();
        let Error::NotFound { what, .. } = error else { panic!("{error}") };
        assert_eq!(what, text);
    }
}

#[tokio::test]
async fn lists_all_versions_of_a_name_newest_first_with_deleted_ones() {
    let (_server, client) = registry(|_| ()).await;
    let versions = client.versions(&name("com.example.tracker/issues")).await.unwrap();
    let versions: Vec<&str> = versions.iter().map(|entry| entry.version.as_str()).collect();
    assert_eq!(versions, ["1.10.0", "1.2.0", "1.0.0"]);
    let ledger = client.versions(&name("com.example.pay/ledger")).await.unwrap();
    assert_eq!(
        ledger.iter().map(|entry| entry.status).collect::<Vec<_>>(),
        [Status::Deleted, Status::Active]
    );
}

#[tokio::test]
async fn searches_names_in_any_case_and_keeps_to_names() {
    let (server, client) = registry(|_| ()).await;
    let found = client.search("EXAMPLE.db", 10).await.unwrap();
    let names: Vec<&str> = found.iter().map(|entry| entry.name.name()).collect();
    assert_eq!(names, ["mysql", "postgres", "sqlite"]);
    assert_eq!(client.search("EXAMPLE.db", 2).await.unwrap().len(), 2);
    assert!(server.requests()[0].ends_with("&version=latest&search=EXAMPLE.db"));
    // One that does not search, and lists deleted ones.
    let (_server, client) = registry(|config| config.ignores_filters = true).await;
    let found = client.search("tracker", 10).await.unwrap();
    assert_eq!((found.len(), found[0].version.as_str()), (1, "1.10.0"));
    assert!(client.search("refunds", 10).await.unwrap().is_empty());
    assert!(client.search("a&b=c", 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn asks_whether_a_version_is_still_as_it_was_and_goes_on_without_a_registry() {
    let (server, client) = registry(|config| config.etags = true).await;
    let asked = reference("com.example.math/solve");
    let cached = client.version_cached(&asked, None).await.unwrap();
    assert!(cached.etag.is_some());
    let again = client.version_cached(&asked, Some(&cached)).await.unwrap();
    assert_eq!(again.text, cached.text);
    assert!(server.ledger().seen()[1].headers.contains_key("if-none-match"));
    server.add(entry("com.example.math/solve", "1.1.0", "2026-06-02T00:00:00Z"));
    let changed = client.version_cached(&asked, Some(&cached)).await.unwrap();
    assert_eq!(changed.entry.version, "1.1.0");
    server.fail_after(0, Fault::Status(503));
    assert!(client.version_cached(&asked, Some(&changed)).await.unwrap_err().is_transient());
    let kept = car_agentdns::registry::Entry::from_json(&changed.text).unwrap();
    assert_eq!(kept.version, "1.1.0", "what was kept can be read without the registry");
}

#[tokio::test]
async fn shows_its_token_and_says_when_one_is_wanted() {
    let (server, without) = registry(|config| config.token = Some("t0ken".to_owned())).await;
    let asked = reference("com.example.math/solve");
    assert!(without.version(&asked).await.unwrap_err().is_unauthorized());
    let http = ClientBuilder::default();
    let client =
        |token: &str| RegistryClient::new(&http, &server.url(), Some(Bearer::new(token).unwrap())).unwrap();
    assert!(client("wrong").version(&asked).await.unwrap_err().is_unauthorized());
    assert_eq!(client("t0ken").version(&asked).await.unwrap().version, "1.0.0");
    assert_eq!(client("t0ken").search("math", 5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn refuses_an_answer_that_is_for_another_name() {
    let (server, client) = registry(|_| ()).await;
    server.fail_after(0, Fault::Body(entry("evil.example/other", "1.0.0", "").to_string()));
    let error = client.version(&reference("com.example.math/solve")).await.unwrap_err().to_string();
    assert!(error.contains("expected com.example.math/solve, found evil.example/other@1.0.0"), "{error}");
}
