//! Which services the user agreed to, by their references, whatever has become of their connectors since.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::record::{self, Versioned};
use crate::{Home, StoreError};

/// The largest record that is read: room for ten thousand services.
const LARGEST: u64 = 8 * 1024 * 1024;

/// The services that the user agreed to, `known_services.json`.
///
/// A service that is added again is compared with what was agreed to: another publisher or another place is a reason to
/// ask anew. Removing the connector forgets nothing.
#[derive(Clone, Debug)]
pub struct KnownServices {
    path: PathBuf,
}

/// What the user agreed to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KnownService {
    /// By what it was added, without a version.
    pub reference: String,
    /// Its name in the whole world, `agentdns://…`.
    pub identifier: String,
    /// The source that told of it.
    #[serde(default)]
    pub source: String,
    /// Who published it.
    #[serde(default)]
    pub publisher: String,
    /// How that was known then.
    #[serde(default)]
    pub verification: String,
    /// Where it runs, for one that runs elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The package, for one that runs here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// How it is run or asked, without its version: the command line and the variables, or the URL and the headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The version that was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// A digest of who publishes it and of the ways to have it, in hexadecimal.
    #[serde(default)]
    pub standing: String,
    /// When the user agreed, in seconds since 1970.
    #[serde(default)]
    pub agreed_at: u64,
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Default, Serialize, Deserialize)]
struct Record {
    version: u64,
    #[serde(default)]
    services: Vec<KnownService>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Versioned for Record {
    const VERSION: u64 = 1;

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl KnownServices {
    /// Names the record of a state folder; nothing is read or made yet.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { path: home.known_services_path() }
    }

    /// Returns what the user agreed to under a reference.
    ///
    /// # Errors
    /// [`StoreError::Malformed`], [`StoreError::NewerVersion`], [`StoreError::TooLarge`], [`StoreError::Io`].
    pub fn get(&self, reference: &str) -> Result<Option<KnownService>, StoreError> {
        Ok(self.all()?.into_iter().find(|service| service.reference == reference))
    }

    /// Returns everything that the user agreed to, oldest reference first.
    ///
    /// # Errors
    /// As [`KnownServices::get`].
    pub fn all(&self) -> Result<Vec<KnownService>, StoreError> {
        Ok(record::read::<Record>(&self.path, LARGEST)?.services)
    }

    /// Notes that the user agreed, in place of what they agreed to before under the same reference.
    ///
    /// # Errors
    /// Those of [`KnownServices::get`], after which the record is as it was; [`StoreError::Locked`].
    pub fn agree(&self, service: KnownService) -> Result<(), StoreError> {
        record::update(&self.path, LARGEST, |record: &mut Record| {
            let known = record.services.iter_mut().find(|known| known.reference == service.reference);
            match known {
                Some(known) => {
                    let mut more = std::mem::take(&mut known.more);
                    more.extend(service.more.clone());
                    *known = KnownService { more, ..service };
                }
                None => record.services.push(service),
            }
        })
    }

    /// Forgets what was agreed to under a reference, and returns whether there was anything.
    ///
    /// # Errors
    /// As [`KnownServices::agree`].
    pub fn forget(&self, reference: &str) -> Result<bool, StoreError> {
        if self.get(reference)?.is_none() {
            return Ok(false);
        }
        record::update(&self.path, LARGEST, |record: &mut Record| {
            let before = record.services.len();
            record.services.retain(|known| known.reference != reference);
            record.services.len() < before
        })
    }
}

impl KnownService {
    /// Names a service by its reference and its identifier; the rest is empty.
    #[must_use]
    pub fn new(reference: impl Into<String>, identifier: impl Into<String>) -> Self {
        Self { reference: reference.into(), identifier: identifier.into(), ..Self::default() }
    }
}
