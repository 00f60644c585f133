//! Signing in: an [`Authorizer`] proves who asks.

use car_http::HeaderMap;
use car_mcp::transport::{BoxFuture, TransportError};
use car_oauth::driver::{Authorizer, Refusal};

use crate::credentials::{Challenge, Credentials, Proof};

impl Credentials for Authorizer {
    fn prove<'a>(&'a self, method: &'a str, url: &'a str) -> BoxFuture<'a, Result<Proof, TransportError>> {
        Box::pin(async move {
            let proof = Self::prove(self, method, url).await.map_err(missing)?;
            Ok(Proof::new(proof.headers, proof.generation))
        })
    }

    fn challenged<'a>(&'a self, challenge: &'a Challenge) -> BoxFuture<'a, Result<bool, TransportError>> {
        Box::pin(async move {
            let refusal = Refusal {
                status: challenge.status,
                challenges: &challenge.values,
                headers: &challenge.headers,
                generation: challenge.generation,
            };
            self.refused(&refusal).await.map_err(missing)
        })
    }

    fn answered(&self, headers: &HeaderMap) {
        Self::answered(self, headers);
    }

    fn context(&self) -> u64 {
        self.account_generation()
    }
}

/// Keeps the error whole: who reads it can take it out again by its type, [`car_oauth::Error`].
fn missing(error: car_oauth::Error) -> TransportError {
    TransportError::Credentials {
        sign_in: error.is_sign_in_required(),
        transient: error.is_transient(),
        source: error.into(),
    }
}
