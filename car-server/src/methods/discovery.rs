//! Finding services, and the sources that are asked.

use std::collections::BTreeMap;
use std::time::Duration;

use car_connectors::ConnectorStatus;
use car_connectors::agentdns::{Limit, SourceKind};
use car_connectors::discovery::{
    Answers, FindOptions, Found, LookUpOptions, NewSource, Proposal, SourceStatus,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::changing::{Hidden, Removed};
use super::{Desk, Nothing, params};
use crate::rpc::RpcError;
use crate::visitor::Visitor;

/// How long a front end may let sources be read, in seconds: some minutes, for a large registry's first time.
const MAX_SYNC: u64 = 600;

/// What is searched for.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    /// What is needed, in plain words.
    need: String,
    /// How many services, from 1 to 100.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    limit: Option<usize>,
    /// The names of the only sources that are searched, beside what is connected; all of them where none is named.
    #[serde(default)]
    sources: Vec<String>,
    /// Whether only what was read before is searched.
    #[serde(default)]
    offline: bool,
}

pub(super) async fn find(desk: &Desk, visitor: &Visitor, find: Find) -> Result<Found, RpcError> {
    let mut options = FindOptions::new().with_offline(find.offline).with_sources(find.sources);
    if let Some(limit) = find.limit {
        let limit = Limit::new(limit)
            .map_err(|error| RpcError::invalid_params("connectors.find", &format!("limit: {error}")))?;
        options = options.with_limit(limit);
    }
    let mut found = desk.manager.find(&find.need, &options).await?;
    // That somebody else has a service connected is not told, and what is connected is found also where no source has it.
    found.services.retain(|service| service.connected_as.as_ref().is_none_or(|slug| visitor.sees(slug)));
    Ok(found)
}

/// A service that is to be shown.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct LookUp {
    /// The service, as `connectors.find` names it.
    reference: String,
    /// Whether only what was read before is looked at.
    #[serde(default)]
    offline: bool,
}

/// What would be added, and by what it is known that a person saw this and nothing else.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Shown {
    /// What would be added, with its ways and what each asks for.
    proposal: Proposal,
    /// Names exactly this where it is added.
    seen: String,
}

pub(super) async fn look_up(desk: &Desk, _: &Visitor, wanted: LookUp) -> Result<Shown, RpcError> {
    let options = LookUpOptions::new().with_offline(wanted.offline);
    let proposal = desk.manager.look_up(&wanted.reference, &options).await?;
    let seen = seen(&proposal)?;
    Ok(Shown { proposal, seen })
}

/// A service that a person was shown and agreed to.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct AddFound {
    /// The service.
    reference: String,
    /// What `connectors.look_up` said of what the person was shown.
    seen: String,
    /// What the person calls it; its own name where nothing is said.
    name: Option<String>,
    /// Which of the ways, by its place in the list; the first that can be used where nothing is said.
    way: Option<usize>,
    /// What the way asks for, by name.
    #[serde(default)]
    values: BTreeMap<String, String>,
    /// What the way asks for and is a secret, by name.
    #[serde(default)]
    secrets: BTreeMap<String, Hidden>,
    /// Whether the person agrees to what changed since they agreed before.
    #[serde(default)]
    accept_changes: bool,
    /// Whether only what was read before is looked at.
    #[serde(default)]
    offline: bool,
}

pub(super) async fn add_found(desk: &Desk, _: &Visitor, add: AddFound) -> Result<ConnectorStatus, RpcError> {
    let options = LookUpOptions::new().with_offline(add.offline);
    let proposal = desk.manager.look_up(&add.reference, &options).await?;
    if seen(&proposal)? != add.seen {
        let what = "seen: the service is not what was shown any more; look it up again and show it again";
        return Err(RpcError::invalid_params("connectors.add_found", what));
    }
    let mut answers = Answers::new();
    (answers.name, answers.way, answers.values) = (add.name, add.way, add.values);
    answers.secrets = add.secrets.into_iter().map(|(key, value)| (key, value.0)).collect();
    answers.accepts_changes = add.accept_changes;
    Ok(desk.manager.add_proposed(&proposal, answers).await?)
}

/// Returns a digest of everything that a person agrees to: who publishes it, and each way to have it as it was shown.
fn seen(proposal: &Proposal) -> Result<String, RpcError> {
    let agreed = (proposal.service.standing(), &proposal.ways, &proposal.source_url);
    let text = serde_json::to_vec(&agreed).map_err(|error| RpcError::unwritten(&error))?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// All sources, in the order in which they count.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Sources {
    /// The first counts most.
    sources: Vec<SourceStatus>,
}

pub(super) async fn sources_list(desk: &Desk, _: &Visitor, _: Nothing) -> Result<Sources, RpcError> {
    Ok(Sources { sources: desk.manager.sources().await? })
}

/// Kinds of sources.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "NewSourceKind"))]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// An MCP registry.
    Registry,
    /// A catalog: one document.
    Catalog,
    /// A root of `agentdns://` names.
    Root,
}

/// A source that is to be added.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct SourcesAdd {
    /// What kind of source it is.
    kind: Kind,
    /// Its URL.
    url: String,
    /// What it is called; made from the URL where nothing is said.
    name: Option<String>,
    /// The source before which it counts; the last where nothing is said.
    before: Option<String>,
    /// The token with which it is asked.
    token: Option<Hidden>,
}

pub(super) async fn sources_add(desk: &Desk, _: &Visitor, add: SourcesAdd) -> Result<SourceStatus, RpcError> {
    let kind = match add.kind {
        Kind::Registry => SourceKind::Registry,
        Kind::Catalog => SourceKind::Catalog,
        Kind::Root => SourceKind::Root,
    };
    let mut new = NewSource::new(kind, add.url);
    (new.name, new.before, new.token) = (add.name, add.before, add.token.map(|token| token.0));
    Ok(desk.manager.add_source(new).await?)
}

/// A source.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// Its name.
    name: String,
}

pub(super) async fn sources_remove(desk: &Desk, _: &Visitor, source: Named) -> Result<Removed, RpcError> {
    desk.manager.remove_source(&source.name).await?;
    Ok(Removed { removed: source.name })
}

/// A token for a source.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct SetToken {
    /// The source.
    name: String,
    /// Nothing takes the token away.
    token: Option<Hidden>,
}

pub(super) async fn sources_set_token(
    desk: &Desk,
    visitor: &Visitor,
    set: SetToken,
) -> Result<Sources, RpcError> {
    desk.manager.set_source_token(&set.name, set.token.map(|token| token.0)).await?;
    sources_list(desk, visitor, Nothing {}).await
}

/// Sources that are to be read.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Sync {
    /// The source; all of them where none is named.
    name: Option<String>,
    /// How long it may take at most, from 1 to 600; 60 where nothing is said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 600)))]
    seconds: Option<u64>,
}

pub(super) async fn sources_sync(desk: &Desk, _: &Visitor, sync: Sync) -> Result<Sources, RpcError> {
    let seconds = sync.seconds.unwrap_or(60);
    if !(1..=MAX_SYNC).contains(&seconds) {
        let what = format!("seconds: expected a number from 1 to {MAX_SYNC}, found {seconds}");
        return Err(RpcError::invalid_params("connectors.sources.sync", &what));
    }
    let budget = Duration::from_secs(seconds);
    Ok(Sources { sources: desk.manager.sync_sources(sync.name.as_deref(), budget).await? })
}

params!(about a connector:; about none: Find, LookUp, AddFound, SourcesAdd, Named, SetToken, Sync);
