//! Listing a connector's tools, and enabling and disabling them.

use std::sync::Arc;

use car_connectors_store::Connector;
use car_mcp_proto::RawJson;

use super::look::Seen;
use super::{ConnectorManager, Inner, OutOfService};
use crate::catalog::Catalog;
use crate::error::{Error, ErrorKind};
use crate::name::canonical_name;
use crate::options::ToolSelection;
use crate::status::{ToolListing, ToolView};

/// How many names an error lists.
const SHOWN_NAMES: usize = 20;

impl ConnectorManager {
    /// Returns which tools of a connector are enabled, without contacting it: none of one that is not there.
    ///
    /// # Errors
    /// Says why the manifest cannot be read.
    pub async fn enabled_tools(&self, slug: &str) -> Result<Vec<String>, Error> {
        let manifest = self.inner.manifest().await?;
        Ok(manifest.connector(slug).map(|connector| connector.enabled_tools.clone()).unwrap_or_default())
    }

    /// Lists the tools of a connector, dialing it where there is no session yet.
    ///
    /// # Errors
    /// Says that there is no such connector, or why its server cannot be used.
    pub async fn tools(&self, slug: &str) -> Result<ToolListing, Error> {
        let connected = self.inner.current(slug).await?;
        let manifest = self.inner.manifest().await?;
        // It may have been removed while its server was asked.
        let connector = manifest.connector(slug).ok_or_else(|| self.inner.missing(slug, &manifest))?;
        Ok(ToolListing {
            tools: self.inner.views(connector, &connected.catalog, manifest.slugs()),
            set_aside: connected.catalog.set_aside(connector),
        })
    }

    /// Lets tools be called.
    ///
    /// # Errors
    /// Says which tool the server does not offer, or why it cannot be used; none is enabled then.
    pub async fn enable_tools(&self, slug: &str, tools: &ToolSelection) -> Result<Vec<ToolView>, Error> {
        let catalog = self.inner.current(slug).await?.catalog;
        let project = self.inner.connector(slug).await?.project;
        let left_out = project.map(|project| project.disabled_tools).unwrap_or_default();
        let names: Vec<String> = match tools {
            ToolSelection::All => {
                let names = catalog.usable().map(|tool| tool.name.clone());
                names.filter(|name| !left_out.contains(name)).collect()
            }
            ToolSelection::Named(names) => {
                names.iter().try_for_each(|name| check_usable(slug, name, &catalog))?;
                names.clone()
            }
        };
        let (wanted, offered) = (slug.to_owned(), Arc::clone(&catalog));
        let (connector, seen) =
            self.inner.blocking(move |inner| inner.enable(&wanted, names, &offered)).await?;
        Ok(self.inner.views(&connector, &catalog, seen.slugs()))
    }

    /// Lets tools be called no more. The server need not be there for that.
    ///
    /// Returns the tools that the server offers, or none where that is not known.
    ///
    /// # Errors
    /// Says which tool is not enabled, or that there is no such connector; none is disabled then.
    pub async fn disable_tools(&self, slug: &str, tools: &ToolSelection) -> Result<Vec<ToolView>, Error> {
        let connector = self.inner.connector(slug).await?;
        if let ToolSelection::Named(names) = tools
            && let Some(name) = names.iter().find(|name| !connector.enabled_tools.contains(name))
        {
            let text = format!("the tool {name:?} is not enabled");
            return Err(Error::new(ErrorKind::NotEnabled, text).of(slug).hinted(enabled_hint(&connector)));
        }
        let (wanted, tools) = (slug.to_owned(), tools.clone());
        let (connector, seen) = self.inner.blocking(move |inner| inner.disable(&wanted, &tools)).await?;
        let connected = self.inner.connected_before(slug);
        Ok(connected
            .map(|connected| self.inner.views(&connector, &connected.catalog, seen.slugs()))
            .unwrap_or_default())
    }
}

impl Inner {
    /// Writes that tools are enabled and what was agreed to of them, and brings the engine in line with it. Blocks.
    fn enable(
        &self,
        slug: &str,
        names: Vec<String>,
        catalog: &Catalog,
    ) -> Result<(Connector, Arc<Seen>), Error> {
        let seen = self.look()?;
        let connector = seen.connector(slug).ok_or_else(|| self.missing(slug, &seen))?;
        let new: Vec<&str> = names.iter().map(String::as_str).collect();
        // One that is enabled already stays what was agreed to: enabling it again is no approval of a change.
        let new = new.into_iter().filter(|name| !connector.enabled_tools.iter().any(|known| known == name));
        self.agree(connector, catalog, &new.collect())?;
        let connector = self.change(slug, |connector| {
            for name in names {
                if !connector.enabled_tools.contains(&name) {
                    connector.enabled_tools.push(name);
                }
            }
        })?;
        Ok((connector, self.look()?))
    }

    /// Writes that tools are not enabled any more, and forgets what was agreed to of them. Blocks.
    fn disable(&self, slug: &str, tools: &ToolSelection) -> Result<(Connector, Arc<Seen>), Error> {
        let is_meant = |name: &String| match tools {
            ToolSelection::All => true,
            ToolSelection::Named(names) => names.contains(name),
        };
        let connector =
            self.change(slug, |connector| connector.enabled_tools.retain(|name| !is_meant(name)))?;
        // In this order: a tool that is enabled and has no pin would be agreed to as it is.
        let forgotten = self.forget_agreed(&connector);
        let seen = self.look()?;
        forgotten?;
        Ok((connector, seen))
    }

    pub(super) fn views(&self, connector: &Connector, catalog: &Catalog, slugs: &[String]) -> Vec<ToolView> {
        let out = self.known_live(&connector.slug).map(|live| live.state().out_of_service);
        views(connector, catalog, slugs, &out.unwrap_or_default())
    }
}

fn check_usable(slug: &str, name: &str, catalog: &Catalog) -> Result<(), Error> {
    if let Some(reason) = catalog.reason(name) {
        return Err(set_aside(slug, name, reason));
    }
    if catalog.usable().any(|usable| usable.name == name) {
        return Ok(());
    }
    let names: Vec<&str> = catalog.usable().take(SHOWN_NAMES).map(|tool| tool.name.as_str()).collect();
    let more = match catalog.len().checked_sub(names.len()) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    };
    Err(Error::new(ErrorKind::NotFound, format!("there is no tool {name:?}"))
        .of(slug)
        .hinted(format!("the tools are: {}{more}", names.join(", "))))
}

/// Says that a tool cannot be used, and why.
pub(super) fn set_aside(slug: &str, tool: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Peer, format!("the tool {tool:?} cannot be used: {reason}"))
        .of(slug)
        .hinted("the server's operator has to mend it")
}

fn enabled_hint(connector: &Connector) -> String {
    match connector.enabled_tools.as_slice() {
        [] => "no tool of this connector is enabled".to_owned(),
        tools => format!("the enabled tools are: {}", tools.join(", ")),
    }
}

fn views(connector: &Connector, catalog: &Catalog, slugs: &[String], out: &OutOfService) -> Vec<ToolView> {
    let view = |tool: &car_mcp_proto::tool::Tool| ToolView {
        name: tool.name.clone(),
        canonical: canonical_name(&connector.slug, &tool.name, slugs),
        title: tool.title.clone(),
        description: tool.description.clone(),
        enabled: connector.enabled_tools.contains(&tool.name),
        changed: out.changed.contains_key(&tool.name),
        output_schema: tool.output_schema.clone().map(Into::into),
        annotations: tool
            .annotations
            .as_ref()
            .and_then(|hints| RawJson::from_value(hints).ok())
            .map(Into::into),
        input_schema: tool.input_schema.clone().into(),
    };
    catalog.usable().map(view).collect()
}
