//! What is connected already, as services beside those of others. No server is dialed for it.

use car_agentdns::{
    Capability, Offer, Provenance, Publisher, Service, ServiceIdentifier, ServiceKind, SourceKind,
    Verification,
};
use car_connectors_store::{Connector, Manifest};
use url::Url;

use crate::catalog::Catalog;
use crate::manager::{Inner, slugs};
use crate::name::canonical_name;

/// The category of connectors on this machine.
const CONNECTORS: &str = "connectors";

/// The category of tools on this machine.
const TOOLS: &str = "tools";

/// What this machine is called as a source.
pub(crate) const LOCAL_NAME: &str = "this machine";

/// What is connected already.
#[derive(Default)]
pub(crate) struct Local {
    pub(crate) services: Vec<Service>,
    connected: Vec<Connection>,
}

/// What tells whether a service of others is a connector.
struct Connection {
    slug: String,
    identifier: Option<String>,
    url: Option<Url>,
}

impl Local {
    /// Lists the connectors that are used, and their enabled tools.
    pub(crate) fn read(inner: &Inner, manifest: &Manifest, now: u64) -> Self {
        let slugs = slugs(manifest);
        let mut local = Self::default();
        for connector in manifest.connectors() {
            let live = inner.connected_before(&connector.slug);
            let catalog = live.as_ref().map(|live| &*live.catalog);
            let info = live.as_ref().and_then(|live| live.session.server().info);
            local.services.extend(connector_service(connector, catalog, now).map(|mut service| {
                if let Some(info) = info {
                    service.tags.extend(info.title);
                    service.description = info.description.unwrap_or_default();
                }
                service
            }));
            let tools = connector.enabled_tools.iter();
            local
                .services
                .extend(tools.filter_map(|tool| tool_service(connector, tool, catalog, &slugs, now)));
            local.connected.push(Connection {
                slug: connector.slug.clone(),
                identifier: connector.origin.as_ref().map(|origin| origin.identifier.clone()),
                url: Url::parse(&connector.url).ok(),
            });
        }
        local
    }

    /// Returns the connector by which a service is had already: one that was made of it, or one with its URL.
    pub(crate) fn connected_as(&self, service: &Service) -> Option<String> {
        let offers_it = |connection: &&Connection| {
            service.offers.iter().any(|offer| match offer {
                Offer::Connected { slug } => *slug == connection.slug,
                Offer::Remote { url, .. } => {
                    connection.url.is_some() && Url::parse(url).ok() == connection.url
                }
                _ => false,
            })
        };
        let identifier = service.identifier.to_string();
        let was_made_of_it = |connection: &&Connection| connection.identifier.as_ref() == Some(&identifier);
        let mut connected = self.connected.iter();
        let found = connected.clone().find(was_made_of_it).or_else(|| connected.find(offers_it));
        found.map(|connection| connection.slug.clone())
    }
}

/// Returns the connector that a name on this machine stands for, or whose tool it stands for.
pub(crate) fn owner_of(identifier: &ServiceIdentifier, manifest: &Manifest) -> Option<String> {
    let slugs = slugs(manifest);
    let owns = |connector: &&Connector| match identifier.category() {
        [category] if category == CONNECTORS => connector.slug == identifier.name(),
        [category] if category == TOOLS => {
            let mut tools = connector.enabled_tools.iter();
            tools.any(|tool| canonical_name(&connector.slug, tool, &slugs) == identifier.name())
        }
        _ => false,
    };
    manifest.connectors().iter().find(owns).map(|connector| connector.slug.clone())
}

fn connector_service(connector: &Connector, catalog: Option<&Catalog>, now: u64) -> Option<Service> {
    let mut service = begin(CONNECTORS, &connector.slug, &connector.name, connector, now)?;
    service.kind = ServiceKind::Server;
    service.capabilities = match catalog {
        Some(catalog) => {
            let tools = catalog.usable();
            tools
                .map(|tool| Capability::new(&tool.name, tool.description.clone().unwrap_or_default()))
                .collect()
        }
        None => connector.enabled_tools.iter().map(|tool| Capability::new(tool, "")).collect(),
    };
    Some(service)
}

fn tool_service(
    connector: &Connector,
    tool: &str,
    catalog: Option<&Catalog>,
    slugs: &[String],
    now: u64,
) -> Option<Service> {
    let canonical = canonical_name(&connector.slug, tool, slugs);
    let known = catalog.and_then(|catalog| catalog.usable().find(|known| known.name == tool));
    let mut service = begin(TOOLS, &canonical, tool, connector, now)?;
    service.kind = ServiceKind::Tool;
    service.tags.push(connector.name.clone());
    if let Some(known) = known {
        service.tags.extend(known.title.clone());
        service.description = known.description.clone().unwrap_or_default();
    }
    Some(service)
}

/// Begins the record of something on this machine. What has no name there, as it would be too long, is not listed.
fn begin(category: &str, id: &str, name: &str, connector: &Connector, now: u64) -> Option<Service> {
    let identifier = ServiceIdentifier::local([category], id)
        .inspect_err(
            |error| tracing::info!(%error, connector = connector.slug, "it is not among what is found"),
        )
        .ok()?;
    let mut service = Service::new(identifier, name, Provenance::new(SourceKind::Local, LOCAL_NAME, now, 0));
    service.publisher = Publisher::new(connector.name.as_str(), Verification::User);
    service.offers = vec![Offer::Connected { slug: connector.slug.clone() }];
    Some(service)
}
