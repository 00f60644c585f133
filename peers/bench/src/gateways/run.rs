//! Starts servers and gateways, lets the ways take turns under load, and gathers what was measured.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::bare::Bare;
use super::daemon::Daemon;
use super::fastmcp::Proxy;
use super::{Behind, Way, table};
use crate::Failure;
use crate::orchestrate::machine;
use crate::servers::{self, LOADS, Load, Measured, Target, client};

/// What the command line asks for.
pub(crate) struct Settings {
    car: PathBuf,
    python: Option<PathBuf>,
    results: PathBuf,
    table: PathBuf,
    quick: bool,
}

impl Settings {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut settings = Self {
            car: "car".into(),
            python: None,
            results: "bench-gateways.json".into(),
            table: "benchmarks.md".into(),
            quick: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--quick" {
                settings.quick = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{argument} wants a value"))?;
            match argument.as_str() {
                "--car" => settings.car = value.into(),
                "--python" => settings.python = Some(value.into()),
                "--results" => settings.results = value.into(),
                "--table" => settings.table = value.into(),
                other => return Err(format!("no option {other}").into()),
            }
        }
        Ok(settings)
    }
}

/// What was measured under one load behind one server: of each way, a report for each round.
pub(super) type Rounds = BTreeMap<Way, Vec<Measured>>;

/// Everything of a run, as it is written down.
#[derive(Serialize)]
pub(super) struct Results {
    pub(super) machine: String,
    pub(super) rounds: usize,
    pub(super) seconds: f64,
    pub(super) loads: BTreeMap<usize, BTreeMap<Behind, Rounds>>,
}

/// One way to one server, ready to be used.
struct Path {
    behind: Behind,
    way: Way,
    target: Target,
    /// The process whose time is counted: the gateway's, or the server's where there is none.
    process: u32,
}

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    let (rounds, seconds) = if settings.quick { (2, 0.4) } else { (7, 1.5) };
    let ours = servers::Server::start(servers::Kind::OursSessions)?;
    let rmcp = servers::Server::start(servers::Kind::RmcpSessions)?;
    let home = settings.results.with_file_name("bench-gateway");
    let behind = [("ours", ours.address.as_str()), ("rmcp", rmcp.address.as_str())];
    let daemon = Daemon::start(&settings.car, home.clone(), &behind)?;
    let bare = [("ours", Bare::start(&ours.address)?), ("rmcp", Bare::start(&rmcp.address)?)];
    let (mut paths, mut proxies) = (Vec::new(), Vec::new());
    for behind in Behind::ALL {
        let server = if behind.slug() == "ours" { &ours } else { &rmcp };
        let to = |way, address: &str, process| {
            let tool =
                if way == Way::Ours { format!("mcp_{}_echo", behind.slug()) } else { "echo".to_owned() };
            let target = Target {
                address: address.to_owned(),
                path: "/mcp".to_owned(),
                tool,
                bearer: (way == Way::Ours).then(|| daemon.token.clone()),
                is_modern: behind.is_modern(),
                has_sessions: !behind.is_modern() && way != Way::FastmcpTuned,
            };
            Path { behind, way, target, process }
        };
        paths.push(to(Way::Direct, &server.address, server.child.id()));
        for (_, bare) in bare.iter().filter(|(slug, _)| *slug == behind.slug()) {
            paths.push(to(Way::Bare, &bare.address, bare.child.id()));
        }
        paths.push(to(Way::Ours, &daemon.address, daemon.child.id()));
        let Some(python) = &settings.python else { continue };
        for (way, is_tuned) in [(Way::Fastmcp, false), (Way::FastmcpTuned, true)] {
            let proxy = Proxy::start(python, &server.address, is_tuned, behind.is_modern())?;
            paths.push(to(way, &proxy.address, proxy.child.id()));
            proxies.push(proxy);
        }
    }
    let mut results = Results { machine: machine(), rounds, seconds, loads: BTreeMap::new() };
    for round in 1..=rounds {
        for connections in LOADS {
            for path in &paths {
                let (target, server) = (path.target.clone(), path.process);
                let measured: Measured = client("load", &Load { target, server, connections, seconds })?;
                println!(
                    "round {round}  {connections:>2} in flight  {:<11} {:<13} {:>8.0}/s  p50 {:>8.0} µs  p99 {:>8.0} µs  cpu {:>6.1} µs",
                    format!("{:?}", path.behind),
                    format!("{:?}", path.way),
                    measured.per_second,
                    measured.p50_us,
                    measured.p99_us,
                    measured.cpu_us
                );
                let loads = results.loads.entry(connections).or_default();
                loads.entry(path.behind).or_default().entry(path.way).or_default().push(measured);
            }
        }
    }
    drop((proxies, daemon, bare));
    std::fs::remove_dir_all(&home)?;
    std::fs::write(&settings.results, serde_json::to_string_pretty(&results)?)?;
    let section = table::write(&results);
    if settings.quick || settings.python.is_none() {
        // The page has figures of a whole run; a quick one must not take its place.
        println!("{section}\nwritten to {}", settings.results.display());
    } else {
        crate::table::replace(&settings.table, table::MARK, &section)?;
        println!("written to {} and {}", settings.results.display(), settings.table.display());
    }
    Ok(())
}
