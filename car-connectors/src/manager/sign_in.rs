//! Signing in and out, and whose account a connector uses.

use std::sync::{Arc, PoisonError};

use car_connectors_store::{Connector, EntryName, OauthClient, Secret};
use car_oauth::driver::{
    Account, Authorizer, DeviceDisplay, Fingerprint, Incomplete, PendingSignIn, SignedIn, SignedOut,
    UserAgent,
};
use car_oauth::response::AuthorizationResponse;

use super::{ConnectorManager, Inner};
use crate::error::{Error, ErrorKind};
use crate::sign_in::{
    BegunSignIn, ConnectorVault, Given, OfConnector, SignInOptions, settings, sign_in_error,
};

/// How many sign-ins may wait for their answer at a front end. The oldest are forgotten.
const MAX_WAITING: usize = 32;

/// A sign-in whose answer comes to a front end.
pub(crate) struct Waiting {
    slug: String,
    client: OauthClient,
    secret: Option<Secret>,
    authorizer: Authorizer,
    pending: PendingSignIn,
    other_account: bool,
}

/// An authorizer, and the entry of the manifest that it was made from.
pub(crate) struct KnownAuthorizer {
    url: String,
    client: Option<OauthClient>,
    authorizer: Authorizer,
}

/// A sign-in in the making: nothing of it is kept until it has succeeded.
struct Attempt {
    connector: Connector,
    client: OauthClient,
    secret: Option<Secret>,
    authorizer: Authorizer,
}

impl ConnectorManager {
    /// Takes a person through a sign-in, and keeps what comes of it. Tools stay enabled as they were.
    ///
    /// # Errors
    /// Says why it did not succeed; nothing is changed then. One exception: tokens that could not be kept serve until the
    /// program ends, and the error says so.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn sign_in(
        &self,
        slug: &str,
        options: &SignInOptions,
        agent: &dyn UserAgent,
    ) -> Result<SignedIn, Error> {
        let attempt = self.inner.attempt(slug, options).await?;
        let signed_in = attempt.authorizer.sign_in(agent).await;
        self.inner.conclude(attempt, signed_in).await
    }

    /// Takes a person through a sign-in on another device (RFC 8628).
    ///
    /// # Errors
    /// As [`ConnectorManager::sign_in`].
    pub async fn sign_in_by_device(
        &self,
        slug: &str,
        options: &SignInOptions,
        display: &dyn DeviceDisplay,
    ) -> Result<SignedIn, Error> {
        let attempt = self.inner.attempt(slug, options).await?;
        let signed_in = attempt.authorizer.sign_in_by_device(display).await;
        self.inner.conclude(attempt, signed_in).await
    }

    /// Signs in without a person: by a client's own credentials, or an assertion.
    ///
    /// # Errors
    /// As [`ConnectorManager::sign_in`].
    pub async fn sign_in_unattended(&self, slug: &str, options: &SignInOptions) -> Result<SignedIn, Error> {
        let attempt = self.inner.attempt(slug, options).await?;
        let signed_in = attempt.authorizer.sign_in_unattended().await;
        self.inner.conclude(attempt, signed_in).await
    }

    /// Begins a sign-in whose answer comes to the front end's own address.
    ///
    /// # Errors
    /// As [`ConnectorManager::sign_in`].
    pub async fn begin_sign_in(
        &self,
        slug: &str,
        options: &SignInOptions,
        redirect_uri: &str,
    ) -> Result<BegunSignIn, Error> {
        let attempt = self.inner.attempt(slug, options).await?;
        let begun = attempt.authorizer.begin(redirect_uri).await;
        let (authorize_url, pending) = begun.map_err(|error| sign_in_error(slug, error))?;
        let state = pending.state().to_owned();
        let mut all = self.inner.lock_waiting();
        if all.len() >= MAX_WAITING {
            all.remove(0);
        }
        all.push(Waiting {
            slug: slug.to_owned(),
            client: attempt.client,
            secret: attempt.secret,
            authorizer: attempt.authorizer,
            pending,
            other_account: options.other_account,
        });
        drop(all);
        Ok(BegunSignIn { authorize_url, state })
    }

    /// Returns the connector that a sign-in is for, by the state under which its answer comes; nothing where none waits.
    #[must_use]
    pub fn waiting_sign_in(&self, state: &str) -> Option<String> {
        let all = self.inner.lock_waiting();
        all.iter().find(|waiting| waiting.pending.state() == state).map(|waiting| waiting.slug.clone())
    }

    /// Ends a sign-in with what came to the front end's own address: the whole query of the callback.
    ///
    /// # Errors
    /// As [`ConnectorManager::sign_in`]. An answer with a state that no sign-in waits for changes nothing.
    pub async fn complete_sign_in(&self, query: &str) -> Result<SignedIn, Error> {
        let answer = AuthorizationResponse::from_query(query).map_err(|error| sign_in_error("", error))?;
        let foreign = || {
            let text = "no sign-in waits for this answer";
            Error::new(ErrorKind::SignInFailed, text).hinted("begin the sign-in again")
        };
        let waiting = {
            let mut all = self.inner.lock_waiting();
            let place = all.iter().position(|waiting| answer.has_state(waiting.pending.state()));
            all.remove(place.ok_or_else(foreign)?)
        };
        let Waiting { slug, client, secret, authorizer, pending, other_account } = waiting;
        let connector = self.inner.connector(&slug).await?;
        let outcome =
            authorizer.complete(pending, answer, other_account).await.map_err(|error| match error {
                Incomplete::Foreign(_, error) | Incomplete::Failed(error) => error,
            });
        self.inner.conclude(Attempt { connector, client, secret, authorizer }, outcome).await
    }

    /// Signs out: gives the tokens back where the authorization server takes them, and forgets them here in any case.
    ///
    /// # Errors
    /// Says that there is no such connector, or why the tokens could not be removed.
    pub async fn sign_out(&self, slug: &str) -> Result<SignedOut, Error> {
        let connector = self.inner.connector(slug).await?;
        let uses_vault = connector.oauth.is_some();
        let authorizer =
            self.inner.make_authorizer(&connector, connector.oauth.as_ref(), None, uses_vault).await?;
        let signed_out = authorizer.sign_out().await.map_err(|error| sign_in_error(slug, error))?;
        let wanted = slug.to_owned();
        let session = self
            .inner
            .blocking(move |inner| {
                inner.change(&wanted, |connector| {
                    if let Some(oauth) = &mut connector.oauth {
                        (oauth.issuer, oauth.account) = (None, None);
                    }
                })?;
                let session = inner.known_live(&wanted).and_then(|live| live.disconnect());
                inner.look()?;
                Ok(session)
            })
            .await?;
        if let Some(session) = session {
            session.end().await;
        }
        Ok(signed_out)
    }

    /// Returns whose account a connector uses. No server is contacted.
    ///
    /// # Errors
    /// Says that there is no such connector, or why the tokens cannot be read.
    pub async fn account(&self, slug: &str) -> Result<Account, Error> {
        let connector = self.inner.connector(slug).await?;
        let authorizer = self.inner.authorizer(&connector).await?;
        authorizer.account().await.map_err(|error| sign_in_error(slug, error))
    }

    /// Renews the tokens of a connector here, if they are due or are those that were refused.
    ///
    /// # Errors
    /// Says why there are no new tokens.
    pub async fn renew_tokens(&self, slug: &str, refused: Option<&Fingerprint>) -> Result<(), Error> {
        let connector = self.inner.connector(slug).await?;
        let authorizer = self.inner.authorizer(&connector).await?;
        authorizer.renew_due(refused).await.map_err(|error| sign_in_error(slug, error))
    }
}

impl Inner {
    /// Returns the authorizer of a connector: one for all its sessions, until the manifest says otherwise.
    pub(crate) async fn authorizer(&self, connector: &Connector) -> Result<Authorizer, Error> {
        {
            let known = self.lock_authorizers();
            if let Some(known) = known.get(&connector.slug)
                && known.url == connector.url
                && known.client == connector.oauth
            {
                return Ok(known.authorizer.clone());
            }
        }
        // Who signed out left nothing in the keychain that a call could use.
        let is_signed_in = connector.oauth.as_ref().is_some_and(|oauth| oauth.issuer.is_some());
        let authorizer =
            self.make_authorizer(connector, connector.oauth.as_ref(), None, is_signed_in).await?;
        let known = KnownAuthorizer {
            url: connector.url.clone(),
            client: connector.oauth.clone(),
            authorizer: authorizer.clone(),
        };
        self.lock_authorizers().insert(connector.slug.clone(), known);
        Ok(authorizer)
    }

    async fn make_authorizer(
        &self,
        connector: &Connector,
        client: Option<&OauthClient>,
        secret: Option<&Secret>,
        uses_vault: bool,
    ) -> Result<Authorizer, Error> {
        let slug = connector.slug.as_str();
        let stored = match (secret, client) {
            (Some(secret), _) => Some(secret.clone()),
            (None, Some(client)) if client.has_client_secret => {
                let name = EntryName::client_secret(slug);
                self.blocking(move |inner| Ok(inner.secrets.get(&name)?)).await?
            }
            _ => None,
        };
        let oauth = &self.oauth;
        let given = Given {
            secret: stored.as_ref(),
            client_name: &oauth.client_name,
            metadata_document: oauth.metadata_document.as_deref(),
            quirks: &oauth.quirks,
            variables: &oauth.variables,
        };
        let settings = settings(connector, client, &given).map_err(|error| sign_in_error(slug, error))?;
        let vault = ConnectorVault::new(oauth.home.clone(), Arc::clone(&self.secrets), slug, uses_vault);
        let mut builder = Authorizer::builder(settings, Arc::new(vault)).http(oauth.http.clone());
        if let Some(agent) = &oauth.agent {
            builder = builder.agent(Arc::clone(agent));
        }
        if let Some(renewer) = &oauth.renewer {
            builder = builder
                .renewer(Arc::new(OfConnector { renewer: Arc::clone(renewer), slug: slug.to_owned() }));
        }
        builder.build().map_err(|error| sign_in_error(slug, error))
    }

    async fn attempt(&self, slug: &str, options: &SignInOptions) -> Result<Attempt, Error> {
        let connector = self.connector(slug).await?;
        if connector.stdio.is_some() {
            let text = "a local server needs no sign-in";
            return Err(Error::new(ErrorKind::InvalidInput, text).of(slug).hinted("call its tools"));
        }
        let project = connector.project.iter().flat_map(|project| project.headers.keys());
        if connector
            .secret_headers
            .iter()
            .chain(project)
            .any(|name| name.eq_ignore_ascii_case("authorization"))
        {
            let text =
                "the connector sends an Authorization header that you gave, and so no token of a sign-in";
            return Err(Error::new(ErrorKind::InvalidInput, text)
                .of(slug)
                .hinted(format!("`car remove {slug}`, then add it again without the header")));
        }
        let client = options.applied_to(connector.oauth.as_ref());
        let secret = options.client_secret.clone();
        let authorizer = self
            .make_authorizer(&connector, Some(&client), secret.as_ref(), connector.oauth.is_some())
            .await?;
        Ok(Attempt { connector, client, secret, authorizer })
    }

    /// Keeps what a sign-in has come to, and lets the next call use it.
    async fn conclude(
        &self,
        attempt: Attempt,
        outcome: Result<SignedIn, car_oauth::Error>,
    ) -> Result<SignedIn, Error> {
        let Attempt { connector, mut client, secret, authorizer } = attempt;
        let slug = connector.slug.clone();
        let signed_in = match outcome {
            Ok(signed_in) => signed_in,
            Err(error) => {
                if matches!(error, car_oauth::Error::Vault { action: "stored", .. }) {
                    // They serve as long as the program runs.
                    let known = KnownAuthorizer { url: connector.url, client: connector.oauth, authorizer };
                    self.lock_authorizers().insert(slug.clone(), known);
                }
                return Err(sign_in_error(&slug, error));
            }
        };
        note(&mut client, &signed_in);
        let known = KnownAuthorizer { url: connector.url, client: Some(client.clone()), authorizer };
        let wanted = slug.clone();
        let session = self
            .blocking(move |inner| {
                if let Some(secret) = &secret {
                    inner.secrets.set(&EntryName::client_secret(&wanted), secret)?;
                }
                inner.change(&wanted, |connector| connector.oauth = Some(client))?;
                inner.lock_authorizers().insert(wanted.clone(), known);
                let session = inner.known_live(&wanted).and_then(|live| live.disconnect());
                inner.look()?;
                inner.announce(&wanted, &inner.live(&wanted));
                Ok(session)
            })
            .await?;
        if let Some(session) = session {
            session.end().await;
        }
        Ok(signed_in)
    }

    /// Writes into the manifest that somebody signed in while a request was made, and returns the entry as it is now.
    pub(crate) async fn note_sign_in(&self, connector: &Connector) -> Result<Connector, Error> {
        let news = {
            let known = self.lock_authorizers();
            known.get(&connector.slug).and_then(|known| known.authorizer.take_news())
        };
        let Some(signed_in) = news else { return Ok(connector.clone()) };
        let slug = connector.slug.clone();
        self.blocking(move |inner| {
            let connector = inner.change(&slug, |connector| {
                note(connector.oauth.get_or_insert_default(), &signed_in);
            })?;
            if let Some(known) = inner.lock_authorizers().get_mut(&slug) {
                known.client.clone_from(&connector.oauth);
            }
            Ok(connector)
        })
        .await
    }

    fn lock_authorizers(&self) -> std::sync::MutexGuard<'_, super::Authorizers> {
        self.authorizers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes in an entry of the manifest who signed in, and to what.
fn note(client: &mut OauthClient, signed_in: &SignedIn) {
    client.issuer = Some(signed_in.issuer.clone());
    client.client_id.clone_from(&signed_in.client_id);
    client.account = signed_in.identity.as_ref().map(ToString::to_string);
    client.token_endpoint.clone_from(&signed_in.token_endpoint);
    client.resource.clone_from(&signed_in.resource);
}
