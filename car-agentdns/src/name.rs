//! `agentdns://organization/category…/name`. Pure.

use std::fmt;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What every identifier begins with.
const SCHEME: &str = "agentdns://";

/// The organization of what is on this machine.
const LOCAL: &str = "local";

/// The name of a service, which does not depend on where the service runs.
///
/// It has an organization, any number of categories from wide to narrow, and a name: at least the first and the last.
/// Each of these segments is one or more ASCII letters, digits, `-`, `_` and `.`, is not `.` or `..`, and has at most
/// [`ServiceIdentifier::MAX_SEGMENT`] characters; the whole has at most [`ServiceIdentifier::MAX`]. Upper and lower case
/// are different, but for the scheme's own (RFC 3986, section 3.1). There is no percent-encoding: one service has one
/// spelling.
///
/// It is ordered by organization, then by categories, then by name: what belongs together stands together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceIdentifier {
    organization: String,
    category: Vec<String>,
    name: String,
}

/// Why something is not the name of a service. Segments are counted from one: the organization is the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It does not begin with `agentdns://`.
    #[error("expected a name that begins with {SCHEME}, found {found:?}")]
    Scheme {
        /// How it begins.
        found: String,
    },
    /// There is no name after the organization.
    #[error("expected an organization and a name, found {found} segment{}", if *found == 1 { "" } else { "s" })]
    TooFewSegments {
        /// How many segments there are.
        found: usize,
    },
    /// A segment is empty.
    #[error("expected segment {segment} to have characters, found none")]
    EmptySegment {
        /// Which segment.
        segment: usize,
    },
    /// A segment is `.` or `..`, which paths would take for something else.
    #[error("expected segment {segment} to be a word, found {found:?}")]
    DotSegment {
        /// Which segment.
        segment: usize,
        /// The dots.
        found: &'static str,
    },
    /// A segment has a character that no segment has.
    #[error(
        "expected letters, digits, `-`, `_` and `.` in segment {segment}, found {character:?} at character {place}{}",
        advice(*segment, *character)
    )]
    Character {
        /// Which segment.
        segment: usize,
        /// Where in it, counted in characters from one.
        place: usize,
        /// The character.
        character: char,
    },
    /// A segment is too long.
    #[error(
        "expected at most {} characters in segment {segment}, found {found}",
        ServiceIdentifier::MAX_SEGMENT
    )]
    SegmentTooLong {
        /// Which segment.
        segment: usize,
        /// How many characters it has.
        found: usize,
    },
    /// The whole is too long.
    #[error("expected at most {} characters, found {found}", ServiceIdentifier::MAX)]
    TooLong {
        /// How many characters there are.
        found: usize,
    },
}

fn advice(segment: usize, character: char) -> &'static str {
    match (segment, character) {
        (_, '%') => "; names are not percent-encoded",
        (_, '?' | '#') => "; a name has no query and no fragment",
        (1, '@') => "; a name has no user",
        (_, '@') => "; a version is not part of a name",
        (1, ':') => "; a name has no port",
        _ => "",
    }
}

impl ServiceIdentifier {
    /// The longest segment: as long as the longest name that an MCP Registry allows.
    pub const MAX_SEGMENT: usize = 200;
    /// The longest identifier, its scheme included. It bounds what is parsed, stored and shown.
    pub const MAX: usize = 1_024;

    /// Makes an identifier of its segments.
    ///
    /// # Errors
    /// Says which segment cannot be used, and why.
    pub fn new<C: Into<String>>(
        organization: impl Into<String>,
        category: impl IntoIterator<Item = C>,
        name: impl Into<String>,
    ) -> Result<Self, NameError> {
        let made = Self {
            organization: organization.into(),
            category: category.into_iter().map(Into::into).collect(),
            name: name.into(),
        };
        let found =
            SCHEME.len() + made.segments().map(|segment| segment.chars().count() + 1).sum::<usize>() - 1;
        if found > Self::MAX {
            return Err(NameError::TooLong { found });
        }
        for (place, segment) in made.segments().enumerate() {
            check(place + 1, segment)?;
        }
        Ok(made)
    }

    /// Names something on this machine: its organization is `local`.
    ///
    /// # Errors
    /// As [`ServiceIdentifier::new`].
    pub fn local<C: Into<String>>(
        category: impl IntoIterator<Item = C>,
        name: impl Into<String>,
    ) -> Result<Self, NameError> {
        Self::new(LOCAL, category, name)
    }

    /// Reads an identifier.
    ///
    /// # Errors
    /// Says what is wrong with it: the first thing, from its beginning.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let found = text.chars().count();
        if found > Self::MAX {
            return Err(NameError::TooLong { found });
        }
        let path = match text.get(..SCHEME.len()) {
            Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => &text[SCHEME.len()..],
            _ => return Err(NameError::Scheme { found: text.chars().take(SCHEME.len()).collect() }),
        };
        let mut segments: Vec<&str> = path.split('/').collect();
        for (place, segment) in segments.iter().enumerate() {
            check(place + 1, segment)?;
        }
        match (segments.pop(), segments.split_first()) {
            (Some(name), Some((organization, category))) => Ok(Self {
                organization: (*organization).to_owned(),
                category: category.iter().map(|&segment| segment.to_owned()).collect(),
                name: name.to_owned(),
            }),
            _ => Err(NameError::TooFewSegments { found: 1 }),
        }
    }

    /// Returns who answers for the service.
    #[must_use]
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// Returns the categories, from wide to narrow; there may be none.
    #[must_use]
    pub fn category(&self) -> &[String] {
        &self.category
    }

    /// Returns the name within organization and category.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether it names something on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.organization == LOCAL
    }

    fn segments(&self) -> impl Iterator<Item = &str> {
        let category = self.category.iter().map(String::as_str);
        std::iter::once(self.organization.as_str()).chain(category).chain(std::iter::once(self.name.as_str()))
    }
}

fn check(segment: usize, text: &str) -> Result<(), NameError> {
    let is_allowed =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    match text {
        "" => return Err(NameError::EmptySegment { segment }),
        "." => return Err(NameError::DotSegment { segment, found: "." }),
        ".." => return Err(NameError::DotSegment { segment, found: ".." }),
        _ => {}
    }
    if let Some((place, character)) = text.chars().enumerate().find(|(_, character)| !is_allowed(*character))
    {
        return Err(NameError::Character { segment, place: place + 1, character });
    }
    match text.len() {
        found if found > ServiceIdentifier::MAX_SEGMENT => Err(NameError::SegmentTooLong { segment, found }),
        _ => Ok(()),
    }
}

impl fmt::Display for ServiceIdentifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SCHEME)?;
        formatter.write_str(&self.organization)?;
        for segment in self.segments().skip(1) {
            write!(formatter, "/{segment}")?;
        }
        Ok(())
    }
}

impl FromStr for ServiceIdentifier {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

/// As its text.
impl Serialize for ServiceIdentifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ServiceIdentifier {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ServiceIdentifier".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "description": "The service's name in the whole world.", "type": "string" })
    }
}

impl<'de> Deserialize<'de> for ServiceIdentifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = ServiceIdentifier;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "a name that begins with {SCHEME}")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ServiceIdentifier, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}
