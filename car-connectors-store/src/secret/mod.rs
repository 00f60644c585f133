//! Secrets: header values, tokens and client secrets, in the system keychain or in a file for the owner only.

mod file;
mod keychain;
mod name;
mod source_token;
mod split;
mod store;
mod system;
mod value;

pub use keychain::Keychain;
pub use name::EntryName;
pub use source_token::SourceToken;
pub use store::{Fallback, SecretMode, SecretStore};
pub use system::SystemKeychain;
pub use value::Secret;
