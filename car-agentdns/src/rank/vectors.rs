//! Vectors that are kept from one search to the next.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use super::embed::{EmbedError, Embedder, Purpose, embed};
use super::index::Index;

/// The longest vector of a model. The largest models in use have four thousand numbers.
pub(super) const MAX_NUMBERS: usize = 8_192;

/// How many numbers are kept in all: 100,000 vectors of a small model, 16,000 of a large one. 256 MiB.
const MAX_KEPT_NUMBERS: usize = 64 * 1024 * 1024;

/// What a file of vectors begins with: a name and the version of its form.
const MAGIC: &[u8; 8] = b"CARVEC\x00\x01";

/// The longest name of a model, in bytes.
const MAX_MODEL_BYTES: usize = 1_024;

/// The length of a SHA-256 digest.
const DIGEST: usize = 32;

/// What a text is known by: its SHA-256.
pub(super) type TextDigest = [u8; DIGEST];

/// The vectors of services, by what the service says of itself: kept from one search to the next.
///
/// They are of one model; where another model is asked, they are forgotten. All have the length one, so that the product of
/// two is their cosine.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    model: String,
    /// How many numbers a vector has.
    length: usize,
    numbers: Vec<f32>,
    rows: HashMap<TextDigest, usize>,
    stamp: Stamp,
}

/// Tells what is in which row at one time from what is at any other, within this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(u64);

impl Default for Stamp {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Why bytes are no vectors: they are to be made anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected kept vectors, found {found}")]
pub struct VectorsError {
    found: &'static str,
}

impl Vectors {
    /// Returns the model that they are of; empty before the first.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Asks the model for vectors of services that have none yet, at most for so many, in the order of the parts. Returns
    /// how many services still have none. So what is known can be prepared before anybody searches.
    ///
    /// # Errors
    /// Says why the model gave no vectors. What it gave before that is kept.
    ///
    /// # Cancel safety
    /// Dropping the future keeps what was asked for before.
    pub async fn prepare(
        &mut self,
        parts: &[&Index],
        embedder: &dyn Embedder,
        at_most: usize,
    ) -> Result<usize, EmbedError> {
        self.be_of(embedder.model(), self.length);
        let services = parts.iter().flat_map(|part| (0..part.services().len()).map(|place| (*part, place)));
        let missing: Vec<_> =
            services.filter(|(part, place)| self.row(&part.digests()[*place]).is_none()).collect();
        let (asked, left) = missing.split_at(at_most.min(missing.len()));
        self.ask(asked, embedder).await?;
        Ok(left.len())
    }

    /// Forgets the vectors of all services but these.
    pub fn retain(&mut self, parts: &[&Index]) {
        let wanted: HashSet<&TextDigest> = parts.iter().flat_map(|part| part.digests()).collect();
        let mut kept =
            Self { model: std::mem::take(&mut self.model), length: self.length, ..Self::default() };
        for (digest, &row) in self.rows.iter().filter(|(digest, _)| wanted.contains(digest)) {
            kept.rows.insert(*digest, kept.rows.len());
            kept.numbers.extend_from_slice(&self.numbers[row * self.length..][..self.length]);
        }
        *self = kept;
    }

    /// Returns them as bytes: a header, then each digest with its numbers, in little endian, then a digest of all that.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for number in [self.model.len(), self.length, self.rows.len()] {
            bytes.extend_from_slice(&(number as u64).to_le_bytes());
        }
        bytes.extend_from_slice(self.model.as_bytes());
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_unstable();
        for (digest, row) in rows {
            bytes.extend_from_slice(digest);
            let numbers = &self.numbers[row * self.length..][..self.length];
            numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        }
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// Reads what [`Vectors::to_bytes`] made.
    ///
    /// # Errors
    /// Says what is wrong with it, also where it is of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VectorsError> {
        let wrong = |found| VectorsError { found };
        let (body, digest) = bytes.split_last_chunk::<DIGEST>().ok_or_else(|| wrong("too few bytes"))?;
        let mut rest = body.strip_prefix(MAGIC).ok_or_else(|| wrong("another form or version"))?;
        if Sha256::digest(body).as_slice() != digest {
            return Err(wrong("damaged bytes"));
        }
        let mut number = || {
            let (number, after) = rest.split_first_chunk::<8>()?;
            rest = after;
            usize::try_from(u64::from_le_bytes(*number)).ok()
        };
        let (Some(model), Some(length), Some(count)) = (number(), number(), number()) else {
            return Err(wrong("too few bytes"));
        };
        let is_bounded = model <= MAX_MODEL_BYTES && length <= MAX_NUMBERS && has_room(count, length);
        let row_bytes = DIGEST + 4 * length.min(MAX_NUMBERS);
        if !is_bounded || rest.len() != model + count * row_bytes {
            return Err(wrong("sizes that do not fit"));
        }
        let (model, rest) = rest.split_at(model);
        let model = std::str::from_utf8(model).map_err(|_| wrong("a name that is no text"))?.to_owned();
        let mut read = Self { model, length, numbers: Vec::with_capacity(count * length), ..Self::default() };
        for row in rest.chunks_exact(row_bytes) {
            let (digest, numbers) =
                row.split_first_chunk::<DIGEST>().ok_or_else(|| wrong("too few bytes"))?;
            let numbers = numbers.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
            read.rows.insert(*digest, read.rows.len());
            read.numbers.extend(numbers);
        }
        if read.rows.len() != count || read.numbers.iter().any(|number| !number.is_finite()) {
            return Err(wrong("numbers that are none"));
        }
        Ok(read)
    }

    /// Forgets everything if it is of another model. One that gives another number of numbers than before is another one.
    pub(super) fn be_of(&mut self, model: &str, length: usize) {
        if self.model != model || self.length != length {
            *self = Self { model: model.to_owned(), length, ..Self::default() };
        }
    }

    /// Asks for the vectors of services and keeps those for which there is room.
    pub(super) async fn ask(
        &mut self,
        services: &[(&Index, usize)],
        embedder: &dyn Embedder,
    ) -> Result<(), EmbedError> {
        for batch in services.chunks(embedder.batch().max(1)) {
            let texts: Vec<_> = batch.iter().map(|(part, place)| part.text(*place)).collect();
            let vectors = embed(embedder, &texts, Purpose::Document).await?;
            let length = vectors.first().map_or(0, Vec::len);
            if !self.is_empty() && self.length != length {
                let what = format!("expected vectors of {} numbers as before, found {length}", self.length);
                return Err(EmbedError::new(embedder.model(), what));
            }
            self.length = length;
            for ((part, place), vector) in batch.iter().zip(vectors) {
                self.keep(part.digests()[*place], &vector);
            }
        }
        Ok(())
    }

    /// Keeps a vector of length one, if there is room.
    fn keep(&mut self, digest: TextDigest, vector: &[f32]) {
        let count = self.rows.len();
        if has_room(count + 1, self.length) && !self.rows.contains_key(&digest) {
            self.rows.insert(digest, count);
            self.stamp = Stamp::default();
            self.numbers.extend_from_slice(vector);
        }
    }

    /// Returns what the rows that [`Vectors::row`] tells are good for: as long as this stays the same.
    pub(super) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Returns where a text's vector is.
    pub(super) fn row(&self, digest: &TextDigest) -> Option<usize> {
        self.rows.get(digest).copied()
    }

    /// Returns the cosine of an equally long vector with each that is kept, by row.
    pub(super) fn cosines(&self, vector: &[f32]) -> Vec<f32> {
        debug_assert_eq!(self.length, vector.len(), "vectors of one model are compared");
        self.numbers.chunks_exact(self.length.max(1)).map(|row| product(row, vector)).collect()
    }
}

fn has_room(count: usize, length: usize) -> bool {
    count.checked_mul(length.max(1)).is_some_and(|numbers| numbers <= MAX_KEPT_NUMBERS)
}

/// Returns the digest of a text.
pub(super) fn digest_of(text: &str) -> TextDigest {
    Sha256::digest(text.as_bytes()).into()
}

/// Returns the dot product. Sixteen sums are kept beside each other: that is what the machine adds up at once, and what the
/// compiler may not do by itself, since adding in another order gives another last digit.
fn product(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (ones, rest) = one.as_chunks::<16>();
    let (others, other_rest) = other.as_chunks::<16>();
    for (one, other) in ones.iter().zip(others) {
        for lane in 0..16 {
            sums[lane] += one[lane] * other[lane];
        }
    }
    let tail: f32 = rest.iter().zip(other_rest).map(|(one, other)| one * other).sum();
    sums.iter().sum::<f32>() + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vectors {
        let mut vectors = Vectors::default();
        vectors.be_of("m", 2);
        vectors.keep(digest_of("a"), &[1.0, 0.0]);
        vectors.keep(digest_of("b"), &[0.6, 0.8]);
        vectors
    }

    #[test]
    fn is_looked_up_anew_where_it_is_not_what_it_was() {
        use crate::{Provenance, Service, SourceKind};

        let named = |name: &str| {
            let identifier = format!("agentdns://example.com/{name}").parse().unwrap();
            Service::new(identifier, name, Provenance::new(SourceKind::Root, "r", 1, 2))
        };
        let index = Index::new(vec![named("one"), named("two")]).unwrap();
        let [one, two] = [index.digests()[0], index.digests()[1]];
        let mut vectors = Vectors::default();
        vectors.be_of("m", 1);
        vectors.keep(two, &[1.0]);
        assert_eq!(*index.rows(&vectors), [None, Some(0)]);
        let before = vectors.clone();
        vectors.keep(one, &[1.0]);
        assert_eq!(*index.rows(&vectors), [Some(1), Some(0)]);
        assert_eq!(*index.rows(&before), [None, Some(0)]);
        vectors.retain(&[&Index::new(vec![named("one")]).unwrap()]);
        assert_eq!(*index.rows(&vectors), [Some(0), None]);
        vectors.be_of("n", 1);
        assert_eq!(*index.rows(&vectors), [None, None]);
    }

    #[test]
    fn reads_what_it_wrote() {
        for vectors in [some(), Vectors::default()] {
            let read = Vectors::from_bytes(&vectors.to_bytes()).unwrap();
            assert_eq!(read.model(), vectors.model());
            assert_eq!(read.len(), vectors.len());
            for (digest, row) in &vectors.rows {
                let at = |of: &Vectors, row: usize| of.numbers[row * of.length..][..of.length].to_vec();
                assert_eq!(at(&read, read.row(digest).unwrap()), at(&vectors, *row));
            }
        }
    }

    #[test]
    fn reads_nothing_that_was_changed_or_cut() {
        let bytes = some().to_bytes();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(Vectors::from_bytes(&changed).is_err(), "byte {place}");
            assert!(Vectors::from_bytes(&bytes[..place]).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn reads_no_sizes_that_do_not_fit_though_the_digest_does() {
        let bytes = some().to_bytes();
        for (place, value) in [(8, u64::MAX), (16, u64::MAX), (24, u64::MAX), (16, 9_000), (24, 1), (16, 0)] {
            let mut changed = bytes[..bytes.len() - DIGEST].to_vec();
            changed[place..place + 8].copy_from_slice(&value.to_le_bytes());
            let digest = Sha256::digest(&changed);
            changed.extend_from_slice(&digest);
            assert_eq!(
                Vectors::from_bytes(&changed).unwrap_err().found,
                "sizes that do not fit",
                "{place} {value}"
            );
        }
    }

    #[test]
    fn forgets_everything_for_another_model_or_another_length() {
        let mut vectors = some();
        vectors.be_of("m", 2);
        assert_eq!(vectors.len(), 2);
        let mut longer = vectors.clone();
        longer.be_of("m", 3);
        assert_eq!((longer.len(), longer.model()), (0, "m"));
        vectors.be_of("n", 2);
        assert!(vectors.is_empty());
    }

    #[test]
    fn multiplies_vectors_of_any_length() {
        for length in [0, 1, 15, 16, 17, 40] {
            let one: Vec<f32> = (0..length).map(|n| n as f32).collect();
            let expected: f32 = one.iter().map(|n| n * n).sum();
            assert_eq!(product(&one, &one), expected, "{length}");
        }
    }

    proptest::proptest! {
        #[test]
        fn takes_any_bytes(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            proptest::prop_assert!(Vectors::from_bytes(&bytes).is_err());
        }
    }
}
