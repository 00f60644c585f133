//! What CAR Connectors keeps on disk: the connector manifest, and secrets in the system keychain.
//!
//! Everything here blocks and is quick; an async caller wraps a call in `spawn_blocking`. Nothing here reads an
//! environment variable, prints, or contacts a server.
//!
//! ```text
//!            Home ($CAR_HOME, else ~/.car; 0700)
//!              │
//!      ┌───────┴─────────────────────┐
//!      ▼                             ▼
//!  ManifestStore                 SecretStore ── auto | keychain | file
//!  lock → read → change          │        │
//!  → temporary file → rename     ▼        ▼
//!      │                      Keychain  secrets.json (0600)
//!      ▼                      (Secret Service, Keychain,
//!  connectors.json (0600)      Credential Manager)
//!
//!  ProjectFile (.car/connectors.toml of a repository, read only) ── TrustStore: trust.json (0600), in Home
//!
//!  SourcesFile: sources.toml ── CacheFiles: cache (0700), what can be fetched again
//!  KnownServices: known_services.json, what was agreed to    (all three in Home)
//!
//!  AccessFile: access.json, hashes of tokens ── GrantsFile: grants.json ── PinFiles: pins/*.json    (all 0600)
//! ```
//!
//! What a caller can rely on:
//!
//! * a file that cannot be understood is reported with its line and column, and is never overwritten;
//! * members that this release does not know survive a round trip, in their order and byte for byte;
//! * a change is read, made and written under one lock, so two processes never lose each other's work;
//! * a secret never reaches the manifest, an error or a `Debug` output.
//!
//! ```
//! use car_connectors_store::{Connector, Home, ManifestStore, StoreError};
//!
//! # fn main() -> Result<(), StoreError> {
//! # let folder = tempfile::tempdir().expect("a temporary folder");
//! # let path = folder.path().join("state");
//! // The library looks nothing up by itself: the caller says where settings come from.
//! let home = Home::resolve(Some(&path), |_name| None)?;
//! let store = ManifestStore::new(&home);
//! store.update(|manifest| manifest.add(Connector::remote("docs", "Docs", "https://mcp.example.com/mcp")))?;
//! assert_eq!(store.read()?.connectors()[0].slug, "docs");
//! # Ok(())
//! # }
//! ```

mod access;
mod cache;
mod daemon;
mod error;
mod grants;
mod home;
mod known;
mod lock;
mod members;
mod owner;
mod pins;
mod record;
mod replace;
mod server_log;
mod stamp;
mod token_lock;

mod manifest;
mod project;
mod secret;
mod sources;

pub use access::{AccessFile, AccessToken, AccessTokens, NewAccessToken, Scope};
pub use cache::CacheFiles;
pub use daemon::{DaemonAddress, DaemonLock};
pub use error::{KeychainError, StoreError};
pub use grants::{Grant, GrantsFile};
pub use home::Home;
pub use known::{KnownService, KnownServices};
pub use manifest::{Connector, Manifest, ManifestStore, OauthClient, Origin, ProjectOrigin, StdioCommand};
pub use pins::{Pin, PinFiles, Pins};
pub use project::{
    ExpandError, ProjectEntry, ProjectFile, ProjectTrace, TrustStore, Trusted, Unusable, describe,
    difference, expand, project_schema, visible,
};
pub use secret::{
    EntryName, Fallback, Keychain, Secret, SecretMode, SecretStore, SourceToken, SystemKeychain,
};
pub use server_log::ServerLog;
pub use sources::{Embeddings, Source, SourceKind, Sources, SourcesFile};
pub use stamp::Stamp;
pub use token_lock::TokenLock;
