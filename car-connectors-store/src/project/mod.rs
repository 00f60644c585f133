//! A project's own connectors: `.car/connectors.toml` in a repository, and whether the user trusts it.
//!
//! ```text
//!  find.rs    which file, inside the repository and nowhere else; its bytes, read once
//!     │
//!     ▼
//!  file.rs    bytes → entries, each with its line, or why it cannot be used
//!  │ entry.rs    one entry: its fields, url or command, never both
//!  │ secrecy.rs  no secret is written down
//!  │ schema.rs   the same as a JSON Schema, for editors
//!  │ edit.rs     one more entry, everything else as it was
//!     │
//!     ▼
//!  trust.rs   is exactly this content trusted? (outside the repository)
//!  │ review.rs   what a person is shown before, what has changed since
//!  │ visible.rs  with nothing in it that cannot be seen
//!     │
//!     ▼
//!  expand.rs  ${VARIABLE}, in memory, after trust
//! ```

mod edit;
mod entry;
mod expand;
mod file;
mod find;
mod review;
mod schema;
pub(crate) mod secrecy;
mod trust;
pub(crate) mod value;
mod visible;

pub use expand::{ExpandError, Unusable, expand};
pub use file::{ProjectEntry, ProjectFile};
pub use find::ProjectTrace;
pub use review::{describe, difference};
pub use schema::project_schema;
pub use trust::{TrustStore, Trusted};
pub use visible::visible;
