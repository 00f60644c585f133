//! The index that is searched.

use serde::Serialize;

use super::embed::{EmbedError, Embedder, Vectors};
use crate::ask::{Limit, Need};
use crate::service::Service;

/// Services, ready to be searched.
pub struct Index {
    _services: Vec<Service>,
}

/// A search.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Query {
    /// What is needed.
    pub need: Need,
    /// How many services are wanted.
    pub limit: Limit,
}

/// A service that fits, how well, and why.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Scored {
    /// Which of the index's services.
    pub place: usize,
    /// How well it fits, from 0 to 1. On one scale for all services of all parts of a search.
    pub score: f32,
    /// The part of it that words made, from 0 to 1.
    pub words: f32,
    /// The part of it that meaning made, from 0 to 1; nothing without a model.
    pub meaning: Option<f32>,
    /// Why, strongest first.
    pub reasons: Vec<Reason>,
}

/// Why a service fits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// A word of the need is in what the service says.
    Word {
        /// The word, as it stands in the need.
        word: String,
        /// Where it was found: `name`, `description`, `tags`, or the name of a capability.
        found_in: String,
    },
    /// The model takes the two for alike.
    Meaning {
        /// The cosine of the two vectors.
        cosine: f32,
    },
}

/// Why a search failed: our own fault, or the machine's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RankError {
    /// The index could not be made or read.
    #[error("the index failed")]
    Index {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The model gave no vectors.
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

impl Index {
    /// Makes an index. It keeps the services.
    ///
    /// # Errors
    /// [`RankError::Index`].
    pub fn new(services: Vec<Service>) -> Result<Self, RankError> {
        let _ = services;
        todo!("rank")
    }

    /// Returns the services, in the order in which they were given.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        todo!("rank")
    }

    /// Finds the services that fit best by their words. It takes milliseconds and does not wait for anything.
    ///
    /// # Errors
    /// [`RankError::Index`].
    pub fn search(&self, query: &Query) -> Result<Vec<Scored>, RankError> {
        let _ = query;
        todo!("rank")
    }

    /// Finds the services that fit best by words and meaning. Vectors that are not in `vectors` are asked of the model and
    /// kept there.
    ///
    /// # Errors
    /// [`RankError::Embed`] where the model fails: [`Index::search`] still works then.
    pub async fn search_hybrid(
        &self,
        query: &Query,
        embedder: &dyn Embedder,
        vectors: &mut Vectors,
    ) -> Result<Vec<Scored>, RankError> {
        let _ = (query, embedder, vectors);
        todo!("rank")
    }
}

impl Query {
    /// Asks for what is needed.
    #[must_use]
    pub const fn new(need: Need, limit: Limit) -> Self {
        Self { need, limit }
    }
}
