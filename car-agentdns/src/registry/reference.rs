//! `io.github.owner/server[@version]`. Pure.

use std::fmt;
use std::str::FromStr;

use crate::name::ServiceIdentifier;

/// The organization of what is on this machine: no publisher's namespace.
const LOCAL: &str = "local";

/// What people write for the newest version.
const LATEST: &str = "latest";

/// How much of a text that is no name is repeated, in characters.
const MAX_SHOWN: usize = 60;

/// The name of a server in a registry: a namespace in reverse-DNS form and a name in it, `io.github.owner/server`.
///
/// As the schema of `server.json` has it: the namespace is of ASCII letters, digits, `.` and `-`, the name may have `_` too,
/// and the whole has 3 to [`RegistryName::MAX`] characters. Beyond that neither is `.` or `..`, and the namespace is not
/// `local`, which stands for this machine in identifiers. Upper and lower case are different.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryName {
    text: String,
    slash: usize,
}

/// A name, and perhaps exactly one version of it: `name`, `name@1.2.3` or `name@latest`, which is the same as `name`.
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
        /// What was found, shortened.
        found: String,
    },
    /// It is too long.
    #[error("expected a name of at most {} characters, found {found}", RegistryName::MAX)]
    TooLong {
        /// How many characters there are.
        found: usize,
    },
    /// It has a character that no name has.
    #[error(
        "expected letters, digits, `.`, `-` and, after the slash, `_`, found {character:?} at character {place}"
    )]
    Character {
        /// Where, counted in characters from one.
        place: usize,
        /// The character.
        character: char,
    },
    /// Its namespace is that of this machine.
    #[error("expected the namespace of a publisher, found {LOCAL:?}, which stands for this machine")]
    Local,
    /// What is after the `@` is not one version.
    #[error("expected exactly one version after the @, found {found:?}{}", advice(found))]
    Version {
        /// What was found, shortened.
        found: String,
    },
}

fn advice(found: &str) -> &'static str {
    if is_range(found) { ", which is a range" } else { "" }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}

impl RegistryName {
    /// The longest name (schema of `server.json`).
    pub const MAX: usize = 200;

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
        ServiceIdentifier::new(self.namespace(), std::iter::empty::<String>(), self.name())
            .expect("namespace and name have fewer characters and kinds of them than segments may have")
    }

    /// Returns the name that an identifier without a category stands for.
    #[must_use]
    pub fn from_identifier(identifier: &ServiceIdentifier) -> Option<Self> {
        if !identifier.category().is_empty() {
            return None;
        }
        format!("{}/{}", identifier.organization(), identifier.name()).parse().ok()
    }
}

impl RegistryReference {
    /// The longest version (schema of `server.json`).
    pub const MAX_VERSION: usize = 255;

    /// Refers to the newest version of a name.
    #[must_use]
    pub const fn newest(name: RegistryName) -> Self {
        Self { name, version: None }
    }
}

impl FromStr for RegistryName {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let shape = || ReferenceError::Shape { found: shortened(text) };
        let (namespace, name) = text.split_once('/').ok_or_else(shape)?;
        let found = text.chars().count();
        if found > Self::MAX {
            return Err(ReferenceError::TooLong { found });
        }
        if [namespace, name].iter().any(|part| matches!(*part, "" | "." | "..")) || name.contains('/') {
            return Err(shape());
        }
        let slash = namespace.len();
        let is_allowed = |place: usize, character: char| match character {
            '.' | '-' => true,
            '_' | '/' => place >= slash,
            other => other.is_ascii_alphanumeric(),
        };
        let wrong = text.chars().enumerate().find(|(place, character)| !is_allowed(*place, *character));
        if let Some((place, character)) = wrong {
            return Err(ReferenceError::Character { place: place + 1, character });
        }
        if namespace.eq_ignore_ascii_case(LOCAL) {
            return Err(ReferenceError::Local);
        }
        Ok(Self { text: text.to_owned(), slash })
    }
}

impl FromStr for RegistryReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name.parse()?, Some(version)),
            None => (text.parse()?, None),
        };
        let version = match version {
            None | Some(LATEST) => None,
            Some(version) if is_exact(version) => Some(version.to_owned()),
            Some(version) => return Err(ReferenceError::Version { found: shortened(version) }),
        };
        Ok(Self { name, version })
    }
}

/// Whether a text is one version and not a range: what a registry accepts (schema of `server.json`).
pub(super) fn is_exact(version: &str) -> bool {
    let is_bounded = !version.is_empty() && version.len() <= RegistryReference::MAX_VERSION;
    is_bounded && version != LATEST && version.chars().all(|one| one.is_ascii_graphic()) && !is_range(version)
}

/// Whether a version stands for several: `^1`, `>=1`, `1.x`, `1.*`, `1 || 2`.
fn is_range(version: &str) -> bool {
    version.starts_with(['^', '~', '>', '<', '='])
        || version.contains("||")
        || version.contains(" - ")
        || version.split('.').any(|part| matches!(part, "x" | "X" | "*"))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_names_and_versions() {
        for (text, namespace, name, version) in [
            ("io.github.ann/demo", "io.github.ann", "demo", None),
            ("io.github.ann/demo@1.2.3", "io.github.ann", "demo", Some("1.2.3")),
            ("com.example/a_b.c-d@2025.06.18", "com.example", "a_b.c-d", Some("2025.06.18")),
            ("com.example/x@1.0.0-rc.1+build/5", "com.example", "x", Some("1.0.0-rc.1+build/5")),
            ("com.example/x@latest", "com.example", "x", None),
            ("A/B@v1", "A", "B", Some("v1")),
        ] {
            let reference: RegistryReference = text.parse().unwrap();
            assert_eq!((reference.name.namespace(), reference.name.name()), (namespace, name), "{text}");
            assert_eq!(reference.version.as_deref(), version, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_text() {
        let long = format!("a/{}", "b".repeat(199));
        for (text, message) in [
            ("", "expected a name such as io.github.owner/server, found \"\""),
            ("demo", "expected a name such as io.github.owner/server, found \"demo\""),
            ("a/b/c", "expected a name such as io.github.owner/server, found \"a/b/c\""),
            ("../b", "expected a name such as io.github.owner/server, found \"../b\""),
            ("a/", "expected a name such as io.github.owner/server, found \"a/\""),
            (&long, "expected a name of at most 200 characters, found 201"),
            (
                "a_b/c",
                "expected letters, digits, `.`, `-` and, after the slash, `_`, found '_' at character 2",
            ),
            ("ä/c", "expected letters, digits, `.`, `-` and, after the slash, `_`, found 'ä' at character 1"),
            (
                "local/files",
                "expected the namespace of a publisher, found \"local\", which stands for this machine",
            ),
            ("a/b@", "expected exactly one version after the @, found \"\""),
            ("a/b@^1.0", "expected exactly one version after the @, found \"^1.0\", which is a range"),
            ("a/b@1.x", "expected exactly one version after the @, found \"1.x\", which is a range"),
            ("a/b@1 - 2", "expected exactly one version after the @, found \"1 - 2\", which is a range"),
            ("a/b@1\n", "expected exactly one version after the @, found \"1\\n\""),
        ] {
            assert_eq!(text.parse::<RegistryReference>().unwrap_err().to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn is_the_identifier_without_a_category() {
        let name: RegistryName = "io.github.ann/demo_2".parse().unwrap();
        assert_eq!(name.identifier().to_string(), "agentdns://io.github.ann/demo_2");
        for other in ["agentdns://example.com/mail/send", "agentdns://local/files", "agentdns://a_b/c"] {
            assert_eq!(RegistryName::from_identifier(&other.parse().unwrap()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn every_name_has_an_identifier_and_is_read_back(text in "[a-zA-Z0-9.-]{1,99}/[a-zA-Z0-9._-]{1,100}") {
            if let Ok(name) = text.parse::<RegistryName>() {
                prop_assert_eq!(name.to_string(), text);
                prop_assert_eq!(RegistryName::from_identifier(&name.identifier()), Some(name));
            }
        }

        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_is_written_the_same(text in "\\PC{0,40}|[a-z./@_-]{0,12}") {
            if let Ok(reference) = text.parse::<RegistryReference>() {
                let written = reference.to_string();
                let is_same = written == text || text == format!("{written}@latest");
                prop_assert!(is_same, "{}", written);
            }
        }
    }
}
