//! Where services are looked for: `sources.toml`, which people edit too.
//!
//! ```text
//!  file.rs   the file: read at any time, changed under a lock
//!  │ read.rs   bytes → sources, or what is wrong and where
//!  │ check.rs  names and URLs
//!  │ edit.rs   one more or less, everything else as it was
//! ```

mod check;
mod edit;
mod file;
mod read;

pub use file::SourcesFile;

/// Where services are looked for, as the file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sources {
    /// The sources; earlier ones come first where two tell of the same service.
    pub sources: Vec<Source>,
    /// The model that turns texts into vectors, if there is one.
    pub embeddings: Option<Embeddings>,
    /// Whether the file says nothing of sources, or is not there: the caller's own choice applies then. A file that says
    /// `source = []` wants none.
    pub is_default: bool,
}

/// One place where services are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// What the user calls it: 1 to 64 letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Its base URL; for a catalog also a domain.
    pub url: String,
    /// Whether it is asked.
    pub enabled: bool,
    /// Whether what it names may be in private networks.
    pub allow_private: bool,
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceKind {
    /// An MCP Registry.
    Registry,
    /// An AgentDNS root.
    Root,
    /// A domain's catalog.
    Catalog,
}

/// The model that turns texts into vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Embeddings {
    /// The base URL of its API.
    pub url: String,
    /// The model's name there.
    pub model: String,
}

impl Source {
    /// Describes a source that is asked, and that may name public places only.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: SourceKind, url: impl Into<String>) -> Self {
        Self { name: name.into(), kind, url: url.into(), enabled: true, allow_private: false }
    }
}

impl SourceKind {
    const ALL: [Self; 3] = [Self::Registry, Self::Root, Self::Catalog];

    /// Returns the kind as the file has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Root => "root",
            Self::Catalog => "catalog",
        }
    }

    /// Returns the kind that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl Embeddings {
    /// Names a model and where it is.
    #[must_use]
    pub fn new(url: impl Into<String>, model: impl Into<String>) -> Self {
        Self { url: url.into(), model: model.into() }
    }
}
