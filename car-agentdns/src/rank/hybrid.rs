//! Searching by words and meaning.

use super::embed::Embedder;
use super::index::{Index, Query, RankError, Scored};
use super::vectors::Vectors;

impl Index {
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
