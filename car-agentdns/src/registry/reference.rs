//! `io.github.owner/server[@version]`.

use std::fmt;
use std::str::FromStr;

use crate::name::ServiceIdentifier;

/// The name of a server in a registry: a namespace in reverse-DNS form and a name in it, `io.github.owner/server`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryName {
    text: String,
    slash: usize,
}

/// A name, and perhaps exactly one version of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RegistryReference {
    /// The name.
    pub name: RegistryName,
    /// The version; the newest where none is said.
    pub version: Option<String>,
}

/// Why a text names nothing in a registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// It has no namespace and name with one slash between them.
    #[error("expected a name such as io.github.owner/server, found {found:?}")]
    Shape {
        /// What was found.
        found: String,
    },
}

impl RegistryName {
    /// Returns the namespace: what is before the slash.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.text[..self.slash]
    }

    /// Returns the name in the namespace.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[self.slash + 1..]
    }

    /// Returns the whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the identifier: the namespace is the organization, and there is no category.
    #[must_use]
    pub fn identifier(&self) -> ServiceIdentifier {
        todo!("registry")
    }

    /// Returns the name that an identifier without a category stands for.
    #[must_use]
    pub fn from_identifier(identifier: &ServiceIdentifier) -> Option<Self> {
        let _ = identifier;
        todo!("registry")
    }
}

impl FromStr for RegistryName {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let _ = text;
        todo!("registry")
    }
}

impl FromStr for RegistryReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let _ = text;
        todo!("registry")
    }
}

impl fmt::Display for RegistryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Display for RegistryReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(formatter, "{}@{version}", self.name),
            None => write!(formatter, "{}", self.name),
        }
    }
}
