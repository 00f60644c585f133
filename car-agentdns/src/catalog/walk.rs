//! From documents to services: what is read, what comes next, and what is left out. Pure.

use std::collections::{HashMap, HashSet, VecDeque};

use semver::Version;
use url::Url;

use super::card::{self, Card};
use super::document::{self, Content, Entry, Kind};
use super::listed::{Listed, ListedService};
use super::remote::Around;
use super::{naming, place};
use crate::error::SetAside;
use crate::name::ServiceIdentifier;
use crate::reach::is_private_name;
use crate::service::{Protocol, Provenance, Publisher, Service, ServiceKind, SourceKind, Verification};

/// How deep catalogs may be nested, the outermost counted (the specification recommends four).
const MAX_DEPTH: usize = 4;

/// How many entries are read in all: more than a person looks through, and a moment's work to rank.
const MAX_ENTRIES: usize = 2_000;

/// How many notes are kept of what was left out.
const MAX_SET_ASIDE: usize = 200;

/// How long a document is taken for true that does not say, in seconds: an hour, as cards say of themselves.
pub(super) const DEFAULT_TTL: u64 = 3_600;

/// A document: where it is, and what is known of that.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) url: Url,
    /// The domain that speaks through it, if one does.
    speaker: Option<String>,
    depth: usize,
    pub(super) ttl: u64,
}

#[cfg(feature = "http")]
impl Place {
    /// Returns whether it is the one that the user named.
    pub(super) const fn is_first(&self) -> bool {
        self.depth == 1
    }
}

/// What has been read so far.
pub(super) struct Walk {
    source: String,
    now: u64,
    is_private: bool,
    room: usize,
    found: Vec<Found>,
    places: HashMap<ServiceIdentifier, usize>,
    set_aside: Vec<SetAside>,
    queue: VecDeque<Place>,
    visited: HashSet<Url>,
}

struct Found {
    /// What the catalog calls the entry.
    entry: String,
    updated_at: Option<String>,
    listed: ListedService,
}

/// Reads one catalog that was fetched from `url`, with the catalogs that are in it; those elsewhere are set aside. `now` is
/// in seconds since 1970.
///
/// # Errors
/// Says what is wrong with it.
pub fn read(text: &str, url: &Url, now: u64) -> Result<Listed, String> {
    let mut walk = Walk::new(url, now, false);
    let place = walk.next().expect("it begins with one place");
    walk.document(&place, text)?;
    Ok(walk.finish("its catalog is elsewhere and was not read"))
}

/// Reads the card of a server that was fetched from `url`. `now` is in seconds since 1970.
///
/// # Errors
/// Says what is wrong with it.
pub fn read_card(text: &str, url: &Url, now: u64) -> Result<ListedService, String> {
    let is_private = is_private_name(url);
    self_described(text, Around { url, is_private, endpoint: None }, now, DEFAULT_TTL)
}

/// Makes a record of a card that is known by its own word only.
pub(super) fn self_described(
    text: &str,
    around: Around<'_>,
    now: u64,
    ttl: u64,
) -> Result<ListedService, String> {
    let card = card::server(text, around)?;
    let organization = naming::organization(around.url).ok_or("its URL has no host")?;
    let name = naming::last_part(&card.name);
    let identifier =
        naming::of_name(&organization, name).map_err(|error| format!("it cannot be named: {error}"))?;
    let source = around.url.origin().ascii_serialization();
    let provenance = Provenance::new(SourceKind::Catalog, source, now, ttl);
    let mut service = Service::new(identifier, name, provenance);
    service.reference = Some(service.identifier.to_string());
    if let (true, Some(fault)) = (card.offers.is_empty(), card.faults.first()) {
        return Err(fault.clone());
    }
    let card_url = Some(place::shown(around.url));
    let is_private = around.is_private;
    let mut listed = ListedService { service, card: None, card_url, is_private, is_named: false };
    listed.take(card);
    Ok(listed)
}

impl Walk {
    /// Begins at a URL that the user named.
    pub(super) fn new(url: &Url, now: u64, allow_private: bool) -> Self {
        let first = Place { url: url.clone(), speaker: place::speaker(url), depth: 1, ttl: DEFAULT_TTL };
        Self {
            source: match url.path() == place::WELL_KNOWN {
                true => url.origin().ascii_serialization(),
                false => place::shown(url),
            },
            now,
            is_private: allow_private || is_private_name(url),
            room: MAX_ENTRIES,
            found: Vec::new(),
            places: HashMap::new(),
            set_aside: Vec::new(),
            visited: HashSet::from([url.clone()]),
            queue: VecDeque::from([first]),
        }
    }

    /// Returns what is to be fetched next.
    pub(super) fn next(&mut self) -> Option<Place> {
        self.queue.pop_front()
    }

    /// Reads a document.
    pub(super) fn document(&mut self, place: &Place, text: &str) -> Result<(), String> {
        let document = document::read(text, self.room)?;
        for one in document.set_aside {
            self.set_aside(one);
        }
        self.room -= document.entries.len();
        for entry in document.entries {
            let name = entry.identifier.clone();
            let read = match entry.kind {
                Kind::Catalog => self.nested(place, entry),
                Kind::Server | Kind::Agent => self.service(place, entry),
            };
            if let Err(reason) = read {
                self.set_aside(SetAside::new(Some(&name), reason));
            }
        }
        Ok(())
    }

    pub(super) fn set_aside(&mut self, one: SetAside) {
        if self.set_aside.len() < MAX_SET_ASIDE {
            self.set_aside.push(one);
        }
    }

    /// Ends, with a word for what was not fetched.
    pub(super) fn finish(mut self, unread: &str) -> Listed {
        for place in std::mem::take(&mut self.queue) {
            self.set_aside(SetAside::new(Some(&place::shown(&place.url)), unread));
        }
        let entries = self.found.into_iter().map(|found| found.listed).collect();
        Listed { entries, set_aside: self.set_aside }
    }

    fn nested(&mut self, place: &Place, entry: Entry<'_>) -> Result<(), String> {
        if place.depth >= MAX_DEPTH {
            return Err(format!("catalogs are nested more than {MAX_DEPTH} deep"));
        }
        let inner = Place { depth: place.depth + 1, ..place.clone() };
        match entry.content {
            Content::Here(data) => self.document(&inner, data.get()),
            Content::Url(text) => {
                let url = self.named(place, &text)?;
                if !self.visited.insert(url.clone()) {
                    return Err("it was read already".to_owned());
                }
                let is_same = url.scheme() == "https" && url.origin() == place.url.origin();
                let speaker = if is_same { place.speaker.clone() } else { place::speaker(&url) };
                self.queue.push_back(Place { url, speaker, ..inner });
                Ok(())
            }
        }
    }

    /// Reads a URL that a document names.
    fn named(&self, place: &Place, text: &str) -> Result<Url, String> {
        let mut url = place.url.join(text).map_err(|error| format!("it names no URL: {error}"))?;
        url.set_fragment(None);
        match place::objection(&url, self.is_private) {
            Some(objection) => Err(objection.to_owned()),
            None => Ok(url),
        }
    }

    fn service(&mut self, place: &Place, entry: Entry<'_>) -> Result<(), String> {
        let (card, card_url) = match &entry.content {
            Content::Here(data) => (Some(self.card(place, entry.kind, data.get())?), None),
            Content::Url(text) => (None, Some(String::from(self.named(place, text)?))),
        };
        let service = self.record(place, &entry, card.as_ref())?;
        let (is_private, is_named) = (self.is_private, entry.name.is_some());
        let mut listed = ListedService { service, card: None, card_url, is_private, is_named };
        if let Some(card) = card {
            for fault in &card.faults {
                self.set_aside(SetAside::new(Some(&entry.identifier), fault.clone()));
            }
            listed.take(card);
        }
        self.add(Found { entry: entry.identifier, updated_at: entry.updated_at, listed })
    }

    /// Reads a card that is in the catalog. One that names only what may not be used is none.
    fn card(&self, place: &Place, kind: Kind, text: &str) -> Result<Card, String> {
        let around = Around { url: &place.url, is_private: self.is_private, endpoint: None };
        let card = match kind {
            Kind::Agent => card::agent(text)?,
            _ => card::server(text, around)?,
        };
        match card.faults.first().filter(|_| card.offers.is_empty()) {
            Some(fault) => Err(fault.clone()),
            None => Ok(card),
        }
    }

    /// Begins a record with what the catalog says of an entry.
    fn record(&self, place: &Place, entry: &Entry<'_>, card: Option<&Card>) -> Result<Service, String> {
        let name = entry
            .name
            .as_deref()
            .or_else(|| card.map(Card::shown_name))
            .unwrap_or_else(|| naming::last_part(&entry.identifier));
        let organization = naming::organization(&place.url).ok_or("its catalog has no host")?;
        let air = naming::air(&entry.identifier);
        let names_publisher = air.is_some();
        let identifier = match air {
            Some(identifier) => identifier,
            None => self.free_name(&organization, name, entry)?,
        };
        let provenance = Provenance::new(SourceKind::Catalog, self.source.clone(), self.now, place.ttl);
        let mut service = Service::new(identifier, name, provenance);
        if names_publisher && place.speaker.as_deref() == Some(service.identifier.organization()) {
            service.publisher = Publisher::new(service.identifier.organization(), Verification::TlsDomain);
        }
        match entry.kind {
            Kind::Agent => (service.kind, service.protocol) = (ServiceKind::Agent, Protocol::A2a),
            _ => service.reference = Some(service.identifier.to_string()),
        }
        service.description = entry.description.clone().unwrap_or_default();
        (service.tags, service.version) = (entry.tags.clone(), entry.version.clone());
        Ok(service)
    }

    /// Names an entry that names no publisher: by its title, or where another one is called so, by its identifier.
    fn free_name(
        &self,
        organization: &str,
        name: &str,
        entry: &Entry<'_>,
    ) -> Result<ServiceIdentifier, String> {
        let own = |identifier: &ServiceIdentifier| match self.places.get(identifier) {
            Some(&taken) => self.found[taken].entry == entry.identifier,
            None => true,
        };
        let by_title = naming::of_name(organization, name);
        let by_identifier = naming::of_name(organization, &entry.identifier);
        match (by_title.into_iter().find(own), by_identifier) {
            (Some(identifier), _) => Ok(identifier),
            (None, Ok(identifier)) => Ok(identifier),
            (None, Err(error)) => Err(format!("it cannot be named: {error}")),
        }
    }

    /// Keeps one record for each name: that of the domain itself, then the newest version.
    fn add(&mut self, new: Found) -> Result<(), String> {
        let identifier = new.listed.service.identifier.clone();
        let Some(&place) = self.places.get(&identifier) else {
            self.places.insert(identifier, self.found.len());
            self.found.push(new);
            return Ok(());
        };
        let old = &mut self.found[place];
        let verified = |found: &Found| found.listed.service.publisher.verification == Verification::TlsDomain;
        match (verified(old), verified(&new)) {
            (false, true) => *old = new,
            (true, false) => return Err("the domain itself lists it otherwise".to_owned()),
            _ if old.entry != new.entry => return Err("another entry has its name".to_owned()),
            _ if old.listed.service.version == new.listed.service.version => {
                return Err("it is listed twice in the same version".to_owned());
            }
            _ if is_newer(&new, old) => *old = new,
            _ => {}
        }
        Ok(())
    }

    /// Returns the places of cards that are needed for ranking: those of services that nothing is said of.
    #[cfg(feature = "http")]
    pub(super) fn undescribed(&self) -> Vec<usize> {
        let is_bare = |found: &Found| {
            let ListedService { service, card, card_url, .. } = &found.listed;
            service.description.is_empty() && card.is_none() && card_url.is_some()
        };
        (0..self.found.len()).filter(|place| is_bare(&self.found[*place])).collect()
    }

    /// Returns what is listed at a place.
    #[cfg(feature = "http")]
    pub(super) fn listed(&self, place: usize) -> &ListedService {
        &self.found[place].listed
    }

    /// Takes over a card that was fetched, or sets aside why it cannot be used; the service stays.
    #[cfg(feature = "http")]
    pub(super) fn complete(&mut self, place: usize, fetched: Result<Card, String>) {
        let Found { entry, listed, .. } = &mut self.found[place];
        let faults = match fetched {
            Ok(card) => {
                let faults = card.faults.clone();
                listed.take(card);
                faults
            }
            Err(fault) => vec![format!("its card cannot be used: {fault}")],
        };
        let name = entry.clone();
        for fault in faults {
            self.set_aside(SetAside::new(Some(&name), fault));
        }
    }
}

/// Compares versions (semver.org), or where one is none, when the entries were changed.
fn is_newer(new: &Found, old: &Found) -> bool {
    let version = |found: &Found| {
        let text = found.listed.service.version.as_deref()?;
        Version::parse(text.trim_start_matches('v')).ok()
    };
    match (version(new), version(old)) {
        (Some(new), Some(old)) => new > old,
        _ => new.updated_at > old.updated_at,
    }
}
