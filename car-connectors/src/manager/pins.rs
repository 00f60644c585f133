//! Enabled tools whose definitions changed: what differs, and agreeing to it.

use std::sync::Arc;

use super::settle::Settled;
use super::{ConnectorManager, Inner};
use crate::error::{Error, ErrorKind};
use crate::name::canonical_name;
use crate::pinned::{self, ChangedTool, Departure};
use crate::status::ToolView;

impl ConnectorManager {
    /// Lists the enabled tools of a connector that are out of service because their definitions changed, dialing it where
    /// there is no session yet.
    ///
    /// # Errors
    /// Says that there is no such connector, or why its server cannot be used.
    pub async fn changed_tools(&self, slug: &str) -> Result<Vec<ChangedTool>, Error> {
        self.inner.current(slug).await?;
        let seen = self.inner.manifest().await?;
        let out = self.inner.known_live(slug).map(|live| live.state().out_of_service).unwrap_or_default();
        if let Some(trouble) = &out.trouble {
            return Err(Error::new(ErrorKind::Storage, trouble.as_str()).of(slug));
        }
        let view = |(name, departure): (&String, &Departure)| {
            departure.view(name, canonical_name(slug, name, seen.slugs()))
        };
        Ok(out.changed.iter().map(view).collect())
    }

    /// Agrees to a change that the person has seen: `seen` is that of [`ChangedTool`]. The tool is in service again.
    ///
    /// # Errors
    /// Says that the tool did not change, or (kind `changed`) that it is not what was seen any more.
    pub async fn approve_tool(&self, slug: &str, tool: &str, seen: &str) -> Result<Vec<ToolView>, Error> {
        let connected = self.inner.current(slug).await?;
        let (wanted, name, shown) = (slug.to_owned(), tool.to_owned(), seen.to_owned());
        let approved = self.inner.blocking(move |inner| {
            inner.with_settled(|inner, settled, _| inner.approve(settled, &wanted, &name, &shown))?;
            let seen = inner.look()?;
            let connector = seen.connector(&wanted).ok_or_else(|| inner.missing(&wanted, &seen))?;
            Ok(inner.views(connector, &connected.catalog, seen.slugs()))
        });
        approved.await
    }
}

impl Inner {
    /// Pins a tool as it is now, if that is what the person saw. Blocks.
    fn approve(&self, settled: &mut Settled, slug: &str, tool: &str, shown: &str) -> Result<(), Error> {
        let seen = Arc::new(self.read_all()?);
        let connector = seen.connector(slug).ok_or_else(|| self.missing(slug, &seen))?;
        if !connector.enabled_tools.iter().any(|name| name == tool) {
            let text = format!("the tool {tool:?} is not enabled");
            let hint = format!("enable it with `car enable {slug} {tool}`");
            return Err(Error::new(ErrorKind::NotEnabled, text).of(slug).hinted(hint));
        }
        let out = self.known_live(slug).map(|live| live.state().out_of_service).unwrap_or_default();
        let Some(departure) = out.changed.get(tool) else {
            let text = format!("the tool {tool:?} is what was agreed to: there is nothing to approve");
            return Err(Error::new(ErrorKind::InvalidInput, text).of(slug));
        };
        let mut new = departure.now.clone();
        new.agreed_at = self.discovery.now();
        let server = pinned::server_of(connector);
        let is_as_seen = departure.seen() == shown
            && self.pins.update(slug, &server, |pins| {
                // Another process may have agreed to something else meanwhile.
                let is_same = pins.tools.get(tool).is_some_and(|pin| pin.hash == departure.pin.hash);
                if is_same {
                    pins.tools.insert(tool.to_owned(), new);
                }
                is_same
            })?;
        self.settle(settled, &Arc::new(self.read_all()?));
        if is_as_seen {
            return Ok(());
        }
        let text = format!("the tool {tool:?} is not what you have seen any more: it changed meanwhile");
        Err(Error::new(ErrorKind::Changed, text)
            .of(slug)
            .hinted(format!("look at it again with `car tools {slug} --changed`")))
    }
}
