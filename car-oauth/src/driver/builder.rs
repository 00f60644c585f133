//! What an authorizer works with.

use std::fmt;
use std::sync::{Arc, Mutex};

use car_http::{ClientBuilder, Target};

use super::agent::UserAgent;
use super::ambient::Ambient;
use super::authorizer::{Authorizer, Inner};
use super::renew::Renewer;
use super::settings::Settings;
use super::vault::Vault;
use super::web::Web;
use crate::endpoint::is_private_name;
use crate::error::Error;

/// Says what an [`Authorizer`] works with.
pub struct AuthorizerBuilder {
    pub(super) settings: Settings,
    pub(super) vault: Arc<dyn Vault>,
    pub(super) http: ClientBuilder,
    pub(super) ambient: Arc<dyn Ambient>,
    pub(super) agent: Option<Arc<dyn UserAgent>>,
    pub(super) renewer: Option<Arc<dyn Renewer>>,
}

impl AuthorizerBuilder {
    /// Sets the HTTP client's settings: certificates, proxy. Redirects and addresses are decided here.
    #[must_use]
    pub fn http(mut self, http: ClientBuilder) -> Self {
        self.http = http;
        self
    }

    /// Sets the clock and the dice.
    #[must_use]
    pub fn ambient(mut self, ambient: Arc<dyn Ambient>) -> Self {
        self.ambient = ambient;
        self
    }

    /// Sets who is sent to sign in when a request is refused. Without one, such a request fails at once with
    /// [`Error::SignInRequired`].
    #[must_use]
    pub fn agent(mut self, agent: Arc<dyn UserAgent>) -> Self {
        self.agent = Some(agent);
        self
    }

    /// Lets somebody else renew tokens, such as a process that nobody interrupts.
    #[must_use]
    pub fn renewer(mut self, renewer: Arc<dyn Renewer>) -> Self {
        self.renewer = Some(renewer);
        self
    }

    /// Makes the authorizer. Nothing is read or contacted yet.
    ///
    /// # Errors
    /// [`Error::InvalidSettings`] for a server that is not http(s), or an HTTP client that cannot be made.
    pub fn build(self) -> Result<Authorizer, Error> {
        let target = Target::from_url(&self.settings.server)
            .map_err(|error| Error::InvalidSettings { what: error.to_string() })?;
        let allow_private = self.settings.allow_private || is_private_name(&self.settings.server);
        Ok(Authorizer {
            inner: Arc::new(Inner {
                web: Web::new(&self.http, allow_private)?,
                origin: target.origin().clone(),
                settings: self.settings,
                vault: self.vault,
                ambient: self.ambient,
                agent: self.agent,
                renewer: self.renewer,
                turn: Arc::default(),
                nonces: Mutex::default(),
                state: Mutex::default(),
            }),
        })
    }
}

impl fmt::Debug for AuthorizerBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AuthorizerBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
