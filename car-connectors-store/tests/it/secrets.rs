//! Where secrets go in each mode.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use car_connectors_store::{
    EntryName, Home, Keychain, KeychainError, Secret, SecretMode, SecretStore, StoreError,
};

use crate::home;

/// A keychain in memory that can be out of reach.
#[derive(Default)]
struct Vault {
    entries: Mutex<BTreeMap<String, Secret>>,
    out_of_reach: AtomicBool,
}

impl Vault {
    fn entries(&self) -> Result<std::sync::MutexGuard<'_, BTreeMap<String, Secret>>, KeychainError> {
        if self.out_of_reach.load(Ordering::Relaxed) {
            return Err(KeychainError::Unavailable { reason: "no session bus".to_owned() });
        }
        Ok(self.entries.lock().unwrap())
    }
}

impl Keychain for Vault {
    fn read(&self, entry: &str) -> Result<Option<Secret>, KeychainError> {
        Ok(self.entries()?.get(entry).cloned())
    }

    fn write(&self, entry: &str, secret: &Secret) -> Result<(), KeychainError> {
        assert!(secret.expose().len() <= 2_560, "an entry is never longer than Windows allows");
        self.entries()?.insert(entry.to_owned(), secret.clone());
        Ok(())
    }

    fn remove(&self, entry: &str) -> Result<(), KeychainError> {
        self.entries()?.remove(entry);
        Ok(())
    }
}

/// Opens the secrets anew, as a new process would.
fn open(home: &Home, mode: SecretMode, vault: &Arc<Vault>, reachable: bool) -> SecretStore {
    vault.out_of_reach.store(!reachable, Ordering::Relaxed);
    SecretStore::with_keychain(home, mode, Arc::clone(vault) as Arc<dyn Keychain>)
}

fn value(store: &SecretStore, name: &EntryName) -> Option<String> {
    store.get(name).unwrap().map(|secret| secret.expose().to_owned())
}

#[test]
fn keychain_mode_leaves_no_trace_in_the_state_folder() {
    let (_folder, home) = home();
    let store = open(&home, SecretMode::Keychain, &Arc::default(), true);
    let (name, long) = (EntryName::header("a", "Authorization"), "s3cr3t".repeat(2_000));
    store.set(&name, &Secret::new(&*long)).unwrap();
    assert_eq!(value(&store, &name).unwrap(), long);
    for entry in fs::read_dir(home.path()).unwrap() {
        assert!(!fs::read_to_string(entry.unwrap().path()).unwrap().contains("s3cr3t"));
    }
    store.delete(&name).unwrap();
    store.delete(&name).unwrap();
    assert_eq!(value(&store, &name), None);
}

#[test]
fn keychain_mode_fails_where_no_keychain_answers() {
    let (_folder, home) = home();
    let store = open(&home, SecretMode::Keychain, &Arc::default(), false);
    let name = EntryName::tokens("a");
    let error = store.set(&name, &Secret::new("s3cr3t")).unwrap_err();
    assert_eq!(error.to_string(), "cannot write \"connector:a:tokens\" in the system keychain");
    assert!(matches!(store.get(&name), Err(StoreError::Keychain { .. })));
    assert!(store.fallback().is_none());
    assert!(!home.secrets_path().exists());
}

#[test]
fn auto_mode_falls_back_to_a_file_for_the_owner_only_and_says_why() {
    let (_folder, home) = home();
    let store = open(&home, SecretMode::Auto, &Arc::default(), false);
    let name = EntryName::tokens("a");
    assert!(store.fallback().is_none(), "nothing was asked yet");
    store.set(&name, &Secret::new("s3cr3t")).unwrap();
    assert_eq!(value(&store, &name).unwrap(), "s3cr3t");
    assert_eq!(store.fallback().unwrap().reason.to_string(), "no keychain answers: no session bus");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(home.secrets_path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn what_went_to_the_file_is_found_when_the_keychain_is_back() {
    let (_folder, home) = home();
    let (vault, name) = (Arc::<Vault>::default(), EntryName::tokens("a"));
    open(&home, SecretMode::Auto, &vault, true).set(&name, &Secret::new("old")).unwrap();
    open(&home, SecretMode::Auto, &vault, false).set(&name, &Secret::new("newer")).unwrap();
    let back = open(&home, SecretMode::Auto, &vault, true);
    assert_eq!(value(&back, &name).unwrap(), "newer", "the keychain's copy is the older one");
    back.set(&name, &Secret::new("newest")).unwrap();
    assert_eq!(value(&back, &name).unwrap(), "newest");
    assert!(!fs::read_to_string(home.secrets_path()).unwrap().contains("newe"));
}

#[test]
fn what_was_deleted_without_the_keychain_does_not_come_back_with_it() {
    let (_folder, home) = home();
    let (vault, name) = (Arc::<Vault>::default(), EntryName::tokens("a"));
    open(&home, SecretMode::Auto, &vault, true).set(&name, &Secret::new("old")).unwrap();
    open(&home, SecretMode::Auto, &vault, false).delete(&name).unwrap();
    let back = open(&home, SecretMode::Auto, &vault, true);
    assert_eq!(value(&back, &name), None);
    back.delete(&name).unwrap();
    assert!(vault.entries().unwrap().is_empty());
    back.set(&name, &Secret::new("again")).unwrap();
    assert_eq!(value(&back, &name).unwrap(), "again");
}

#[test]
fn file_mode_never_asks_the_keychain() {
    let (_folder, home) = home();
    let vault = Arc::<Vault>::default();
    let store = open(&home, SecretMode::File, &vault, true);
    let names = [EntryName::header("a", "X-Key"), EntryName::client_secret("a")];
    for name in &names {
        store.set(name, &Secret::new("s3cr3t")).unwrap();
    }
    assert!(vault.entries().unwrap().is_empty());
    store.delete_all(&names).unwrap();
    assert!(names.iter().all(|name| value(&store, name).is_none()));
}

#[test]
fn reading_where_nothing_is_stored_makes_nothing() {
    let (_folder, home) = home();
    let store = open(&home, SecretMode::Auto, &Arc::default(), true);
    assert_eq!(value(&store, &EntryName::tokens("a")), None);
    assert!(!home.path().exists());
}

#[test]
fn a_damaged_file_is_never_touched_and_its_error_quotes_nothing() {
    let (_folder, home) = home();
    fs::create_dir(home.path()).unwrap();
    let store = open(&home, SecretMode::File, &Arc::default(), true);
    let name = EntryName::tokens("a");
    for content in ["{\"version\":1,\"secrets\":{\"a\":\"s3cr3t\"", "{\"version\":1,\"secrets\":\"s3cr3t\"}"]
    {
        fs::write(home.secrets_path(), content).unwrap();
        let errors = [
            store.get(&name).map(drop).unwrap_err(),
            store.set(&name, &Secret::new("x")).unwrap_err(),
            store.delete(&name).unwrap_err(),
        ];
        for error in errors {
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
        }
        assert_eq!(fs::read_to_string(home.secrets_path()).unwrap(), content);
    }
    fs::write(home.secrets_path(), "{\"version\":2,\"vault\":true}").unwrap();
    assert!(matches!(store.get(&name), Err(StoreError::NewerVersion { found: 2, .. })));
}

#[test]
fn refuses_a_secret_that_no_server_hands_out() {
    let (_folder, home) = home();
    let store = open(&home, SecretMode::Auto, &Arc::default(), true);
    let error = store.set(&EntryName::tokens("a"), &Secret::new("x".repeat(70_000))).unwrap_err();
    assert!(matches!(error, StoreError::SecretTooLong { length: 70_000, .. }));
}
