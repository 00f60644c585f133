//! The seam for models that turn text into vectors.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;

/// What a model gives for texts, one vector each, when it is ready.
pub type Embedding<'a> = Pin<Box<dyn Future<Output = Result<Vec<Vec<f32>>, EmbedError>> + Send + 'a>>;

/// A model that turns texts into vectors, so that texts of like meaning have vectors of like direction.
pub trait Embedder: Send + Sync {
    /// Returns the model's name. Vectors of different models are never compared.
    fn model(&self) -> &str;

    /// Turns texts into vectors, all of the same length, in the order of the texts.
    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> Embedding<'a>;
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
}
