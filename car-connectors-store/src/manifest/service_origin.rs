//! Where a connector comes from, if it was found in a registry, a catalog or a root.

use crate::StoreError;
use crate::members::{Members, Reader, Source, Writer};

/// The entry that a connector was made of, so that it can be told later whether the entry has changed since.
///
/// It is a note and no permission: what is connected to is what the connector says.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Origin {
    /// By what it was added.
    pub reference: String,
    /// Its name in the whole world, `agentdns://…`.
    pub identifier: String,
    /// What the user called the source then.
    pub source: String,
    /// The base URL of the source.
    pub source_url: String,
    /// Who published it.
    pub publisher: String,
    /// The version that was added, as the source wrote it.
    pub version: Option<String>,
    /// A digest of who published it and of the ways to have it, in hexadecimal.
    pub standing: String,
    /// When the entry was fetched, in seconds since 1970.
    pub fetched_at: u64,
    members: Members,
}

/// What the file has beside the known members makes no other origin of it.
impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            reference,
            identifier,
            source,
            source_url,
            publisher,
            version,
            standing,
            fetched_at,
            members: _,
        } = self;
        *reference == other.reference
            && *identifier == other.identifier
            && *source == other.source
            && *source_url == other.source_url
            && *publisher == other.publisher
            && *version == other.version
            && *standing == other.standing
            && *fetched_at == other.fetched_at
    }
}

impl Origin {
    /// Names an entry by its reference and its identifier; the rest is empty.
    #[must_use]
    pub fn new(reference: impl Into<String>, identifier: impl Into<String>) -> Self {
        Self { reference: reference.into(), identifier: identifier.into(), ..Self::default() }
    }

    pub(super) fn read<'a>(source: Source<'a>, part: &'a str) -> Result<Self, StoreError> {
        let object = Reader::new(source, part)?;
        Ok(Self {
            reference: object.required("reference")?,
            identifier: object.required("identifier")?,
            source: object.optional("source")?.unwrap_or_default(),
            source_url: object.optional("source_url")?.unwrap_or_default(),
            publisher: object.optional("publisher")?.unwrap_or_default(),
            version: object.optional("version")?,
            standing: object.optional("standing")?.unwrap_or_default(),
            fetched_at: object.optional("fetched_at")?.unwrap_or_default(),
            members: object.into_members(),
        })
    }

    pub(super) fn writer(&self) -> Writer {
        let mut object = self.members.writer();
        object.set("reference", &self.reference);
        object.set("identifier", &self.identifier);
        object.set_unless_empty("source", &self.source);
        object.set_unless_empty("source_url", &self.source_url);
        object.set_unless_empty("publisher", &self.publisher);
        object.set_unless_empty("version", &self.version);
        object.set_unless_empty("standing", &self.standing);
        object.set_unless_empty("fetched_at", &self.fetched_at);
        object
    }
}
