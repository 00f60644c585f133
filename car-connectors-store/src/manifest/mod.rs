//! The manifest: which connectors there are, and what is known about each that is not a secret.

mod connector;
mod document;
mod members;
mod store;

pub use connector::{Connector, OauthClient, StdioCommand};
pub use document::Manifest;
pub use store::ManifestStore;
