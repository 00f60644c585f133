//! The records that a root answers from: a JSON list in a file.

use std::collections::HashSet;
use std::path::Path;
use std::{fs, io};

use car_agentdns::ServiceIdentifier;
use serde_json::Value;

/// Records of made-up services, of every kind, protocol and way of charging.
const MADE_UP: &str = include_str!("../../data/root-records.json");

/// Records, checked: each has an identifier, and no other has the same.
#[derive(Clone, Debug)]
pub struct Records(Vec<(ServiceIdentifier, Value)>);

/// Why records cannot be served. Whoever wrote them is told which one is wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecordsError {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// It is not a JSON list of objects.
    NotAList(String),
    /// A record, counted from one, is wrong.
    Record(usize, String),
}

impl std::fmt::Display for RecordsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(_) => f.write_str("the records cannot be read"),
            Self::NotAList(reason) => write!(f, "expected a JSON list of records: {reason}"),
            Self::Record(number, reason) => write!(f, "record {number}: {reason}"),
        }
    }
}

impl std::error::Error for RecordsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}

impl Records {
    /// Reads a file of records.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn from_file(file: &Path) -> Result<Self, RecordsError> {
        Self::from_json(&fs::read_to_string(file).map_err(RecordsError::Unreadable)?)
    }

    /// Reads records from their text.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, RecordsError> {
        let records: Vec<Value> =
            serde_json::from_str(text).map_err(|error| RecordsError::NotAList(error.to_string()))?;
        Self::from_values(records)
    }

    /// Takes records as they are.
    ///
    /// # Errors
    /// Says which one is wrong.
    pub fn from_values(records: Vec<Value>) -> Result<Self, RecordsError> {
        let mut known = HashSet::new();
        let mut checked = Vec::new();
        for (place, record) in records.into_iter().enumerate() {
            let wrong = |reason: String| RecordsError::Record(place + 1, reason);
            for member in ["identifier", "name", "kind", "protocol", "description"] {
                if !record[member].is_string() {
                    return Err(wrong(format!("expected a text {member}")));
                }
            }
            let text = record["identifier"].as_str().unwrap_or_default();
            let identifier: ServiceIdentifier =
                text.parse().map_err(|error: car_agentdns::NameError| wrong(error.to_string()))?;
            if !known.insert(identifier.clone()) {
                return Err(wrong(format!("{identifier} is there twice")));
            }
            checked.push((identifier, record));
        }
        Ok(Self(checked))
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn named(&self, identifier: &ServiceIdentifier) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == identifier).map(|(_, record)| record)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(ServiceIdentifier, Value)> {
        self.0.iter()
    }

    pub(super) fn at(&self, place: usize) -> &Value {
        &self.0[place].1
    }
}

/// Returns the records of forty made-up services.
pub fn made_up() -> Records {
    Records::from_json(MADE_UP).expect("the made-up records are good")
}
