//! Which enabled tools are as the person agreed to them, and which are out of service.
//!
//! Enabling a tool pins its definition. One that is enabled and has no pin, as of an older release or a project's file, is
//! pinned when it is first seen. A server that goes back to what was agreed to has its tool in service again.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use car_connectors_store::{Connector, Pin, Pins, Stamp};

use super::Inner;
use super::look::Seen;
use crate::catalog::Catalog;
use crate::connector::full_text;
use crate::error::{Error, ErrorKind};
use crate::pinned::{self, Departure};

/// What was last read of a connector's pins.
#[derive(Debug)]
pub(super) struct Pinned {
    stamp: Option<Stamp>,
    pins: Result<Arc<Pins>, String>,
}

/// The enabled tools of a connector that are out of service, though its server offers them.
#[derive(Debug, Default)]
pub(crate) struct OutOfService {
    /// Those that are not what the person agreed to.
    pub(crate) changed: BTreeMap<String, Departure>,
    /// Why none of them can be compared with what the person agreed to.
    pub(crate) trouble: Option<String>,
}

impl OutOfService {
    /// Says why a tool cannot be called, if that is so because of what it is.
    pub(crate) fn error(&self, slug: &str, tool: &str) -> Option<Error> {
        if let Some(trouble) = &self.trouble {
            let text = format!("the tool {tool:?} is out of service: {trouble}");
            let hint = "mend the file, or disable and enable the connector's tools to agree to them anew";
            return Some(Error::new(ErrorKind::Storage, text).of(slug).hinted(hint));
        }
        self.changed.get(tool).map(|_| {
            let text =
                format!("the tool {tool:?} is out of service: its definition is not what was agreed to any more");
            Error::new(ErrorKind::Changed, text).of(slug).hinted(format!(
                "look at what differs with `car tools {slug} --changed`, then agree to it with `car approve {slug} \
                 {tool}`"
            ))
        })
    }

    /// Tells whether the same tools are out of service for the same reasons.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let hashes = |of: &Self| -> Vec<(String, String)> {
            of.changed.iter().map(|(tool, departure)| (tool.clone(), departure.seen())).collect()
        };
        self.trouble == other.trouble && hashes(self) == hashes(other)
    }

    /// Names the tools that are not as they were when `before` was found, and not as agreed to either.
    pub(super) fn news(&self, before: &Self) -> Vec<String> {
        let is_known = |tool: &str, departure: &Departure| {
            before.changed.get(tool).is_some_and(|known| known.now.hash == departure.now.hash)
        };
        let news = self.changed.iter().filter(|(tool, departure)| !is_known(tool, departure));
        news.map(|(tool, _)| tool.clone()).collect()
    }
}

impl Inner {
    /// Looks through the enabled tools that a server offers. Those not pinned yet are pinned. Blocks.
    pub(super) fn out_of_service(
        &self,
        pinned: &mut Option<Pinned>,
        seen: &Seen,
        connector: &Connector,
        catalog: &Catalog,
    ) -> OutOfService {
        let enabled: HashSet<&str> = connector.enabled_tools.iter().map(String::as_str).collect();
        match self.pins_for(pinned, seen, connector, catalog, &enabled) {
            Ok(pins) => OutOfService { changed: changed(&pins, catalog, &enabled), trouble: None },
            Err(trouble) => OutOfService { changed: BTreeMap::new(), trouble: Some(trouble) },
        }
    }

    /// Pins tools as their server offers them now. Blocks.
    pub(super) fn agree(
        &self,
        connector: &Connector,
        catalog: &Catalog,
        names: &HashSet<&str>,
    ) -> Result<(), Error> {
        if names.is_empty() {
            return Ok(());
        }
        let now = self.discovery.now();
        let new = catalog.digests(names).map(|(tool, _)| (tool.name.clone(), pinned::pin(tool, now)));
        let server = pinned::server_of(connector);
        let written = self.pins.update(&connector.slug, &server, |pins| pins.tools.extend(new));
        written.map_err(|error| Error::from(error).of(&connector.slug))
    }

    /// Forgets what was agreed to of tools that are not enabled any more: the tools as they are, and their calls. Blocks.
    pub(super) fn forget_agreed(&self, connector: &Connector) -> Result<(), Error> {
        let (slug, server) = (&connector.slug, pinned::server_of(connector));
        let is_enabled = |name: &String| connector.enabled_tools.contains(name);
        let pins = match connector.enabled_tools.is_empty() {
            // Also a file that cannot be read is done with then.
            true => self.pins.remove(slug),
            false => self.pins.update(slug, &server, |pins| pins.tools.retain(|name, _| is_enabled(name))),
        };
        let grants = self.grants.all().and_then(|grants| {
            let mut gone = grants.iter().filter(|grant| grant.connector == *slug && !is_enabled(&grant.tool));
            gone.try_for_each(|grant| self.grants.remove(&grant.id).map(drop))
        });
        pins.and(grants).map_err(|error| Error::from(error).of(slug))
    }

    /// Forgets what was agreed to of a connector. Blocks.
    pub(super) fn forget_all_agreed(&self, slug: &str) -> Result<(), Error> {
        let (pins, grants) = (self.pins.remove(slug), self.grants.remove_connector(slug).map(drop));
        pins.and(grants).map_err(|error| Error::from(error).of(slug))
    }

    /// Returns what was agreed to of a server: nothing where the pins are another's, or cannot be read. Blocks.
    pub(super) fn agreed(
        &self,
        pinned: &mut Option<Pinned>,
        seen: &Seen,
        connector: &Connector,
    ) -> Arc<Pins> {
        let pins = self.pins_known(pinned, seen, connector).ok();
        pins.filter(|pins| pins.server == pinned::server_of(connector)).unwrap_or_default()
    }

    fn pins_for(
        &self,
        pinned: &mut Option<Pinned>,
        seen: &Seen,
        connector: &Connector,
        catalog: &Catalog,
        enabled: &HashSet<&str>,
    ) -> Result<Arc<Pins>, String> {
        if enabled.is_empty() {
            return Ok(Arc::default());
        }
        let (slug, server) = (&connector.slug, pinned::server_of(connector));
        let pins = self.pins_known(pinned, seen, connector)?;
        let has = |name: &str| pins.server == server && pins.tools.contains_key(name);
        let new = catalog.digests(enabled).filter(|(tool, _)| !has(&tool.name));
        let new: Vec<(String, Pin)> =
            new.map(|(tool, _)| (tool.name.clone(), pinned::pin(tool, self.discovery.now()))).collect();
        if new.is_empty() {
            return Ok(pins);
        }
        let written = self.pins.update(slug, &server, |pins| {
            for (name, pin) in new {
                // Another process may have been quicker.
                pins.tools.entry(name).or_insert(pin);
            }
            Arc::new(pins.clone())
        });
        let pins = written.map_err(|error| {
            format!("what it is now cannot be remembered: {}", full_text(&Error::from(error)))
        })?;
        *pinned = Some(Pinned { stamp: self.pins.stamp(slug).ok().flatten(), pins: Ok(Arc::clone(&pins)) });
        Ok(pins)
    }

    /// Reads the pins of a connector, unless they are still what was read last.
    fn pins_known(
        &self,
        pinned: &mut Option<Pinned>,
        seen: &Seen,
        connector: &Connector,
    ) -> Result<Arc<Pins>, String> {
        let slug = &connector.slug;
        if let Some(known) = pinned
            && known.pins.is_ok()
            && known.stamp.as_ref() == seen.pins(slug)
        {
            return known.pins.clone();
        }
        let pins = self.pins.read(slug).map(Arc::new).map_err(|error| {
            format!("what was agreed to of it cannot be read: {}", full_text(&Error::from(error)))
        });
        *pinned = Some(Pinned { stamp: seen.pins(slug).cloned(), pins: pins.clone() });
        pins
    }
}

/// Compares what a server offers with what was agreed to.
fn changed(pins: &Pins, catalog: &Catalog, enabled: &HashSet<&str>) -> BTreeMap<String, Departure> {
    let offered = catalog.digests(enabled);
    let differ = offered.filter_map(|(tool, digest)| {
        let pin = pins.tools.get(&tool.name).filter(|pin| pin.hash != *digest)?;
        Some((tool.name.clone(), Departure { pin: pin.clone(), now: pinned::pin(tool, 0) }))
    });
    differ.collect()
}
