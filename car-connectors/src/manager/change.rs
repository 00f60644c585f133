//! Adding, refreshing and removing connectors.

use car_connectors_store::{Connector, EntryName, Manifest, ServerLog, StdioCommand};
use car_http::{AddressPolicy, Client};

use super::view::remember_count;
use super::{ConnectorManager, Inner, slugs};
use crate::catalog::Catalog;
use crate::connector::Connected;
use crate::dial::{DialPlan, LocalPlan, RemotePlan};
use crate::error::{Error, ErrorKind};
use crate::name::{free_slug, slugify};
use crate::options::NewConnector;
use crate::status::ConnectorStatus;

impl ConnectorManager {
    /// Adds a connector: dials it, lists its tools and remembers it. None of its tools can be called yet.
    ///
    /// # Errors
    /// Says what is wrong with the input, why the server cannot be used, or why it cannot be remembered; nothing is
    /// kept then. One exception: a server that wants a sign-in is kept, and the error says so.
    pub async fn add(&self, new: NewConnector) -> Result<ConnectorStatus, Error> {
        let name = new.name.trim().to_owned();
        if name.is_empty() {
            return Err(
                Error::new(ErrorKind::InvalidInput, "expected a name, found none").hinted("give it a name")
            );
        }
        let manifest = self.inner.manifest().await?;
        // What it will be called, unless another process is quicker: errors must not name somebody else.
        let slug = next_slug(&manifest, &name);
        let mut plan = new.plan().map_err(|error| error.of(&slug))?;
        if new.is_public_only {
            plan = plan.with_client(self.inner.public_client()?);
        }
        refuse_duplicate(&manifest, &name)?;
        let (reached, catalog) = match self.inner.look_behind(&slug, plan).await {
            Ok(found) => found,
            Err(error) if error.is_auth_required() => {
                return Err(self.inner.keep_for_sign_in(name, new, error).await?);
            }
            Err(error) => return Err(error),
        };
        let connector = self
            .inner
            .blocking(move |inner| {
                let connector = inner.remember(&name, &new, Some(&catalog))?;
                let connected = Connected::new(&connector, reached, catalog);
                let of = connected.clone();
                drop(inner.adopt(&connector, connected)?);
                if connector.stdio.is_some() {
                    inner.end_when_idle(&connector.slug, &of);
                }
                inner.listen(&connector.slug, &of);
                inner.announce(&connector.slug, &inner.live(&connector.slug));
                Ok(connector)
            })
            .await?;
        self.status(&connector.slug).await
    }

    /// Dials a connector anew and reads its tools again. Until that has succeeded, the session that there is stays,
    /// and calls under way on it come to their end.
    ///
    /// # Errors
    /// Says that there is no such connector, or why it cannot be used now; it stays as it is in the manifest.
    pub async fn refresh(&self, slug: &str) -> Result<ConnectorStatus, Error> {
        let connector = self.inner.connector(slug).await?;
        let live = self.inner.live(slug);
        let connected = self.inner.dial(&connector, &live).await?;
        let (slug, count) = (slug.to_owned(), connected.catalog.len());
        let connector = self
            .inner
            .blocking(move |inner| {
                let connector = inner.note(&slug, |connector| remember_count(connector, count))?;
                inner.look()?;
                Ok(connector)
            })
            .await?;
        Ok(self.inner.status_of(&connector))
    }

    /// Removes a connector with its secrets. It waits for no server, but to say goodbye. Calls under way come to their
    /// end.
    ///
    /// # Errors
    /// Says that there is no such connector, or what could not be removed.
    pub async fn remove(&self, slug: &str) -> Result<(), Error> {
        let wanted = slug.to_owned();
        let (session, outcome) = self
            .inner
            .blocking(move |inner| {
                let removed = inner.take_out(&wanted)?;
                let session = inner.known_live(&wanted).and_then(|live| live.disconnect());
                let settled = inner.look();
                let deleted = inner.secrets.delete_all(&entries(&removed));
                let log = ServerLog::new(&inner.oauth.home, &wanted).remove();
                let agreed = inner.forget_all_agreed(&wanted);
                let deleted = deleted.and(log).map_err(|error| Error::from(error).of(&wanted)).and(agreed);
                Ok((session, settled.and(deleted)))
            })
            .await?;
        if let Some(session) = session {
            session.end().await;
        }
        outcome
    }
}

impl Inner {
    /// Makes a client for a place that a stranger named: what it resolves to may not be on this machine or in its network.
    fn public_client(&self) -> Result<Client, Error> {
        let http = self.oauth.http.clone().address_policy(AddressPolicy::PublicOnly);
        http.build().map_err(|error| {
            Error::new(ErrorKind::InvalidInput, error.to_string()).hinted("mend the proxy settings")
        })
    }

    /// Keeps a connector whose server wants a sign-in first, and returns the error that says so.
    async fn keep_for_sign_in(&self, name: String, new: NewConnector, error: Error) -> Result<Error, Error> {
        self.blocking(move |inner| {
            let connector = inner.remember(&name, &new, None)?;
            let connector = inner.change(&connector.slug, |connector| {
                connector.oauth.get_or_insert_default();
            })?;
            inner.look()?;
            let (live, error) = (inner.live(&connector.slug), error.of(&connector.slug));
            live.fail(&error);
            inner.announce(&connector.slug, &live);
            Ok(error)
        })
        .await
    }

    /// Writes a connector into the manifest and its secrets into the keychain: both, or neither. Blocks.
    fn remember(
        &self,
        name: &str,
        new: &NewConnector,
        catalog: Option<&Catalog>,
    ) -> Result<Connector, Error> {
        let connector = self.manifest.update(|manifest| {
            // Another process may have been quicker.
            refuse_duplicate(manifest, name)?;
            let mut connector = new.entry(next_slug(manifest, name), name);
            if let Some(catalog) = catalog {
                remember_count(&mut connector, catalog.len());
            }
            manifest.add(connector.clone())?;
            Ok::<_, Error>(connector)
        })?;
        // What another program may have left of an earlier connector of this slug was agreed to of that one.
        let kept = self.forget_all_agreed(&connector.slug);
        let kept = kept.and_then(|()| self.keep_secrets(&connector.slug, new));
        if let Err(error) = kept {
            self.manifest.update(|manifest| Ok::<_, Error>(manifest.remove(&connector.slug)))?;
            // What was stored before one failed. If that fails too, the first error is the one to tell.
            self.secrets.delete_all(&entries(&connector)).ok();
            return Err(error.of(&connector.slug));
        }
        Ok(connector)
    }

    fn keep_secrets(&self, slug: &str, new: &NewConnector) -> Result<(), Error> {
        for (name, value) in &new.headers {
            self.secrets.set(&EntryName::header(slug, name), value)?;
        }
        for (name, value) in &new.variables {
            self.secrets.set(&EntryName::variable(slug, name), value)?;
        }
        Ok(())
    }

    /// Changes a connector in the manifest and returns what it has become. One of the project's comes into the manifest
    /// by that, as its file has it. Blocks.
    pub(crate) fn change(&self, slug: &str, change: impl FnOnce(&mut Connector)) -> Result<Connector, Error> {
        let project = self.project();
        let changed = self.manifest.update(|manifest| {
            if manifest.connector(slug).is_none()
                && let Some(written) = project.written(slug)
            {
                manifest.add(written.clone())?;
            }
            let known = slugs(manifest);
            let connector = manifest.connector_mut(slug).ok_or_else(|| Error::no_connector(slug, &known))?;
            change(connector);
            Ok::<_, Error>(connector.clone())
        })?;
        self.used(&changed)
    }

    /// Changes what the manifest remembers of a connector. One that is only the project's stays out of it. Blocks.
    fn note(&self, slug: &str, change: impl FnOnce(&mut Connector)) -> Result<Connector, Error> {
        let project = self.project();
        match project.written(slug) {
            Some(written) if self.manifest.read()?.connector(slug).is_none() => self.used(written),
            _ => self.change(slug, change),
        }
    }
}

impl NewConnector {
    /// Checks what a person gave.
    fn plan(&self) -> Result<DialPlan, Error> {
        match &self.command {
            Some(command) => {
                let variables = self.variables.iter().map(|(name, value)| (name.clone(), value.clone()));
                LocalPlan::new(command.clone(), variables.collect()).map(DialPlan::Local)
            }
            None => RemotePlan::new(&self.url, &self.headers).map(DialPlan::Remote),
        }
    }

    /// Writes it as the manifest has it: with the names of secrets, and without their values.
    fn entry(&self, slug: String, name: &str) -> Connector {
        let mut connector = match &self.command {
            Some(command) => {
                let mut command: StdioCommand = command.clone();
                command.secret_env = self.variables.iter().map(|(name, _)| name.clone()).collect();
                Connector::local(slug, name, command)
            }
            None => {
                let mut connector = Connector::remote(slug, name, self.url.as_str());
                connector.secret_headers = self.headers.iter().map(|(name, _)| name.clone()).collect();
                connector
            }
        };
        connector.origin.clone_from(&self.origin);
        connector
    }
}

/// Returns the slug that a new connector of this name gets.
fn next_slug(manifest: &Manifest, name: &str) -> String {
    free_slug(&slugify(name), |slug| manifest.connector(slug).is_some())
}

/// Names the secrets of a connector.
fn entries(connector: &Connector) -> Vec<EntryName> {
    let headers = connector.secret_headers.iter().map(|name| EntryName::header(&connector.slug, name));
    let oauth = connector
        .oauth
        .iter()
        .flat_map(|_| [EntryName::tokens(&connector.slug), EntryName::client_secret(&connector.slug)]);
    let variables = connector.stdio.iter().flat_map(|command| &command.secret_env);
    let variables = variables.map(|name| EntryName::variable(&connector.slug, name));
    headers.chain(variables).chain(oauth).collect()
}

fn refuse_duplicate(manifest: &Manifest, name: &str) -> Result<(), Error> {
    match manifest.connectors().iter().find(|connector| connector.name == name) {
        None => Ok(()),
        Some(connector) => {
            Err(Error::new(ErrorKind::Duplicate, format!("there is already a connector named {name:?}"))
                .of(&connector.slug)
                .hinted(format!(
                    "choose another name, or remove it first with `car remove {}`",
                    connector.slug
                )))
        }
    }
}
