//! The official suite, client, server and daemon: each scenario run alone, at every revision where it exists.
//!
//! The suite ends with status 0 even when checks that it does not score fail, so its result files are read. Any failure
//! and any warning fails the run; there is no list of expected failures.

pub(crate) mod client;
pub(crate) mod daemon;
mod proxy;
pub(crate) mod server;
mod suite;
mod verdict;

use crate::shell::Failure;

/// Runs all sides, and says of each how it went.
pub(crate) fn run() -> Result<(), Failure> {
    let outcomes = [client::run(None, None), server::run(None, None), daemon::run(None, None)];
    let failures: Vec<_> =
        outcomes.into_iter().filter_map(Result::err).map(|failure| failure.to_string()).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ").into()) }
}
