//! Starts the server, lets the clients take turns, and gathers what they report.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Serialize;

use crate::job::{Job, Report, Work};
use crate::workload::{self, Workload};
use crate::{Failure, certificate, servers, table};

/// How a kind of client is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// By this program.
    Here,
    /// By Node; the package's name.
    Node(&'static str),
    /// By Python.
    Python,
}

/// A kind of client.
struct Kind {
    name: &'static str,
    runs: Runs,
    speaks_modern: bool,
    /// Whether it is measured over standard streams too. rmcp has nothing to tune there, so one of the two stands for both.
    over_stdio: bool,
}

impl Kind {
    fn takes(&self, workload: &Workload) -> bool {
        (self.speaks_modern || !workload.modern) && (self.over_stdio || !workload.stdio)
    }
}

/// What binds a process to a core.
const TASKSET: &str = "/usr/bin/taskset";

/// Every kind; the floor comes first, since the others are held against it.
const KINDS: &[Kind] = &[
    Kind { name: "floor", runs: Runs::Here, speaks_modern: true, over_stdio: true },
    Kind { name: "ours", runs: Runs::Here, speaks_modern: true, over_stdio: true },
    Kind { name: "rmcp-tuned", runs: Runs::Here, speaks_modern: true, over_stdio: true },
    Kind { name: "rmcp", runs: Runs::Here, speaks_modern: true, over_stdio: false },
    Kind {
        name: "ts-2.4",
        runs: Runs::Node("@modelcontextprotocol/client"),
        speaks_modern: true,
        over_stdio: false,
    },
    Kind {
        name: "ts-1.32",
        runs: Runs::Node("@modelcontextprotocol/sdk"),
        speaks_modern: false,
        over_stdio: false,
    },
    Kind { name: "py-2.3", runs: Runs::Python, speaks_modern: true, over_stdio: false },
];

/// What the command line asks for.
pub(crate) struct Settings {
    node: PathBuf,
    node_modules: PathBuf,
    python: PathBuf,
    results: PathBuf,
    table: PathBuf,
    quick: bool,
    only: Vec<String>,
}

impl Settings {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut settings = Self {
            node: "node".into(),
            node_modules: "node_modules".into(),
            python: "python3".into(),
            results: "bench.json".into(),
            table: "benchmarks.md".into(),
            quick: false,
            only: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--quick" {
                settings.quick = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{argument} wants a value"))?;
            match argument.as_str() {
                "--node" => settings.node = value.into(),
                "--node-modules" => settings.node_modules = value.into(),
                "--python" => settings.python = value.into(),
                "--results" => settings.results = value.into(),
                "--table" => settings.table = value.into(),
                "--only" if !is_kind(value) && !is_work(value) => {
                    return Err(format!("no kind of client and no work begins with {value}").into());
                }
                "--only" => settings.only.push(value.clone()),
                other => return Err(format!("no option {other}").into()),
            }
        }
        Ok(settings)
    }

    fn wants(&self, kind: &Kind) -> bool {
        // Without the floor there is nothing to hold the others against.
        let mut named = self.only.iter().filter(|only| is_kind(only)).peekable();
        kind.name == "floor"
            || named.peek().is_none()
            || named.any(|only| kind.name.starts_with(only.as_str()))
    }

    fn wants_work(&self, workload: &Workload) -> bool {
        let mut named = self.only.iter().filter(|only| is_work(only)).peekable();
        named.peek().is_none() || named.any(|only| workload.name.starts_with(only.as_str()))
    }
}

/// Tells whether a word of `--only` begins the name of a kind.
fn is_kind(only: &str) -> bool {
    KINDS.iter().any(|kind| kind.name.starts_with(only))
}

/// Tells whether a word of `--only` begins the name of a workload.
fn is_work(only: &str) -> bool {
    workload::ALL.iter().any(|workload| workload.name.starts_with(only))
}

/// What one kind reported for one workload, a report per round.
pub(crate) type Rounds = BTreeMap<String, BTreeMap<String, Vec<Report>>>;

/// Everything of a run, as it is written down.
#[derive(Serialize)]
struct Results<'a> {
    machine: String,
    seconds: f64,
    rounds: &'a Rounds,
}

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    let folder =
        settings.results.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let server = Server::start(folder)?;
    let (rounds, seconds, sessions) = if settings.quick { (1, 0.3, 200) } else { (3, 1.0, 1_000) };
    let mut reports = Rounds::new();
    let kinds: Vec<_> = KINDS.iter().filter(|kind| settings.wants(kind)).collect();
    for round in 1..=rounds {
        for workload in workload::ALL.iter().filter(|workload| settings.wants_work(workload)) {
            for kind in kinds.iter().filter(|kind| kind.takes(workload)) {
                let job = server.job(workload, kind, seconds, sessions)?;
                match measure(settings, kind, &job, folder) {
                    Ok(report) => {
                        println!(
                            "round {round}  {:<20} {:<11} {}",
                            workload.name,
                            kind.name,
                            said(workload, &report)
                        );
                        reports
                            .entry(workload.name.into())
                            .or_default()
                            .entry(kind.name.into())
                            .or_default()
                            .push(report);
                    }
                    Err(failure) => {
                        println!("round {round}  {:<20} {:<11} {failure}", workload.name, kind.name)
                    }
                }
            }
        }
    }
    let results = Results { machine: machine(), seconds, rounds: &reports };
    std::fs::write(&settings.results, serde_json::to_string_pretty(&results)?)?;
    let names: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
    let page = table::write(&reports, &names, &results.machine, rounds, seconds);
    if workload::ALL.iter().all(|workload| settings.wants_work(workload)) {
        // What follows the mark is about servers, and measured apart.
        let old = std::fs::read_to_string(&settings.table).unwrap_or_default();
        let rest = old.split_once(servers::MARK).map(|(_, rest)| format!("\n{}{rest}", servers::MARK));
        std::fs::write(&settings.table, page + &rest.unwrap_or_default())?;
        println!("written to {} and {}", settings.results.display(), settings.table.display());
    } else {
        // The page has every workload; a part of them must not take its place.
        println!("{page}\nwritten to {}", settings.results.display());
    }
    Ok(())
}

fn said(workload: &Workload, report: &Report) -> String {
    match workload.work {
        Work::Idle => format!("{:.1} KiB a session", report.session_kib),
        _ => format!(
            "{:>8.0}/s  p50 {:>8.0} µs  p99 {:>8.0} µs  cpu {:>7.1} µs",
            report.per_second, report.p50_us, report.p99_us, report.cpu_us
        ),
    }
}

/// Runs one client process to its end.
fn measure(settings: &Settings, kind: &Kind, job: &Job, folder: &Path) -> Result<Report, Failure> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("bench is a folder of the peers");
    let mut command = match kind.runs {
        Runs::Here => {
            let mut command = pinned(1, &std::env::current_exe()?);
            command.arg("client");
            command
        }
        Runs::Node(package) => {
            let mut command = pinned(1, &settings.node);
            command.arg(peers.join("node/client.cjs")).arg(&settings.node_modules).arg(package);
            command
        }
        Runs::Python => {
            let mut command = pinned(1, &settings.python);
            command.arg(peers.join("python/client.py"));
            command
        }
    };
    let trusted = folder.join(certificate::TRUSTED);
    let output = command
        .arg(serde_json::to_string(job)?)
        .env("SSL_CERT_FILE", &trusted)
        .env("NODE_EXTRA_CA_CERTS", &trusted)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().next_back().unwrap_or_default();
    serde_json::from_str(last).map_err(|_| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!(
            "failed: {}",
            said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing")
        )
        .into()
    })
}

/// The command that starts a server over standard streams, on the core that the other server has too.
fn server_command() -> Result<Vec<String>, Failure> {
    let mut command = pinned(0, &std::env::current_exe()?);
    command.arg("lines");
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_str().map(str::to_owned).ok_or_else(|| "a path is not UTF-8".into())).collect()
}

/// A command bound to one core, where the system can do that.
pub(crate) fn pinned(core: usize, program: &Path) -> Command {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if core >= cores || !Path::new(TASKSET).exists() {
        return Command::new(program);
    }
    let mut command = Command::new(TASKSET);
    command.arg("--cpu-list").arg(core.to_string()).arg(program);
    command
}

/// The server process; it ends with this.
struct Server {
    child: Child,
    plain: String,
    tls: String,
}

impl Server {
    fn start(folder: &Path) -> Result<Self, Failure> {
        let mut command = pinned(0, &std::env::current_exe()?);
        let mut child =
            command.arg("serve").arg(folder).stdout(Stdio::piped()).stdin(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("standard output is piped")?).read_line(&mut line)?;
        let (plain, tls) = line.trim().split_once(' ').ok_or("the server did not start")?;
        Ok(Self { plain: plain.to_owned(), tls: tls.to_owned(), child })
    }

    fn job(&self, workload: &Workload, kind: &Kind, seconds: f64, sessions: usize) -> Result<Job, Failure> {
        let origin = if workload.tls { &self.tls } else { &self.plain };
        Ok(Job {
            kind: kind.name.to_owned(),
            url: format!("{origin}{}", workload.path),
            server: if workload.stdio { server_command()? } else { Vec::new() },
            modern: workload.modern,
            work: workload.work,
            tool: workload.tool.to_owned(),
            in_flight: workload.in_flight,
            seconds,
            sessions,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; either way it must not outlive us.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Names the processor, since absolute figures mean nothing without it.
pub(crate) fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")).and_then(|rest| rest.split_once(':'));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{} cores, {}", cores, model.map_or("unknown processor", |(_, name)| name.trim()))
}
