//! Searching by words and meaning.
//!
//! Both are on a scale from 0 to 1 of their own before they are put together. That of words is the share of the need that
//! is covered. Cosines are not comparable from one model to another: with some, any two texts are nearly alike. So meaning
//! is how far a service is beyond the usual one of this search, as a share of how far it could be. What is put together is
//! a weighted sum of the two, which keeps what a clear lead in one of them is worth. Sums of reciprocal ranks, which were
//! tried beside it, do no better and give numbers that say nothing of one service by itself. See docs/ranking.md.

use super::embed::{Embedder, Purpose, embed};
use super::index::{Index, Query, RankError, Scored, best, explain, words_of};
use super::vectors::Vectors;

/// How many services are looked at by meaning that have no vector yet: the best by their words. Their vectors are asked of
/// the model while somebody waits.
const ASKED: usize = 64;

/// What meaning counts; words count the rest. Chosen as the weights of fields are.
const MEANING: f32 = 0.5;

/// How alike a service without any word of the need must be to be among the answers, beyond the usual one. Something is
/// always the most alike.
const LEAST_MEANING: f32 = 0.15;

/// What the model makes of one service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meaning {
    /// The cosine with the need.
    pub(super) cosine: f32,
    /// How far that is beyond the usual, from 0 to 1.
    pub(super) beyond: f32,
}

/// What the model makes of the services of all parts; nothing for one without a vector.
pub(super) struct Meanings(Vec<Vec<Option<f32>>>, f32);

impl Index {
    /// Finds the services that fit best by words and meaning. Vectors that are not in `vectors` are asked of the model and
    /// kept there, for the services that fit best by their words; [`Vectors::prepare`] asks for all.
    ///
    /// # Errors
    /// [`RankError::Embed`] where the model fails: [`Index::search`] still works then.
    ///
    /// # Cancel safety
    /// Dropping the future drops the question to the model and keeps the vectors that were there before.
    pub async fn search_hybrid(
        &self,
        query: &Query,
        embedder: &dyn Embedder,
        vectors: &mut Vectors,
    ) -> Result<Vec<Scored>, RankError> {
        let found = search_hybrid(&[self], query, embedder, vectors).await?;
        Ok(found.into_iter().map(|(_, scored)| scored).collect())
    }
}

/// Finds the services of several parts that fit best by words and meaning, on one scale. Each comes with the number of its
/// part. As [`Index::search_hybrid`].
///
/// # Errors
/// [`RankError::Embed`] where the model fails: [`search`](super::search) still works then.
///
/// # Cancel safety
/// As [`Index::search_hybrid`].
pub async fn search_hybrid(
    parts: &[&Index],
    query: &Query,
    embedder: &dyn Embedder,
    vectors: &mut Vectors,
) -> Result<Vec<(usize, Scored)>, RankError> {
    let words = words_of(parts, query)?;
    let need = [query.need.as_str().to_owned()];
    let need = embed(embedder, &need, Purpose::Query).await?.remove(0);
    vectors.be_of(embedder.model(), need.len());
    let missing = best(parts, &words, None, ASKED).into_iter().map(|found| (parts[found.part], found.place));
    let missing: Vec<_> =
        missing.filter(|(part, place)| vectors.row(&part.digests()[*place]).is_none()).collect();
    vectors.ask(&missing, embedder).await?;
    let meanings = Meanings::new(parts, vectors, &need);
    let found = best(parts, &words, Some(&meanings), query.limit.get());
    Ok(explain(parts, &words, found))
}

impl Meanings {
    /// Compares the need with every service that has a vector.
    fn new(parts: &[&Index], vectors: &Vectors, need: &[f32]) -> Self {
        let by_row = vectors.cosines(need);
        let of_part = |part: &&Index| -> Vec<Option<f32>> {
            part.rows(vectors).iter().map(|row| row.map(|row| by_row[row])).collect()
        };
        let cosines: Vec<_> = parts.iter().map(of_part).collect();
        let known = || cosines.iter().flatten().flatten();
        let usual = known().sum::<f32>() / known().count().max(1) as f32;
        Self(cosines, usual)
    }

    pub(super) fn of(&self, part: usize, place: usize) -> Option<Meaning> {
        let (cosine, usual) = (self.0[part][place]?, self.1);
        let beyond = if usual < 1.0 { ((cosine - usual) / (1.0 - usual)).clamp(0.0, 1.0) } else { 0.0 };
        Some(Meaning { cosine, beyond })
    }
}

/// Puts words and meaning together, and leaves out what neither speaks for.
pub(super) fn fuse(words: f32, meaning: Option<Meaning>) -> Option<f32> {
    let beyond = meaning.map_or(0.0, |meaning| meaning.beyond);
    (words > 0.0 || beyond >= LEAST_MEANING).then_some((1.0 - MEANING) * words + MEANING * beyond)
}
