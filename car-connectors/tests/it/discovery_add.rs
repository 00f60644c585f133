//! Looking a service up by its name, and adding it once a person has seen it.

use std::sync::{Arc, Mutex};

use car_agentdns::{Offer, Verification};
use car_connectors::discovery::{Answers, ChangedPart, LookUpOptions};
use car_connectors::{ConnectorState, ErrorKind};
use car_testkit::double::Era;
use serde_json::Value;

use crate::discovery_support::{Says, Scripted, find, look_up, record, root_answer, root_of, write_sources};
use crate::support::{Place, echo, named, ready, server};

const MAIL: &str = "agentdns://harbor.example/mail";

/// A root whose records a test changes.
async fn changing_root() -> (Scripted, Arc<Mutex<Vec<Value>>>) {
    let records = Arc::<Mutex<Vec<Value>>>::default();
    let told = Arc::clone(&records);
    (Scripted::start(move |_| root_answer(&told.lock().unwrap())).await, records)
}

#[tokio::test]
async fn adds_what_a_root_tells_of_and_enables_nothing() {
    let (place, server) = (Place::new(), server(Era::Modern).await);
    let root = root_of(vec![record(MAIL, "Harbor Mail", "Sends mail.", &server.url())]).await;
    write_sources(&place, &[("root", "works", root.url())]);
    let manager = place.manager().await;
    let proposal = look_up(&manager, MAIL).await.unwrap();
    assert_eq!((proposal.reference.as_str(), proposal.suggested_name.as_str()), (MAIL, "Harbor Mail"));
    assert_eq!(proposal.service.publisher.verification, Verification::Root);
    assert_eq!((proposal.best, proposal.is_known, proposal.changes.len()), (Some(0), false, 0));
    assert_eq!(proposal.ways[0].shown, [server.url()]);
    assert!(matches!(&proposal.ways[0].offer, Offer::Remote { url, .. } if *url == server.url()));
    assert_eq!(server.ledger().requests(), 0, "nothing is dialed before a person agrees");
    assert!(serde_json::to_string(&proposal).unwrap().contains(&server.url()));

    let status = manager.add_proposed(&proposal, Answers::new().with_name("Post")).await.unwrap();
    assert_eq!(
        (status.slug.as_str(), status.state, status.enabled_count),
        ("post", ConnectorState::Ready, 0)
    );
    let manifest = place.manifest();
    for expected in [r#""origin": {"#, MAIL, r#""source": "works""#, r#""standing": ""#, root.url()] {
        assert!(manifest.contains(expected), "{expected}: {manifest}");
    }
    manager.enable_tools("post", &named(&["echo"])).await.unwrap();
    echo(&manager, "post").await.unwrap();
    let again = look_up(&manager, MAIL).await.unwrap();
    assert!(again.is_known && again.changes.is_empty());
    assert!(again.notes.iter().any(|note| note.contains("connected already, as post")), "{:?}", again.notes);
    let found = find(&manager, "send mail").await.unwrap();
    let mail = found.services.iter().find(|found| found.service.name == "Harbor Mail").unwrap();
    assert_eq!((mail.connected_as.as_deref(), mail.changed.len()), (Some("post"), 0));
}

#[tokio::test]
async fn asks_anew_where_a_service_has_moved() {
    let (place, first, second) = (Place::new(), server(Era::Modern).await, server(Era::Modern).await);
    let (root, records) = changing_root().await;
    write_sources(&place, &[("root", "works", root.url())]);
    *records.lock().unwrap() = vec![record(MAIL, "Harbor Mail", "Sends mail.", &first.url())];
    let manager = place.manager().await;
    let old = look_up(&manager, MAIL).await.unwrap();
    manager.add_proposed(&old, Answers::new()).await.unwrap();
    manager.remove("harbor_mail").await.unwrap();

    *records.lock().unwrap() = vec![record(MAIL, "Harbor Mail", "Sends mail.", &second.url())];
    let found = find(&manager, "send mail").await.unwrap();
    let [change] = found.services[0].changed.as_slice() else { panic!("{:?}", found.services) };
    assert_eq!(
        (change.what, &change.before, &change.now),
        (ChangedPart::Endpoint, &first.url(), &second.url())
    );
    let moved = look_up(&manager, MAIL).await.unwrap();
    assert_eq!(moved.changes, std::slice::from_ref(change));
    let error = manager.add_proposed(&moved, Answers::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert!(error.to_string().contains("its endpoint was"), "{error}");
    assert_eq!(second.ledger().requests(), 0);
    assert!(!place.manifest().contains("harbor_mail"));

    let status = manager.add_proposed(&moved, Answers::new().accepting_changes()).await.unwrap();
    assert_eq!(status.slug, "harbor_mail");
    assert!(look_up(&manager, MAIL).await.unwrap().changes.is_empty(), "it is what was agreed to now");
    // What was shown before that is not what was agreed to any more.
    let error = manager.add_proposed(&old, Answers::new().with_name("Old")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Changed);
}

#[tokio::test]
async fn keeps_nothing_where_adding_fails() {
    let place = Place::new();
    let root = root_of(vec![record(MAIL, "Harbor Mail", "Sends mail.", "http://127.0.0.1:1/mcp")]).await;
    write_sources(&place, &[("root", "works", root.url())]);
    let manager = place.manager().await;
    let proposal = look_up(&manager, MAIL).await.unwrap();
    let error = manager.add_proposed(&proposal, Answers::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(manager.list().await.unwrap().is_empty());
    assert!(!place.home().known_services_path().exists(), "nobody has agreed to what could not be added");
    for (answers, expected) in [
        (Answers::new().with_way(3), "there is no way number 4; there are 1"),
        (Answers::new().with_value("region", "eu"), "there is no input region"),
    ] {
        let error = manager.add_proposed(&proposal, answers).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(expected) && error.hint().is_some(), "{error}");
    }
}

#[tokio::test]
async fn says_that_nobody_knows_a_name_and_who_was_asked() {
    let (place, server) = (Place::new(), server(Era::Modern).await);
    let root = root_of(vec![record("agentdns://other.example/mail", "Other", "Sends mail.", "")]).await;
    write_sources(&place, &[("root", "works", root.url()), ("root", "down", "http://127.0.0.1:1")]);
    let manager = ready(&place, &server, &["echo"]).await;
    let error = look_up(&manager, MAIL).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let text = error.to_string();
    assert!(text.contains("is not known to works") && text.contains("not asked: down: "), "{text}");
    let offline = LookUpOptions::new().with_offline(true);
    assert_eq!(manager.look_up(MAIL, &offline).await.unwrap_err().kind(), ErrorKind::Unreachable);
    // Only registries know names that are written as theirs.
    let error = look_up(&manager, "harbor.example/mail").await.unwrap_err();
    assert!(error.to_string().contains("there is no source that could know harbor.example/mail"), "{error}");
    for (reference, kind, expected) in [
        ("mail", ErrorKind::InvalidInput, "expected a name such as"),
        ("agentdns://a b/c", ErrorKind::InvalidInput, "' '"),
        ("agentdns://local/connectors/docs", ErrorKind::Duplicate, "is connected already, as docs"),
        ("agentdns://local/tools/mcp_docs_echo", ErrorKind::Duplicate, "is connected already, as docs"),
        ("agentdns://local/connectors/other", ErrorKind::NotFound, "on this machine"),
    ] {
        let error = look_up(&manager, reference).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{reference}: {error}");
        assert!(error.to_string().contains(expected), "{reference}: {error}");
    }
}

#[tokio::test]
async fn shows_what_cannot_be_added_and_says_why() {
    let place = Place::new();
    let mut agent = record(MAIL, "Harbor Mail", "Sends mail.", "https://harbor.example/agent");
    agent["protocol"] = "a2a".into();
    let root = root_of(vec![agent]).await;
    write_sources(&place, &[("root", "works", root.url())]);
    let manager = place.manager().await;
    let proposal = look_up(&manager, MAIL).await.unwrap();
    assert_eq!(proposal.best, None);
    assert!(proposal.notes.iter().any(|note| note.contains("it speaks a2a")), "{:?}", proposal.notes);
    let error = manager.add_proposed(&proposal, Answers::new()).await.unwrap_err();
    assert!(error.to_string().contains("cannot be added"), "{error}");
}

#[tokio::test]
async fn keeps_a_server_that_wants_a_sign_in_with_what_was_agreed_to() {
    let place = Place::new();
    let closed =
        Scripted::start(|_| Says::Status("401 Unauthorized", "WWW-Authenticate: Bearer\r\n".to_owned()))
            .await;
    let root = root_of(vec![record(MAIL, "Harbor Mail", "Sends mail.", closed.url())]).await;
    write_sources(&place, &[("root", "works", root.url())]);
    let manager = place.manager().await;
    let proposal = look_up(&manager, MAIL).await.unwrap();
    let error = manager.add_proposed(&proposal, Answers::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.connector()), (ErrorKind::AuthRequired, Some("harbor_mail")), "{error}");
    assert_eq!(manager.status("harbor_mail").await.unwrap().state, ConnectorState::NeedsSignIn);
    assert!(place.manifest().contains(r#""origin": {"#), "{}", place.manifest());
    let again = look_up(&manager, MAIL).await.unwrap();
    assert!(
        again.is_known && again.changes.is_empty() && again.suggested_name == "Harbor Mail 2",
        "{again:?}"
    );
}
