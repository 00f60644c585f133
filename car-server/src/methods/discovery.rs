//! Finding services, and the sources that are asked.

use std::collections::BTreeMap;
use std::time::Duration;

use car_connectors::agentdns::{Limit, SourceKind};
use car_connectors::discovery::{
    Answers, FindOptions, Found, LookUpOptions, NewSource, Proposal, SourceStatus,
};
use car_connectors::{ConnectorManager, ConnectorStatus};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Nothing;
use super::changing::Hidden;
use crate::rpc::RpcError;

/// How long a front end may let sources be read, in seconds: some minutes, for a large registry's first time.
const MAX_SYNC: u64 = 600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    need: String,
    limit: Option<usize>,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    offline: bool,
}

pub(crate) async fn find(manager: &ConnectorManager, find: Find) -> Result<Found, RpcError> {
    let mut options = FindOptions::new().with_offline(find.offline).with_sources(find.sources);
    if let Some(limit) = find.limit {
        let limit = Limit::new(limit)
            .map_err(|error| RpcError::invalid_params("connectors.find", &format!("limit: {error}")))?;
        options = options.with_limit(limit);
    }
    Ok(manager.find(&find.need, &options).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookUp {
    reference: String,
    #[serde(default)]
    offline: bool,
}

/// What would be added, and by what it is known that a person saw this and nothing else.
#[derive(Serialize)]
pub(crate) struct Shown {
    proposal: Proposal,
    seen: String,
}

pub(crate) async fn look_up(manager: &ConnectorManager, wanted: LookUp) -> Result<Shown, RpcError> {
    let options = LookUpOptions::new().with_offline(wanted.offline);
    let proposal = manager.look_up(&wanted.reference, &options).await?;
    let seen = seen(&proposal)?;
    Ok(Shown { proposal, seen })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddFound {
    reference: String,
    /// What `connectors.look_up` said of what the person was shown.
    seen: String,
    name: Option<String>,
    way: Option<usize>,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    secrets: BTreeMap<String, Hidden>,
    #[serde(default)]
    accept_changes: bool,
    #[serde(default)]
    offline: bool,
}

pub(crate) async fn add_found(
    manager: &ConnectorManager,
    add: AddFound,
) -> Result<ConnectorStatus, RpcError> {
    let options = LookUpOptions::new().with_offline(add.offline);
    let proposal = manager.look_up(&add.reference, &options).await?;
    if seen(&proposal)? != add.seen {
        let what = "seen: the service is not what was shown any more; look it up again and show it again";
        return Err(RpcError::invalid_params("connectors.add_found", what));
    }
    let mut answers = Answers::new();
    (answers.name, answers.way, answers.values) = (add.name, add.way, add.values);
    answers.secrets = add.secrets.into_iter().map(|(key, value)| (key, value.0)).collect();
    answers.accepts_changes = add.accept_changes;
    Ok(manager.add_proposed(&proposal, answers).await?)
}

/// Returns a digest of everything that a person agrees to: who publishes it, and each way to have it as it was shown.
fn seen(proposal: &Proposal) -> Result<String, RpcError> {
    let agreed = (proposal.service.standing(), &proposal.ways, &proposal.source_url);
    let text = serde_json::to_vec(&agreed).map_err(|error| RpcError::unwritten(&error))?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// All sources, in the order in which they count.
#[derive(Serialize)]
pub(crate) struct Sources {
    sources: Vec<SourceStatus>,
}

pub(crate) async fn sources_list(manager: &ConnectorManager, _: Nothing) -> Result<Sources, RpcError> {
    Ok(Sources { sources: manager.sources().await? })
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Registry,
    Catalog,
    Root,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourcesAdd {
    kind: Kind,
    url: String,
    name: Option<String>,
    before: Option<String>,
    token: Option<Hidden>,
}

pub(crate) async fn sources_add(
    manager: &ConnectorManager,
    add: SourcesAdd,
) -> Result<SourceStatus, RpcError> {
    let kind = match add.kind {
        Kind::Registry => SourceKind::Registry,
        Kind::Catalog => SourceKind::Catalog,
        Kind::Root => SourceKind::Root,
    };
    let mut new = NewSource::new(kind, add.url);
    (new.name, new.before, new.token) = (add.name, add.before, add.token.map(|token| token.0));
    Ok(manager.add_source(new).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    name: String,
}

/// What was removed.
#[derive(Serialize)]
pub(crate) struct Removed {
    removed: String,
}

pub(crate) async fn sources_remove(manager: &ConnectorManager, source: Named) -> Result<Removed, RpcError> {
    manager.remove_source(&source.name).await?;
    Ok(Removed { removed: source.name })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetToken {
    name: String,
    /// Nothing takes the token away.
    token: Option<Hidden>,
}

pub(crate) async fn sources_set_token(
    manager: &ConnectorManager,
    set: SetToken,
) -> Result<Sources, RpcError> {
    manager.set_source_token(&set.name, set.token.map(|token| token.0)).await?;
    sources_list(manager, Nothing {}).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sync {
    name: Option<String>,
    /// How long it may take at most, at most 600; 60 where nothing is said.
    seconds: Option<u64>,
}

pub(crate) async fn sources_sync(manager: &ConnectorManager, sync: Sync) -> Result<Sources, RpcError> {
    let seconds = sync.seconds.unwrap_or(60);
    if !(1..=MAX_SYNC).contains(&seconds) {
        let what = format!("seconds: expected a number from 1 to {MAX_SYNC}, found {seconds}");
        return Err(RpcError::invalid_params("connectors.sources.sync", &what));
    }
    let budget = Duration::from_secs(seconds);
    Ok(Sources { sources: manager.sync_sources(sync.name.as_deref(), budget).await? })
}
