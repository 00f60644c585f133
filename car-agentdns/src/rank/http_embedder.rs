//! Models behind HTTP: `POST {base}/embeddings` as OpenAI defined it and Ollama, llama.cpp, vLLM and Hugging Face's text
//! embeddings inference serve it.

use std::time::Duration;

use car_http::{AddressPolicy, ClientBuilder};
use serde::{Deserialize, Serialize};

use super::embed::{EmbedError, Embedder, Embedding, Purpose};
use super::vectors::MAX_NUMBERS;
use crate::ask::Bearer;
use crate::error::Error;
use crate::web::{Bounds, Web};

/// How long one request may take: a small model on one processor turns a batch of long texts into vectors in a few
/// seconds, and one that was asleep is loaded first.
const TOTAL: Duration = Duration::from_secs(20);

/// How many texts are sent at once.
const BATCH: usize = 32;

/// The largest answer that is read, in bytes: a batch of the longest vectors, each number with its twenty digits and signs.
const MAX_BODY_BYTES: usize = BATCH * MAX_NUMBERS * 24;

/// A model behind HTTP.
#[derive(Clone, Debug)]
pub struct HttpEmbedder {
    web: Web,
    /// What the server knows it by.
    model: String,
    /// What its vectors are known by.
    vectors: String,
    before_query: String,
    before_document: String,
}

#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    input: Vec<String>,
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Answered {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    index: usize,
    embedding: Vec<f32>,
}

impl HttpEmbedder {
    /// Makes the client of a model. `base` is what comes before `/embeddings`, such as `http://localhost:11434/v1`; it may
    /// be anywhere, as the user named it. Nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::InvalidBase`] and [`Error::Settings`].
    pub fn new(
        http: &ClientBuilder,
        base: &str,
        model: impl Into<String>,
        bearer: Option<Bearer>,
    ) -> Result<Self, Error> {
        let (web, model) = (Web::new(http, base, bearer, AddressPolicy::Any)?, model.into());
        let vectors = model.clone();
        Ok(Self { web, model, vectors, before_query: String::new(), before_document: String::new() })
    }

    /// Puts words before each text, which some models were trained with: `query: ` and `passage: `. The same model with
    /// other words gives other vectors, so it has another name then.
    #[must_use]
    pub fn with_prefixes(mut self, query: impl Into<String>, document: impl Into<String>) -> Self {
        (self.before_query, self.before_document) = (query.into(), document.into());
        self.vectors = format!("{} ({:?}, {:?})", self.model, self.before_query, self.before_document);
        self
    }

    async fn ask(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            vectors.extend(self.ask_batch(batch, purpose).await?);
        }
        Ok(vectors)
    }

    async fn ask_batch(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        let before = match purpose {
            Purpose::Query => &self.before_query,
            Purpose::Document => &self.before_document,
        };
        let input = texts.iter().map(|text| format!("{before}{text}")).collect();
        let asked = Asked { model: &self.model, input, encoding_format: "float" };
        let asked = serde_json::to_vec(&asked).expect("texts can be written as JSON");
        let bounds = Bounds { total: TOTAL, body: MAX_BODY_BYTES };
        let answer = self.web.post("embeddings", asked, bounds).await;
        let answer = answer.map_err(|error| self.wrong("its server cannot be used").because(error))?;
        let answered: Answered = serde_json::from_slice(&answer.body).map_err(|error| {
            self.wrong("expected a document with vectors, found another one").because(error)
        })?;
        in_order(answered.data, texts.len()).map_err(|what| self.wrong(what))
    }

    fn wrong(&self, what: impl Into<String>) -> EmbedError {
        EmbedError::new(&self.vectors, what)
    }
}

impl Embedder for HttpEmbedder {
    #[expect(
        clippy::misnamed_getters,
        reason = "with other prefixes it is another model to whoever compares vectors"
    )]
    fn model(&self) -> &str {
        &self.vectors
    }

    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> Embedding<'a> {
        Box::pin(self.ask(texts, purpose))
    }

    fn batch(&self) -> usize {
        BATCH
    }
}

/// Puts the rows of an answer in the order of the texts: they need not come so.
fn in_order(mut rows: Vec<Row>, expected: usize) -> Result<Vec<Vec<f32>>, String> {
    rows.sort_unstable_by_key(|row| row.index);
    if rows.len() != expected || rows.iter().enumerate().any(|(place, row)| row.index != place) {
        let found: Vec<_> = rows.iter().take(BATCH + 1).map(|row| row.index).collect();
        return Err(format!("expected one vector for each of {expected} texts, found those for {found:?}"));
    }
    Ok(rows.into_iter().map(|row| row.embedding).collect())
}
