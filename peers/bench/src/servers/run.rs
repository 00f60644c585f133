//! Starts the servers, lets them take turns under load, and gathers what was measured.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::load::{Load, Measured};
use super::memory::{Held, Memory};
use super::{Kind, table};
use crate::Failure;
use crate::orchestrate::{machine, pinned};

/// How many requests are in flight, each over its own connection.
pub(crate) const LOADS: [usize; 2] = [1, 64];

/// What the command line asks for.
pub(crate) struct Settings {
    results: PathBuf,
    table: PathBuf,
    quick: bool,
    only: Vec<String>,
}

impl Settings {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let (results, table) = ("bench-servers.json".into(), "benchmarks.md".into());
        let mut settings = Self { results, table, quick: false, only: Vec::new() };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--quick" {
                settings.quick = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{argument} wants a value"))?;
            match argument.as_str() {
                "--results" => settings.results = value.into(),
                "--table" => settings.table = value.into(),
                "--only" if Kind::ALL.iter().any(|kind| kind.name().starts_with(value)) => {
                    settings.only.push(value.clone());
                }
                "--only" => return Err(format!("no kind of server begins with {value}").into()),
                other => return Err(format!("no option {other}").into()),
            }
        }
        Ok(settings)
    }

    fn wants(&self, kind: Kind) -> bool {
        // Without the floor there is nothing to hold the others against.
        kind == Kind::Floor
            || self.only.is_empty()
            || self.only.iter().any(|only| kind.name().starts_with(only.as_str()))
    }
}

/// What was measured under one load: of each kind, a report for each round.
pub(super) type Rounds = BTreeMap<Kind, Vec<Measured>>;

/// Everything of a run, as it is written down.
#[derive(Serialize)]
pub(super) struct Results {
    pub(super) machine: String,
    pub(super) rounds: usize,
    pub(super) seconds: f64,
    pub(super) sessions: usize,
    pub(super) loads: BTreeMap<usize, Rounds>,
    pub(super) memory: BTreeMap<Kind, Held>,
}

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    let (rounds, seconds, sessions) = if settings.quick { (3, 0.4, 500) } else { (7, 1.5, 5_000) };
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| settings.wants(*kind)).collect();
    let mut results = Results {
        machine: machine(),
        rounds,
        seconds,
        sessions,
        loads: BTreeMap::new(),
        memory: BTreeMap::new(),
    };
    let servers = kinds.iter().map(|kind| Server::start(*kind)).collect::<Result<Vec<_>, _>>()?;
    for round in 1..=rounds {
        for connections in LOADS {
            for server in &servers {
                let (kind, target) = (server.kind, server.kind.target(&server.address));
                let load = Load { target, server: server.child.id(), connections, seconds };
                let measured: Measured = client("load", &load)?;
                let (rate, cpu) = (measured.per_second, measured.cpu_us);
                println!(
                    "round {round}  {connections:>2} in flight  {:<16} {rate:>8.0}/s  cpu {cpu:>6.1} µs",
                    kind.name()
                );
                results.loads.entry(connections).or_default().entry(kind).or_default().push(measured);
            }
        }
    }
    drop(servers);
    for kind in kinds.into_iter().filter(|kind| *kind == Kind::Floor || kind.has_sessions()) {
        // A fresh one, whose memory nothing else has been in.
        let server = Server::start(kind)?;
        let memory = Memory { target: kind.target(&server.address), server: server.child.id(), sessions };
        let held: Held = client("memory", &memory)?;
        println!("{:<16} {held:?}", kind.name());
        results.memory.insert(kind, held);
    }
    std::fs::write(&settings.results, serde_json::to_string_pretty(&results)?)?;
    let section = table::write(&results);
    if settings.only.is_empty() {
        crate::table::replace(&settings.table, table::MARK, &section)?;
        println!("written to {} and {}", settings.results.display(), settings.table.display());
    } else {
        println!("{section}\nwritten to {}", settings.results.display());
    }
    Ok(())
}

/// Runs one client process to its end.
pub(crate) fn client<T: DeserializeOwned>(work: &str, job: &impl Serialize) -> Result<T, Failure> {
    let mut command = pinned(1, &std::env::current_exe()?);
    let output = command
        .arg(work)
        .arg(serde_json::to_string(job)?)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A server process; it ends with this.
pub(crate) struct Server {
    kind: Kind,
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Result<Self, Failure> {
        let mut command = pinned(0, &std::env::current_exe()?);
        command.arg("server").arg(kind.name());
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("standard output is piped")?).read_line(&mut line)?;
        Ok(Self { kind, child, address: line.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; either way it must not outlive us.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
