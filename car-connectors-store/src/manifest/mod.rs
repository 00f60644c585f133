//! The manifest: which connectors there are, and what is known about each that is not a secret.

mod connector;
mod document;
mod oauth;
mod origin;
mod service_origin;
mod store;

pub use connector::{Connector, StdioCommand};
pub use document::Manifest;
pub use oauth::OauthClient;
pub use origin::ProjectOrigin;
pub use service_origin::Origin;
pub use store::ManifestStore;
