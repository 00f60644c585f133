//! Who is asked for services: listed, added, removed, and read ahead of a search.

use std::sync::Arc;
use std::time::Duration;

use car_agentdns::{SourceKind, registry};
use car_connectors_store as store;
use car_connectors_store::{EntryName, Secret, SourceToken, StoreError};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::{ConnectorManager, Inner};
use crate::discovery::{
    Candidates, NewSource, OFFICIAL_NAME, Setting, Shelved, SourceFrom, SourceStatus, free_name, host_name,
    no_source, ranking_failed, read_token, with_causes,
};
use crate::error::{Error, ErrorKind};

impl ConnectorManager {
    /// Lists the sources, in the order in which they count. Nobody is asked.
    ///
    /// # Errors
    /// Says what is wrong with the file of sources or a variable that names them.
    pub async fn sources(&self) -> Result<Vec<SourceStatus>, Error> {
        let (_, settings) = self.inner.all_sources().await?;
        let mut statuses = Vec::with_capacity(settings.len());
        for setting in &settings {
            statuses.push(self.inner.source_status(setting).await);
        }
        Ok(statuses)
    }

    /// Adds a source to the file of sources. Nobody is asked. Where the official registry was asked because nobody said
    /// anything, it is written into the file too, so that it still is.
    ///
    /// # Errors
    /// Says what is wrong with it, or why it cannot be kept; nothing is changed then.
    pub async fn add_source(&self, new: NewSource) -> Result<SourceStatus, Error> {
        let (_, known) = self.inner.all_sources().await?;
        let name = new.name.clone().unwrap_or_else(|| free_name(&host_name(&new.url), &known));
        let kind = match new.kind {
            SourceKind::Registry => store::SourceKind::Registry,
            SourceKind::Catalog => store::SourceKind::Catalog,
            SourceKind::Root => store::SourceKind::Root,
            _ => {
                let error = Error::new(ErrorKind::InvalidInput, "expected a registry, a catalog or a root");
                return Err(error.hinted("what is on this machine is always searched"));
            }
        };
        let source = store::Source::new(&name, kind, new.url.trim());
        if let Some(token) = &new.token {
            check_token(&Setting::of_file(&source), token)?;
        }
        self.inner
            .blocking(move |inner| {
                inner.write_source(&source, new.before.as_deref())?;
                let Some(token) = new.token else { return Ok(()) };
                let kept = inner.keep_token(&Setting::of_file(&source), token);
                if kept.is_err() {
                    // Without its token it is not what was to be added. If this fails too, the first error is the one
                    // to tell.
                    inner.discovery.sources.remove(&source.name).ok();
                }
                kept
            })
            .await?;
        let (_, settings) = self.inner.all_sources().await?;
        let added = settings.iter().find(|setting| setting.name == name).ok_or_else(|| hidden(&name))?;
        Ok(self.inner.source_status(added).await)
    }

    /// Removes a source from the file of sources, with its token and what is known of it here.
    ///
    /// # Errors
    /// Says that there is no such source, or that it is not one of the file.
    pub async fn remove_source(&self, name: &str) -> Result<(), Error> {
        let setting = self.inner.source(name).await?;
        if setting.from == SourceFrom::Variable {
            let text = format!("the source {name} is named by a variable");
            let hint = "change CAR_MCP_REGISTRY or CAR_AGENTDNS_ROOT; `none` asks none";
            return Err(Error::new(ErrorKind::InvalidInput, text).hinted(hint));
        }
        self.inner
            .blocking(move |inner| {
                let file = &inner.discovery.sources;
                if setting.from == SourceFrom::Default {
                    // The file has to say that nobody is asked.
                    file.add(&official(), None)?;
                }
                file.remove(&setting.name)?;
                inner.discovery.mirrors.forget(&setting.url);
                match setting.takes_token() {
                    true => Ok(inner.secrets.delete(&EntryName::source(&setting.name))?),
                    false => Ok(()),
                }
            })
            .await
    }

    /// Sets or removes the token of a source. It is sent to the origin that the source has now, and to no other.
    ///
    /// # Errors
    /// Says that there is no such source, that the text is no token, or why it cannot be kept.
    pub async fn set_source_token(&self, name: &str, token: Option<Secret>) -> Result<(), Error> {
        let setting = self.inner.source(name).await?;
        if let Some(token) = &token {
            check_token(&setting, token)?;
        }
        self.inner
            .blocking(move |inner| match token {
                Some(token) => inner.keep_token(&setting, token),
                None if !setting.takes_token() => Ok(()),
                None => Ok(inner.secrets.delete(&EntryName::source(&setting.name))?),
            })
            .await
    }

    /// Brings what is known here of registries up to date, all at once, for as long as the budget allows; the next time
    /// goes on from there. A source that fails says so in its status. Where there is an embedding model, it is asked in the
    /// time that is left for what it has not seen yet.
    ///
    /// # Errors
    /// Says that there is no such source, or what is wrong with the file of sources.
    ///
    /// # Cancel safety
    /// What has been read by then is kept.
    pub async fn sync_sources(
        &self,
        only: Option<&str>,
        budget: Duration,
    ) -> Result<Vec<SourceStatus>, Error> {
        let names: Vec<String> = only.into_iter().map(str::to_owned).collect();
        let (file, settings) = self.inner.wanted_sources(&names).await?;
        let until = Instant::now() + budget;
        let mut syncing = JoinSet::new();
        for (place, setting) in settings.iter().cloned().enumerate() {
            let inner = Arc::clone(&self.inner);
            // They run side by side, and end with this future.
            syncing.spawn(async move { (place, inner.synced(&setting, until).await) });
        }
        let mut statuses = Vec::new();
        while let Some(synced) = syncing.join_next().await {
            statuses.extend(synced);
        }
        statuses.sort_by_key(|(place, _)| *place);
        if let Some(embeddings) = &file.embeddings
            && let Err(error) = self.inner.prepare_meaning(embeddings, &settings, until).await
        {
            tracing::warn!(%error, "what is known of sources could not be prepared for searching by meaning");
        }
        Ok(statuses.into_iter().map(|(_, status)| status).collect())
    }
}

impl Inner {
    /// Returns the source of a name.
    async fn source(&self, name: &str) -> Result<Setting, Error> {
        let (_, settings) = self.all_sources().await?;
        match settings.iter().find(|setting| setting.name == name) {
            Some(setting) => Ok(setting.clone()),
            None => Err(no_source(name, &settings)),
        }
    }

    async fn synced(&self, setting: &Setting, until: Instant) -> SourceStatus {
        if setting.kind != SourceKind::Registry {
            return self.source_status(setting).await;
        }
        let now = self.discovery.now();
        let failed = match timeout_at(until, self.registry(setting)).await {
            Ok(Ok(client)) => {
                let mirrors = &self.discovery.mirrors;
                drop(mirrors.bring_up_to_date(&setting.url, &client, now, until).await);
                None
            }
            Ok(Err(left_out)) => Some(left_out.reason),
            Err(_) => Some("its token could not be had in time".to_owned()),
        };
        let mut status = self.source_status(setting).await;
        status.last_error = failed.or(status.last_error);
        status
    }

    /// Asks the embedding model for what is known of registries.
    async fn prepare_meaning(
        &self,
        embeddings: &store::Embeddings,
        settings: &[Setting],
        until: Instant,
    ) -> Result<(), Error> {
        let mut shelved = Vec::new();
        for (place, setting) in settings.iter().enumerate() {
            if setting.kind == SourceKind::Registry {
                let mirror = self.discovery.mirrors.known(&setting.url).await;
                let (name, is_verified) = (setting.name.clone(), setting.is_verified());
                // As a search places them: what is on this machine is before all.
                shelved.push(Shelved { name, is_verified, mirror, place: place + 1 });
            }
        }
        let shelf = self.discovery.shelf(shelved).await?;
        let candidates = Candidates::new(shelf, Vec::new()).map_err(ranking_failed)?;
        self.prepare_vectors(embeddings, &candidates, until).await
    }

    /// Tells how a source stands.
    async fn source_status(&self, setting: &Setting) -> SourceStatus {
        let mut status = SourceStatus {
            name: setting.name.clone(),
            kind: setting.kind,
            url: setting.url.clone(),
            from: setting.from,
            is_enabled: setting.is_enabled,
            has_token: false,
            services: None,
            synced_at: None,
            is_complete: setting.kind != SourceKind::Registry,
            last_error: None,
        };
        if setting.kind == SourceKind::Registry {
            let mirror = self.discovery.mirrors.known(&setting.url).await;
            status.services = (!mirror.is_empty() || mirror.is_complete()).then(|| mirror.len());
            status.synced_at = mirror.synced_at();
            status.is_complete = mirror.is_complete();
            status.last_error = self.discovery.mirrors.last_error(&setting.url);
        }
        match self.bearer(setting).await {
            Ok(bearer) => status.has_token = bearer.is_some(),
            Err(error) => status.last_error = Some(with_causes(&error)),
        }
        status
    }

    /// Writes a source into the file. Blocks.
    fn write_source(&self, source: &store::Source, before: Option<&str>) -> Result<(), Error> {
        let file = &self.discovery.sources;
        let is_official = source.kind == store::SourceKind::Registry && registry::is_official(&source.url);
        if !file.read()?.is_default || is_official {
            return Ok(file.add(source, before)?);
        }
        if let Some(other) = before.filter(|before| *before != OFFICIAL_NAME) {
            return Err(StoreError::UnknownSource { name: other.to_owned() }.into());
        }
        if source.name == OFFICIAL_NAME {
            return Err(StoreError::DuplicateSource { name: source.name.clone() }.into());
        }
        file.add(source, None)?;
        Ok(file.add(&official(), if before.is_some() { None } else { Some(source.name.as_str()) })?)
    }

    /// Binds a token to its source and stores it. Blocks.
    fn keep_token(&self, setting: &Setting, token: Secret) -> Result<(), Error> {
        let token = SourceToken::new(&setting.url, token).ok_or_else(|| {
            let text = format!("the source {} has no URL that a token could be for", setting.name);
            Error::new(ErrorKind::InvalidInput, text).hinted("mend its URL first")
        })?;
        Ok(token.save(&self.secrets, &EntryName::source(&setting.name))?)
    }
}

/// Checks that a token can be sent to a source.
fn check_token(setting: &Setting, token: &Secret) -> Result<(), Error> {
    if !setting.takes_token() {
        let text = format!("the source {} is read without a token", setting.name);
        return Err(Error::new(ErrorKind::InvalidInput, text).hinted("leave the token out"));
    }
    read_token(&setting.name, token.expose()).map(drop)
}

/// The official registry, as the file has it.
fn official() -> store::Source {
    store::Source::new(OFFICIAL_NAME, store::SourceKind::Registry, registry::OFFICIAL)
}

/// Says that a source is in the file, and that a variable stands in its place.
fn hidden(name: &str) -> Error {
    let text = format!("the source {name} was added, and a variable names others in its place");
    Error::new(ErrorKind::InvalidInput, text).hinted("unset CAR_MCP_REGISTRY or CAR_AGENTDNS_ROOT to use it")
}
