//! Adding, refreshing and removing connectors.

use car_connectors_store::{Connector, EntryName, Manifest, Secret};
use serde_json::value::RawValue;

use super::view::TOOL_COUNT;
use super::{ConnectorManager, Inner, slugs};
use crate::connector::Connected;
use crate::dial::DialPlan;
use crate::error::{Error, ErrorKind};
use crate::events::ConnectorEvent;
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
        let slug = slugify(&name);
        let plan = DialPlan::new(&new.url, &new.headers).map_err(|error| error.of(&slug))?;
        refuse_duplicate(&self.inner.manifest().await?, &name)?;
        let dialed = plan.dial(&slug, self.inner.client.clone(), self.inner.session.clone()).await;
        let session = match dialed {
            Ok(session) => session,
            Err(error) if error.is_auth_required() => {
                let connector = self.inner.remember(name, new).await?;
                let error = error.of(&connector.slug);
                self.inner.live(&connector.slug).fail(&error);
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        // What the list of tools says is worth knowing before anything is written.
        let probe = Connector::remote(slug.as_str(), name.as_str(), new.url.as_str());
        if session.server().capabilities.tools.is_some() {
            session.list_tools().await.map_err(|error| crate::error::session_error(&probe.slug, error))?;
        }
        let connector = self.inner.remember(name, new).await?;
        let connected = self.inner.read_tools(&connector, session).await?;
        let live = self.inner.live(&connector.slug);
        self.inner.remember_count(&connector.slug, &connected).await?;
        live.connect(connected);
        self.inner.hub.publish(ConnectorEvent::Added { slug: connector.slug.clone() });
        self.inner.announce(&connector.slug, &live);
        self.status(&connector.slug).await
    }

    /// Dials a connector anew and reads its tools again.
    ///
    /// # Errors
    /// Says that there is no such connector, or why it cannot be used now; it stays as it is in the manifest.
    pub async fn refresh(&self, slug: &str) -> Result<ConnectorStatus, Error> {
        self.inner.connector(slug).await?;
        let live = self.inner.live(slug);
        let turn = live.turn.lock().await;
        if let Some(session) = live.disconnect() {
            session.close().await;
        }
        let connected = self.inner.dial(slug, &live).await?;
        drop(turn);
        self.inner.remember_count(slug, &connected).await?;
        self.inner.hub.publish(ConnectorEvent::ToolsChanged { slug: slug.to_owned() });
        self.status(slug).await
    }

    /// Removes a connector with its secrets. Calls under way come to their end.
    ///
    /// # Errors
    /// Says that there is no such connector, or what could not be removed.
    pub async fn remove(&self, slug: &str) -> Result<(), Error> {
        let live = self.inner.live(slug);
        let _turn = live.turn.lock().await;
        let wanted = slug.to_owned();
        let removed = self
            .inner
            .blocking(move |inner| {
                inner.manifest.update(|manifest| {
                    let known = slugs(manifest);
                    manifest.remove(&wanted).ok_or_else(|| Error::no_connector(&wanted, &known))
                })
            })
            .await?;
        self.inner.executor.registry().replace_connector(slug, []);
        drop(self.inner.executor.remove_session(slug));
        if let Some(session) = live.disconnect() {
            session.close().await;
        }
        self.inner.forget_live(slug);
        self.inner.hub.publish(ConnectorEvent::Removed { slug: slug.to_owned() });
        self.inner.blocking(move |inner| Ok(inner.secrets.delete_all(&entries(&removed))?)).await
    }
}

impl Inner {
    /// Writes a connector into the manifest and its secrets into the keychain: both, or neither.
    async fn remember(&self, name: String, new: NewConnector) -> Result<Connector, Error> {
        let NewConnector { url, headers, .. } = new;
        self.blocking(move |inner| {
            let names: Vec<String> = headers.iter().map(|(name, _)| name.clone()).collect();
            let connector = inner.manifest.update(|manifest| {
                // Another process may have been quicker.
                refuse_duplicate(manifest, &name)?;
                let slug = free_slug(&slugify(&name), |slug| manifest.connector(slug).is_some());
                let mut connector = Connector::remote(slug, name.as_str(), url.as_str());
                connector.secret_headers = names;
                manifest.add(connector.clone())?;
                Ok::<_, Error>(connector)
            })?;
            if let Err(error) = inner.keep_secrets(&connector, &headers) {
                inner.manifest.update(|manifest| Ok::<_, Error>(manifest.remove(&connector.slug)))?;
                return Err(error.of(&connector.slug));
            }
            Ok(connector)
        })
        .await
    }

    fn keep_secrets(&self, connector: &Connector, headers: &[(String, Secret)]) -> Result<(), Error> {
        for (name, value) in headers {
            self.secrets.set(&EntryName::header(&connector.slug, name), value)?;
        }
        Ok(())
    }

    /// Remembers how many tools there are, so that a list can say so without asking.
    async fn remember_count(&self, slug: &str, connected: &Connected) -> Result<(), Error> {
        let (slug, count) = (slug.to_owned(), connected.tools.items.len().to_string());
        self.blocking(move |inner| {
            inner.manifest.update(|manifest| {
                if let Some(connector) = manifest.connector_mut(&slug) {
                    connector.set_extra(TOOL_COUNT, RawValue::from_string(count).ok());
                }
                Ok(())
            })
        })
        .await
    }
}

/// Names the secrets of a connector.
fn entries(connector: &Connector) -> Vec<EntryName> {
    let headers = connector.secret_headers.iter().map(|name| EntryName::header(&connector.slug, name));
    let oauth = connector
        .oauth
        .iter()
        .flat_map(|_| [EntryName::tokens(&connector.slug), EntryName::client_secret(&connector.slug)]);
    headers.chain(oauth).collect()
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
