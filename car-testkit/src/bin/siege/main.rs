//! Besieges an MCP server and looks at how a healthy client fares meanwhile.
//!
//! ```text
//!  siege URL PID ─┬─ healthy: calls `echo` one at a time, and times each call
//!                 ├─ memory:  the server's resident size, from the system
//!                 └─ starts itself again as `siege attack NAME URL`, one attack after the other, at low priority
//! ```
//!
//! An attack says `ready` once it is in place and goes on until its standard input ends; then it says what it saw. It
//! is a process of its own, so that its sockets and its share of the processor are not the healthy client's.

#![expect(clippy::print_stdout, reason = "a program: whoever started it reads the table there")]

mod attacks;
mod besiege;
mod crowd;
mod daemon;
mod healthy;
mod legacy;
mod memory;
mod wire;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Besieges an MCP server and looks at how a healthy client fares meanwhile.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the attacks one after the other and prints a table
    Besiege {
        /// The server's URL
        url: String,
        /// The server's process, whose memory is watched
        pid: u32,
        /// For how many seconds each attack is measured
        #[arg(long, default_value_t = 4)]
        seconds: u64,
        /// Only these attacks, by name
        #[arg(long)]
        only: Vec<String>,
        /// How much memory the server may take, in MiB
        #[arg(long, default_value_t = 512)]
        bound: u64,
    },
    /// Lets sessions come and go, and looks whether their memory goes with them
    Crowd {
        /// The server's URL
        url: String,
        /// The server's process, whose memory is watched
        pid: u32,
        /// How many sessions, each with an open stream
        #[arg(long, default_value_t = 10_000)]
        sessions: usize,
        /// How often they come and go; the first time is not counted
        #[arg(long, default_value_t = 4)]
        rounds: usize,
    },
    /// Calls through a daemon while connectors come and go, and looks at its memory and descriptors
    Daemon {
        /// The daemon's URL, without a path
        url: String,
        /// The daemon's process
        pid: u32,
        /// The URL of the server behind its connectors
        upstream: String,
        /// The file with the daemon's token, run/daemon.json of its state folder
        #[arg(long)]
        announced: std::path::PathBuf,
        /// How many calls
        #[arg(long, default_value_t = 1_000_000)]
        calls: u64,
    },
    /// Runs one attack until standard input ends
    Attack {
        /// Its name
        name: String,
        /// The server's URL
        url: String,
    },
}

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Besiege { url, pid, seconds, only, bound } => {
            besiege::run(&wire::Server::from_url(&url)?, pid, Duration::from_secs(seconds), &only, bound)
                .await
        }
        Command::Crowd { url, pid, sessions, rounds } => {
            crowd::run(&wire::Server::from_url(&url)?, pid, sessions, rounds).await
        }
        Command::Daemon { url, pid, upstream, announced, calls } => {
            let announced: serde_json::Value = serde_json::from_slice(&std::fs::read(announced)?)?;
            let token = announced["token"].as_str().unwrap_or_default();
            daemon::run(&daemon::Watched { url: &url, token, pid, upstream: &upstream }, calls).await
        }
        Command::Attack { name, url } => {
            attacks::run(&name, wire::Server::from_url(&url)?).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
