//! Finding in a registry: read once, kept, brought up to date, and searched without it.

use std::time::Duration;

use car_agentdns::{Lifecycle, SourceKind, Verification};
use car_connectors::discovery::{Answers, ChangedPart, FindOptions, LookUpOptions};
use car_connectors::store::{CacheFiles, Secret};
use car_connectors::{ConnectorState, ErrorKind};
use car_testkit::catalog::Domain;
use car_testkit::double::Era;
use car_testkit::registry::{Fault, RegistryConfig, RegistryServer};
use serde_json::{Value, json};

use crate::discovery_support::{find, found_names, look_up, record, root_of, write_sources};
use crate::support::{Place, server};

const TRACKER: &str = "com.example.tracker/issues";

async fn registry(set: impl FnOnce(&mut RegistryConfig)) -> (Place, RegistryServer) {
    let mut config = RegistryConfig::default();
    set(&mut config);
    let (place, registry) = (Place::new(), RegistryServer::start(config).await.unwrap());
    write_sources(&place, &[("registry", "works", &registry.url())]);
    (place, registry)
}

/// An entry of a registry.
fn entry(name: &str, version: &str, server: Value, status: &str) -> Value {
    let mut whole = json!({ "name": name, "version": version, "description": "Sends messages by pigeon." });
    for (key, value) in server.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let meta = json!({
        "status": status, "isLatest": true,
        "publishedAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
    });
    json!({ "server": whole, "_meta": { "io.modelcontextprotocol.registry/official": meta } })
}

fn remote(url: &str) -> Value {
    json!({ "remotes": [{ "type": "streamable-http", "url": url }] })
}

/// Makes the copy of a registry older than it is, as a day that has passed would.
fn let_a_day_pass(place: &Place, registry: &RegistryServer) {
    let path = CacheFiles::new(&place.home()).path(&format!("registry {}", registry.url()));
    let mut copy: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let synced = &mut copy["state"]["synced_at"];
    *synced = json!(synced.as_u64().unwrap() - 86_400);
    std::fs::write(path, copy.to_string()).unwrap();
}

#[tokio::test]
async fn reads_a_registry_once_and_searches_what_is_kept() {
    let (place, mut registry) = registry(|_| {}).await;
    let manager = place.manager().await;
    let found = find(&manager, "open an issue in the tracker").await.unwrap();
    let issues = &found.services[0].service;
    assert_eq!((issues.name.as_str(), issues.reference.as_deref()), ("Issue tracker", Some(TRACKER)));
    assert_eq!(issues.version.as_deref(), Some("1.10.0"));
    assert_eq!(issues.publisher.verification, Verification::None, "only the official one is known to check");
    assert_eq!((issues.provenance.kind, issues.provenance.source.as_str()), (SourceKind::Registry, "works"));
    let searched = &found.searched[0];
    assert!(
        searched.is_complete && searched.services > 50 && searched.age_seconds < Some(60),
        "{searched:?}"
    );
    assert!(found.left_out.is_empty() && found.notes.is_empty(), "{:?}", found.notes);

    // What is kept is young enough for this program and the next one.
    let asked = registry.requests().len();
    find(&manager, "the weather").await.unwrap();
    let later = place.manager().await;
    find(&later, "the weather").await.unwrap();
    assert_eq!(registry.requests().len(), asked);
    registry.stop().await;
    let offline = FindOptions::new().with_offline(true);
    assert_eq!(
        later.find("play chess", &offline).await.unwrap().services[0].service.identifier.name(),
        "chess"
    );
    // What was taken back is not found, and what should not be taken any more says so.
    assert!(
        found_names(&find(&later, "refund payments").await.unwrap())
            .iter()
            .all(|name| !name.contains("refund"))
    );
    let chat = find(&later, "post messages in the team chat").await.unwrap();
    let old = chat.services.iter().find(|found| found.service.identifier.name() == "old").unwrap();
    assert!(matches!(old.service.lifecycle, Lifecycle::Deprecated { .. }));
    let status = &later.sources().await.unwrap()[0];
    assert!(status.is_complete && status.services > Some(50) && status.synced_at.is_some(), "{status:?}");
}

#[tokio::test]
async fn goes_on_with_what_has_changed_and_does_without_where_that_fails() {
    let (place, mut registry) = registry(|_| {}).await;
    find(&place.manager().await, "weather").await.unwrap();
    let_a_day_pass(&place, &registry);
    let before = registry.requests().len();
    registry.add(entry("com.example.pigeon/post", "1.0.0", remote("https://p.example.com/"), "active"));
    let found = find(&place.manager().await, "send a message by pigeon").await.unwrap();
    // The new one was published long ago by its own clock: what is asked for is what has changed since.
    assert!(registry.requests()[before..].iter().all(|request| request.contains("updated_since=")));
    assert!(found.notes.is_empty() && found.searched[0].age_seconds < Some(60), "{found:?}");
    let_a_day_pass(&place, &registry);
    registry.stop().await;
    let found = find(&place.manager().await, "the weather forecast").await.unwrap();
    assert_eq!(found.services[0].service.identifier.name(), "forecast");
    assert!(found.left_out.is_empty());
    assert!(
        found.notes[0].contains("works could not be brought up to date")
            && found.notes[0].contains("24 hours ago")
    );
    assert_eq!(found.searched[0].age_seconds.map(|age| age / 3_600), Some(24));
}

#[tokio::test]
async fn searches_what_could_be_read_and_says_how_to_read_the_rest() {
    let (place, registry) = registry(|config| config.page = 5).await;
    registry.fail_after(3, Fault::Late(Duration::from_secs(3_600)));
    let manager = place.manager().await;
    let short = FindOptions::new().with_deadline(Duration::from_millis(1_200));
    let found = manager.find("issue tracker", &short).await.unwrap();
    let searched = &found.searched[0];
    assert!(!searched.is_complete && (1..30).contains(&searched.services), "{searched:?}");
    assert!(
        found.notes.iter().any(|note| note.contains("`car sources sync works` reads the rest")),
        "{:?}",
        found.notes
    );
    assert!(
        registry.requests().iter().any(|request| request.contains("search=tracker")),
        "{:?}",
        registry.requests()
    );
    // The next program goes on where this one stopped.
    registry.mend();
    let first = registry.requests().len();
    let status = place.manager().await.sync_sources(None, Duration::from_secs(20)).await.unwrap();
    assert!(
        status[0].is_complete && status[0].services > Some(50) && status[0].last_error.is_none(),
        "{status:?}"
    );
    assert!(registry.requests()[first].contains("cursor="), "{:?}", &registry.requests()[first..]);
}

#[tokio::test]
async fn keeps_what_was_read_of_a_search_that_was_given_up() {
    let (place, registry) = registry(|config| config.page = 5).await;
    registry.fail_after(2, Fault::Late(Duration::from_secs(3_600)));
    let manager = place.manager().await;
    let long = FindOptions::new().with_deadline(Duration::from_secs(60));
    let finding = manager.find("zzz", &long);
    let given_up = tokio::time::timeout(Duration::from_millis(1_500), finding).await;
    assert!(given_up.is_err(), "{given_up:?}");
    // The task that read it ends a moment after the search is dropped.
    let kept = async {
        loop {
            let status = manager.sources().await.unwrap().remove(0);
            if status.services.is_some() {
                return status;
            }
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(10), kept).await.unwrap();
    assert!(!status.is_complete && status.services >= Some(1), "{status:?}");
}

#[tokio::test]
async fn lets_no_root_stand_in_for_a_registrys_name() {
    let (place, registry) = registry(|_| {}).await;
    let name = format!("agentdns://{TRACKER}");
    let root =
        root_of(vec![record(&name, "Impostor", "Open an issue in the tracker.", "http://127.0.0.1:1/")])
            .await;
    write_sources(&place, &[("root", "root", root.url()), ("registry", "works", &registry.url())]);
    let manager = place.manager().await;
    let found = find(&manager, "open an issue in the tracker").await.unwrap();
    assert!(!found_names(&found).contains(&"Impostor".to_owned()), "{found:?}");
    assert_eq!(found.services[0].also_in, ["root"]);
    let proposal = look_up(&manager, &name).await.unwrap();
    assert_eq!(
        (proposal.service.provenance.source.as_str(), proposal.reference.as_str()),
        ("works", TRACKER)
    );
}

#[tokio::test]
async fn looks_up_versions_and_says_what_was_taken_back() {
    let (place, mut registry) = registry(|_| {}).await;
    let manager = place.manager().await;
    let newest = look_up(&manager, TRACKER).await.unwrap();
    assert_eq!(newest.service.version.as_deref(), Some("1.10.0"));
    assert_eq!(
        (newest.ways.len(), newest.best, newest.source_url.as_str()),
        (2, Some(0), registry.url().as_str())
    );
    assert!(newest.ways[0].inputs.iter().any(|input| input.key == "token" && input.is_secret));
    assert!(newest.ways[0].shown_values.iter().any(|value| value == "Authorization: Bearer {token}"));
    assert_eq!(newest.ways[1].shown.join(" "), "npx -y @example-tracker/mcp@1.10.0");
    let older = look_up(&manager, &format!("{TRACKER}@1.2.0")).await.unwrap();
    assert_eq!((older.service.version.as_deref(), older.reference.as_str()), (Some("1.2.0"), TRACKER));
    let old = look_up(&manager, "com.example.chat/old").await.unwrap();
    assert!(old.notes.iter().any(|note| note.contains("deprecated")), "{:?}", old.notes);

    // Both APIs do not have it any more, and then the registry cannot say why.
    registry.fail_after(2, Fault::Status(500));
    let error = look_up(&manager, "com.example.pay/refunds").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    registry.mend();
    let error = look_up(&manager, "com.example.pay/refunds").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("was taken back from works"), "{error}");
    find(&manager, "anything").await.unwrap();
    let error = look_up(&manager, "com.example.tracker/isues").await.unwrap_err();
    assert_eq!(error.hint(), Some("near to it: com.example.tracker/issues"));

    let pinned = format!("{TRACKER}@1.2.0");
    let asked = look_up(&manager, &pinned).await.unwrap();
    registry.stop().await;
    let offline = LookUpOptions::new().with_offline(true);
    let kept = place.manager().await.look_up(&pinned, &offline).await.unwrap();
    assert_eq!((kept.service.version.as_deref(), &kept.ways[0].shown), (Some("1.2.0"), &asked.ways[0].shown));
    assert!(kept.notes.iter().any(|note| note.contains("works was not asked")), "{:?}", kept.notes);
    let known = manager.look_up(TRACKER, &offline).await.unwrap();
    assert!(known.notes.iter().any(|note| note.contains("works was not asked")), "{:?}", known.notes);
    assert_eq!(
        look_up(&manager, TRACKER).await.unwrap().ways.len(),
        2,
        "a registry that is down is done without"
    );
    let error = manager.look_up(&format!("{TRACKER}@1.9.9"), &offline).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
}

#[tokio::test]
async fn adds_a_remote_server_and_keeps_its_secret_secret() {
    let double = server(Era::Modern).await;
    let header = json!({ "name": "X-Key", "value": "key {key}", "isRequired": true,
        "variables": { "key": { "isSecret": true, "isRequired": true } } });
    let remote =
        json!({ "remotes": [{ "type": "streamable-http", "url": double.url(), "headers": [header] }] });
    let entries = vec![entry("com.example.pigeon/post", "1.0.0", remote, "active")];
    let (place, registry) = registry(|config| config.entries = entries).await;
    let manager = place.manager().await;
    let proposal = look_up(&manager, "com.example.pigeon/post").await.unwrap();
    assert_eq!((proposal.best, proposal.suggested_name.as_str()), (Some(0), "post"), "{proposal:?}");
    let error = manager.add_proposed(&proposal, Answers::new()).await.unwrap_err();
    assert!(error.to_string().contains("expected a value for key, found none"), "{error}");
    assert_eq!(double.ledger().requests(), 0);

    let answers = Answers::new().with_secret("key", Secret::new("s3cret"));
    assert!(!format!("{answers:?}").contains("s3cret"));
    let status = manager.add_proposed(&proposal, answers).await.unwrap();
    assert_eq!(
        (status.state, status.secret_headers.as_slice()),
        (ConnectorState::Ready, ["X-Key".to_owned()].as_slice())
    );
    let seen = double.ledger().seen();
    assert!(seen.iter().all(|seen| seen.headers.get("x-key").is_some_and(|value| value == "key s3cret")));
    let known = std::fs::read_to_string(place.home().known_services_path()).unwrap();
    for text in [place.manifest(), known] {
        assert!(text.contains("com.example.pigeon/post") && !text.contains("s3cret"), "{text}");
    }

    // The publisher's entry is another's now, by another source's word.
    write_sources(&place, &[("registry", "other", &registry.url())]);
    let again = look_up(&manager, "com.example.pigeon/post").await.unwrap();
    let parts: Vec<_> = again.changes.iter().map(|change| change.what).collect();
    assert_eq!(parts, [ChangedPart::Source]);
}

#[tokio::test]
async fn asks_a_registry_with_its_token_and_says_where_one_is_missing() {
    let (place, registry) = registry(|config| config.token = Some("s3cret".to_owned())).await;
    let manager = place.manager().await;
    let error = find(&manager, "weather").await.unwrap_err();
    assert_eq!(error.hint(), Some("give it a token with `car sources login works`"));
    manager.set_source_token("works", Some(Secret::new("s3cret"))).await.unwrap();
    let found = find(&manager, "the weather forecast").await.unwrap();
    assert_eq!(found.services[0].service.identifier.name(), "forecast");
    assert!(registry.ledger().requests() > 0);
}

#[tokio::test]
async fn finds_and_adds_what_a_domain_lists() {
    let (place, domain) = (Place::new(), Domain::with_everything().await.unwrap());
    write_sources(&place, &[("catalog", "acme", &domain.name())]);
    let manager = place.manager().await;
    let found = find(&manager, "keep notes").await.unwrap();
    let notes = &found.services[0].service;
    assert_eq!((notes.provenance.kind, notes.provenance.source.as_str()), (SourceKind::Catalog, "acme"));
    let proposal = look_up(&manager, &notes.identifier.to_string()).await.unwrap();
    assert_eq!(proposal.ways[0].shown, [domain.url("/mcp")]);
    assert_eq!(proposal.best, Some(0));
    assert_eq!(manager.sync_sources(None, Duration::from_secs(1)).await.unwrap()[0].services, None);
}

#[tokio::test]
async fn asks_anew_where_the_same_service_is_asked_otherwise() {
    let server = server(Era::Modern).await;
    let (place, registry) = registry(|config| config.entries.clear()).await;
    let name = "io.github.ann/pigeon";
    let with = |version: &str, headers: Value| {
        let remote = json!({ "type": "streamable-http", "url": server.url(), "headers": headers });
        entry(name, version, json!({ "remotes": [remote] }), "active")
    };
    registry.add(with("1.0.0", json!([])));
    let manager = place.manager().await;
    manager.add_proposed(&look_up(&manager, name).await.unwrap(), Answers::new()).await.unwrap();
    manager.remove("pigeon").await.unwrap();

    registry.add(with("1.1.0", json!([])));
    let newer = look_up(&manager, name).await.unwrap();
    assert_eq!(
        (newer.service.version.as_deref(), newer.changes.len()),
        (Some("1.1.0"), 0),
        "a version is no change"
    );
    registry.add(with("1.2.0", json!([{ "name": "X-Mode", "value": "all" }])));
    let other = look_up(&manager, name).await.unwrap();
    let [change] = other.changes.as_slice() else { panic!("{:?}", other.changes) };
    assert_eq!(change.what, ChangedPart::Command);
    assert!(!change.before.contains("X-Mode") && change.now.contains("X-Mode: all"), "{change:?}");
    let error = manager.add_proposed(&other, Answers::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Changed, "{error}");
}
