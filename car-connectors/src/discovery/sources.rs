//! Who is asked for services.

use car_agentdns::SourceKind;
use car_connectors_store::Secret;
use serde::Serialize;

/// Describes a source that is to be added.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewSource {
    /// What the user calls it; the host of its URL where nothing is said.
    pub name: Option<String>,
    /// What kind of source: a registry, a catalog or a root.
    pub kind: SourceKind,
    /// Its base URL; of a catalog the domain will do.
    pub url: String,
    /// The source that it comes before; without one it is the last.
    pub before: Option<String>,
    /// The token that shows who asks.
    pub token: Option<Secret>,
}

impl NewSource {
    /// Describes a source.
    #[must_use]
    pub fn new(kind: SourceKind, url: impl Into<String>) -> Self {
        Self { name: None, kind, url: url.into(), before: None, token: None }
    }

    /// Sets what the user calls it.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Puts it before another source.
    #[must_use]
    pub fn with_before(mut self, name: impl Into<String>) -> Self {
        self.before = Some(name.into());
        self
    }

    /// Sets the token that shows who asks.
    #[must_use]
    pub fn with_token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }
}

/// Who named a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceFrom {
    /// The file `sources.toml`.
    File,
    /// A variable of the environment.
    Variable,
    /// Nobody: it is asked where nothing is said.
    Default,
}

impl SourceFrom {
    /// Returns it as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Variable => "variable",
            Self::Default => "default",
        }
    }
}

/// How a source stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SourceStatus {
    /// What the user calls it.
    pub name: String,
    /// What kind of source it is.
    pub kind: SourceKind,
    /// Its base URL, or the domain of a catalog.
    pub url: String,
    /// Who named it.
    pub from: SourceFrom,
    /// Whether it is asked where no source is named.
    pub is_enabled: bool,
    /// Whether there is a token for it that would be sent.
    pub has_token: bool,
    /// How many services are known of it here; nothing where it has not been read, or is asked each time.
    pub services: Option<usize>,
    /// When what is known here was last in step with it, in seconds since 1970.
    pub synced_at: Option<u64>,
    /// Whether all that it lists is known here.
    pub is_complete: bool,
    /// Why it could not be read just now.
    pub last_error: Option<String>,
}
