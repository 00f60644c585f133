//! One ranking for services from everywhere: BM25 over what they say of themselves, and vectors where there is a model.
//!
//! ```text
//!   Service ──▶ Index (name, description, capabilities, tags) ──┐
//!   Need ──▶ terms ─────────────────────────────────────────────┴─▶ BM25 ──┐
//!        └─▶ Embedder ──▶ vector ──▶ cosine with each service's vector ────┴─▶ fused ──▶ Scored
//! ```
//!
//! All candidates are scored with the statistics of all of them together, so a score means the same whoever told of the
//! service. The order in which a root lists its services is not used.

mod embed;
mod fields;
#[cfg(feature = "http")]
mod http_embedder;
mod hybrid;
mod index;
mod part;
mod reason;
mod score;
mod vectors;
mod words;

pub use embed::{EmbedError, Embedder, Embedding, Purpose};
#[cfg(feature = "http")]
pub use http_embedder::HttpEmbedder;
pub use hybrid::search_hybrid;
pub use index::{Index, Query, RankError, Scored, search};
pub use reason::Reason;
pub use vectors::{Vectors, VectorsError};
