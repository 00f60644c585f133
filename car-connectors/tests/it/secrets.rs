//! Secrets: they reach their server, and nobody and nothing else.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use car_connectors::store::{Keychain, KeychainError, Secret, SecretMode};
use car_connectors::{CallOptions, ConnectorManager, ErrorKind, NewConnector};
use car_testkit::double::Double;
use car_testkit::hostile::{Hostile, Mode};

use crate::support::{ERAS, Place, call, echo, named, raw, server};

const VALUE: &str = "s3cr3t-bearer-value";

/// A keychain in memory, which can be out of order.
#[derive(Default)]
struct Memory {
    entries: Mutex<HashMap<String, String>>,
    /// What it answers to everything, if it is out of order.
    failure: Option<KeychainError>,
}

impl Memory {
    fn open(&self) -> Result<std::sync::MutexGuard<'_, HashMap<String, String>>, KeychainError> {
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(self.entries.lock().unwrap()),
        }
    }
}

impl Keychain for Memory {
    fn read(&self, entry: &str) -> Result<Option<Secret>, KeychainError> {
        Ok(self.open()?.get(entry).map(|value| Secret::new(value.as_str())))
    }

    fn write(&self, entry: &str, secret: &Secret) -> Result<(), KeychainError> {
        self.open()?.insert(entry.to_owned(), secret.expose().to_owned());
        Ok(())
    }

    fn remove(&self, entry: &str) -> Result<(), KeychainError> {
        self.open()?.remove(entry);
        Ok(())
    }
}

/// Names the files below a folder that hold the value.
fn files_with_value(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with_value(&path));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(VALUE) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

fn docs(server: &Double) -> NewConnector {
    NewConnector::remote("Docs", server.url()).with_header("X-Api-Key", Secret::new(VALUE))
}

/// Adds, calls, fails and is refused, so that whatever writes something has written it.
async fn live(manager: &ConnectorManager, server: &Double) {
    manager.add(docs(server)).await.unwrap();
    manager.enable_tools("docs", &named(&["echo"])).await.unwrap();
    echo(manager, "docs").await.unwrap();
    call(manager, "docs", "echo", r#"{"message":1}"#).await.unwrap_err();
    call(manager, "docs", "add", "{}").await.unwrap_err();
    manager.refresh("docs").await.unwrap();
    let seen = server.ledger().seen();
    let carries =
        |seen: &car_testkit::Seen| seen.headers.get("x-api-key").is_some_and(|value| value == VALUE);
    assert!(!seen.is_empty() && seen.iter().all(carries), "every request carries it");
}

#[tokio::test]
async fn in_keychain_mode_no_file_holds_the_value() {
    for era in ERAS {
        let (place, server, keychain) = (Place::new(), server(era).await, Arc::new(Memory::default()));
        let options = || {
            let options = place.options().with_secrets(SecretMode::Keychain);
            options.with_keychain(Arc::clone(&keychain) as Arc<dyn Keychain>)
        };
        let manager = ConnectorManager::load(options()).await.unwrap();
        live(&manager, &server).await;
        assert_eq!(files_with_value(place.folder.path()), [""; 0]);
        assert_eq!(keychain.entries.lock().unwrap().keys().collect::<Vec<_>>(), ["connector:docs:X-Api-Key"]);
        assert!(manager.warnings().is_empty());

        // Another program, which knows nothing but the files and the keychain, can call.
        let manager = ConnectorManager::load(options()).await.unwrap();
        echo(&manager, "docs").await.unwrap();
        manager.remove("docs").await.unwrap();
        assert!(keychain.entries.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn in_file_mode_one_file_for_the_owner_holds_it() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = place.manager().await;
    live(&manager, &server).await;
    assert_eq!(files_with_value(place.folder.path()), ["secrets.json"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.home().secrets_path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    manager.remove("docs").await.unwrap();
    assert_eq!(files_with_value(place.folder.path()), [""; 0]);
}

#[tokio::test]
async fn nothing_that_can_be_printed_shows_it() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = place.manager().await;
    let new = docs(&server);
    let mut printed = format!("{new:?} {:?}", place.options());
    let status = manager.add(new).await.unwrap();
    manager.enable_tools("docs", &named(&["echo"])).await.unwrap();
    let outcome = manager.call_tool("docs", "echo", &raw(r#"{"message":"hi"}"#), &CallOptions::new()).await;
    printed.push_str(&format!(
        "{manager:?} {status:?} {outcome:?} {:?} {:?} {:?}",
        manager.list().await,
        manager.tools("docs").await,
        manager.enabled_tool_entries(),
    ));
    printed.push_str(&serde_json::to_string(&status).unwrap());
    let hostile = Hostile::start(Mode::ServerError).await.unwrap();
    let bad = NewConnector::remote("Bad", hostile.url()).with_header("X-Api-Key", Secret::new(VALUE));
    let error = manager.add(bad).await.unwrap_err();
    printed.push_str(&format!("{error:?} {error}"));
    assert!(!printed.contains(VALUE), "{printed}");
    assert!(printed.contains("X-Api-Key"), "its name is no secret");
}

#[tokio::test]
async fn a_connector_whose_secret_cannot_be_kept_is_not_kept() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let failure = Some(KeychainError::Failed { reason: "it is locked".to_owned() });
    let keychain = Arc::new(Memory { failure, ..Memory::default() });
    let options = place.options().with_secrets(SecretMode::Keychain).with_keychain(keychain);
    let manager = ConnectorManager::load(options).await.unwrap();
    let error = manager.add(docs(&server)).await.unwrap_err();
    assert_eq!((error.kind(), error.connector()), (ErrorKind::Storage, Some("docs")));
    assert!(error.hint().is_some_and(|hint| hint.starts_with("unlock the keychain")));
    assert!(manager.list().await.unwrap().is_empty());
    // One without secrets needs no keychain.
    manager.add(NewConnector::remote("Open", server.url())).await.unwrap();
}

#[tokio::test]
async fn where_no_keychain_answers_a_file_is_used_with_one_warning() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let failure = Some(KeychainError::Unavailable { reason: "no session bus".to_owned() });
    let keychain = Arc::new(Memory { failure, ..Memory::default() });
    let options = place.options().with_secrets(SecretMode::Auto).with_keychain(keychain);
    let manager = ConnectorManager::load(options).await.unwrap();
    assert!(manager.warnings().is_empty(), "nobody has asked for a secret yet");
    live(&manager, &server).await;
    assert_eq!(
        manager.warnings(),
        [
            "secrets are kept in a file that only you can read, because of the keychain: no keychain answers: no session bus"
        ]
    );
    assert_eq!(files_with_value(place.folder.path()), ["secrets.json"]);
}

#[tokio::test]
async fn a_secret_that_is_gone_is_missed_by_name_and_nothing_leaves() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = place.manager().await;
    live(&manager, &server).await;
    manager.close().await;
    std::fs::remove_file(place.home().secrets_path()).unwrap();
    let requests = server.ledger().requests();
    let error = echo(&place.manager().await, "docs").await.unwrap_err();
    assert_eq!(error.to_string(), "the value of the header X-Api-Key is not stored any more");
    assert_eq!(server.ledger().requests(), requests);
}

#[tokio::test]
async fn a_server_that_wants_a_sign_in_is_kept_with_its_header() {
    let (place, server) = (Place::new(), Hostile::start(Mode::Unauthorized).await.unwrap());
    let manager = place.manager().await;
    let new = NewConnector::remote("Docs", server.url()).with_header("X-Api-Key", Secret::new(VALUE));
    let error = manager.add(new).await.unwrap_err();
    assert!(error.is_auth_required() && error.connector() == Some("docs"));
    let status = manager.status("docs").await.unwrap();
    assert_eq!((status.state.as_str(), status.secret_headers.len()), ("needs_sign_in", 1));
    assert_eq!(status.next_action.as_deref(), Some("sign in with `car login docs`"));
    manager.remove("docs").await.unwrap();
    assert_eq!(files_with_value(place.folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_header_that_the_server_refuses_is_not_answered_with_a_sign_in() {
    let (place, server) = (Place::new(), Hostile::start(Mode::Unauthorized).await.unwrap());
    let manager = place.manager().await;
    let new = NewConnector::remote("Docs", server.url()).with_header("Authorization", Secret::new(VALUE));
    let error = manager.add(new).await.unwrap_err();
    assert!(error.is_auth_required());
    assert!(error.hint().is_some_and(|hint| hint.starts_with("the server refuses the Authorization header")));
}
