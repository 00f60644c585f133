//! The one record that every source is turned into.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::name::ServiceIdentifier;

/// A service that can be had, or is had already, whoever told of it.
///
/// Names and descriptions are the publisher's words, from a stranger: to be shown as text and matched against a need, and
/// never followed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Service {
    /// Its name in the whole world.
    pub identifier: ServiceIdentifier,
    /// What it is called, for people.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What it is.
    pub kind: ServiceKind,
    /// How it is spoken with.
    pub protocol: Protocol,
    /// What it says it can do: its tools or skills, as far as the source names them.
    pub capabilities: Vec<Capability>,
    /// Words that its publisher files it under.
    pub tags: Vec<String>,
    /// Its version, as the source writes it.
    pub version: Option<String>,
    /// The ways to have it, best first.
    pub offers: Vec<Offer>,
    /// What it costs, if the source says.
    pub pricing: Option<Pricing>,
    /// Whether it should still be taken.
    pub lifecycle: Lifecycle,
    /// Who publishes it, and how that is known.
    pub publisher: Publisher,
    /// Where the record is from.
    pub provenance: Provenance,
    /// What to give to whoever adds it: a registry's name with its version, or the identifier. Nothing where it is
    /// connected already, or cannot be added.
    pub reference: Option<String>,
}

impl Service {
    /// Begins a record; everything that is not given is empty.
    #[must_use]
    pub fn new(identifier: ServiceIdentifier, name: impl Into<String>, provenance: Provenance) -> Self {
        let publisher =
            Publisher { name: identifier.organization().to_owned(), verification: Verification::None };
        Self {
            identifier,
            name: name.into(),
            description: String::new(),
            kind: ServiceKind::Server,
            protocol: Protocol::Mcp,
            capabilities: Vec::new(),
            tags: Vec::new(),
            version: None,
            offers: Vec::new(),
            pricing: None,
            lifecycle: Lifecycle::Active,
            publisher,
            provenance,
            reference: None,
        }
    }

    /// Returns a digest of what somebody who agreed to this service agreed to: who publishes it, and the ways to have it,
    /// without versions. SHA-256, lower-case hexadecimal.
    #[must_use]
    pub fn standing(&self) -> String {
        let mut digest = Sha256::new();
        let mut add = |part: &str| {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        };
        add(&self.identifier.to_string());
        add(&self.publisher.name);
        for offer in &self.offers {
            match offer {
                Offer::Remote { transport, url } => {
                    add(transport.as_str());
                    add(url);
                }
                Offer::Package { registry_type, identifier, .. } => {
                    add(registry_type);
                    add(identifier);
                }
                Offer::Connected { slug } => add(slug),
            }
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What a service is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServiceKind {
    /// A server with tools.
    Server,
    /// One tool.
    Tool,
    /// An agent that is given tasks.
    Agent,
    /// Something else, in the source's word for it.
    Other(String),
}

impl ServiceKind {
    /// Returns the kind as one word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Server => "server",
            Self::Tool => "tool",
            Self::Agent => "agent",
            Self::Other(word) => word,
        }
    }
}

/// How a service is spoken with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Protocol {
    /// The Model Context Protocol: the one that can be added.
    Mcp,
    /// Agent2Agent.
    A2a,
    /// The Agent Network Protocol.
    Anp,
    /// Plain HTTP.
    Http,
    /// Something else, in the source's word for it.
    Other(String),
}

impl Protocol {
    /// Returns the protocol as one word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Mcp => "mcp",
            Self::A2a => "a2a",
            Self::Anp => "anp",
            Self::Http => "http",
            Self::Other(word) => word,
        }
    }

    /// Reads a source's word, in any case.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "mcp" => Self::Mcp,
            "a2a" => Self::A2a,
            "anp" => Self::Anp,
            "http" | "https" | "rest" => Self::Http,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// One thing that a service says it can do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Capability {
    /// Its name.
    pub name: String,
    /// What it does; empty where nothing is said.
    pub description: String,
}

impl Capability {
    /// Describes a capability.
    #[must_use]
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self { name: name.into(), description: description.into() }
    }
}

/// One way to have a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "by", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Offer {
    /// It runs elsewhere.
    Remote {
        /// How it is spoken with.
        transport: Transport,
        /// Where, perhaps with `{variables}`.
        url: String,
    },
    /// It is a package that is run here.
    Package {
        /// Where packages of this kind come from: `npm`, `pypi`, `oci` and so on.
        registry_type: String,
        /// Its name there.
        identifier: String,
        /// Its version there, exactly.
        version: Option<String>,
    },
    /// It is connected already.
    Connected {
        /// The connector.
        slug: String,
    },
}

/// How a remote server is spoken with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Transport {
    /// Streamable HTTP.
    StreamableHttp,
    /// The older pair of an event stream and posts.
    Sse,
}

impl Transport {
    /// Returns the transport as registries write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StreamableHttp => "streamable-http",
            Self::Sse => "sse",
        }
    }
}

/// What a service costs, as its source says it; nothing here is charged or checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Pricing {
    /// How it is charged: `per_request`, `subscription`, `free` and so on.
    pub model: String,
    /// The price of one unit.
    pub price: Option<f64>,
    /// The currency (ISO 4217).
    pub currency: Option<String>,
}

/// Whether a service should still be taken. One that its registry has deleted is no service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lifecycle {
    /// It is kept up.
    #[default]
    Active,
    /// Its publisher advises against it.
    Deprecated {
        /// What the publisher says of that.
        message: Option<String>,
    },
}

/// Who publishes a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Publisher {
    /// The name: a namespace, a domain.
    pub name: String,
    /// How it is known that it is they.
    pub verification: Verification,
}

impl Publisher {
    /// Describes a publisher.
    #[must_use]
    pub fn new(name: impl Into<String>, verification: Verification) -> Self {
        Self { name: name.into(), verification }
    }
}

/// How it is known who publishes something: by whom it was checked, and not that they can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verification {
    /// It is not: the name is what the record says.
    None,
    /// The user added it themselves.
    User,
    /// The registry checks that a publisher holds the namespace.
    RegistryNamespace,
    /// The domain itself served the record, over TLS.
    TlsDomain,
    /// The root vouches for it.
    Root,
}

impl Verification {
    /// Returns what was checked, as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::User => "user",
            Self::RegistryNamespace => "registry_namespace",
            Self::TlsDomain => "tls_domain",
            Self::Root => "root",
        }
    }
}

/// Where a record is from, and how long it may be taken for true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Provenance {
    /// What kind of source.
    pub kind: SourceKind,
    /// Which one: the name that the user knows it by, or its base URL.
    pub source: String,
    /// When it was fetched, in seconds since 1970.
    pub fetched_at: u64,
    /// How many seconds after that it may be taken for true.
    pub ttl_seconds: u64,
}

impl Provenance {
    /// Describes where a record is from.
    #[must_use]
    pub fn new(kind: SourceKind, source: impl Into<String>, fetched_at: u64, ttl_seconds: u64) -> Self {
        Self { kind, source: source.into(), fetched_at, ttl_seconds }
    }
}

/// What kind of source told of a service. Earlier ones come first where two tell of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceKind {
    /// It is connected already.
    Local,
    /// An MCP Registry.
    Registry,
    /// A domain's catalog.
    Catalog,
    /// An AgentDNS root.
    Root,
}

impl SourceKind {
    /// Returns the kind as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Registry => "registry",
            Self::Catalog => "catalog",
            Self::Root => "root",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Service {
        let identifier = "agentdns://example.com/mail".parse().unwrap();
        let mut service = Service::new(identifier, "Mail", Provenance::new(SourceKind::Root, "r", 1, 2));
        service
            .offers
            .push(Offer::Remote { transport: Transport::StreamableHttp, url: "https://a/mcp".to_owned() });
        service
    }

    #[test]
    fn stands_the_same_whatever_is_said_of_it_and_not_elsewhere() {
        let before = service();
        assert_eq!(before.standing().len(), 64);
        let mut reworded = service();
        reworded.description = "other words".to_owned();
        reworded.version = Some("2.0.0".to_owned());
        assert_eq!(reworded.standing(), before.standing());
        let mut moved = service();
        moved.offers =
            vec![Offer::Remote { transport: Transport::StreamableHttp, url: "https://b/mcp".to_owned() }];
        assert_ne!(moved.standing(), before.standing());
        let mut sold = service();
        sold.publisher.name = "somebody-else".to_owned();
        assert_ne!(sold.standing(), before.standing());
    }
}
