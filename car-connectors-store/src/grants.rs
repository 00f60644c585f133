//! What a person agreed to for good: calls that a rule would put before them each time.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::record::{self, Versioned};
use crate::stamp::Cached;
use crate::{Home, StoreError};

/// The largest file that is read, in bytes: room for ten thousand grants.
const LARGEST: u64 = 4 * 1024 * 1024;

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
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// The grants of a state folder, `grants.json`, for the owner only. What was read is kept until the file changes.
#[derive(Clone, Debug)]
pub struct GrantsFile {
    path: PathBuf,
    kept: Cached<Vec<Grant>>,
}

/// The file as it is written.
#[derive(Default, Serialize, Deserialize)]
struct Record {
    version: u64,
    #[serde(default)]
    grants: Vec<Grant>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Versioned for Record {
    const VERSION: u64 = 1;

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Grant {
    /// Describes a grant; the file gives it its id.
    #[must_use]
    pub fn new(caller: &str, connector: &str, tool: &str, rule: &str, granted_at: u64) -> Self {
        let (caller, connector, tool) = (caller.to_owned(), connector.to_owned(), tool.to_owned());
        Self {
            id: String::new(),
            caller,
            connector,
            tool,
            rule: rule.to_owned(),
            granted_at,
            more: Map::new(),
        }
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
        Self { path: home.grants_path(), kept: Cached::default() }
    }

    /// Returns all grants, the oldest first. Asks for the file's metadata only, unless it changed.
    ///
    /// # Errors
    /// [`StoreError::Malformed`], [`StoreError::NewerVersion`], [`StoreError::TooLarge`], [`StoreError::Io`].
    pub fn all(&self) -> Result<Vec<Grant>, StoreError> {
        Ok(self.current()?.to_vec())
    }

    /// Tells whether a person agreed to a call for good. Asks for the file's metadata only, unless it changed.
    ///
    /// # Errors
    /// As [`GrantsFile::all`].
    pub fn covers(&self, caller: &str, connector: &str, tool: &str, rule: &str) -> Result<bool, StoreError> {
        Ok(self.current()?.iter().any(|grant| grant.covers(caller, connector, tool, rule)))
    }

    /// Adds a grant and returns it with its id. One of the same call is replaced.
    ///
    /// # Errors
    /// As [`GrantsFile::all`]; [`StoreError::Locked`].
    pub fn add(&self, grant: Grant) -> Result<Grant, StoreError> {
        record::update(&self.path, LARGEST, |record: &mut Record| {
            let Grant { caller, connector, tool, rule, .. } = &grant;
            record.grants.retain(|known| !known.covers(caller, connector, tool, rule));
            let taken = |id: &str| record.grants.iter().any(|known| known.id == id);
            let mut ids = std::iter::repeat_with(|| format!("{:08x}", rand::random::<u32>()));
            let id = ids.find(|id| !taken(id)).expect("it never ends");
            let grant = Grant { id, ..grant };
            record.grants.push(grant.clone());
            grant
        })
    }

    /// Takes a grant back, and returns whether there was one.
    ///
    /// # Errors
    /// As [`GrantsFile::add`].
    pub fn remove(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.remove_all(|grant| grant.id == id)? > 0)
    }

    /// Takes back all grants for a connector, and returns how many there were.
    ///
    /// # Errors
    /// As [`GrantsFile::add`].
    pub fn remove_connector(&self, slug: &str) -> Result<usize, StoreError> {
        self.remove_all(|grant| grant.connector == slug)
    }

    fn remove_all(&self, is_meant: impl Fn(&Grant) -> bool) -> Result<usize, StoreError> {
        if !self.current()?.iter().any(&is_meant) {
            return Ok(0);
        }
        record::update(&self.path, LARGEST, |record: &mut Record| {
            let before = record.grants.len();
            record.grants.retain(|grant| !is_meant(grant));
            before - record.grants.len()
        })
    }

    fn current(&self) -> Result<Arc<Vec<Grant>>, StoreError> {
        self.kept.get(&self.path, || Ok(record::read::<Record>(&self.path, LARGEST)?.grants))
    }
}
