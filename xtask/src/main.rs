//! Drives CI, the demo, conformance and benchmarks.
//!
//! ```text
//!  ci ─┬─▶ setup        tools, schemas             into target/ only
//!      ├─▶ tidy         edges, sizes, invariants   findings with file and line
//!      ├─▶ conformance  the official suite         reads its result files
//!      ├─▶ interop      foreign servers, clients   drives the `car` binary, the everything-server
//!      ├─▶ sign-in      foreign sign-in, browser   drives `car`, Chromium and tmux
//!      ├─▶ page         the daemon's page          drives `car serve` and Chromium
//!      ├─▶ fuzz         fuzz/                     builds and runs its targets
//!      ├─▶ soak         our own server, besieged   drives the test kit's `siege`; and our daemon
//!      └─▶ demo         our own server             drives the `car` binary
//!  bench                peers/bench                writes docs/benchmarks.md
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for developers: it talks to them")]

mod bench;
mod car;
mod ci;
mod conformance;
mod daemon;
mod demo;
mod examples;
mod fuzz;
mod interop;
mod page;
mod place;
mod programs;
mod server;
mod setup;
mod shell;
mod sign_in;
mod soak;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Drives CI, the demo, conformance and benchmarks.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Walks through the product against a server on loopback, and ends with its page open
    Demo {
        /// Look at the page without a screen, and end
        #[arg(long)]
        headless: bool,
    },
    /// Runs every check; the last line counts the steps
    Ci,
    /// Checks the rules of the workspace that a machine can check
    Tidy,
    /// Fetches into target/ what the checks need
    Setup {
        /// Install system packages too
        #[arg(long)]
        system: bool,
    },
    /// Runs the official conformance suite: client, server and daemon, or one of them
    Conformance {
        #[command(subcommand)]
        side: Option<Conformance>,
    },
    /// Tries out servers and clients that are not ours, and services found by need: all, or one of them
    Interop {
        #[command(subcommand)]
        side: Option<Interop>,
    },
    /// Signs in with a real browser at an authorization server that is not ours
    SignIn,
    /// Goes through the daemon's page with a real browser, and looks at it with axe
    Page,
    /// Runs every example of every crate
    Examples,
    /// Tries out at random what is read from strangers: every target, or one of them
    Fuzz {
        /// Only this target
        target: Option<String>,
        /// How long each target runs
        #[arg(long, default_value_t = 20)]
        seconds: u32,
    },
    /// Besieges our own server and watches a healthy client and the memory; the long run writes docs/siege.md
    #[command(args_conflicts_with_subcommands = true)]
    Soak {
        #[command(subcommand)]
        what: Option<Soak>,
        /// A debug build and short attacks; nothing is written
        #[arg(long)]
        quick: bool,
        /// Only these attacks, by name
        #[arg(long)]
        only: Vec<String>,
    },
    /// Measures clients against one server, servers with one client, and writes docs/benchmarks.md
    Bench {
        /// Measure only one side
        #[arg(value_enum)]
        side: Option<bench::Side>,
        /// Fewer and shorter rounds
        #[arg(long)]
        quick: bool,
        /// Only these kinds of client, server or work, by how their names begin: `ours`, `rmcp-tuned`, `stdio`
        #[arg(long)]
        only: Vec<String>,
        #[command(flatten)]
        judged: bench::Judged,
    },
}

#[derive(Subcommand)]
enum Soak {
    /// Calls through our own daemon while connectors come and go, and watches its memory and descriptors; the long run
    /// writes docs/soak-daemon.md and its picture
    Daemon {
        /// A debug build and few calls; nothing is written
        #[arg(long)]
        quick: bool,
        /// How many calls; a million, or with --quick twenty thousand, where nothing is said
        #[arg(long)]
        calls: Option<u64>,
    },
}

#[derive(Subcommand)]
enum Conformance {
    /// Runs the client scenarios, one by one
    Client {
        /// Only this scenario
        #[arg(long)]
        scenario: Option<String>,
        /// Only at this revision
        #[arg(long)]
        spec_version: Option<String>,
    },
    /// Runs the server scenarios against our everything-server
    Server {
        /// Only this scenario
        #[arg(long)]
        scenario: Option<String>,
        /// Only at this revision
        #[arg(long)]
        spec_version: Option<String>,
    },
    /// Runs the server scenarios through the daemon, with our everything-server behind it
    Daemon {
        /// Only this scenario
        #[arg(long)]
        scenario: Option<String>,
        /// Only at this revision
        #[arg(long)]
        spec_version: Option<String>,
    },
}

#[derive(Subcommand)]
enum Interop {
    /// Our client with servers that are not ours
    Servers,
    /// Our server with clients that are not ours
    Clients {
        /// Only the clients whose names begin so
        #[arg(long)]
        only: Option<String>,
    },
    /// Clients that are not ours, through the daemon, with servers that are not ours
    Daemon {
        /// Only the clients whose names begin so
        #[arg(long)]
        only: Option<String>,
    },
    /// Finds services by need in a registry and a root on this machine, adds them by name, and calls them
    Discovery {
        /// Serve this file of a registry's entries instead
        #[arg(long, value_name = "FILE", requires = "add")]
        entries: Option<std::path::PathBuf>,
        /// Add this of its entries, by name; may be repeated
        #[arg(long, value_name = "NAME[=WAY]", requires = "entries")]
        add: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo { headless } => demo::run(headless),
        Command::Ci => ci::run(),
        Command::Tidy => tidy::run(),
        Command::Setup { system } => setup::run(system),
        Command::Conformance { side } => match side {
            None => conformance::run(),
            Some(Conformance::Client { scenario, spec_version }) => {
                conformance::client::run(scenario.as_deref(), spec_version.as_deref())
            }
            Some(Conformance::Server { scenario, spec_version }) => {
                conformance::server::run(scenario.as_deref(), spec_version.as_deref())
            }
            Some(Conformance::Daemon { scenario, spec_version }) => {
                conformance::daemon::run(scenario.as_deref(), spec_version.as_deref())
            }
        },
        Command::Interop { side } => match side {
            None => interop::run(),
            Some(Interop::Servers) => interop::servers(),
            Some(Interop::Clients { only }) => interop::clients::run(only.as_deref()),
            Some(Interop::Daemon { only }) => interop::daemon::run(only.as_deref()),
            Some(Interop::Discovery { entries: None, .. }) => interop::discovery::run(),
            Some(Interop::Discovery { entries: Some(file), add }) => interop::discovery::entries(&file, &add),
        },
        Command::SignIn => sign_in::run(),
        Command::Page => page::run(),
        Command::Examples => examples::run(),
        Command::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
        Command::Soak { what: None, quick, only } => soak::run(quick, &only),
        Command::Soak { what: Some(Soak::Daemon { quick, calls }), .. } => soak::daemon::run(quick, calls),
        Command::Bench { side: Some(bench::Side::Ranking), quick, only: _, judged } => {
            bench::ranking(&judged, quick)
        }
        Command::Bench { side, quick, only, judged: _ } => bench::run(side, quick, &only),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
