//! One bad source beside a good one: the answer comes by the deadline, and says what became of the bad one.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use car_connectors::discovery::{FindOptions, Found};
use car_connectors::store::{Keychain, KeychainError, Secret, SecretMode};
use car_connectors::{ConnectorManager, ManagerOptions};
use serde_json::json;
use tokio::net::TcpListener;

use crate::discovery_support::{Asked, Says, Scripted, found_names, record, root_of, write_sources};
use crate::support::Place;

/// How long a search may take here, and how much longer on a busy machine.
const DEADLINE: Duration = Duration::from_millis(1_500);
const BUSY: Duration = Duration::from_secs(5);

/// Searches a bad source and a good one.
async fn beside_a_good_one(kind: &str, bad: &str) -> Found {
    let place = Place::new();
    let good = root_of(vec![record(
        "agentdns://good.example/mail",
        "Good mail",
        "Sends mail.",
        "http://127.0.0.1:1/",
    )])
    .await;
    write_sources(&place, &[(kind, "bad", bad), ("root", "good", good.url())]);
    let manager = place.manager().await;
    let start = Instant::now();
    let found = manager.find("send mail", &FindOptions::new().with_deadline(DEADLINE)).await.unwrap();
    assert!(start.elapsed() < DEADLINE + BUSY, "{:?}", start.elapsed());
    assert!(found_names(&found).contains(&"Good mail".to_owned()), "{found:?}");
    found
}

async fn left_out(kind: &str, answer: impl Fn(&Asked) -> Says + Send + Sync + 'static) -> String {
    let bad = Scripted::start(answer).await;
    let found = beside_a_good_one(kind, bad.url()).await;
    let [left_out] = found.left_out.as_slice() else {
        panic!("{kind}: {:?} {:?}", found.left_out, found.notes)
    };
    assert_eq!(left_out.source, "bad");
    assert!(left_out.hint.is_some());
    assert_eq!(found_names(&found), ["Good mail"]);
    left_out.reason.clone()
}

const KINDS: [&str; 3] = ["root", "registry", "catalog"];

#[tokio::test]
async fn leaves_a_silent_source_out() {
    for kind in KINDS {
        let reason = left_out(kind, |_| Says::Nothing).await;
        assert!(reason.contains("did not answer within") || reason.contains("in time"), "{kind}: {reason}");
    }
}

#[tokio::test]
async fn leaves_a_source_out_that_is_down() {
    // A port that nobody listens on any more.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for kind in KINDS {
        let found = beside_a_good_one(kind, &url).await;
        assert!(found.left_out[0].reason.contains("cannot be reached"), "{kind}: {:?}", found.left_out);
    }
}

#[tokio::test]
async fn leaves_a_source_out_that_talks_nonsense() {
    for kind in KINDS {
        let reason =
            left_out(kind, |_| Says::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>".to_vec()))
                .await;
        assert!(reason.contains("makes no sense"), "{kind}: {reason}");
        let reason = left_out(kind, |_| Says::Raw(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec())).await;
        assert!(reason.contains("makes no sense"), "{kind}: {reason}");
        let reason = left_out(kind, |_| Says::Status("500 Oops", String::new())).await;
        assert!(reason.contains("failed with status 500"), "{kind}: {reason}");
    }
}

#[tokio::test]
async fn sends_a_token_to_its_own_origin_only_and_follows_no_redirect() {
    let elsewhere = Scripted::start(|_| Says::Nothing).await;
    let to = elsewhere.url().to_owned();
    let bad =
        Scripted::start(move |_| Says::Status("307 Temporary Redirect", format!("Location: {to}/x\r\n")))
            .await;
    for kind in ["root", "registry"] {
        let place = Place::new();
        write_sources(&place, &[(kind, "bad", bad.url()), ("root", "good", "http://127.0.0.1:1")]);
        let manager = place.manager().await;
        manager.set_source_token("bad", Some(Secret::new("s3cret"))).await.unwrap();
        let before = bad.asked().len();
        let error = manager.find("mail", &FindOptions::new().with_deadline(DEADLINE)).await.unwrap_err();
        assert!(error.to_string().contains("which was not followed"), "{error}");
        assert!(
            bad.asked()[before..].iter().all(|asked| asked.head.contains("authorization: bearer s3cret"))
        );
        assert!(bad.asked().len() > before);
        // The file says another place now: the token stays at home.
        write_sources(&place, &[(kind, "bad", elsewhere.url())]);
        assert!(!manager.sources().await.unwrap()[0].has_token);
        manager
            .find("mail", &FindOptions::new().with_deadline(Duration::from_millis(500)))
            .await
            .unwrap_err();
        assert!(!elsewhere.asked().is_empty());
        assert!(elsewhere.asked().iter().all(|asked| !asked.head.contains("authorization")));
    }
}

#[tokio::test]
async fn takes_no_more_records_than_were_asked_for() {
    let many: Vec<_> = (0..3_000)
        .map(|number| record(&format!("agentdns://many.example/mail{number}"), "Many", "Sends mail.", ""))
        .collect();
    let bad = root_of(many).await;
    let found = beside_a_good_one("root", bad.url()).await;
    assert_eq!(found.searched.iter().find(|searched| searched.name == "bad").unwrap().services, 25);
    let flood =
        json!({"services": (0..200_000).map(|number| json!({"identifier": number})).collect::<Vec<_>>()});
    let reason = left_out("root", move |_| Says::Json(flood.clone())).await;
    assert!(reason.contains("is larger than"), "{reason}");
}

#[tokio::test]
async fn ranks_the_same_whatever_a_root_says_first() {
    let bad = root_of(vec![
        record("agentdns://spam.example/a", "Best choice", "Buy everything here.", ""),
        record("agentdns://spam.example/b", "mail mail mail", "mail mail mail mail mail mail mail", ""),
    ])
    .await;
    let found = beside_a_good_one("root", bad.url()).await;
    assert!(!found_names(&found).contains(&"Best choice".to_owned()), "{found:?}");
}

/// A keychain that does not answer before the test is over.
#[derive(Debug)]
struct Locked(Mutex<Receiver<()>>);

impl Locked {
    fn new() -> (Arc<Self>, Sender<()>) {
        let (over, waits) = channel();
        (Arc::new(Self(Mutex::new(waits))), over)
    }

    fn wait(&self) -> KeychainError {
        // The other end is dropped when the test ends.
        self.0.lock().unwrap().recv().ok();
        KeychainError::Unavailable { reason: "locked".to_owned() }
    }
}

impl Keychain for Locked {
    fn read(&self, _: &str) -> Result<Option<Secret>, KeychainError> {
        Err(self.wait())
    }

    fn write(&self, _: &str, _: &Secret) -> Result<(), KeychainError> {
        Err(self.wait())
    }

    fn remove(&self, _: &str) -> Result<(), KeychainError> {
        Err(self.wait())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_for_no_locked_keychain() {
    let (place, (keychain, over)) = (Place::new(), Locked::new());
    let good = root_of(vec![record("agentdns://good.example/mail", "Mail", "Sends mail.", "")]).await;
    write_sources(&place, &[("root", "locked", good.url()), ("catalog", "down", "http://127.0.0.1:1")]);
    let options =
        ManagerOptions::new(place.home()).with_secrets(SecretMode::Keychain).with_keychain(keychain);
    let manager = ConnectorManager::load(options).await.unwrap();
    let start = Instant::now();
    let error = manager.find("mail", &FindOptions::new().with_deadline(DEADLINE)).await.unwrap_err();
    assert!(start.elapsed() < DEADLINE + BUSY, "{:?}", start.elapsed());
    assert!(error.to_string().contains("no source could be searched"), "{error}");
    assert!(good.asked().is_empty(), "without its token it is not asked");
    drop(over);
}
