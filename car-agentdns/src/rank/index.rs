//! The index that is searched.

use serde::Serialize;

use super::embed::EmbedError;
use super::part::Part;
use super::reason::{Reason, words_found};
use super::score::score;
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
    /// How much of the need its words cover, from 0 to 1.
    pub words: f32,
    /// How alike the model takes the two for, from 0 to 1; nothing without a model.
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
        let part = Part::new(&services).map_err(failed)?;
        Ok(Self { services, part })
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
}

/// Finds the services of several parts that fit best by their words, on one scale: as if all of them were in one index.
/// Each comes with the number of its part.
///
/// So what a source has just answered is ranked with what is known already, without indexing that again.
///
/// # Errors
/// [`RankError::Index`].
pub fn search(parts: &[&Index], query: &Query) -> Result<Vec<(usize, Scored)>, RankError> {
    let pairs: Vec<_> = parts.iter().map(|index| (&index.part, index.services.len())).collect();
    let scores = score(&pairs, query.need.as_str()).map_err(failed)?;
    let mut found = Vec::new();
    for (part, scores) in scores.parts.iter().enumerate() {
        let services = &parts[part].services;
        let fitting = scores.iter().enumerate().filter(|(_, score)| **score > 0.0);
        found.extend(fitting.map(|(place, words)| (words * standing(&services[place]), *words, part, place)));
    }
    let limit = query.limit.get();
    let service = |part: usize, place: usize| &parts[part].services[place];
    keep_best(&mut found, limit, |one, other| {
        let names = || service(one.2, one.3).identifier.cmp(&service(other.2, other.3).identifier);
        other.0.total_cmp(&one.0).then_with(names).then((one.2, one.3).cmp(&(other.2, other.3)))
    });
    let scored = found.into_iter().map(|(score, words, part, place)| {
        let reasons = words_found(service(part, place), &scores.sought);
        (part, Scored { place, score, words, meaning: None, reasons })
    });
    Ok(scored.collect())
}

/// Keeps the first few, sorted.
fn keep_best<T>(found: &mut Vec<T>, limit: usize, compare: impl Fn(&T, &T) -> std::cmp::Ordering) {
    if found.len() > limit {
        found.select_nth_unstable_by(limit, &compare);
        found.truncate(limit);
    }
    found.sort_by(&compare);
}

fn standing(service: &Service) -> f32 {
    match service.lifecycle {
        Lifecycle::Active => 1.0,
        Lifecycle::Deprecated { .. } => DEPRECATED,
    }
}

fn failed(error: tantivy::TantivyError) -> RankError {
    RankError::Index { source: Box::new(error) }
}
