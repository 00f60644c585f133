//! Ranking by meaning too, where the user named a model for it. Words alone always work, so nothing here is an error of a
//! search.

use car_agentdns::rank::{HttpEmbedder, Vectors};
use car_agentdns::{Bearer, Limit, Need};
use car_connectors_store::{Embeddings, EntryName, SourceToken};
use tokio::time::{Instant, timeout_at};

use super::ask::read_token;
use super::candidates::{Candidates, Ranked};
use super::trouble::with_causes;
use crate::error::{Error, ErrorKind};
use crate::manager::Inner;

/// How many vectors are asked for in one step of reading ahead: what is there is kept after each.
const STEP: usize = 256;

impl Inner {
    /// Ranks by words and meaning, within the time. Says otherwise why that could not be.
    pub(crate) async fn by_meaning(
        &self,
        embeddings: &Embeddings,
        candidates: &Candidates,
        need: &Need,
        limit: Limit,
        until: Instant,
    ) -> Result<Vec<Ranked>, String> {
        let ranking = async {
            let embedder = self.embedder(embeddings).await?;
            let mut kept = self.discovery.vectors.lock().await;
            let vectors = self.vectors(&mut kept, &embeddings.model).await;
            let before = vectors.len();
            let ranked = candidates
                .by_meaning(need, limit, &embedder, vectors)
                .await
                .map_err(|error| Error::new(ErrorKind::Unreachable, with_causes(&error)))?;
            if vectors.len() != before {
                self.write_vectors(&embeddings.model, vectors).await;
            }
            Ok::<_, Error>(ranked)
        };
        match timeout_at(until, ranking).await {
            Ok(Ok(ranked)) => Ok(ranked),
            Ok(Err(error)) => Err(with_causes(&error)),
            Err(_) => Err(format!("the model {} did not answer in time", embeddings.model)),
        }
    }

    /// Asks the model for the vectors of what is known of registries, so that a search need not.
    pub(crate) async fn prepare_vectors(
        &self,
        embeddings: &Embeddings,
        candidates: &Candidates,
        until: Instant,
    ) -> Result<(), Error> {
        let embedder = self.embedder(embeddings).await?;
        let mut kept = self.discovery.vectors.lock().await;
        let vectors = self.vectors(&mut kept, &embeddings.model).await;
        let before = vectors.len();
        let mut outcome = Ok(());
        while Instant::now() < until {
            match timeout_at(until, candidates.prepare(&embedder, vectors, STEP)).await {
                Ok(Ok(0)) | Err(_) => break,
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    outcome = Err(Error::new(ErrorKind::Unreachable, with_causes(&error))
                        .hinted("check that the embedding model is running"));
                    break;
                }
            }
        }
        if vectors.len() != before {
            self.write_vectors(&embeddings.model, vectors).await;
        }
        outcome
    }

    async fn embedder(&self, embeddings: &Embeddings) -> Result<HttpEmbedder, Error> {
        let bearer = self.embeddings_bearer(&embeddings.url).await?;
        HttpEmbedder::new(&self.oauth.http, &embeddings.url, &embeddings.model, bearer)
            .map_err(|error| Error::new(ErrorKind::InvalidInput, with_causes(&error)))
    }

    async fn embeddings_bearer(&self, url: &str) -> Result<Option<Bearer>, Error> {
        // A model on this machine wants none, so nobody's keychain is opened for it.
        if url::Url::parse(url).is_ok_and(|url| car_agentdns::is_private_name(&url)) {
            return Ok(None);
        }
        let url = url.to_owned();
        self.blocking(move |inner| {
            let token = SourceToken::load(&inner.secrets, &EntryName::embeddings())?;
            let token = token.as_ref().and_then(|token| token.for_url(&url));
            token.map(|token| read_token("embeddings", token.expose())).transpose()
        })
        .await
    }

    async fn vectors<'a>(&self, kept: &'a mut Option<Vectors>, model: &str) -> &'a mut Vectors {
        if kept.is_none() {
            *kept = Some(self.read_vectors(model).await);
        }
        kept.get_or_insert_default()
    }

    async fn read_vectors(&self, model: &str) -> Vectors {
        let (cache, key) = (self.discovery.cache.clone(), key(model));
        let read = tokio::task::spawn_blocking(move || match cache.read(&key).ok().flatten() {
            Some(bytes) => Vectors::from_bytes(&bytes).unwrap_or_default(),
            None => Vectors::default(),
        });
        read.await.unwrap_or_default()
    }

    async fn write_vectors(&self, model: &str, vectors: &Vectors) {
        let (cache, key, bytes) = (self.discovery.cache.clone(), key(model), vectors.to_bytes());
        let written = tokio::task::spawn_blocking(move || cache.write(&key, &bytes)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, "vectors cannot be kept and will be asked for again");
        }
    }
}

fn key(model: &str) -> String {
    format!("vectors {model}")
}
