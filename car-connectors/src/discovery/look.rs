//! Asking one source for one name.

use std::future::Future;

use car_agentdns::catalog::CatalogClient;
use car_agentdns::registry::{self, Entry, Plan, RegistryClient, RegistryName, RegistryReference, Status};
use car_agentdns::root::RemoteRoot;
use car_agentdns::{
    Error as SourceError, Offer, Protocol, Provenance, Service, ServiceIdentifier, SourceKind,
    is_private_name,
};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::ask::ago;
use super::find::LeftOut;
use super::mirrors::FRESH_SECONDS;
use super::propose::Way;
use super::setting::Setting;
use super::trouble::{bad_name, bad_reference, left_out, not_asked, with_causes};
use crate::error::Error;
use crate::manager::Inner;

/// What all identifiers begin with.
const SCHEME: &str = "agentdns://";

/// What is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Its name in the whole world.
    pub(crate) identifier: ServiceIdentifier,
    /// What a registry is asked for; nothing where no registry can have it.
    pub(crate) registry: Option<RegistryReference>,
    /// Whether it was written as registries write it: then nobody else is asked.
    pub(crate) is_registrys: bool,
}

impl Reference {
    /// Reads a reference: `agentdns://…`, or a registry's `namespace/name[@version]`.
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let is_identifier = text.get(..SCHEME.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(SCHEME));
        if is_identifier {
            let identifier: ServiceIdentifier = text.parse().map_err(|error| bad_name(&error))?;
            let name = RegistryName::from_identifier(&identifier);
            return Ok(Self {
                registry: name.map(RegistryReference::newest),
                identifier,
                is_registrys: false,
            });
        }
        let reference: RegistryReference = text.parse().map_err(|error| bad_reference(&error))?;
        let identifier = reference.name.identifier();
        Ok(Self { identifier, registry: Some(reference), is_registrys: true })
    }

    /// Returns whether a kind of source can have it.
    pub(crate) fn is_for(&self, kind: SourceKind) -> bool {
        match kind {
            SourceKind::Registry => self.registry.is_some(),
            _ => !self.is_registrys,
        }
    }
}

/// What a source says of a name.
pub(crate) enum Looked {
    /// This.
    Told(Box<Told>),
    /// It was there, and was taken back.
    Deleted(Option<String>),
    /// It does not know it.
    Unknown,
    /// It could not be asked.
    LeftOut(LeftOut),
}

/// What a source knows of a name.
pub(crate) struct Told {
    pub(crate) service: Service,
    pub(crate) ways: Vec<Way>,
    pub(crate) notes: Vec<String>,
}

/// Until when a source is asked.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) reference: Reference,
    pub(crate) offline: bool,
    pub(crate) now: u64,
    pub(crate) asked: Instant,
    pub(crate) until: Instant,
}

impl Inner {
    /// Asks a source for a name. It takes no longer than it may.
    pub(crate) async fn look_at(&self, setting: &Setting, look: &Look) -> Looked {
        match (setting.kind, look.offline, &look.reference.registry) {
            (SourceKind::Registry, false, Some(reference)) => {
                let asked = within(setting, look, self.ask_version(setting, reference, look.now)).await;
                match asked {
                    Looked::LeftOut(left_out) => {
                        self.look_at_copy(setting, reference, look, Some(left_out)).await
                    }
                    looked => looked,
                }
            }
            (SourceKind::Registry, true, Some(reference)) => {
                self.look_at_copy(setting, reference, look, None).await
            }
            (SourceKind::Registry, _, None) => Looked::Unknown,
            (_, true, _) => Looked::LeftOut(not_asked(
                setting,
                "nobody is asked offline",
                "look it up without `--offline`",
            )),
            (SourceKind::Catalog, ..) => within(setting, look, self.ask_catalog_for(setting, look)).await,
            _ => within(setting, look, self.ask_root_for(setting, look)).await,
        }
    }

    async fn ask_version(
        &self,
        setting: &Setting,
        reference: &RegistryReference,
        now: u64,
    ) -> Result<Looked, LeftOut> {
        let client = self.registry(setting).await?;
        let versions = &self.discovery.versions;
        let known = versions.known(&setting.url, reference).await;
        match client.version_cached(reference, known.as_ref().map(|known| &known.cached)).await {
            Ok(told) => {
                versions.keep(&setting.url, reference, &told, now).await;
                Ok(of_entry(setting, &told.entry, now, Vec::new()))
            }
            Err(SourceError::NotFound { .. }) => {
                was_deleted(&client, reference).await.map_err(|error| left_out(setting, &error))
            }
            Err(error) => Err(left_out(setting, &error)),
        }
    }

    /// Looks a name up in what is known of a registry here: its copy, or what it said of the same version before.
    async fn look_at_copy(
        &self,
        setting: &Setting,
        reference: &RegistryReference,
        look: &Look,
        why: Option<LeftOut>,
    ) -> Looked {
        let mirror = self.discovery.mirrors.known(&setting.url).await;
        let has_version =
            |entry: &&Entry| reference.version.as_deref().is_none_or(|version| version == entry.version);
        let of_copy = mirror.entry(&reference.name).filter(has_version);
        let kept = match of_copy {
            Some(_) => None,
            None => self.discovery.versions.known(&setting.url, reference).await,
        };
        let kept_entry = kept.as_ref().map(|kept| (&kept.cached.entry, Some(kept.told_at)));
        let Some((entry, told_at)) = of_copy.map(|entry| (entry, mirror.synced_at())).or(kept_entry) else {
            let offline = || match mirror.is_complete() && reference.version.is_none() {
                true => Looked::Unknown,
                false => Looked::LeftOut(not_asked(
                    setting,
                    "it is not in what is known of it here",
                    "look it up without `--offline`, or run `car sources sync`",
                )),
            };
            return why.map_or_else(offline, Looked::LeftOut);
        };
        let age = told_at.map(|told_at| look.now.saturating_sub(told_at));
        let reason = why.map_or_else(String::new, |why| format!(" ({})", why.reason));
        let note = format!(
            "{} was not asked{reason}: this is what was known of it {}, and its packages may have moved on",
            setting.name,
            ago(age)
        );
        of_entry(setting, entry, told_at.unwrap_or_default(), vec![note])
    }

    async fn ask_catalog_for(&self, setting: &Setting, look: &Look) -> Result<Looked, LeftOut> {
        let client = CatalogClient::new(&self.oauth.http).allow_private(setting.may_name_private());
        let listed = client.list(&setting.url, look.now).await.map_err(|error| left_out(setting, &error))?;
        let identifier = &look.reference.identifier;
        let mut entries = listed.entries.into_iter();
        let Some(mut entry) = entries.find(|entry| entry.service.identifier == *identifier) else {
            return Ok(Looked::Unknown);
        };
        let mut notes = Vec::new();
        match client.complete(&entry, look.now).await {
            Ok(complete) => entry = complete,
            Err(error) => notes.push(format!("its card cannot be used: {}", with_causes(&error))),
        }
        let plans = match entry.card.as_ref().map(|card| registry::plans(card.get())) {
            Some(Ok(plans)) if !plans.is_empty() => plans,
            Some(Err(reason)) => {
                notes.push(format!("its card cannot be used: {reason}"));
                plans_of(&entry.service)
            }
            _ => plans_of(&entry.service),
        };
        Ok(told(setting, entry.service, plans, notes))
    }

    async fn ask_root_for(&self, setting: &Setting, look: &Look) -> Result<Looked, LeftOut> {
        let bearer = self.bearer(setting).await.map_err(|error| {
            let reason = format!("its token cannot be had: {}", with_causes(&error));
            not_asked(setting, reason, error.hint().unwrap_or("`car doctor` looks at the keychain"))
        })?;
        let root = RemoteRoot::new(&self.oauth.http, &setting.url, bearer);
        let root = root.map_err(|error| left_out(setting, &error))?;
        let service = root.get(&look.reference.identifier, look.now).await;
        Ok(match service.map_err(|error| left_out(setting, &error))? {
            Some(service) => {
                let plans = plans_of(&service);
                told(setting, service, plans, Vec::new())
            }
            None => Looked::Unknown,
        })
    }
}

/// Says whether a registry that does not give a version any more has taken it back, or never had it.
///
/// Where that cannot be found out it is not taken for unknown: another source would be believed in its place.
async fn was_deleted(client: &RegistryClient, reference: &RegistryReference) -> Result<Looked, SourceError> {
    let is_meant =
        |entry: &&Entry| reference.version.as_ref().is_none_or(|version| *version == entry.version);
    let versions = match client.versions(&reference.name).await {
        Err(SourceError::NotFound { .. }) => return Ok(Looked::Unknown),
        versions => versions?,
    };
    let mut meant = versions.iter().filter(is_meant);
    Ok(match meant.find(|entry| entry.status == Status::Deleted) {
        Some(entry) => Looked::Deleted(entry.status_message.clone()),
        None => Looked::Unknown,
    })
}

async fn within(
    setting: &Setting,
    look: &Look,
    asking: impl Future<Output = Result<Looked, LeftOut>>,
) -> Looked {
    match timeout_at(look.until, asking).await {
        Ok(Ok(looked)) => looked,
        Ok(Err(left_out)) => Looked::LeftOut(left_out),
        Err(_) => {
            let after = look.until.saturating_duration_since(look.asked);
            Looked::LeftOut(left_out(setting, &SourceError::TimedOut { place: setting.url.clone(), after }))
        }
    }
}

fn of_entry(setting: &Setting, entry: &Entry, fetched_at: u64, notes: Vec<String>) -> Looked {
    if entry.status == Status::Deleted {
        return Looked::Deleted(entry.status_message.clone());
    }
    let provenance = Provenance::new(SourceKind::Registry, &setting.name, fetched_at, FRESH_SECONDS);
    match entry.service(&provenance, setting.is_verified()) {
        Some(service) => told(setting, service, entry.plans(), notes),
        None => Looked::Deleted(entry.status_message.clone()),
    }
}

/// Makes the ways of what is only an endpoint.
fn plans_of(service: &Service) -> Vec<Plan> {
    let plan = |offer: &Offer| match offer {
        Offer::Remote { transport, url } if service.protocol == Protocol::Mcp => {
            Some(Plan::remote(*transport, url))
        }
        _ => None,
    };
    service.offers.iter().filter_map(plan).collect()
}

fn told(setting: &Setting, mut service: Service, plans: Vec<Plan>, mut notes: Vec<String>) -> Looked {
    // What the user calls it, whatever the record says.
    service.provenance.source.clone_from(&setting.name);
    if service.protocol != Protocol::Mcp {
        notes.push(format!("it speaks {}, and only MCP servers can be added", service.protocol.as_str()));
    }
    let ways = plans.into_iter().map(|plan| Way::of(plan, setting.may_name_private())).collect();
    Looked::Told(Box::new(Told { service, ways, notes }))
}

/// Says why an endpoint may not be dialed that a public source names, if it leads into this machine or its network.
pub(crate) fn private_obstacle(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let text = "it leads into this machine or its network, and the source that names it is elsewhere";
    is_private_name(&url).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_of_reference() {
        let registrys = Reference::read(" io.github.a/b@1.0.0 ").unwrap();
        assert_eq!(registrys.identifier.to_string(), "agentdns://io.github.a/b");
        assert!(registrys.is_for(SourceKind::Registry) && !registrys.is_for(SourceKind::Root));
        let global = Reference::read("AgentDNS://io.github.a/b").unwrap();
        assert!(global.is_for(SourceKind::Registry) && global.is_for(SourceKind::Root));
        let deep = Reference::read("agentdns://example.com/office/mail/send").unwrap();
        assert!(!deep.is_for(SourceKind::Registry) && deep.is_for(SourceKind::Catalog));
        for (text, expected) in [
            ("agentdns://", "segment 1"),
            ("agentdns://a", "found 1 segment"),
            ("a", "expected a name such as io.github.owner/server"),
            ("", "expected a name such as"),
        ] {
            let error = Reference::read(text).unwrap_err();
            assert!(error.to_string().contains(expected) && error.hint().is_some(), "{text}: {error}");
        }
    }
}
