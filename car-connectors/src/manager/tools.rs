//! Listing a connector's tools, and enabling and disabling them.

use car_connectors_store::Connector;

use super::{ConnectorManager, slugs};
use crate::connector::Connected;
use crate::error::{Error, ErrorKind, session_error};
use crate::events::ConnectorEvent;
use crate::name::canonical_name;
use crate::options::ToolSelection;
use crate::status::{ToolListing, ToolView};

/// How many names an error lists.
const SHOWN_NAMES: usize = 20;

impl ConnectorManager {
    /// Lists the tools of a connector, dialing it where there is no session yet.
    ///
    /// # Errors
    /// Says that there is no such connector, or why its server cannot be used.
    pub async fn tools(&self, slug: &str) -> Result<ToolListing, Error> {
        let connector = self.inner.connector(slug).await?;
        let connected = self.current_tools(&connector).await?;
        let slugs = slugs(&self.inner.manifest().await?);
        Ok(ToolListing { tools: views(&connector, &connected, &slugs), set_aside: connected.set_aside })
    }

    /// Lets tools be called.
    ///
    /// # Errors
    /// Says which tool the server does not offer, or why it cannot be used; none is enabled then.
    pub async fn enable_tools(&self, slug: &str, tools: &ToolSelection) -> Result<Vec<ToolView>, Error> {
        let connector = self.inner.connector(slug).await?;
        let connected = self.current_tools(&connector).await?;
        let names = match tools {
            ToolSelection::All => usable(&connected).map(str::to_owned).collect(),
            ToolSelection::Named(names) => {
                names.iter().try_for_each(|name| check_usable(slug, name, &connected))?;
                names.clone()
            }
        };
        self.change_enabled(slug, connected, move |enabled| {
            for name in &names {
                if !enabled.contains(name) {
                    enabled.push(name.clone());
                }
            }
        })
        .await
    }

    /// Lets tools be called no more. The server need not be there for that.
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
        let tools = tools.clone();
        let change = move |enabled: &mut Vec<String>| match &tools {
            ToolSelection::All => enabled.clear(),
            ToolSelection::Named(names) => enabled.retain(|name| !names.contains(name)),
        };
        match self.inner.live(slug).state().connected {
            Some(connected) => self.change_enabled(slug, connected, change).await,
            None => {
                self.write_enabled(slug, change).await?;
                self.inner.executor.registry().replace_connector(slug, []);
                self.inner.hub.publish(ConnectorEvent::ToolsChanged { slug: slug.to_owned() });
                Ok(Vec::new())
            }
        }
    }

    /// Returns the tools as they are now: a list that the server lets be kept is not asked for again.
    async fn current_tools(&self, connector: &Connector) -> Result<Connected, Error> {
        let slug = connector.slug.as_str();
        let mut connected = self.inner.connected(slug).await?;
        if connected.session.server().capabilities.tools.is_none() {
            return Ok(connected);
        }
        let live = self.inner.live(slug);
        let _turn = live.turn.lock().await;
        let listed = connected.session.list_tools().await.map_err(|error| session_error(slug, error));
        connected.tools = listed.inspect_err(|error| live.fail(error))?;
        self.inner.register(connector, &mut connected).await?;
        live.connect(connected.clone());
        Ok(connected)
    }

    async fn change_enabled(
        &self,
        slug: &str,
        mut connected: Connected,
        change: impl FnOnce(&mut Vec<String>) + Send + 'static,
    ) -> Result<Vec<ToolView>, Error> {
        let live = self.inner.live(slug);
        let _turn = live.turn.lock().await;
        let connector = self.write_enabled(slug, change).await?;
        self.inner.register(&connector, &mut connected).await?;
        let slugs = slugs(&self.inner.manifest().await?);
        let views = views(&connector, &connected, &slugs);
        live.connect(connected);
        self.inner.hub.publish(ConnectorEvent::ToolsChanged { slug: slug.to_owned() });
        Ok(views)
    }

    async fn write_enabled(
        &self,
        slug: &str,
        change: impl FnOnce(&mut Vec<String>) + Send + 'static,
    ) -> Result<Connector, Error> {
        let slug = slug.to_owned();
        self.inner
            .blocking(move |inner| {
                inner.manifest.update(|manifest| {
                    let known = slugs(manifest);
                    let connector =
                        manifest.connector_mut(&slug).ok_or_else(|| Error::no_connector(&slug, &known))?;
                    change(&mut connector.enabled_tools);
                    Ok(connector.clone())
                })
            })
            .await
    }
}

/// Returns the tools that can be enabled.
fn usable(connected: &Connected) -> impl Iterator<Item = &str> {
    let set_aside = |name: &str| connected.set_aside.iter().any(|aside| aside.name.as_deref() == Some(name));
    connected.tools.items.iter().map(|tool| tool.name.as_str()).filter(move |name| !set_aside(name))
}

fn check_usable(slug: &str, name: &str, connected: &Connected) -> Result<(), Error> {
    if usable(connected).any(|usable| usable == name) {
        return Ok(());
    }
    if let Some(aside) = connected.set_aside.iter().find(|aside| aside.name.as_deref() == Some(name)) {
        let text = format!("the tool {name:?} cannot be used: {}", aside.reason);
        return Err(Error::new(ErrorKind::Peer, text)
            .of(slug)
            .hinted("the server's operator has to mend it"));
    }
    let names: Vec<&str> = usable(connected).take(SHOWN_NAMES).collect();
    Err(Error::new(ErrorKind::NotFound, format!("there is no tool {name:?}"))
        .of(slug)
        .hinted(format!("the tools are: {}", names.join(", "))))
}

fn enabled_hint(connector: &Connector) -> String {
    match connector.enabled_tools.as_slice() {
        [] => "no tool of this connector is enabled".to_owned(),
        tools => format!("the enabled tools are: {}", tools.join(", ")),
    }
}

fn views(connector: &Connector, connected: &Connected, slugs: &[String]) -> Vec<ToolView> {
    let set_aside = |name: &str| connected.set_aside.iter().any(|aside| aside.name.as_deref() == Some(name));
    let usable = connected.tools.items.iter().filter(|tool| !set_aside(&tool.name));
    usable
        .map(|tool| ToolView {
            name: tool.name.clone(),
            canonical: canonical_name(&connector.slug, &tool.name, slugs),
            title: tool.title.clone(),
            description: tool.description.clone(),
            enabled: connector.enabled_tools.contains(&tool.name),
            input_schema: tool.input_schema.clone().into(),
        })
        .collect()
}
