//! Brings the engine in line with the manifest and the sessions, in one place.
//!
//! ```text
//!  manifest (any process writes it) ─┐
//!  live sessions and their catalogs ─┼─▶ what should be registered ─▶ what differs ─▶ registry, events
//!  names, which depend on all slugs ─┘
//! ```
//!
//! It runs whenever the manifest is looked at or a session changes, on a thread that may block, under one lock that is
//! never held while a server is waited for. Because all of it happens in one closure there, a future that is dropped
//! half-way leaves no half of it behind.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError};

use car_connectors_store::{Connector, Manifest, Pins};

use super::Inner;
use super::agreed::{OutOfService, Pinned};
use super::look::Seen;
use crate::catalog::{Catalog, compile};
use crate::connector::Connected;
use crate::error::{Error, ErrorKind};
use crate::events::ConnectorEvent;
use crate::name::canonical_name;
use crate::session::ConnectorSession;

/// What the engine was last brought in line with.
#[derive(Default)]
pub(crate) struct Settled {
    seen: Option<Arc<Seen>>,
    registered: HashMap<String, Registered>,
    pinned: HashMap<String, Option<Pinned>>,
}

/// What of a connector is registered.
struct Registered {
    catalog: Arc<Catalog>,
    /// The enabled tools that are in service, with the names by which a model knows them.
    names: BTreeMap<String, String>,
}

impl Settled {
    /// Returns what of a connector is in service, with the names by which a model knows them: nothing where its server has
    /// not been seen by this program.
    pub(super) fn in_service(&self, slug: &str) -> Option<(&Arc<Catalog>, &BTreeMap<String, String>)> {
        self.registered.get(slug).map(|registered| (&registered.catalog, &registered.names))
    }
}

impl Inner {
    /// Reads what the files say, and follows it if it has changed. Blocks.
    pub(crate) fn look(&self) -> Result<Arc<Seen>, Error> {
        let mut settled = self.lock_settled();
        let seen = Arc::new(self.read_all()?);
        match &settled.seen {
            Some(known) if known.is_like(&seen) => self.show(Arc::clone(&seen)),
            _ => self.settle(&mut settled, &seen),
        }
        Ok(seen)
    }

    /// Takes a new session into use, if the manifest still means that server. Blocks.
    pub(crate) fn adopt(
        &self,
        connector: &Connector,
        connected: Connected,
    ) -> Result<Option<Connected>, Error> {
        let slug = &connector.slug;
        let mut settled = self.lock_settled();
        let seen = Arc::new(self.read_all()?);
        if !seen.connector(slug).is_some_and(|connector| connected.is_with(connector)) {
            self.settle(&mut settled, &seen);
            let text = format!("the connector {slug:?} was removed or changed while it was dialed");
            return Err(Error::new(ErrorKind::NotFound, text).of(slug).hinted("look at `car list`"));
        }
        let before = self.live(slug).connect(connected);
        self.settle(&mut settled, &seen);
        Ok(before)
    }

    /// Takes over what a session offers now. Blocks.
    pub(crate) fn relist(
        &self,
        slug: &str,
        connected: &Connected,
        catalog: Arc<Catalog>,
    ) -> Result<(), Error> {
        let mut settled = self.lock_settled();
        let seen = Arc::new(self.read_all()?);
        if let Some(live) = self.known_live(slug) {
            live.relist(connected, catalog);
        }
        self.settle(&mut settled, &seen);
        Ok(())
    }

    /// Runs with what the engine is in line with, after a look. Blocks.
    pub(super) fn with_settled<T>(
        &self,
        work: impl FnOnce(&Self, &mut Settled, &Arc<Seen>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let seen = self.look()?;
        work(self, &mut self.lock_settled(), &seen)
    }

    pub(super) fn settle(&self, settled: &mut Settled, seen: &Arc<Seen>) {
        self.drop_what_is_gone(settled, seen);
        let mut taken = HashSet::new();
        let mut wanted = Vec::new();
        for connector in seen.connectors() {
            let Some(catalog) = self.catalog_of(settled, connector) else { continue };
            let pinned = settled.pinned.entry(connector.slug.clone()).or_default();
            let out = self.out_of_service(pinned, seen, connector, &catalog);
            let names = names(connector, &catalog, &out, seen.slugs(), &mut taken);
            wanted.push((connector.slug.as_str(), Registered { catalog, names }, out));
        }
        for (slug, wanted, out) in wanted {
            self.register(settled, slug, wanted, out);
        }
        if let Some(before) = settled.seen.replace(Arc::clone(seen)) {
            self.publish_changes(&before, seen);
        }
        self.show(Arc::clone(seen));
    }

    /// Returns what was agreed to of a connector's server. Blocks.
    pub(super) fn agreed_of(&self, settled: &mut Settled, seen: &Seen, connector: &Connector) -> Arc<Pins> {
        self.agreed(settled.pinned.entry(connector.slug.clone()).or_default(), seen, connector)
    }

    /// Forgets connectors that are no longer in the manifest, and sessions with servers that it no longer means.
    fn drop_what_is_gone(&self, settled: &mut Settled, manifest: &Manifest) {
        for (slug, live) in self.lives() {
            let connector = manifest.connector(&slug);
            let connected = live.state().connected;
            let is_stale = match (connector, &connected) {
                (None, _) => true,
                (Some(connector), Some(connected)) => !connected.is_with(connector),
                (Some(_), None) => false,
            };
            if is_stale {
                live.forget();
                self.unregister(settled, &slug);
            }
            if connector.is_none() {
                self.forget_live(&slug);
            }
        }
        let gone: Vec<String> =
            settled.registered.keys().filter(|slug| manifest.connector(slug).is_none()).cloned().collect();
        for slug in gone {
            self.unregister(settled, &slug);
        }
        settled.pinned.retain(|slug, _| manifest.connector(slug).is_some());
    }

    /// Returns what the connector offers: by its session, or where that was lost, as last seen.
    fn catalog_of(&self, settled: &Settled, connector: &Connector) -> Option<Arc<Catalog>> {
        let live = self.known_live(&connector.slug).and_then(|live| live.state().connected);
        live.map(|connected| connected.catalog)
            .or_else(|| settled.registered.get(&connector.slug).map(|known| Arc::clone(&known.catalog)))
    }

    fn register(&self, settled: &mut Settled, slug: &str, wanted: Registered, out: OutOfService) {
        let was_out = self.live(slug).state().out_of_service;
        let is_same_service = was_out.is_like(&out);
        let before = settled.registered.get(slug);
        if let Some(before) = before
            && before.names == wanted.names
            && Arc::ptr_eq(&before.catalog, &wanted.catalog)
            && is_same_service
        {
            return;
        }
        let is_same_list = before.is_none_or(|before| before.catalog.is_like(&wanted.catalog));
        let tools = wanted.catalog.usable().filter_map(|tool| {
            let canonical = wanted.names.get(&tool.name)?;
            // The catalog holds no tool as usable that does not compile.
            compile(slug, tool, canonical.clone()).ok()
        });
        // The way to the server comes first: a call may find the tools as soon as they are there.
        let session = ConnectorSession { manager: self.own.clone(), slug: slug.to_owned() };
        self.executor.set_session(slug, Arc::new(session));
        self.executor.registry().replace_connector(slug, tools);
        settled.registered.insert(slug.to_owned(), wanted);
        let news = out.news(&was_out);
        drop(self.live(slug).put_out_of_service(Arc::new(out)));
        if !is_same_list || !is_same_service {
            self.hub.publish(ConnectorEvent::ToolsChanged { slug: slug.to_owned() });
        }
        if !news.is_empty() {
            self.hub.publish(ConnectorEvent::DefinitionsChanged { slug: slug.to_owned(), tools: news });
        }
    }

    fn unregister(&self, settled: &mut Settled, slug: &str) {
        self.executor.registry().replace_connector(slug, []);
        drop(self.executor.remove_session(slug));
        settled.registered.remove(slug);
    }

    /// Tells what changed in the manifest, whoever changed it.
    fn publish_changes(&self, before: &Manifest, now: &Manifest) {
        for connector in before.connectors() {
            let slug = connector.slug.clone();
            match now.connector(&slug) {
                None => self.hub.publish(ConnectorEvent::Removed { slug }),
                Some(same) => {
                    if same.enabled_tools != connector.enabled_tools {
                        self.hub.publish(ConnectorEvent::ToolsChanged { slug: slug.clone() });
                    }
                    let shares = |of: &Connector| (of.shares_prompts, of.shares_resources);
                    if shares(same) != shares(connector) {
                        self.hub.publish(ConnectorEvent::SharedChanged { slug });
                    }
                }
            }
        }
        let added = now.connectors().iter().filter(|connector| before.connector(&connector.slug).is_none());
        for connector in added {
            self.hub.publish(ConnectorEvent::Added { slug: connector.slug.clone() });
        }
    }

    pub(super) fn lock_settled(&self) -> MutexGuard<'_, Settled> {
        // What is half settled after a panic is settled again at the next look, because the manifest comes last.
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names the enabled tools that are in service. A name that is taken already is given to nobody else.
fn names(
    connector: &Connector,
    catalog: &Catalog,
    out: &OutOfService,
    slugs: &[String],
    taken: &mut HashSet<String>,
) -> BTreeMap<String, String> {
    let enabled: HashSet<&str> = connector.enabled_tools.iter().map(String::as_str).collect();
    let is_in_service =
        |name: &str| enabled.contains(name) && out.trouble.is_none() && !out.changed.contains_key(name);
    let tools = catalog.usable().filter(|tool| is_in_service(&tool.name));
    let named = tools.map(|tool| (tool.name.clone(), canonical_name(&connector.slug, &tool.name, slugs)));
    named
        .filter(|(tool, canonical)| {
            let is_free = taken.insert(canonical.clone());
            if !is_free {
                tracing::warn!(connector = connector.slug, tool, canonical, "another tool has this name");
            }
            is_free
        })
        .collect()
}
