//! Where the daemon of a state folder is, what lets a program in, and that there is only one.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Home, Secret, StoreError, lock::WriteLock, owner, replace};

/// The largest file that is read: an address and a token.
const MAX_BYTES: u64 = 64 * 1024;

/// How long to wait for another daemon: as good as not at all, it runs until it is stopped. Long enough for whoever only
/// looks whether there is one ([`DaemonLock::is_held`]).
const WAIT: Duration = Duration::from_millis(200);

/// Where a daemon is, and what lets a program in. In `run/daemon.json`, for the owner only.
#[derive(Clone)]
#[non_exhaustive]
pub struct DaemonAddress {
    /// The URL without a path; nothing while no daemon runs.
    pub url: Option<String>,
    /// The token of whoever may read the file. It stays the same from one daemon to the next.
    pub token: Secret,
}

/// How it stands in the file.
#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    token: String,
}

impl DaemonAddress {
    /// Reads where the daemon of a state folder is, or nothing where there never was one.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::TooLarge`] and [`StoreError::Malformed`].
    pub fn read(home: &Home) -> Result<Option<Self>, StoreError> {
        let path = path(home);
        let Some(content) = replace::read(&path, MAX_BYTES)? else { return Ok(None) };
        let written: Written = serde_json::from_slice(&content).map_err(|error| {
            // The library's own text could repeat the token.
            let message = "expected an object with a text `token`".to_owned();
            StoreError::Malformed { path, line: error.line(), column: error.column(), message }
        })?;
        Ok(Some(Self { url: written.url, token: Secret::new(written.token) }))
    }
}

impl fmt::Debug for DaemonAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DaemonAddress").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Proof that this process is the one daemon of a state folder. The operating system frees it when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct DaemonLock {
    lock: WriteLock,
}

impl DaemonLock {
    /// Becomes the daemon of a state folder.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where there is one already; [`StoreError::ForeignFolder`] where the folder belongs to
    /// somebody else, the superuser's process included; [`StoreError::Io`].
    pub fn acquire(home: &Home) -> Result<Self, StoreError> {
        owner::check(home.path())?;
        Ok(Self { lock: WriteLock::acquire(&path(home), WAIT)? })
    }

    /// Tells whether a state folder has its daemon now. A daemon that was killed leaves its address behind, and its port to
    /// anybody: who is about to send the token there asks this first.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn is_held(home: &Home) -> Result<bool, StoreError> {
        match WriteLock::acquire(&path(home), Duration::ZERO) {
            Ok(_lock) => Ok(false),
            Err(StoreError::Locked { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Writes where the daemon is, and what lets a program in.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn announce(&self, address: &DaemonAddress) -> Result<(), StoreError> {
        let written = Written { url: address.url.clone(), token: address.token.expose().to_owned() };
        let text = serde_json::to_vec_pretty(&written).expect("two texts are always JSON");
        replace::replace(&self.lock, &text)
    }
}

impl DaemonAddress {
    /// Describes a daemon that is not reached yet.
    #[must_use]
    pub const fn new(token: Secret) -> Self {
        Self { url: None, token }
    }
}

fn path(home: &Home) -> PathBuf {
    home.run_path().join("daemon.json")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test lays out a broken file")]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_address_for_the_owner_and_lets_in_one_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::resolve(Some(folder.path()), |_| None).unwrap();
        assert!(DaemonAddress::read(&home).unwrap().is_none());
        let lock = DaemonLock::acquire(&home).unwrap();
        let mut address = DaemonAddress::new(Secret::new("s3cret"));
        address.url = Some("http://127.0.0.1:1".to_owned());
        lock.announce(&address).unwrap();
        let read = DaemonAddress::read(&home).unwrap().unwrap();
        assert_eq!((read.url.as_deref(), read.token.expose()), (Some("http://127.0.0.1:1"), "s3cret"));
        assert!(!format!("{read:?}").contains("s3cret"));
        assert!(DaemonLock::is_held(&home).unwrap());
        assert!(matches!(DaemonLock::acquire(&home), Err(StoreError::Locked { .. })));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path(&home).metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        drop(lock);
        assert!(!DaemonLock::is_held(&home).unwrap());
        DaemonLock::acquire(&home).unwrap();
    }

    /// The superuser can give a folder away; to anybody else the root of the file system is a folder of another user.
    #[cfg(unix)]
    #[test]
    fn refuses_a_folder_of_somebody_else_and_says_whose_it_is() {
        const SOMEBODY: u32 = 4242;
        let folder = tempfile::tempdir().unwrap();
        let user = rustix::process::geteuid().as_raw();
        let (path, owner) = match std::os::unix::fs::chown(folder.path(), Some(SOMEBODY), None) {
            Ok(()) => (folder.path(), SOMEBODY),
            Err(_) => (std::path::Path::new("/"), 0),
        };
        let home = Home::resolve(Some(path), |_| None).unwrap();
        let error = DaemonLock::acquire(&home).unwrap_err().to_string();
        let expected = format!("the folder {} belongs to user {owner}, expected {user}", path.display());
        assert_eq!(error, expected);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "nothing was written");
    }

    #[test]
    fn repeats_nothing_of_a_broken_file() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::resolve(Some(folder.path()), |_| None).unwrap();
        std::fs::create_dir_all(home.run_path()).unwrap();
        std::fs::write(path(&home), r#"{"token": ["s3cret"]}"#).unwrap();
        let error = DaemonAddress::read(&home).unwrap_err();
        assert!(
            matches!(error, StoreError::Malformed { .. }) && !error.to_string().contains("s3cret"),
            "{error}"
        );
    }
}
