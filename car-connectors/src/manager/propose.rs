//! Looking a service up by its name, and adding it once a person has seen it.
//!
//! ```text
//!   reference ──▶ registries, catalogs, roots: the first that knows it is believed ──▶ Proposal
//!   Proposal + Answers ──▶ Recipe ──▶ NewConnector ──▶ add ──▶ what was agreed to is remembered
//! ```

use std::collections::BTreeMap;

use car_agentdns::Service;
use car_connectors_store::{KnownService, Manifest};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{ConnectorManager, Inner};
use crate::discovery::{
    Answers, Change, LeftOut, Local, Look, LookUpOptions, Looked, Proposal, Reference, Setting, Told, Way,
    advice, agreed, changes, command_of, endpoint_of, is_agreed, near, new_connector, not_asked,
    other_command, other_way, owner_of, package_of,
};
use crate::error::{Error, ErrorKind};
use crate::status::ConnectorStatus;

impl ConnectorManager {
    /// Looks a service up by its reference: `agentdns://…`, or a registry's `namespace/name[@version]`, for which only
    /// registries are asked. Nothing of it is contacted or added.
    ///
    /// # Errors
    /// Says what is wrong with the reference, that it is connected already, that nobody knows it, or why nobody could be
    /// asked.
    pub async fn look_up(&self, reference: &str, options: &LookUpOptions) -> Result<Proposal, Error> {
        let reference = Reference::read(reference)?;
        let manifest = self.inner.manifest().await?;
        if reference.identifier.is_local() {
            return Err(connected_already(&reference, &manifest));
        }
        let (_, mut settings) = self.inner.wanted_sources(&options.sources).await?;
        settings.retain(|setting| reference.is_for(setting.kind));
        let asked = Instant::now();
        let now = self.inner.discovery.now();
        let look = Look { reference, offline: options.offline, now, asked, until: asked + options.deadline };
        let (told, left_out) = match self.inner.look_everywhere(&settings, &look).await {
            Searched::Told(place, told, left_out) => ((&settings[place], told), left_out),
            Searched::Deleted(place, message) => {
                return Err(deleted(&look.reference, &settings[place], message));
            }
            Searched::Nowhere(left_out) => {
                return Err(self.inner.unknown(&look.reference, &settings, left_out).await);
            }
        };
        let known = self.inner.blocking(|inner| Ok(inner.discovery.known.all()?)).await?;
        let local = Local::read(&self.inner, &manifest, now);
        Ok(proposal(told, left_out, &known, &local, &manifest))
    }

    /// Adds what was proposed, as [`add`](Self::add) does: dials or starts it and lists its tools, and enables none. What
    /// was agreed to is remembered, so that it is told when the service changes hands or moves.
    ///
    /// # Errors
    /// As [`add`](Self::add); and says which input is missing or wrong, what stands in the way, or that what a person
    /// agreed to has changed. Nothing is kept then, but where a server wants a sign-in first.
    pub async fn add_proposed(
        &self,
        proposal: &Proposal,
        answers: Answers,
    ) -> Result<ConnectorStatus, Error> {
        let known = self.inner.blocking(|inner| Ok(inner.discovery.known.all()?)).await?;
        let known = agreed(&known, &proposal.service);
        let way = chosen(proposal, &answers, known)?;
        let new = new_connector(proposal, way, &answers)?;
        let agreed = self.inner.agreement(proposal, way);
        let remember = |inner: &Inner| Ok(inner.discovery.known.agree(agreed)?);
        match self.add(new).await {
            Ok(status) => {
                if let Err(error) = self.inner.blocking(remember).await {
                    // What was agreed to has to be known the next time. If removing fails too, the first error is the
                    // one to tell.
                    self.remove(&status.slug).await.ok();
                    return Err(error.of(&status.slug));
                }
                Ok(status)
            }
            // It is kept, and so is what was agreed to.
            Err(error) if error.is_auth_required() && error.connector().is_some() => {
                self.inner.blocking(remember).await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }
}

/// What asking everybody came to.
enum Searched {
    /// The source at this place is believed. Those that come before it and could not be asked are told of.
    Told(usize, Box<Told>, Vec<LeftOut>),
    /// The source at this place has taken it back.
    Deleted(usize, Option<String>),
    /// Nobody knows it; these could not be asked.
    Nowhere(Vec<LeftOut>),
}

impl Inner {
    /// Asks all sources at once, and believes the first that knows the name, in the order in which they count.
    async fn look_everywhere(&self, settings: &[Setting], look: &Look) -> Searched {
        let mut asking = JoinSet::new();
        for (place, setting) in settings.iter().enumerate() {
            let Some(inner) = self.own.upgrade() else { break };
            let (setting, look) = (setting.clone(), look.clone());
            // They run side by side, and end with this future.
            asking.spawn(async move { (place, inner.look_at(&setting, &look).await) });
        }
        let mut answers: BTreeMap<usize, Looked> = BTreeMap::new();
        let mut left_out = Vec::new();
        for (place, setting) in settings.iter().enumerate() {
            while !answers.contains_key(&place) {
                match asking.join_next().await {
                    Some(Ok((place, looked))) => drop(answers.insert(place, looked)),
                    Some(Err(_)) => {}
                    None => {
                        let failed = not_asked(setting, "asking it failed", "the log says more");
                        answers.insert(place, Looked::LeftOut(failed));
                    }
                }
            }
            match answers.remove(&place) {
                Some(Looked::Told(told)) => return Searched::Told(place, told, left_out),
                Some(Looked::Deleted(message)) => return Searched::Deleted(place, message),
                Some(Looked::LeftOut(one)) => left_out.push(one),
                Some(Looked::Unknown) | None => {}
            }
        }
        Searched::Nowhere(left_out)
    }

    /// Says that nobody knows a name, which names are near to it, and who could not be asked.
    async fn unknown(&self, reference: &Reference, settings: &[Setting], left_out: Vec<LeftOut>) -> Error {
        let what = match &reference.registry {
            Some(registry) if reference.is_registrys => registry.to_string(),
            _ => reference.identifier.to_string(),
        };
        if settings.is_empty() {
            let text = format!("there is no source that could know {what}");
            return Error::new(ErrorKind::NotFound, text).hinted("`car sources add` adds one");
        }
        let reasons: Vec<_> = left_out.iter().map(|one| format!("{}: {}", one.source, one.reason)).collect();
        if left_out.len() == settings.len() {
            let text = format!("nobody could be asked for {what}: {}", reasons.join("; "));
            let hint = left_out.into_iter().find_map(|one| one.hint);
            return Error::new(ErrorKind::Unreachable, text)
                .hinted(hint.unwrap_or_else(|| "try again".to_owned()));
        }
        let asked: Vec<_> = settings
            .iter()
            .map(|setting| setting.name.as_str())
            .filter(|name| !left_out.iter().any(|one| one.source == **name))
            .collect();
        let mut text = format!("{what} is not known to {}", asked.join(", "));
        if !reasons.is_empty() {
            text.push_str(&format!(" (not asked: {})", reasons.join("; ")));
        }
        let near = self.near_names(reference, settings).await;
        let hint = match near.as_slice() {
            [] => "`car find` searches by what is needed".to_owned(),
            near => format!("near to it: {}", near.join(", ")),
        };
        Error::new(ErrorKind::NotFound, text).hinted(hint)
    }

    async fn near_names(&self, reference: &Reference, settings: &[Setting]) -> Vec<String> {
        let Some(registry) = &reference.registry else { return Vec::new() };
        let mut mirrors = Vec::new();
        for setting in settings {
            mirrors.push(self.discovery.mirrors.known(&setting.url).await);
        }
        let wanted = registry.name.as_str().to_owned();
        let looking = move || {
            let entries = mirrors.iter().flat_map(|mirror| mirror.entries());
            near(&wanted, entries.map(|entry| entry.name.as_str()).filter(|name| *name != wanted))
        };
        tokio::task::spawn_blocking(looking).await.unwrap_or_default()
    }

    /// Writes down what a person agrees to.
    fn agreement(&self, proposal: &Proposal, way: &Way) -> KnownService {
        let service = &proposal.service;
        let mut known = KnownService::new(&proposal.reference, service.identifier.to_string());
        known.source.clone_from(&service.provenance.source);
        known.publisher.clone_from(&service.publisher.name);
        known.verification = service.publisher.verification.as_str().to_owned();
        known.endpoint = endpoint_of(&way.offer);
        known.package = package_of(&way.offer);
        known.command = Some(command_of(way));
        known.version.clone_from(&service.version);
        known.standing = service.standing();
        known.agreed_at = self.discovery.now();
        known
    }
}

fn connected_already(reference: &Reference, manifest: &Manifest) -> Error {
    let identifier = &reference.identifier;
    match owner_of(identifier, manifest) {
        Some(slug) => {
            Error::new(ErrorKind::Duplicate, format!("{identifier} is connected already, as {slug}"))
                .of(&slug)
                .hinted(format!("`car tools {slug}` lists its tools"))
        }
        None => Error::new(ErrorKind::NotFound, format!("there is no {identifier} on this machine"))
            .hinted("`car list` lists the connectors"),
    }
}

fn deleted(reference: &Reference, setting: &Setting, message: Option<String>) -> Error {
    let said = message.map(|message| format!(": {message:?}")).unwrap_or_default();
    let text = format!("{} was taken back from {}{said}", reference.identifier, setting.name);
    Error::new(ErrorKind::NotFound, text).hinted("`car find` searches for another one")
}

fn proposal(
    (setting, told): (&Setting, Box<Told>),
    left_out: Vec<LeftOut>,
    known: &[KnownService],
    local: &Local,
    manifest: &Manifest,
) -> Proposal {
    let Told { service, ways, mut notes } = *told;
    notes.extend(advice(&service));
    notes.extend(left_out.into_iter().map(|one| {
        format!("{} comes before {} and could not be asked: {}", one.source, setting.name, one.reason)
    }));
    notes.extend(local.connected_as(&service).map(|slug| format!("it is connected already, as {slug}")));
    if ways.is_empty() {
        notes.push("its source names no way to have it".to_owned());
    }
    let known = agreed(known, &service);
    let best = best(&ways, known);
    let mut changes = known.map(|known| changes(known, &service)).unwrap_or_default();
    let other = known.zip(best).and_then(|(known, best)| other_way(known, &ways[best].offer));
    changes.extend(other.filter(|other| !changes.iter().any(|change| change.what == other.what)));
    changes.extend(known.zip(best).and_then(|(known, best)| other_command(known, &ways[best])));
    Proposal {
        reference: service.reference.clone().unwrap_or_else(|| service.identifier.to_string()),
        best,
        changes,
        is_known: known.is_some(),
        suggested_name: free_connector_name(&service, manifest),
        source_url: setting.url.clone(),
        service,
        ways,
        notes,
    }
}

/// Returns the way that a person agreed to before, if it is still there, and else the first that can be taken.
fn best(ways: &[Way], known: Option<&KnownService>) -> Option<usize> {
    let can_be = |way: &Way| way.obstacle.is_none();
    let is_agreed = |way: &Way| known.is_some_and(|known| is_agreed(known, &way.offer));
    let before = ways.iter().position(|way| can_be(way) && is_agreed(way));
    before.or_else(|| ways.iter().position(can_be))
}

/// Returns a name that no connector has: what the service is called, or the last part of its identifier.
fn free_connector_name(service: &Service, manifest: &Manifest) -> String {
    /// The longest name that is suggested, in characters: longer ones make long names of tools.
    const LONGEST: usize = 32;
    let said = service.name.trim();
    let is_usable = !said.is_empty() && said.chars().count() <= LONGEST && !said.contains(['/', '\n']);
    let name = if is_usable { said } else { service.identifier.name() };
    let name: String = name.chars().filter(|one| !one.is_control()).take(LONGEST).collect();
    let is_taken = |name: &str| manifest.connectors().iter().any(|connector| connector.name == name);
    let numbered = (2_u64..).map(|number| format!("{name} {number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !is_taken(name)).expect("numbers do not end")
}

/// Returns the way that is taken, unless something speaks against it.
fn chosen<'a>(
    proposal: &'a Proposal,
    answers: &Answers,
    known: Option<&KnownService>,
) -> Result<&'a Way, Error> {
    let invalid = |text: String, hint: &str| Err(Error::new(ErrorKind::InvalidInput, text).hinted(hint));
    let Some(place) = answers.way.or(proposal.best) else {
        let why = proposal.ways.iter().find_map(|way| way.obstacle.as_deref());
        let why = why.unwrap_or("its source names no way to have it");
        return invalid(
            format!("{} cannot be added: {why}", proposal.reference),
            "`car find` searches for another one",
        );
    };
    let Some(way) = proposal.ways.get(place) else {
        return invalid(
            format!("there is no way number {}; there are {}", place + 1, proposal.ways.len()),
            "`--show` lists the ways",
        );
    };
    if let Some(obstacle) = &way.obstacle {
        return invalid(
            format!("it cannot be added this way: {obstacle}"),
            "take another way with `--way`, if there is one",
        );
    }
    // What was shown may be older than what was agreed to since.
    let mut all = known.map(|known| changes(known, &proposal.service)).unwrap_or_default();
    all.extend(proposal.changes.iter().filter(|change| !all.contains(change)).cloned().collect::<Vec<_>>());
    if !all.is_empty() && !answers.accepts_changes {
        return Err(changed(&proposal.reference, &all));
    }
    Ok(way)
}

fn changed(reference: &str, changes: &[Change]) -> Error {
    let told = |change: &Change| {
        format!("its {} was {:?} and is {:?} now", change.what.as_str(), change.before, change.now)
    };
    let told: Vec<_> = changes.iter().map(told).collect();
    let text = format!("{reference} is not what you agreed to any more: {}", told.join("; "));
    Error::new(ErrorKind::Changed, text)
        .hinted("if you know why and trust it, add it again with `--accept-changes`")
}
