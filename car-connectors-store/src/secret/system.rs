//! The operating system's keychain: Secret Service, macOS Keychain or Windows Credential Manager.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use keyring_core::{CredentialStore, Entry, Error};

use super::{keychain::Keychain, value::Secret};
use crate::KeychainError;

/// The service under which the platform files our entries.
const SERVICE: &str = "car";

/// How long to wait until a keychain answers at all. A session bus answers in milliseconds; starting a keychain on
/// demand takes a second or two.
const OPEN_WAIT: Duration = Duration::from_secs(10);

/// How long one operation may take: a locked keychain asks a person for its password.
const OPERATION_WAIT: Duration = Duration::from_secs(120);

/// The keychain of the operating system and the user's session.
///
/// Each call runs on a thread of its own and is given up after a while: a locked keychain in a session without a
/// screen waits for ever for somebody to type. After that, every call fails at once.
#[derive(Debug)]
pub struct SystemKeychain {
    store: Arc<CredentialStore>,
    given_up: AtomicBool,
}

impl SystemKeychain {
    /// Connects to the keychain of this session.
    ///
    /// # Errors
    ///
    /// [`KeychainError::Unavailable`] where there is none, [`KeychainError::Timeout`] where it does not answer.
    pub fn open() -> Result<Self, KeychainError> {
        let store = bounded(OPEN_WAIT, open_platform_store)?
            .map_err(|error| KeychainError::Unavailable { reason: words(&error) })?;
        Ok(Self::with_store(store))
    }

    fn with_store(store: Arc<CredentialStore>) -> Self {
        Self { store, given_up: AtomicBool::new(false) }
    }

    fn run<T: Send + 'static>(
        &self,
        entry: &str,
        operation: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<T>, KeychainError> {
        if self.given_up.load(Ordering::Relaxed) {
            return Err(KeychainError::Unavailable { reason: "it did not answer before".to_owned() });
        }
        let (store, entry) = (Arc::clone(&self.store), entry.to_owned());
        let outcome = bounded(OPERATION_WAIT, move || operation(&store.build(SERVICE, &entry, None)?));
        match outcome {
            Ok(Ok(value)) => Ok(Some(value)),
            Ok(Err(Error::NoEntry)) => Ok(None),
            Ok(Err(error @ (Error::NoStorageAccess(_) | Error::NoDefaultStore))) => {
                Err(KeychainError::Unavailable { reason: words(&error) })
            }
            Ok(Err(error)) => Err(KeychainError::Failed { reason: words(&error) }),
            Err(timeout) => {
                self.given_up.store(true, Ordering::Relaxed);
                Err(timeout)
            }
        }
    }
}

impl Keychain for SystemKeychain {
    fn read(&self, entry: &str) -> Result<Option<Secret>, KeychainError> {
        self.run(entry, |entry| entry.get_password().map(Secret::new))
    }

    fn write(&self, entry: &str, secret: &Secret) -> Result<(), KeychainError> {
        let secret = secret.clone();
        self.run(entry, move |entry| entry.set_password(secret.expose())).map(|_done| ())
    }

    fn remove(&self, entry: &str) -> Result<(), KeychainError> {
        self.run(entry, Entry::delete_credential).map(|_done| ())
    }
}

/// Runs what may block for ever, and waits for it no longer than `wait`. A thread that is given up ends when the
/// keychain does answer.
fn bounded<T: Send + 'static>(
    wait: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, KeychainError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let spawned = thread::Builder::new().name("car-keychain".to_owned()).spawn(move || {
        // Nobody listens any more once the wait is over.
        sender.send(work()).ok();
    });
    if let Err(error) = spawned {
        return Err(KeychainError::Unavailable { reason: error.to_string() });
    }
    receiver.recv_timeout(wait).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => KeychainError::Timeout { waited: wait },
        mpsc::RecvTimeoutError::Disconnected => {
            KeychainError::Unavailable { reason: "its library gave up".to_owned() }
        }
    })
}

/// Puts a keychain library's error into words, without those variants' contents that hold the secret's own bytes.
fn words(error: &Error) -> String {
    match error {
        Error::BadEncoding(_) => "the entry is not text".to_owned(),
        Error::BadDataFormat(..) => "the entry is not in the keychain's format".to_owned(),
        Error::Ambiguous(entries) => format!("{} entries have this name", entries.len()),
        other => other.to_string(),
    }
}

#[cfg(target_os = "macos")]
fn open_platform_store() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = apple_native_keyring_store::keychain::Store::new()?;
    Ok(store)
}

#[cfg(windows)]
fn open_platform_store() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = windows_native_keyring_store::Store::new()?;
    Ok(store)
}

#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
fn open_platform_store() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
    Ok(store)
}

#[cfg(any(target_os = "ios", target_os = "android", not(any(unix, windows))))]
fn open_platform_store() -> Result<Arc<CredentialStore>, Error> {
    Err(Error::NotSupportedByStore("this platform has no keychain that we know".to_owned()))
}

/// Makes a keychain that lives in memory.
#[cfg(test)]
pub(super) fn mock() -> SystemKeychain {
    SystemKeychain::with_store(keyring_core::mock::Store::new().expect("the mock opens"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_up_on_what_does_not_answer() {
        let (never, waits) = mpsc::channel::<()>();
        let error = bounded(Duration::from_millis(5), move || waits.recv().is_ok()).unwrap_err();
        assert!(matches!(error, KeychainError::Timeout { .. }), "{error}");
        drop(never);
    }

    #[test]
    fn never_repeats_the_bytes_that_the_library_puts_into_its_errors() {
        let keychain = mock();
        let entry = keychain.store.build(SERVICE, "e", None).unwrap();
        let credential: &keyring_core::mock::Cred = entry.as_any().downcast_ref().unwrap();
        for error in [
            Error::BadEncoding(b"s3cr3t".to_vec()),
            Error::BadDataFormat(b"s3cr3t".to_vec(), "s3cr3t".into()),
        ] {
            credential.set_error(error);
            let error = keychain.read("e").unwrap_err();
            let bytes = format!("{:?}", b"s3cr3t");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("s3cr3t") && !shown.contains(&bytes), "{shown}");
        }
        credential.set_error(Error::NoStorageAccess("it is locked".into()));
        assert!(matches!(keychain.read("e"), Err(KeychainError::Unavailable { .. })));
    }
}
