//! Scores: how much of a need the words of a service cover.
//!
//! This is BM25F (Robertson, Zaragoza and Taylor, 2004): the mentions of a word in all fields of a service are added up,
//! each divided by how long its field is beside others of its kind and multiplied by what the field is worth, and the sum
//! is saturated once. A word that stands in five fields so does not count five times.
//!
//! What a service gets is divided by what the need would give at most, that is where every word of it were mentioned
//! without end. So a score is the share of the need that a service covers, each word weighed by how rare it is among all
//! services of all parts: from 0 to 1, and the same whichever part the service is in.

use tantivy::fieldnorm::FieldNormReader;

use super::fields::Field;
use super::part::{Lengths, Part};
use super::words::{Analyzer, StopWords};

/// How quickly further mentions of a word count for less (`k1` of BM25). Chosen as the weights of fields are.
const SATURATION: f32 = 1.6;

/// How many different words of a need are looked for. A need that has more says nothing more with the rest, and a search
/// must not cost more than this many words.
const MAX_TERMS: usize = 128;

/// A word of a need.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sought {
    /// As it stands in the need.
    pub(super) typed: String,
    /// What it is found by.
    pub(super) term: String,
    /// How rare it is among the services that are searched.
    pub(super) rarity: f32,
}

/// What the words of a need make of the services of all parts.
pub(super) struct Scores {
    /// The words, in their order in the need.
    pub(super) sought: Vec<Sought>,
    /// The scores of each part's services.
    pub(super) parts: Vec<Vec<f32>>,
}

/// What a mention counts, by field and by the code of the text's length.
struct Worth([[f32; 256]; Field::ALL.len()]);

/// Scores all services of all parts. Part and number of services come in pairs.
pub(super) fn score(parts: &[(&Part, usize)], need: &str) -> tantivy::Result<Scores> {
    let mut sought = sought_in(parts, need)?;
    let worth = Worth::new(parts);
    let all: usize = parts.iter().map(|part| part.1).sum();
    let mut scores: Vec<Vec<f32>> = parts.iter().map(|part| vec![0.0; part.1]).collect();
    let mut mentions: Vec<Mentions> = parts.iter().map(|part| Mentions::new(part.1)).collect();
    for word in &mut sought {
        for ((part, _), mentions) in parts.iter().zip(&mut mentions) {
            mentions.count(part, &word.term, &worth)?;
        }
        word.rarity = rarity(mentions.iter().map(|mentions| mentions.services.len()).sum(), all);
        for (mentions, scores) in mentions.iter_mut().zip(&mut scores) {
            mentions.drain(|service, sum| scores[service] += word.rarity * sum / (sum + SATURATION));
        }
    }
    let most: f32 = sought.iter().map(|word| word.rarity).sum();
    if most > 0.0 {
        scores.iter_mut().flatten().for_each(|score| *score = (*score / most).min(1.0));
    }
    Ok(Scores { sought, parts: scores })
}

/// Returns how rare a word is that so many of all services mention: the inverse document frequency of BM25 (Robertson and
/// Spärck Jones), which is never negative.
fn rarity(with: usize, all: usize) -> f32 {
    let (with, all) = (with as f32, all as f32);
    (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
}

/// Returns the different words of a need. A word with parts, such as `GitHub`, is sought whole where any service has it
/// so, and by its parts otherwise. A need of nothing but stop words is sought by those.
fn sought_in(parts: &[(&Part, usize)], need: &str) -> tantivy::Result<Vec<Sought>> {
    let mut analyzer = Analyzer::new();
    for stop_words in [StopWords::Left, StopWords::Kept] {
        let mut words = Vec::new();
        analyzer.each_word(need, stop_words, |word| words.push(word));
        let mut sought: Vec<Sought> = Vec::new();
        for word in words {
            let whole = word.parts.is_empty() || knows(parts, &word.whole)?;
            for term in if whole { vec![word.whole] } else { word.parts } {
                if sought.len() < MAX_TERMS && !sought.iter().any(|other| other.term == term) {
                    sought.push(Sought { typed: word.typed.to_owned(), term, rarity: 0.0 });
                }
            }
        }
        if !sought.is_empty() {
            return Ok(sought);
        }
    }
    Ok(Vec::new())
}

fn knows(parts: &[(&Part, usize)], term: &str) -> tantivy::Result<bool> {
    for (part, _) in parts {
        if part.knows(term)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Worth {
    fn new(parts: &[(&Part, usize)]) -> Self {
        Self(Field::ALL.map(|field| {
            let mut all = Lengths::default();
            for (part, _) in parts {
                let lengths = part.lengths(field);
                all = Lengths { words: all.words + lengths.words, filled: all.filled + lengths.filled };
            }
            let usual = all.words.max(1) as f32 / all.filled.max(1) as f32;
            let weighing = field.weighing();
            std::array::from_fn(|code| {
                let length = FieldNormReader::id_to_fieldnorm(u8::try_from(code).unwrap_or(u8::MAX)) as f32;
                weighing.weight / (1.0 - weighing.length + weighing.length * length / usual)
            })
        }))
    }
}

/// The weighed mentions of one word among the services of one part.
struct Mentions {
    sums: Vec<f32>,
    services: Vec<u32>,
}

impl Mentions {
    fn new(services: usize) -> Self {
        Self { sums: vec![0.0; services], services: Vec::new() }
    }

    fn count(&mut self, part: &Part, term: &str, worth: &Worth) -> tantivy::Result<()> {
        for field in Field::ALL {
            let worth = &worth.0[field as usize];
            part.each_mention(field, term, |service, times, length| {
                let sum = &mut self.sums[service as usize];
                if *sum == 0.0 {
                    self.services.push(service);
                }
                *sum += times as f32 * worth[usize::from(length)];
            })?;
        }
        Ok(())
    }

    fn drain(&mut self, mut take: impl FnMut(usize, f32)) {
        for service in self.services.drain(..) {
            let service = service as usize;
            take(service, std::mem::take(&mut self.sums[service]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighs_rare_words_more_and_none_below_nothing() {
        assert!(rarity(1, 1_000) > rarity(10, 1_000));
        assert!(rarity(0, 1_000) > rarity(1, 1_000));
        assert!(rarity(1_000, 1_000) > 0.0);
    }
}
