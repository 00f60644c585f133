//! The index that is searched.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::Serialize;

use super::embed::{EmbedError, text_of};
use super::hybrid::{Meaning, Meanings, fuse};
use super::part::Part;
use super::reason::{Reason, reasons};
use super::score::{Scores, score};
use super::vectors::{Stamp, TextDigest, Vectors, digest_of};
use super::words::Analyzer;
use crate::ask::{Limit, Need};
use crate::service::{Lifecycle, Service};

/// What the score of a service is multiplied by that its publisher advises against: it stays below its like, and above
/// what fits clearly worse.
const DEPRECATED: f32 = 0.8;

/// Services, ready to be searched.
///
/// It is made once and not changed. What comes later is another part, see [`search`].
pub struct Index {
    services: Vec<Service>,
    part: Part,
    /// What each service's vector is kept by; made when a model is first asked.
    digests: OnceLock<Vec<TextDigest>>,
    /// Where the vectors of the services were at the last search. Looking each one up costs more than its product.
    rows: Mutex<Option<(Stamp, Rows)>>,
}

/// Where the vector of each service is, if it has one.
type Rows = Arc<[Option<usize>]>;

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
    /// How much of the need its words cover, from 0 to 1.
    pub words: f32,
    /// How much more alike the model takes the two for than is usual in this search, from 0 to 1; nothing without a
    /// vector.
    pub meaning: Option<f32>,
    /// Why, strongest first.
    pub reasons: Vec<Reason>,
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

impl Query {
    /// Asks for what is needed.
    #[must_use]
    pub const fn new(need: Need, limit: Limit) -> Self {
        Self { need, limit }
    }
}

impl Index {
    /// Makes an index. It keeps the services.
    ///
    /// # Errors
    /// [`RankError::Index`].
    pub fn new(services: Vec<Service>) -> Result<Self, RankError> {
        let part = Part::new(&services).map_err(|error| RankError::Index { source: Box::new(error) })?;
        Ok(Self { services, part, digests: OnceLock::new(), rows: Mutex::default() })
    }

    /// Returns the services, in the order in which they were given.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Finds the services that fit best by their words. It takes milliseconds and does not wait for anything. Services
    /// that have no word of the need are not among them.
    ///
    /// # Errors
    /// [`RankError::Index`].
    pub fn search(&self, query: &Query) -> Result<Vec<Scored>, RankError> {
        Ok(search(&[self], query)?.into_iter().map(|(_, scored)| scored).collect())
    }

    /// Returns what a model is given of a service.
    pub(super) fn text(&self, place: usize) -> String {
        text_of(&self.services[place])
    }

    /// Returns what each service's vector is kept by.
    pub(super) fn digests(&self) -> &[TextDigest] {
        self.digests
            .get_or_init(|| self.services.iter().map(|service| digest_of(&text_of(service))).collect())
    }

    /// Returns where the vector of each service is.
    pub(super) fn rows(&self, vectors: &Vectors) -> Rows {
        let mut kept = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((stamp, rows)) if *stamp == vectors.stamp() => Arc::clone(rows),
            _ => {
                let rows: Rows = self.digests().iter().map(|digest| vectors.row(digest)).collect();
                *kept = Some((vectors.stamp(), Arc::clone(&rows)));
                rows
            }
        }
    }
}

/// Finds the services of several parts that fit best by their words, on one scale: as if all of them were in one index.
/// Each comes with the number of its part.
///
/// So what a source has just answered is ranked with what is known already, without indexing that again.
///
/// # Errors
/// [`RankError::Index`].
pub fn search(parts: &[&Index], query: &Query) -> Result<Vec<(usize, Scored)>, RankError> {
    let words = words_of(parts, query)?;
    let found = best(parts, &words, None, query.limit.get());
    Ok(explain(parts, &words, found))
}

/// Scores the services of all parts by their words.
pub(super) fn words_of(parts: &[&Index], query: &Query) -> Result<Scores, RankError> {
    let pairs: Vec<_> = parts.iter().map(|index| (&index.part, index.services.len())).collect();
    score(&pairs, query.need.as_str()).map_err(|error| RankError::Index { source: Box::new(error) })
}

/// A service that fits, before it is said why.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) part: usize,
    pub(super) place: usize,
    score: f32,
    words: f32,
    meaning: Option<Meaning>,
}

/// Returns the first few of the services that fit, best first. Those that fit alike are ordered by their identifiers.
pub(super) fn best(
    parts: &[&Index],
    words: &Scores,
    meanings: Option<&Meanings>,
    limit: usize,
) -> Vec<Found> {
    let mut found = Vec::new();
    for (part, words) in words.parts.iter().enumerate() {
        for (place, &words) in words.iter().enumerate() {
            let meaning = meanings.and_then(|meanings| meanings.of(part, place));
            let score = if meanings.is_some() {
                fuse(words, meaning)
            } else {
                Some(words).filter(|words| *words > 0.0)
            };
            if let Some(score) = score {
                let score = score * standing(&parts[part].services[place]);
                found.push(Found { part, place, score, words, meaning });
            }
        }
    }
    let identifier = |found: &Found| &parts[found.part].services[found.place].identifier;
    let compare = |one: &Found, other: &Found| {
        let by_name = || identifier(one).cmp(identifier(other));
        let by_place = || (one.part, one.place).cmp(&(other.part, other.place));
        other.score.total_cmp(&one.score).then_with(by_name).then_with(by_place)
    };
    if found.len() > limit {
        found.select_nth_unstable_by(limit, compare);
        found.truncate(limit);
    }
    found.sort_by(compare);
    found
}

/// Says why each of them fits. Each is returned with the number of its part.
pub(super) fn explain(parts: &[&Index], words: &Scores, found: Vec<Found>) -> Vec<(usize, Scored)> {
    // One for all of them: it remembers the stems of words, and services that fit a need share many.
    let mut analyzer = Analyzer::new();
    let scored = found.into_iter().map(|found| {
        let Found { part, place, score, words: share, meaning } = found;
        let reasons = reasons(&parts[part].services[place], words, meaning, &mut analyzer);
        (part, Scored { place, score, words: share, meaning: meaning.map(|meaning| meaning.beyond), reasons })
    });
    scored.collect()
}

fn standing(service: &Service) -> f32 {
    match service.lifecycle {
        Lifecycle::Active => 1.0,
        Lifecycle::Deprecated { .. } => DEPRECATED,
    }
}
