//! Reasons: which words of a need stand where in a service.

use std::collections::HashMap;

use serde::Serialize;

use super::fields::{Field, each_text};
use super::hybrid::Meaning;
use super::score::{Scores, Sought};
use super::words::Analyzer;
use crate::service::Service;

/// How many reasons are given: as many as are read at a glance.
const MAX_REASONS: usize = 5;

/// Why a service fits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// Returns why a service fits: the model first, where it speaks for it, as that is about the whole need; then words.
pub(super) fn reasons(
    service: &Service,
    words: &Scores,
    meaning: Option<Meaning>,
    analyzer: &mut Analyzer,
) -> Vec<Reason> {
    let meaning = meaning.filter(|meaning| meaning.beyond > 0.0);
    let meaning = meaning.map(|meaning| Reason::Meaning { cosine: meaning.cosine });
    meaning.into_iter().chain(words_found(service, &words.sought, analyzer)).take(MAX_REASONS).collect()
}

/// Returns the words that were found in a service, the rarest first, each with the field in which a mention is worth most.
fn words_found(service: &Service, sought: &[Sought], analyzer: &mut Analyzer) -> Vec<Reason> {
    let places: HashMap<&str, usize> =
        sought.iter().enumerate().map(|(place, word)| (word.term.as_str(), place)).collect();
    let mut found: Vec<Option<(f32, Field, Option<usize>)>> = vec![None; sought.len()];
    each_text(service, |field, capability, text| {
        let weight = field.weighing().weight;
        analyzer.each_term(text, field.stop_words(), |term| {
            let Some(&place) = places.get(term.as_str()) else { return };
            if found[place].is_none_or(|best| weight > best.0) {
                found[place] = Some((weight, field, capability));
            }
        });
    });
    let mut words: Vec<_> =
        found.iter().zip(sought).filter_map(|(found, word)| Some((word, (*found)?))).collect();
    words.sort_by(|(one, _), (other, _)| other.rarity.total_cmp(&one.rarity));
    // The parts of one word are one reason.
    let mut reasons: Vec<Reason> = Vec::new();
    for (word, (_, field, capability)) in words {
        let is_told =
            |reason: &Reason| matches!(reason, Reason::Word { word: told, .. } if *told == word.typed);
        if reasons.len() < MAX_REASONS && !reasons.iter().any(is_told) {
            let found_in = match capability {
                Some(place) => service.capabilities[place].name.clone(),
                None => field.as_str().to_owned(),
            };
            reasons.push(Reason::Word { word: word.typed.clone(), found_in });
        }
    }
    reasons
}
