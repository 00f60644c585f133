//! The event log.

use car_connectors::engine::{EventFilter, EventPosition, EventRecord};
use serde::{Deserialize, Serialize};

use super::desk::blocking;
use super::{Desk, Nothing, params};
use crate::rpc::RpcError;
use crate::visitor::Visitor;

const TAIL: &str = "connectors.events.tail";

/// The most records that one answer has.
const MAX_RECORDS: usize = 1_000;

/// How many there are where nothing is said: a screen or two.
const USUAL_RECORDS: usize = 50;

/// Which records are wanted. Everything that is said must fit.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Tail {
    /// The server's name for the tool, or its canonical name.
    tool: Option<String>,
    /// The connector.
    connector: Option<String>,
    /// Who asked: `owner`, `page`, `token:NAME`, or the name of another program.
    who: Option<String>,
    /// What was decided, or how the call ended.
    outcome: Option<String>,
    /// A text that any member of the record contains, whatever the case of its letters.
    text: Option<String>,
    /// How many, from 1 to 1,000; 50 where nothing is said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1000)))]
    limit: Option<usize>,
    /// Where the last answer said to go on; the end of the log where nothing is said.
    after: Option<String>,
    /// Only records with smaller numbers (`seq`), for paging back.
    before: Option<u64>,
}

/// Records, oldest first, and where to go on.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Records {
    /// The records.
    events: Vec<EventRecord>,
    /// What to give as `after` to get those that come later.
    next: String,
    /// The number of the oldest record that was looked at, where looking stopped before the log's beginning and before there
    /// were enough: give it as `before` to look further.
    #[serde(skip_serializing_if = "Option::is_none")]
    searched_to: Option<u64>,
    /// How many lines were no records; `connectors.events.verify` says more about them.
    unreadable: usize,
}

pub(super) async fn tail(desk: &Desk, visitor: &Visitor, tail: Tail) -> Result<Records, RpcError> {
    let limit = tail.limit.unwrap_or(USUAL_RECORDS);
    if !(1..=MAX_RECORDS).contains(&limit) {
        let what = format!("limit: expected a number from 1 to {MAX_RECORDS}, found {limit}");
        return Err(RpcError::invalid_params(TAIL, &what));
    }
    if tail.after.is_some() && tail.before.is_some() {
        return Err(RpcError::invalid_params(
            TAIL,
            "before: expected either `after` or `before`, found both",
        ));
    }
    if let Some(slug) = tail.connector.as_deref().filter(|slug| !visitor.sees(slug)) {
        return Err(desk.missing(visitor, slug).await);
    }
    let after = tail.after.map(|after| after.parse::<EventPosition>()).transpose();
    let after = after.map_err(|_| RpcError::invalid_params(TAIL, "after: expected what `next` said"))?;
    let mut filter = EventFilter::last(limit);
    (filter.tool, filter.connector, filter.who) = (tail.tool, tail.connector, tail.who);
    (filter.outcome, filter.text, filter.before) = (tail.outcome, tail.text, tail.before);
    filter.only_connectors = visitor.connectors().map(<[String]>::to_vec);
    let manager = desk.manager.clone();
    let read = move || match after {
        Some(after) => manager.event_log().follow(after, &filter),
        None => manager.event_log().tail(&filter),
    };
    let page = blocking(read).await??;
    Ok(Records {
        events: page.records,
        next: page.next.to_string(),
        searched_to: page.searched_to,
        unreadable: page.unreadable,
    })
}

/// What was found when the log was checked.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Verified {
    /// Whether every record is whole and in its place.
    is_whole: bool,
    /// How many files there are.
    files: usize,
    /// How many records are whole and in their place.
    records: u64,
    /// The number of the last of them.
    last_seq: u64,
    /// Its hash. Kept elsewhere, it proves later that nothing was cut off.
    last_hash: String,
    /// What the log says about itself: torn records that were set aside, files that were removed.
    notes: Vec<String>,
    /// The first thing that is wrong, and where. Nothing after it was checked.
    problem: Option<String>,
}

pub(super) async fn verify(desk: &Desk, _: &Visitor, _: Nothing) -> Result<Verified, RpcError> {
    let manager = desk.manager.clone();
    let found = blocking(move || manager.event_log().verify()).await??;
    Ok(Verified {
        is_whole: found.problem.is_none(),
        files: found.files,
        records: found.records,
        last_seq: found.last_seq,
        last_hash: found.last_hash,
        notes: found.notes,
        problem: found.problem.map(|problem| problem.to_string()),
    })
}

params!(about a connector:; about none: Tail);
