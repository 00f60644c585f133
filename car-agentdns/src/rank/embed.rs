//! The seam for models that turn text into vectors.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;

use super::vectors::MAX_NUMBERS;
use crate::service::Service;

/// How much of what a service says of itself is given to a model, in bytes. Small models read some 250 words and leave out
/// the rest.
const MAX_TEXT_BYTES: usize = 2_000;

/// How many texts are given to a model at once, unless it says otherwise: few enough that a small model on one processor
/// answers within the deadline of a request.
const BATCH: usize = 32;

/// What a model gives for texts, one vector each, when it is ready.
pub type Embedding<'a> = Pin<Box<dyn Future<Output = Result<Vec<Vec<f32>>, EmbedError>> + Send + 'a>>;

/// A model that turns texts into vectors, so that texts of like meaning have vectors of like direction.
pub trait Embedder: Send + Sync {
    /// Returns the model's name. Vectors of different models are never compared.
    fn model(&self) -> &str;

    /// Turns texts into vectors, all of the same length, in the order of the texts.
    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> Embedding<'a>;

    /// Returns how many texts it takes at once.
    fn batch(&self) -> usize {
        BATCH
    }
}

/// What a text is: some models treat the two differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// What somebody asks.
    Query,
    /// What is searched.
    Document,
}

/// Why there are no vectors.
#[derive(Debug, thiserror::Error)]
#[error("the embedding model {model} gave no vectors: {what}")]
#[non_exhaustive]
pub struct EmbedError {
    /// The model.
    pub model: String,
    /// What happened.
    pub what: String,
    /// What is behind it.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl EmbedError {
    /// Says what happened.
    pub fn new(model: impl Into<String>, what: impl Into<String>) -> Self {
        Self { model: model.into(), what: what.into(), source: None }
    }

    /// Says what is behind it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// Returns what a model is given of a service: its name, what it does, and what it can do.
pub(super) fn text_of(service: &Service) -> String {
    let mut text = format!("{}: {}", service.name, service.description);
    for capability in &service.capabilities {
        if text.len() >= MAX_TEXT_BYTES {
            break;
        }
        text.push_str(&format!("\n{}: {}", capability.name, capability.description));
    }
    text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    text
}

/// Asks a model, whoever wrote it, and checks what it gives: one vector for each text, all equally long, of numbers, none
/// of them zero all over. They are returned with the length one.
pub(super) async fn embed(
    embedder: &dyn Embedder,
    texts: &[String],
    purpose: Purpose,
) -> Result<Vec<Vec<f32>>, EmbedError> {
    let mut vectors = embedder.embed(texts, purpose).await?;
    let wrong = |what: String| EmbedError::new(embedder.model(), what);
    if vectors.len() != texts.len() {
        return Err(wrong(format!("expected {} vectors, found {}", texts.len(), vectors.len())));
    }
    let length = vectors.first().map_or(0, Vec::len);
    if length > MAX_NUMBERS {
        return Err(wrong(format!("expected at most {MAX_NUMBERS} numbers in a vector, found {length}")));
    }
    for vector in &mut vectors {
        if vector.len() != length {
            return Err(wrong(format!(
                "expected vectors of {length} numbers, found one of {}",
                vector.len()
            )));
        }
        // Added up as f64, in which no square of an f32 is too large.
        let size = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
        if !size.is_finite() || size == 0.0 {
            return Err(wrong("expected vectors of numbers, not all zero, found another one".to_owned()));
        }
        vector.iter_mut().for_each(|number| *number = (f64::from(*number) / size) as f32);
    }
    Ok(vectors)
}
