//! The whole manifest: its versions, and its text.

use std::path::Path;

use serde_json::value::RawValue;

use super::connector::Connector;
use crate::StoreError;
use crate::members::{Members, Node, Reader, Source};

/// The version that this release writes, and the newest that it reads. Files without one come from car-connectors
/// 0.24 to 0.60: the same members, one version older.
const VERSION: u64 = 1;

/// Every connector, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    connectors: Vec<Connector>,
    members: Members,
}

impl Manifest {
    /// Returns all connectors.
    #[must_use]
    pub fn connectors(&self) -> &[Connector] {
        &self.connectors
    }

    /// Returns the connector with this slug.
    #[must_use]
    pub fn connector(&self, slug: &str) -> Option<&Connector> {
        self.connectors.iter().find(|connector| connector.slug == slug)
    }

    /// Returns the connector with this slug, to be changed.
    pub fn connector_mut(&mut self, slug: &str) -> Option<&mut Connector> {
        self.connectors.iter_mut().find(|connector| connector.slug == slug)
    }

    /// Adds a connector at the end.
    ///
    /// # Errors
    ///
    /// [`StoreError::DuplicateSlug`] when there is one with its slug.
    pub fn add(&mut self, connector: Connector) -> Result<(), StoreError> {
        if self.connector(&connector.slug).is_some() {
            return Err(StoreError::DuplicateSlug { slug: connector.slug });
        }
        self.connectors.push(connector);
        Ok(())
    }

    /// Removes and returns the connector with this slug.
    pub fn remove(&mut self, slug: &str) -> Option<Connector> {
        let place = self.connectors.iter().position(|connector| connector.slug == slug)?;
        Some(self.connectors.remove(place))
    }

    /// Reads a manifest's text; `path` is for errors only.
    ///
    /// # Errors
    ///
    /// [`StoreError::Malformed`] and [`StoreError::NewerVersion`].
    pub fn from_json(path: &Path, text: &str) -> Result<Self, StoreError> {
        let source = Source { path, text };
        let object = Reader::new(source, text)?;
        match object.optional::<u64>("version")? {
            None | Some(VERSION) => {}
            Some(found) if found > VERSION => {
                return Err(StoreError::NewerVersion { path: path.to_owned(), found, known: VERSION });
            }
            Some(found) => {
                let part = object.raw("version").unwrap_or(text);
                return Err(source.refuse(part, &format!("expected version {VERSION}, found {found}")));
            }
        }
        let mut connectors: Vec<Connector> = Vec::new();
        for raw in object.optional::<Vec<&RawValue>>("connectors")?.unwrap_or_default() {
            let connector = Connector::read(source, raw.get())?;
            if connectors.iter().any(|known| known.slug == connector.slug) {
                let message = format!("slug {:?} appears twice", connector.slug);
                return Err(source.refuse(raw.get(), &message));
            }
            connectors.push(connector);
        }
        Ok(Self { connectors, members: object.into_members() })
    }

    /// Returns the text to store: the newest version, with everything that was read and not changed as it was.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut object = self.members.writer();
        object.set("version", &VERSION);
        object.move_to_front("version");
        object
            .place("connectors", Some(Node::Array(self.connectors.iter().map(Connector::writer).collect())));
        let mut text = serde_json::to_string_pretty(&object).expect("members are always JSON");
        text.push('\n');
        text
    }
}
