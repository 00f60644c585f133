//! Asking one source what it has for a need. A source that fails costs itself, and says why.

use std::sync::Arc;
use std::time::Duration;

use car_agentdns::catalog::CatalogClient;
use car_agentdns::registry::{Mirror, RegistryClient};
use car_agentdns::root::RemoteRoot;
use car_agentdns::{Bearer, Error as SourceError, Limit, Need, Provenance, Service, SetAside, SourceKind};
use car_connectors_store::{EntryName, SourceToken};
use tokio::time::{Instant, timeout_at};

use super::find::{LeftOut, Searched};
use super::mirrors::{FRESH_SECONDS, is_fresh};
use super::setting::Setting;
use super::trouble::{left_out, not_asked, with_causes};
use super::words::distinctive;
use crate::error::{Error, ErrorKind};
use crate::manager::Inner;

/// How many entries one search of a registry may bring: a page.
const SEARCH_LIMIT: usize = 30;

/// How many services a root is asked for at least: they are ranked here, with those of others.
const ROOT_LIMIT: usize = 25;

/// What is to be found, and until when.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) need: Need,
    pub(crate) limit: Limit,
    pub(crate) offline: bool,
    pub(crate) now: u64,
    pub(crate) asked: Instant,
    /// When the source has to have answered.
    pub(crate) until: Instant,
}

/// What a source had.
#[derive(Default)]
pub(crate) struct Answered {
    /// The copy of a registry.
    pub(crate) mirror: Option<Arc<Mirror>>,
    /// What it answered beside that.
    pub(crate) services: Vec<Service>,
    pub(crate) searched: Option<Searched>,
    pub(crate) left_out: Option<LeftOut>,
    pub(crate) notes: Vec<String>,
}

impl Answered {
    fn left_out(left_out: LeftOut) -> Self {
        Self { left_out: Some(left_out), ..Self::default() }
    }
}

impl Inner {
    /// Asks a source. It takes no longer than the question allows.
    pub(crate) async fn ask(&self, setting: &Setting, question: &Question) -> Answered {
        match setting.kind {
            SourceKind::Registry => self.ask_registry(setting, question).await,
            _ if question.offline => {
                let hint = "it is asked for each need anew: search again without `--offline`";
                Answered::left_out(not_asked(setting, "nobody is asked offline", hint))
            }
            kind => {
                let asking = async {
                    match kind {
                        SourceKind::Catalog => self.ask_catalog(setting, question.now).await,
                        _ => self.ask_root(setting, question).await,
                    }
                };
                match timeout_at(question.until, asking).await {
                    Ok(Ok(answered)) => answered,
                    Ok(Err(left_out)) => Answered::left_out(left_out),
                    Err(_) => Answered::left_out(left_out(setting, &too_late(setting, question))),
                }
            }
        }
    }

    async fn ask_catalog(&self, setting: &Setting, now: u64) -> Result<Answered, LeftOut> {
        let client = CatalogClient::new(&self.oauth.http).allow_private(setting.may_name_private());
        let listed = client.list(&setting.url, now).await.map_err(|error| left_out(setting, &error))?;
        let services = listed.entries.into_iter().map(|entry| entry.service).collect();
        Ok(answered_now(setting, services, &listed.set_aside))
    }

    async fn ask_root(&self, setting: &Setting, question: &Question) -> Result<Answered, LeftOut> {
        let bearer = self.bearer(setting).await.map_err(|error| no_token(setting, &error))?;
        let root = RemoteRoot::new(&self.oauth.http, &setting.url, bearer);
        let root = root.map_err(|error| left_out(setting, &error))?;
        let limit = Limit::new(question.limit.get().max(ROOT_LIMIT)).unwrap_or(question.limit);
        let resolved = root.resolve(&question.need, limit, question.now).await;
        let resolved = resolved.map_err(|error| left_out(setting, &error))?;
        Ok(answered_now(setting, resolved.services, &resolved.set_aside))
    }

    async fn ask_registry(&self, setting: &Setting, question: &Question) -> Answered {
        let mirror = self.discovery.mirrors.known(&setting.url).await;
        if question.offline || is_fresh(&mirror, question.now) {
            return from_copy(setting, mirror, question);
        }
        let opened = timeout_at(question.until, self.registry(setting)).await;
        let client = match opened {
            Ok(Ok(client)) => client,
            Ok(Err(left_out)) => return or_copy(setting, mirror, question, left_out),
            Err(_) => {
                let reason = "its token could not be had in time";
                let hint = "unlock the keychain, or keep secrets in a file with CAR_SECRETS=file";
                return or_copy(setting, mirror, question, not_asked(setting, reason, hint));
            }
        };
        let known = mirror.len();
        let searching = async {
            match mirror.is_complete() {
                true => (Vec::new(), None),
                false => search(&client, setting, question).await,
            }
        };
        let bringing = self.bring_up_to_date(&client, setting, question);
        let ((mirror, stopped), (services, refused)) = tokio::join!(bringing, searching);
        let is_younger = mirror.len() > known;
        let mut answered = from_copy(setting, mirror, question);
        answered.services = services;
        if let Some(searched) = &mut answered.searched {
            searched.services = searched.services.max(answered.services.len());
        }
        let Some(error) = stopped.or(refused) else { return answered };
        match &mut answered.searched {
            Some(searched) if searched.is_complete => answered.notes.push(format!(
                "{} could not be brought up to date: {}; what was known of it {} was searched",
                setting.name,
                with_causes(&error),
                ago(searched.age_seconds),
            )),
            // It is slow to read and not at fault.
            Some(_) if is_younger || matches!(error, SourceError::TimedOut { .. }) => {}
            Some(_) => {
                answered.notes.push(format!("{} was read in part: {}", setting.name, with_causes(&error)))
            }
            None if answered.services.is_empty() => return Answered::left_out(left_out(setting, &error)),
            None => {
                answered.left_out = None;
                answered.searched = Some(searched(setting, answered.services.len(), None, false));
                answered.notes.push(incomplete(setting, 0));
            }
        }
        answered
    }

    /// Brings the copy of a registry up to date, and says why it did not come to its end.
    async fn bring_up_to_date(
        &self,
        client: &RegistryClient,
        setting: &Setting,
        question: &Question,
    ) -> (Arc<Mirror>, Option<SourceError>) {
        /// How much longer than it was told a reading may take to come to its end.
        const GRACE: Duration = Duration::from_millis(100);
        let mirrors = &self.discovery.mirrors;
        let bringing = mirrors.bring_up_to_date(&setting.url, client, question.now, question.until);
        match timeout_at(question.until + GRACE, bringing).await {
            Ok(brought) => (brought.mirror, brought.stopped),
            Err(_) => (mirrors.known(&setting.url).await, Some(too_late(setting, question))),
        }
    }

    /// Returns the client of a registry, with its token.
    pub(crate) async fn registry(&self, setting: &Setting) -> Result<RegistryClient, LeftOut> {
        let bearer = self.bearer(setting).await.map_err(|error| no_token(setting, &error))?;
        let client = RegistryClient::new(&self.oauth.http, &setting.url, bearer);
        client.map_err(|error| left_out(setting, &error))
    }

    /// Returns the token of a source, if there is one for the origin that the source has now.
    pub(crate) async fn bearer(&self, setting: &Setting) -> Result<Option<Bearer>, Error> {
        if !setting.takes_token() {
            return Ok(None);
        }
        let (name, url) = (setting.name.clone(), setting.url.clone());
        self.blocking(move |inner| {
            let token = SourceToken::load(&inner.secrets, &EntryName::source(&name))?;
            let token = token.as_ref().and_then(|token| token.for_url(&url));
            token.map(|token| read_token(&name, token.expose())).transpose()
        })
        .await
    }
}

/// Takes a text for a token.
pub(crate) fn read_token(source: &str, token: &str) -> Result<Bearer, Error> {
    Bearer::new(token).map_err(|error| {
        let text = format!("the token of the source {source} cannot be sent: {error}");
        Error::new(ErrorKind::InvalidInput, text)
            .hinted(format!("give it again with `car sources login {source}`"))
    })
}

/// Asks a registry for names with the words of the need that say most, as long as there is no whole copy of it.
async fn search(
    client: &RegistryClient,
    setting: &Setting,
    question: &Question,
) -> (Vec<Service>, Option<SourceError>) {
    let mut searches = tokio::task::JoinSet::new();
    for word in distinctive(question.need.as_str()) {
        let client = client.clone();
        // They end with this future.
        searches.spawn(async move { client.search(&word, SEARCH_LIMIT).await });
    }
    let (mut services, mut refused) = (Vec::new(), None);
    let provenance = Provenance::new(SourceKind::Registry, &setting.name, question.now, FRESH_SECONDS);
    while let Ok(Some(searched)) = timeout_at(question.until, searches.join_next()).await {
        match searched {
            Ok(Ok(entries)) => {
                let found =
                    entries.iter().filter_map(|entry| entry.service(&provenance, setting.is_verified()));
                services.extend(found);
            }
            Ok(Err(error)) => refused = Some(error),
            Err(_) => {}
        }
    }
    (services, refused)
}

/// Searches what is known of a registry here.
fn from_copy(setting: &Setting, mirror: Arc<Mirror>, question: &Question) -> Answered {
    if mirror.is_empty() && !mirror.is_complete() {
        let (reason, hint) = match question.offline {
            true => (
                "nothing is known of it here yet",
                "search once without `--offline`, or run `car sources sync`",
            ),
            false => (
                "nothing of it could be read in time",
                "allow more time with `--timeout`, or run `car sources sync`",
            ),
        };
        return Answered::left_out(not_asked(setting, reason, hint));
    }
    let age = mirror.synced_at().map(|synced| question.now.saturating_sub(synced));
    let found = searched(setting, mirror.len(), age, mirror.is_complete());
    let notes = (!mirror.is_complete()).then(|| incomplete(setting, mirror.len()));
    Answered {
        mirror: Some(mirror),
        searched: Some(found),
        notes: notes.into_iter().collect(),
        ..Answered::default()
    }
}

/// Searches what is known of a registry here, as it cannot be asked.
fn or_copy(setting: &Setting, mirror: Arc<Mirror>, question: &Question, left_out: LeftOut) -> Answered {
    let mut answered = from_copy(setting, mirror, question);
    match &answered.searched {
        Some(searched) => answered.notes.push(format!(
            "{} could not be brought up to date: {}; what was known of it {} was searched",
            setting.name,
            left_out.reason,
            ago(searched.age_seconds),
        )),
        None => answered.left_out = Some(left_out),
    }
    answered
}

fn answered_now(setting: &Setting, mut services: Vec<Service>, set_aside: &[SetAside]) -> Answered {
    // Nobody else says what is on this machine.
    services.retain(|service| !service.identifier.is_local());
    for service in &mut services {
        // What the user calls it, whatever the record says.
        service.provenance.source.clone_from(&setting.name);
    }
    let notes = set_aside.first().map(|first| {
        let what = first.name.as_deref().map_or_else(String::new, |name| format!(" (such as {name:?})"));
        format!("{}: {} of its records cannot be used{what}: {}", setting.name, set_aside.len(), first.reason)
    });
    let searched = searched(setting, services.len(), Some(0), true);
    Answered { services, searched: Some(searched), notes: notes.into_iter().collect(), ..Answered::default() }
}

fn searched(setting: &Setting, services: usize, age_seconds: Option<u64>, is_complete: bool) -> Searched {
    Searched { name: setting.name.clone(), kind: setting.kind, services, age_seconds, is_complete }
}

fn incomplete(setting: &Setting, known: usize) -> String {
    let name = &setting.name;
    format!("{name} has been read in part only ({known} services): `car sources sync {name}` reads the rest")
}

fn no_token(setting: &Setting, error: &Error) -> LeftOut {
    let reason = format!("its token cannot be had: {}", with_causes(error));
    not_asked(setting, reason, error.hint().unwrap_or("`car doctor` looks at the keychain"))
}

fn too_late(setting: &Setting, question: &Question) -> SourceError {
    let after = question.until.saturating_duration_since(question.asked);
    SourceError::TimedOut { place: setting.url.clone(), after }
}

/// Says how long ago something was.
pub(crate) fn ago(seconds: Option<u64>) -> String {
    match seconds {
        None => "before".to_owned(),
        Some(seconds @ 0..120) => format!("{seconds} seconds ago"),
        Some(seconds @ 120..7_200) => format!("{} minutes ago", seconds / 60),
        Some(seconds @ 7_200..172_800) => format!("{} hours ago", seconds / 3_600),
        Some(seconds) => format!("{} days ago", seconds / 86_400),
    }
}
