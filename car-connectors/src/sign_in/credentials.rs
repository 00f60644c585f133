//! What joins car-oauth to car-mcp-http.

use car_http::{HeaderMap, Url};
use car_mcp::transport::{BoxFuture, TransportError};
use car_mcp_http::{Challenge, Credentials, Proof};
use car_oauth::driver::{Authorizer, Refusal};

/// Lets an [`Authorizer`] prove who asks, for every request of a transport.
#[derive(Clone, Debug)]
pub struct OauthCredentials(Authorizer);

impl OauthCredentials {
    /// Takes the authorizer of the account that is to be used.
    pub const fn new(authorizer: Authorizer) -> Self {
        Self(authorizer)
    }
}

impl Credentials for OauthCredentials {
    fn prove<'a>(
        &'a self,
        method: &'a str,
        url: &'a str,
    ) -> BoxFuture<'a, Result<Proof, TransportError>> {
        Box::pin(async move {
            let url = Url::parse(url).map_err(|error| TransportError::Misconfigured { source: error.into() })?;
            let proof = self.0.prove(method, &url).await.map_err(missing)?;
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
            self.0.refused(&refusal).await.map_err(missing)
        })
    }

    fn answered(&self, headers: &HeaderMap) {
        self.0.answered(headers);
    }

    fn context(&self) -> u64 {
        self.0.account_generation()
    }
}

fn missing(error: car_oauth::Error) -> TransportError {
    TransportError::Credentials {
        sign_in: error.is_sign_in_required(),
        transient: error.is_transient(),
        source: error.into(),
    }
}
