//! What is passed on to others at the moment.

use std::collections::HashSet;
use std::sync::Arc;

use car_connectors_store::Connector;
use car_mcp_proto::RawJson;
use car_mcp_proto::tool::Tool;

use super::look::Seen;
use super::settle::Settled;
use super::{ConnectorManager, Inner};
use crate::error::Error;
use crate::name::canonical_name;
use crate::offered::{Offered, Offering};
use crate::sharing::Shared;

impl ConnectorManager {
    /// Returns everything that is passed on at the moment, as last seen: enabled tools from what the person agreed to,
    /// also of connectors that have not been dialed yet; prompts and resources of those that have been. No server is
    /// contacted.
    ///
    /// # Errors
    /// Says why the state cannot be read.
    pub async fn offering(&self) -> Result<Offering, Error> {
        self.inner
            .blocking(|inner| inner.with_settled(|inner, settled, seen| Ok(inner.offer(settled, seen))))
            .await
    }
}

/// Names and URIs that somebody has already.
#[derive(Default)]
struct Taken {
    tools: HashSet<String>,
    prompts: HashSet<String>,
}

impl Inner {
    fn offer(&self, settled: &mut Settled, seen: &Seen) -> Offering {
        let mut offering = Offering::default();
        let mut taken = Taken::default();
        // What is registered has its names; what has not been seen yet gets those that are left.
        let known = seen.connectors().iter().filter_map(|connector| settled.in_service(&connector.slug));
        taken.tools = known.flat_map(|(_, names)| names.values().cloned()).collect();
        for connector in seen.connectors() {
            match settled.in_service(&connector.slug) {
                Some((catalog, names)) => {
                    let tools = catalog.usable().filter_map(|tool| Some((tool, names.get(&tool.name)?)));
                    offering.tools.extend(tools.map(|(tool, canonical)| {
                        Offered::new(connector, &tool.name, canonical.clone(), tool.clone())
                    }));
                }
                None => {
                    let tools = self.agreed_tools(settled, seen, connector, &mut taken.tools);
                    offering.tools.extend(tools);
                }
            }
            let live = self.known_live(&connector.slug);
            if let Some(shared) = live.map(|live| live.state().shared) {
                offer_shared(&mut offering, &mut taken, connector, &shared, seen.slugs());
            }
        }
        offering
    }

    /// Returns the enabled tools of a connector that has not been dialed yet, as they were agreed to.
    fn agreed_tools(
        &self,
        settled: &mut Settled,
        seen: &Seen,
        connector: &Connector,
        taken: &mut HashSet<String>,
    ) -> Vec<Offered<Tool>> {
        let pins = self.agreed_of(settled, seen, connector);
        let tools = connector.enabled_tools.iter().filter_map(|name| {
            let definition = RawJson::from(&*pins.tools.get(name)?.definition);
            let tool: Tool = definition.parse().ok().filter(|tool: &Tool| tool.name == *name)?;
            let canonical = canonical_name(&connector.slug, name, seen.slugs());
            taken.insert(canonical.clone()).then(|| Offered::new(connector, name, canonical, tool))
        });
        tools.collect()
    }
}

fn offer_shared(
    offering: &mut Offering,
    taken: &mut Taken,
    connector: &Connector,
    shared: &Arc<Shared>,
    slugs: &[String],
) {
    let completes = shared.completes;
    for prompt in shared.prompts.iter().flat_map(|list| &list.items).filter(|_| connector.shares_prompts) {
        let canonical = canonical_name(&connector.slug, &prompt.name, slugs);
        if taken.prompts.insert(canonical.clone()) {
            let offered = Offered::new(connector, &prompt.name, canonical, prompt.clone());
            offering.prompts.push(offered.completing(completes));
        }
    }
    if !connector.shares_resources {
        return;
    }
    for resource in shared.resources.iter().flat_map(|list| &list.items) {
        let (name, definition) = (&resource.uri, resource.clone());
        offering.resources.push(Offered::new(connector, name, name.clone(), definition));
    }
    for template in shared.templates.iter().flat_map(|list| &list.items) {
        let (name, definition) = (&template.uri_template, template.clone());
        let offered = Offered::new(connector, name, name.clone(), definition);
        offering.templates.push(offered.completing(completes));
    }
}
