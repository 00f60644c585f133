//! What was fetched and can be fetched again: one file for each key, which anybody may delete.

use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::{Home, StoreError, lock::WriteLock, replace};

/// The largest file that is read or written, in bytes: a copy of a registry with fifty thousand entries, or the vectors
/// of as many.
const LARGEST: u64 = 128 * 1024 * 1024;

/// How much of a key a person can read in the name of its file, in characters.
const READABLE: usize = 40;

/// How many bytes of the key's digest are in the name of its file: enough that two keys never share one.
const DIGEST_BYTES: usize = 16;

/// How long to wait for another process that writes to the same file. What it writes is as good.
const WAIT: Duration = Duration::from_secs(2);

/// The folder of what can be fetched again, `cache`.
///
/// Every error may be dropped: then it is fetched again. Secrets do not belong here.
#[derive(Clone, Debug)]
pub struct CacheFiles {
    folder: PathBuf,
}

impl CacheFiles {
    /// Names the folder of a state folder; nothing is made yet.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { folder: home.cache_path() }
    }

    /// Returns where a key's file is. A key is any text, such as a URL.
    #[must_use]
    pub fn path(&self, key: &str) -> PathBuf {
        self.folder.join(file_name(key))
    }

    /// Returns what was written for a key; nothing where nothing was.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::Io`].
    pub fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        replace::read(&self.path(key), LARGEST)
    }

    /// Writes a key's content in one step: a reader sees the old or the new.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::Io`], [`StoreError::Locked`].
    pub fn write(&self, key: &str, content: &[u8]) -> Result<(), StoreError> {
        let path = self.path(key);
        if content.len() as u64 > LARGEST {
            return Err(StoreError::TooLarge { path, limit: LARGEST });
        }
        let lock = WriteLock::acquire(&path, WAIT)?;
        replace::replace(&lock, content)
    }

    /// Removes what was written for a key; nothing there is no error.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key);
        gone(std::fs::remove_file(&path)).map_err(StoreError::io("remove", path))
    }

    /// Removes everything.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn clear(&self) -> Result<(), StoreError> {
        gone(std::fs::remove_dir_all(&self.folder)).map_err(StoreError::io("remove", &self.folder))
    }
}

/// Takes what is not there for removed.
fn gone(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Returns the name of a key's file: what a person can read of the key, and a digest that tells keys apart, also where
/// upper and lower case are the same.
fn file_name(key: &str) -> String {
    let readable = |character: char| match character.to_ascii_lowercase() {
        character if character.is_ascii_alphanumeric() => character,
        _ => '-',
    };
    let begin: String = key.chars().map(readable).take(READABLE).collect();
    let digest = Sha256::digest(key.as_bytes());
    let digest: String = digest.iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("{begin}-{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_every_key_a_plain_name_and_no_two_the_same() {
        let long = "x".repeat(10_000);
        let keys = [
            "",
            ".",
            "..",
            "../../etc/passwd",
            "https://a.example/x?y=1",
            "HTTPS://a.example/x?y=1",
            "ä/b",
            "CON",
            &long,
        ];
        let names: Vec<String> = keys.iter().map(|key| file_name(key)).collect();
        for (place, name) in names.iter().enumerate() {
            assert!(name.len() <= READABLE + 1 + 2 * DIGEST_BYTES, "{name}");
            assert!(
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{name}"
            );
            assert!(!names[..place].contains(name), "{name}");
        }
        assert!(names[3].contains("etc-passwd"), "{}", names[3]);
    }
}
