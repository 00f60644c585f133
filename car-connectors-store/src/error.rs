//! What can go wrong with stored state, sorted by whose fault it is.

use std::{io, path::PathBuf, time::Duration};

use crate::owner;

/// Says why state could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    // The user's: something written or asked for is not right.
    /// A state file is not what it should be. It is left as it is.
    #[error("{} is not usable: line {line}, column {column}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// The column, counted from one.
        column: usize,
        /// What was expected and what was found.
        message: String,
    },
    /// A state file was written by a newer release. It is left as it is.
    #[error("{} has version {found}, expected at most {known}: it was written by a newer release", path.display())]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// The version it names.
        found: u64,
        /// The newest version that this release reads.
        known: u64,
    },
    /// A connector with this slug is already there.
    #[error("connector {slug:?} already exists")]
    DuplicateSlug {
        /// The slug.
        slug: String,
    },
    /// Something of this name is already there.
    #[error("{what} {name:?} already exists")]
    Duplicate {
        /// What it is: `token`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A token cannot be what was given.
    #[error("the token is not usable: {message}")]
    UnfitToken {
        /// What was expected and what was found.
        message: String,
    },
    /// A source of this name is already there.
    #[error("source {name:?} already exists")]
    DuplicateSource {
        /// The name.
        name: String,
    },
    /// There is no source of this name.
    #[error("there is no source {name:?}")]
    UnknownSource {
        /// The name.
        name: String,
    },
    /// A source, or the embedding model, cannot be what was given. Its URL is not repeated, as it may hold a secret.
    #[error("{what} is not usable: {message}")]
    UnfitSource {
        /// What it is about: `source "x"` or `embeddings`.
        what: String,
        /// What was expected and what was found.
        message: String,
    },
    /// The secret is longer than anything that a server hands out.
    #[error("the secret {entry:?} has {length} bytes, expected at most {limit}")]
    SecretTooLong {
        /// The keychain entry.
        entry: String,
        /// Its length in bytes.
        length: usize,
        /// The most that is stored.
        limit: usize,
    },

    /// The project's file is a symbolic link out of the project. Nothing of it is read.
    #[error("{} leads out of the project, to {}", path.display(), target.display())]
    OutsideProject {
        /// The file.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The project's file is a folder, a pipe or the like.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// A project's file has changed since the user was shown it.
    #[error("{} has changed since it was shown", path.display())]
    ChangedSinceShown {
        /// The file.
        path: PathBuf,
    },

    // The environment's: the machine does not let us.
    /// Neither a folder was given nor is a home folder known.
    #[error("no state folder: neither CAR_HOME nor {variable} is set")]
    NoHome {
        /// The variable that names the user's home folder on this platform.
        variable: &'static str,
    },
    /// A folder of ours belongs to somebody else: what is in it can be neither trusted nor, perhaps, read or written.
    #[error("the folder {} belongs to user {owner}, expected {user}", path.display())]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
        /// The user that it belongs to, by number.
        owner: u32,
        /// The user that this process runs as.
        user: u32,
    },
    /// The operating system refused an operation on a file.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A state file is larger than this release reads.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        limit: u64,
    },
    /// Another process has held the lock for too long.
    #[error("{} has been locked by another process for {} s", path.display(), waited.as_secs())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// The system keychain was asked for a secret and failed.
    #[error("cannot {action} {entry:?} in the system keychain")]
    Keychain {
        /// What was tried, as a verb.
        action: &'static str,
        /// The keychain entry.
        entry: String,
        /// What the keychain said.
        source: KeychainError,
    },
}

/// Says why a keychain did not do what it was asked.
///
/// It carries words only: the errors of keychain libraries can hold the secret's bytes.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeychainError {
    /// No keychain answers on this machine or in this session, or it stays locked.
    #[error("no keychain answers: {reason}")]
    Unavailable {
        /// What the platform said.
        reason: String,
    },
    /// The keychain did not answer in time, perhaps because it waits for a person who is not there.
    #[error("the keychain did not answer within {} s", waited.as_secs())]
    Timeout {
        /// How long we waited.
        waited: Duration,
    },
    /// A stored secret is not whole.
    #[error("the stored secret is damaged: {reason}")]
    Damaged {
        /// What is wrong with it.
        reason: String,
    },
    /// Anything else that the platform said.
    #[error("{reason}")]
    Failed {
        /// What the platform said.
        reason: String,
    },
}

impl StoreError {
    /// Makes a function that names the action and the path of an operating system's error, or whose folder it is where that
    /// is the reason.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match owner::of_somebody_else(&path) {
            // Whose it is says more than that it is not allowed.
            Some((path, owner, user)) if source.kind() == io::ErrorKind::PermissionDenied => {
                Self::ForeignFolder { path, owner, user }
            }
            _ => Self::Io { action, path, source },
        }
    }
}
