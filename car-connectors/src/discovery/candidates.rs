//! All that was found, each name once, ready to be ranked together.
//!
//! ```text
//!   copies of registries ──▶ Shelf: one index, kept while the copies stay the same ──┐
//!   this machine, answers of this search ──▶ a small index, made anew ───────────────┴──▶ ranked on one scale
//! ```
//!
//! Where two sources tell of the same name, the one that counts first is believed and the other is only named: no root
//! stands in for what a registry lists.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use car_agentdns::rank::{
    EmbedError, Embedder, Index, Query, RankError, Scored, Vectors, search, search_hybrid,
};
use car_agentdns::registry::Mirror;
use car_agentdns::{Limit, Need, Service, ServiceIdentifier};

/// A registry whose copy is searched.
#[derive(Clone)]
pub(crate) struct Shelved {
    pub(crate) name: String,
    pub(crate) is_verified: bool,
    pub(crate) mirror: Arc<Mirror>,
    /// The place of the source among all: earlier ones are believed.
    pub(crate) place: usize,
}

impl Shelved {
    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.is_verified == other.is_verified
            && self.place == other.place
            && Arc::ptr_eq(&self.mirror, &other.mirror)
    }
}

/// The copies of registries, ready to be searched.
pub(crate) struct Shelf {
    of: Vec<Shelved>,
    index: Index,
    /// By name, the place of the source that is believed, and the other sources that tell of it.
    known: HashMap<ServiceIdentifier, (usize, Vec<String>)>,
}

impl Shelf {
    /// Puts copies together. It takes a while: not for a thread that others wait for.
    pub(crate) fn new(of: Vec<Shelved>) -> Result<Self, RankError> {
        let mut known: HashMap<ServiceIdentifier, (usize, Vec<String>)> = HashMap::new();
        let mut services = Vec::new();
        for shelved in &of {
            for service in shelved.mirror.services(&shelved.name, shelved.is_verified) {
                match known.get_mut(&service.identifier) {
                    Some((_, others)) => others.push(shelved.name.clone()),
                    None => {
                        known.insert(service.identifier.clone(), (shelved.place, Vec::new()));
                        services.push(service);
                    }
                }
            }
        }
        Ok(Self { index: Index::new(services)?, of, known })
    }

    /// Returns whether it is made of just these copies.
    pub(crate) fn is_of(&self, of: &[Shelved]) -> bool {
        self.of.len() == of.len() && self.of.iter().zip(of).all(|(one, other)| one.is_same(other))
    }
}

/// What a search found, before it is compared with what is known of it.
pub(crate) struct Ranked {
    pub(crate) service: Service,
    pub(crate) scored: Scored,
    pub(crate) also_in: Vec<String>,
}

/// All candidates of one search.
pub(crate) struct Candidates {
    shelf: Arc<Shelf>,
    small: Index,
    /// Names on the shelf that a source tells of which counts before.
    hidden: HashSet<ServiceIdentifier>,
    also_in: HashMap<ServiceIdentifier, Vec<String>>,
}

impl Candidates {
    /// Puts together what is on the shelf and what was answered. `answers` come in the order in which they count, each
    /// with its place among all sources and its source's name.
    pub(crate) fn new(
        shelf: Arc<Shelf>,
        answers: Vec<(usize, String, Vec<Service>)>,
    ) -> Result<Self, RankError> {
        let mut also_in: HashMap<ServiceIdentifier, Vec<String>> = HashMap::new();
        let (mut hidden, mut small, mut taken) = (HashSet::new(), Vec::new(), HashMap::new());
        for (place, name, services) in answers {
            for service in services {
                let identifier = &service.identifier;
                let shelved = shelf.known.get(identifier).map(|(place, _)| *place);
                if let Some(by) = taken.get(identifier) {
                    if *by != place {
                        also_in.entry(identifier.clone()).or_default().push(name.clone());
                    }
                    continue;
                }
                match shelved {
                    // The copy has it already.
                    Some(shelved) if shelved == place => continue,
                    Some(shelved) if shelved < place => {
                        also_in.entry(identifier.clone()).or_default().push(name.clone());
                        continue;
                    }
                    Some(shelved) => {
                        hidden.insert(identifier.clone());
                        let name = shelf.of.iter().find(|of| of.place == shelved).map(|of| of.name.clone());
                        also_in.entry(identifier.clone()).or_default().extend(name);
                    }
                    None => {}
                }
                taken.insert(identifier.clone(), place);
                small.push(service);
            }
        }
        Ok(Self { shelf, small: Index::new(small)?, hidden, also_in })
    }

    /// Returns whether there is nothing to search.
    pub(crate) fn is_empty(&self) -> bool {
        self.small.services().is_empty() && self.shelf.index.services().is_empty()
    }

    /// Ranks them by their words.
    pub(crate) fn by_words(&self, need: &Need, limit: Limit) -> Result<Vec<Ranked>, RankError> {
        let parts = [&self.shelf.index, &self.small];
        let found = search(&parts, &Query::new(need.clone(), self.wanted(limit)))?;
        Ok(self.ranked(found, limit))
    }

    /// Ranks them by words and meaning.
    pub(crate) async fn by_meaning(
        &self,
        need: &Need,
        limit: Limit,
        embedder: &dyn Embedder,
        vectors: &mut Vectors,
    ) -> Result<Vec<Ranked>, RankError> {
        let parts = [&self.shelf.index, &self.small];
        let query = Query::new(need.clone(), self.wanted(limit));
        let found = search_hybrid(&parts, &query, embedder, vectors).await?;
        Ok(self.ranked(found, limit))
    }

    /// Asks a model for some of the vectors that are missing, and returns how many are missing then.
    pub(crate) async fn prepare(
        &self,
        embedder: &dyn Embedder,
        vectors: &mut Vectors,
        at_most: usize,
    ) -> Result<usize, EmbedError> {
        vectors.prepare(&[&self.shelf.index, &self.small], embedder, at_most).await
    }

    /// Returns how many are to be ranked so that enough are left once hidden ones are taken out.
    fn wanted(&self, limit: Limit) -> Limit {
        let wanted = (limit.get() + self.hidden.len()).min(Limit::MAX);
        Limit::new(wanted).unwrap_or(limit)
    }

    fn ranked(&self, found: Vec<(usize, Scored)>, limit: Limit) -> Vec<Ranked> {
        let parts = [&self.shelf.index, &self.small];
        let ranked = found.into_iter().filter_map(|(part, scored)| {
            let service = &parts[part].services()[scored.place];
            if part == 0 && self.hidden.contains(&service.identifier) {
                return None;
            }
            Some(Ranked { service: service.clone(), also_in: self.also_in(service), scored })
        });
        ranked.take(limit.get()).collect()
    }

    fn also_in(&self, service: &Service) -> Vec<String> {
        let shelved = self.shelf.known.get(&service.identifier).map(|(_, others)| others.as_slice());
        let answered = self.also_in.get(&service.identifier).map(Vec::as_slice);
        let mut names: Vec<String> = Vec::new();
        for name in shelved.unwrap_or_default().iter().chain(answered.unwrap_or_default()) {
            if *name != service.provenance.source && !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}
