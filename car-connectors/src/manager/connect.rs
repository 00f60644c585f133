//! Dialing a connector, and what its tools become.

use std::collections::BTreeSet;
use std::sync::Arc;

use car_connectors_store::Connector;
use car_engine::{RegisteredTool, Route, SchemaLimits, ToolEntry, ToolSchema, ToolSource};
use car_mcp::Session;
use car_mcp_proto::tool::Tool;

use super::{Inner, slugs};
use crate::connector::{Connected, Live};
use crate::dial::DialPlan;
use crate::error::{Error, ErrorKind, session_error};
use crate::events::ConnectorEvent;
use crate::name::canonical_name;
use crate::session::ConnectorSession;
use crate::status::SetAside;

impl Inner {
    /// Returns the session of a connector, dialing it first where there is none. Callers that come together dial once.
    pub(crate) async fn connected(&self, slug: &str) -> Result<Connected, Error> {
        let live = self.live(slug);
        if let Some(connected) = live.state().connected {
            return Ok(connected);
        }
        let _turn = live.turn.lock().await;
        if let Some(connected) = live.state().connected {
            return Ok(connected);
        }
        self.dial(slug, &live).await
    }

    /// Dials a connector. The caller holds its turn.
    pub(crate) async fn dial(&self, slug: &str, live: &Live) -> Result<Connected, Error> {
        live.begin();
        let outcome = self.dial_now(slug).await;
        let connected = match outcome {
            Ok(connected) => connected,
            Err(error) => {
                live.fail(&error);
                self.announce(slug, live);
                return Err(error);
            }
        };
        live.connect(connected.clone());
        self.announce(slug, live);
        Ok(connected)
    }

    async fn dial_now(&self, slug: &str) -> Result<Connected, Error> {
        let connector = self.connector(slug).await?;
        if connector.stdio.is_some() {
            return Err(Error::new(ErrorKind::InvalidInput, "this release does not start local servers")
                .of(slug)
                .hinted("use a release that starts local servers, or a server with a URL"));
        }
        let wanted = connector.clone();
        let plan = self.blocking(move |inner| DialPlan::resolve(&wanted, &inner.secrets)).await;
        let plan = plan.map_err(|error| error.of(slug))?;
        let session = plan.dial(slug, self.client.clone(), self.session.clone()).await?;
        self.read_tools(&connector, session).await
    }

    /// Lists a session's tools and registers the enabled ones.
    pub(crate) async fn read_tools(
        &self,
        connector: &Connector,
        session: Session,
    ) -> Result<Connected, Error> {
        let tools = match session.server().capabilities.tools {
            Some(_) => session.list_tools().await.map_err(|error| session_error(&connector.slug, error))?,
            None => Arc::default(),
        };
        let mut connected = Connected { session, tools, set_aside: Vec::new() };
        self.register(connector, &mut connected).await?;
        Ok(connected)
    }

    /// Puts the enabled tools of a connector into the engine, and nothing else: what is not enabled has no entry and
    /// no route.
    pub(crate) async fn register(
        &self,
        connector: &Connector,
        connected: &mut Connected,
    ) -> Result<(), Error> {
        let slugs = slugs(&self.manifest().await?);
        let enabled: BTreeSet<&str> = connector.enabled_tools.iter().map(String::as_str).collect();
        let mut set_aside: Vec<SetAside> = connected
            .tools
            .set_aside
            .iter()
            .map(|aside| SetAside { name: aside.name.clone(), reason: aside.reason.clone() })
            .collect();
        let mut registered = Vec::new();
        for tool in &connected.tools.items {
            match compile(connector, tool, &slugs) {
                Ok(entry) if enabled.contains(tool.name.as_str()) => registered.push(entry),
                Ok(_) => {}
                Err(reason) => set_aside.push(SetAside { name: Some(tool.name.clone()), reason }),
            }
        }
        let offered: BTreeSet<&str> = connected.tools.items.iter().map(|tool| tool.name.as_str()).collect();
        let known = |name: &str| set_aside.iter().any(|aside| aside.name.as_deref() == Some(name));
        let gone: Vec<_> = enabled.iter().filter(|name| !offered.contains(**name) && !known(name)).collect();
        set_aside.extend(gone.into_iter().map(|name| SetAside {
            name: Some((*name).to_owned()),
            reason: "it is enabled, and the server does not offer it any more".to_owned(),
        }));
        connected.set_aside = set_aside;
        self.executor.registry().replace_connector(&connector.slug, registered);
        let session = ConnectorSession { manager: self.own.clone(), slug: connector.slug.clone() };
        self.executor.set_session(connector.slug.as_str(), Arc::new(session));
        Ok(())
    }

    pub(crate) fn announce(&self, slug: &str, live: &Live) {
        let state = live.state().state();
        self.hub.publish(ConnectorEvent::StateChanged { slug: slug.to_owned(), state });
    }
}

/// Makes a tool ready for the engine, or says why it cannot be used.
fn compile(connector: &Connector, tool: &Tool, slugs: &[String]) -> Result<RegisteredTool, String> {
    let canonical = canonical_name(&connector.slug, &tool.name, slugs);
    let mut schema = ToolSchema::new(canonical, tool.input_schema.clone().into());
    schema.description.clone_from(&tool.description);
    schema.returns = tool.output_schema.clone().map(Into::into);
    schema.idempotent = tool.annotations.as_ref().and_then(|hints| hints.idempotent_hint) == Some(true);
    let entry = ToolEntry::new(schema, ToolSource::Mcp { server_name: connector.slug.clone() });
    let route = Route::new(connector.slug.as_str(), tool.name.as_str());
    RegisteredTool::compile(entry, Some(route), &SchemaLimits::default()).map_err(|error| error.to_string())
}
