//! The attacks, by name.

mod bodies;
mod connections;
mod heads;
mod streams;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex};

use tokio::io::AsyncReadExt as _;

use crate::wire::Server;

/// Every attack, in the order in which they are run.
pub(crate) const NAMES: &[&str] = &[
    "nothing",
    "slow readers",
    "slow heads",
    "slow bodies",
    "half-open connections",
    "idle streams",
    "a body of 1 GiB",
    "100,000 headers",
    "JSON bombs",
    "batches of 10,000",
    "smuggling",
    "coming and going",
];

/// Counts what an attack sees, by a word for it. Clones count together.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<BTreeMap<String, u64>>>);

impl Tally {
    pub(crate) fn count(&self, what: impl Into<String>) {
        *self.0.lock().expect("nothing panics while it counts").entry(what.into()).or_default() += 1;
    }

    /// Counts a status, or that the connection was closed without one.
    pub(crate) fn status(&self, status: Option<u16>) {
        self.count(status.map_or_else(|| "closed".to_owned(), |status| status.to_string()));
    }

    fn report(&self) -> String {
        let counts = self.0.lock().expect("nothing panics while it counts");
        counts.iter().map(|(what, count)| format!("{what}: {count}")).collect::<Vec<_>>().join(", ")
    }
}

/// Puts an attack in place, says so, and goes on until standard input ends.
pub(crate) async fn run(name: &str, server: Server) -> io::Result<()> {
    let tally = Tally::default();
    // Held until the end: dropping it would take the attack back.
    let held = match name {
        "nothing" => Held::default(),
        "slow readers" => streams::slow_readers(&server, &tally).await?,
        "slow heads" => connections::slow_heads(&server, &tally).await?,
        "slow bodies" => connections::slow_bodies(&server, &tally).await?,
        "half-open connections" => connections::half_open(&server, &tally).await?,
        "idle streams" => streams::idle(&server, &tally).await?,
        "a body of 1 GiB" => bodies::endless(&server, &tally),
        "100,000 headers" => heads::many(&server, &tally),
        "JSON bombs" => bodies::bombs(&server, &tally),
        "batches of 10,000" => bodies::batches(&server, &tally),
        "smuggling" => heads::smuggling(&server, &tally),
        "coming and going" => connections::churn(&server, &tally),
        other => return Err(io::Error::other(format!("there is no attack {other:?}"))),
    };
    say("ready")?;
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await?;
    let report = tally.report();
    drop(held);
    say(&report)
}

/// What an attack holds open, and the tasks that go on with it.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) streams: Vec<tokio::net::TcpStream>,
    pub(crate) tasks: tokio::task::JoinSet<()>,
}

fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
