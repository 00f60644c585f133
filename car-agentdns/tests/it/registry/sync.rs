//! Keeping a copy of a registry's list.

use std::time::Duration;

use car_agentdns::registry::{Mirror, Status};
use car_agentdns::{Error, Lifecycle, Verification};
use car_testkit::registry::{Fault, made_up};

use super::{entry, registry, sync, version};

/// 2026-06-01, after everything that is made up.
const JUNE: u64 = 1_780_272_000;

#[tokio::test]
async fn reads_the_whole_list_page_by_page_with_the_same_filters() {
    let (server, client) = registry(|config| config.page = 7).await;
    let mut mirror = Mirror::new(&server.url());
    assert!(!mirror.is_complete());
    let synced = sync(&client, &mut mirror, JUNE).await;
    let asked = server.requests();
    assert_eq!(synced.pages, asked.len());
    assert!(
        asked.len() > 5 && asked.iter().all(|path| path.contains("limit=100&version=latest")),
        "{asked:?}"
    );
    assert!(asked[1].contains("&cursor=com.example."), "{asked:?}");
    assert!(asked[1].contains("%2F") && asked[1].contains("%3A"), "{asked:?}");
    assert_eq!((mirror.is_complete(), mirror.synced_at()), (true, Some(JUNE)));
    let latest = made_up().into_iter().filter(|entry| {
        let official = &entry["_meta"]["io.modelcontextprotocol.registry/official"];
        official["isLatest"] == true && official["status"] != "deleted"
    });
    assert_eq!((mirror.len(), mirror.set_aside().len()), (latest.count(), 0));
    assert_eq!(version(&mirror, "com.example.tracker/issues"), Some("1.10.0"));
    assert_eq!(version(&mirror, "com.example.pay/refunds"), None);
}

#[tokio::test]
async fn turns_entries_into_services_with_where_they_are_from() {
    let (server, client) = registry(|_| ()).await;
    let mut mirror = Mirror::new(&server.url());
    sync(&client, &mut mirror, JUNE).await;
    let services = mirror.services("mine", true);
    assert_eq!(services.len(), mirror.len());
    let tracker = services.iter().find(|service| service.name == "Issue tracker").unwrap();
    assert_eq!(tracker.identifier.to_string(), "agentdns://com.example.tracker/issues");
    assert_eq!(tracker.publisher.verification, Verification::RegistryNamespace);
    assert_eq!((tracker.provenance.source.as_str(), tracker.provenance.fetched_at), ("mine", JUNE));
    assert_eq!((tracker.offers.len(), tracker.tags.len()), (2, 2));
    let old = services.iter().find(|service| service.identifier.name() == "old").unwrap();
    assert_eq!(
        old.lifecycle,
        Lifecycle::Deprecated { message: Some("use com.example.chat/messages".to_owned()) }
    );
}

#[tokio::test]
async fn goes_on_where_it_was_cut_also_from_what_was_stored() {
    let (mut server, client) = registry(|config| config.page = 10).await;
    let mut mirror = Mirror::new(&server.url());
    server.fail_after(3, Fault::Status(502));
    let synced = client.sync(&mut mirror, JUNE, super::BUDGET).await;
    assert!(matches!(synced.stopped, Some(Error::Refused { status: 502, .. })), "{:?}", synced.stopped);
    assert_eq!((synced.pages, mirror.is_complete()), (3, false));
    let read = mirror.len();
    assert!(read > 20, "{read}");
    server.stop().await;
    let stopped = client.sync(&mut mirror, JUNE + 1, super::BUDGET).await.stopped;
    assert!(matches!(stopped, Some(Error::Unreachable { .. })), "{stopped:?}");
    assert_eq!(mirror.services("mine", false).len(), read, "what was read can be used");
    server.restart().await.unwrap();
    server.mend();

    let mut mirror = Mirror::from_json_of(&server.url(), &mirror.to_json()).unwrap();
    let before = server.requests().len();
    sync(&client, &mut mirror, JUNE + 60).await;
    assert!(server.requests()[before].contains("cursor="), "it does not begin anew");
    assert_eq!(mirror.synced_at(), Some(JUNE), "what has changed since it began is read next time");
    let (_other, fresh) = registry(|_| ()).await;
    let mut whole = Mirror::new(fresh.base());
    sync(&fresh, &mut whole, JUNE).await;
    let names = |mirror: &Mirror| mirror.entries().map(|entry| entry.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&mirror), names(&whole));
}

#[tokio::test]
async fn reads_only_what_has_changed_the_next_time() {
    let (server, client) = registry(|_| ()).await;
    let mut mirror = Mirror::new(&server.url());
    sync(&client, &mut mirror, JUNE).await;
    server.add(entry("com.example.math/solve", "1.1.0", "2026-06-02T00:00:00Z"));
    server.add(entry("com.example.new/one", "1.0.0", "2026-06-02T00:00:00.5Z"));
    server.set_status("com.example.mail/send", "2.0.0", "deprecated", "2026-06-02T00:00:00Z");
    let before = server.requests().len();
    let synced = sync(&client, &mut mirror, JUNE + 172_800).await;
    let asked = server.requests().split_off(before);
    assert_eq!(asked, ["/v0.1/servers?limit=100&updated_since=2026-05-31T23%3A00%3A00Z"]);
    assert_eq!((synced.changed, synced.pages), (3, 1));
    assert_eq!(version(&mirror, "com.example.math/solve"), Some("1.1.0"));
    assert_eq!(version(&mirror, "com.example.new/one"), Some("1.0.0"));
    let mail = mirror.entries().find(|entry| entry.name.as_str() == "com.example.mail/send").unwrap();
    assert_eq!(mail.status, Status::Deprecated);
    assert_eq!(mirror.synced_at(), Some(JUNE + 172_800));
}

#[tokio::test]
async fn takes_the_version_before_one_that_was_deleted() {
    let (server, client) = registry(|_| ()).await;
    let mut mirror = Mirror::new(&server.url());
    sync(&client, &mut mirror, JUNE).await;
    let there = mirror.len();
    // The registry says nothing of the older version: that has not changed.
    server.set_status("com.example.crm/contacts", "2.0.0", "deleted", "2026-06-02T00:00:00Z");
    server.set_status("com.example.shop/orders", "3.0.0", "deleted", "2026-06-02T00:00:00Z");
    let before = server.requests().len();
    sync(&client, &mut mirror, JUNE + 172_800).await;
    assert_eq!(version(&mirror, "com.example.crm/contacts"), Some("1.9.0"));
    assert_eq!(mirror.len(), there - 1, "the other name has no version left");
    assert!(mirror.services("mine", false).iter().all(|service| service.name != "Orders"));
    assert_eq!(server.requests().len() - before, 3, "a page, and the versions of two names");
}

#[tokio::test]
async fn learns_from_an_etag_that_nothing_has_changed() {
    let (server, client) = registry(|config| config.etags = true).await;
    let mut mirror = Mirror::new(&server.url());
    sync(&client, &mut mirror, JUNE).await;
    let mut mirror = Mirror::from_json(&mirror.to_json()).unwrap();
    let synced = sync(&client, &mut mirror, JUNE + 60).await;
    assert!(synced.is_unchanged && synced.pages == 0 && synced.changed == 0, "{synced:?}");
    assert_eq!(mirror.synced_at(), Some(JUNE + 60));
    // The whole list is one page: what is not there any more is gone.
    server.forget("com.example.math/solve");
    server.add(entry("com.example.new/one", "1.0.0", "2026-06-02T00:00:00Z"));
    let synced = sync(&client, &mut mirror, JUNE + 120).await;
    assert!(!synced.is_unchanged);
    assert_eq!(synced.changed, 2);
    assert_eq!(version(&mirror, "com.example.math/solve"), None);
    assert!(sync(&client, &mut mirror, JUNE + 180).await.is_unchanged);
}

#[tokio::test]
async fn keeps_the_newest_of_all_versions_where_a_registry_sends_them_all() {
    let (server, client) = registry(|config| config.ignores_filters = true).await;
    let mut mirror = Mirror::new(&server.url());
    sync(&client, &mut mirror, JUNE).await;
    assert_eq!(version(&mirror, "com.example.tracker/issues"), Some("1.10.0"));
    assert_eq!(version(&mirror, "com.example.pay/ledger"), Some("0.9.0"), "the newest is deleted");
    assert_eq!(version(&mirror, "com.example.ci/deploy"), Some("1.0.0"));
}

#[tokio::test]
async fn begins_anew_where_a_registry_does_not_know_its_cursor_any_more() {
    let (server, client) = registry(|config| config.page = 10).await;
    let mut mirror = Mirror::new(&server.url());
    server.fail_after(2, Fault::Status(400));
    let synced = client.sync(&mut mirror, JUNE, super::BUDGET).await;
    assert!(matches!(synced.stopped, Some(Error::Refused { status: 400, .. })), "{:?}", synced.stopped);
    server.mend();
    let before = server.requests().len();
    sync(&client, &mut mirror, JUNE).await;
    assert_eq!(server.requests()[before], "/v0.1/servers?limit=100&version=latest");
    assert!(mirror.is_complete());
}

#[tokio::test]
async fn is_stopped_by_its_budget_and_keeps_what_it_has() {
    let (server, client) = registry(|config| config.page = 10).await;
    let mut mirror = Mirror::new(&server.url());
    server.fail_after(2, Fault::Late(Duration::from_secs(3_600)));
    let synced = client.sync(&mut mirror, JUNE, Duration::from_millis(500)).await;
    assert!(matches!(synced.stopped, Some(Error::TimedOut { .. })), "{:?}", synced.stopped);
    assert!(mirror.len() > 10 && !mirror.is_complete());
}

#[tokio::test]
async fn reads_registries_that_have_the_older_api_or_the_older_shape() {
    let seed = serde_json::json!({ "id": "7", "name": "a.b/seed", "description": "d",
        "version_detail": { "version": "0.0.1-seed", "is_latest": true } });
    let (server, client) = registry(|config| {
        config.only_v0 = true;
        config.entries = vec![seed, entry("a.b/new", "1.0.0", "2026-01-01T00:00:00Z")];
    })
    .await;
    let mut mirror = Mirror::new(&server.url());
    sync(&client, &mut mirror, JUNE).await;
    assert_eq!(version(&mirror, "a.b/seed"), Some("0.0.1-seed"));
    assert_eq!(version(&mirror, "a.b/new"), Some("1.0.0"));
    let asked = server.requests();
    assert!(asked[0].starts_with("/v0.1/") && asked[1].starts_with("/v0/"), "{asked:?}");
}
