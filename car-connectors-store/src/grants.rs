//! What a person agreed to for good: calls that a rule would put before them each time.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Home, StoreError};

/// A call that need not be asked about any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Grant {
    /// Names it where it is taken back.
    pub id: String,
    /// Who may call, as the event log names them.
    pub caller: String,
    /// The connector's slug.
    pub connector: String,
    /// The server's own name for the tool.
    pub tool: String,
    /// The rule that asked, by its short name. Another rule asks anew.
    pub rule: String,
    /// When the person agreed, in seconds since 1970.
    pub granted_at: u64,
}

/// The grants of a state folder, `grants.json`, for the owner only. What was read is kept until the file changes.
#[derive(Clone, Debug)]
pub struct GrantsFile {
    path: PathBuf,
}

impl Grant {
    /// Describes a grant; the file gives it its id.
    #[must_use]
    pub fn new(caller: &str, connector: &str, tool: &str, rule: &str, granted_at: u64) -> Self {
        let (caller, connector, tool) = (caller.to_owned(), connector.to_owned(), tool.to_owned());
        Self { id: String::new(), caller, connector, tool, rule: rule.to_owned(), granted_at }
    }

    /// Tells whether it is about this call.
    #[must_use]
    pub fn covers(&self, caller: &str, connector: &str, tool: &str, rule: &str) -> bool {
        self.caller == caller && self.connector == connector && self.tool == tool && self.rule == rule
    }
}

impl GrantsFile {
    /// Names the file of a state folder; nothing is read or made yet.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { path: home.grants_path() }
    }

    /// Returns all grants, the oldest first. Asks for the file's metadata only, unless it changed.
    ///
    /// # Errors
    /// [`StoreError::Malformed`], [`StoreError::NewerVersion`], [`StoreError::TooLarge`], [`StoreError::Io`].
    pub fn all(&self) -> Result<Vec<Grant>, StoreError> {
        let _ = &self.path;
        todo!("part C1")
    }

    /// Adds a grant and returns it with its id. One of the same call is replaced.
    ///
    /// # Errors
    /// As [`GrantsFile::all`]; [`StoreError::Locked`].
    pub fn add(&self, grant: Grant) -> Result<Grant, StoreError> {
        let _ = grant;
        todo!("part C1")
    }

    /// Takes a grant back, and returns whether there was one.
    ///
    /// # Errors
    /// As [`GrantsFile::add`].
    pub fn remove(&self, id: &str) -> Result<bool, StoreError> {
        let _ = id;
        todo!("part C1")
    }

    /// Takes back all grants for a connector, and returns how many there were.
    ///
    /// # Errors
    /// As [`GrantsFile::add`].
    pub fn remove_connector(&self, slug: &str) -> Result<usize, StoreError> {
        let _ = slug;
        todo!("part C1")
    }
}
