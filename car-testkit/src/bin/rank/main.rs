//! Measures how quickly and how well services are found by need.
//!
//! ```text
//!  rank speed               made-up services, up to a million ──▶ a table of times and memory
//!  rank judge --set DIR…    corpus, queries, judgements ─┬─ substring   what registries do
//!                                                        ├─ words       car-agentdns
//!                                                        ├─ model       cosines alone
//!                                                        └─ hybrid      car-agentdns ──▶ a table of nDCG and recall
//! ```
//!
//! Sets and models are not part of the project: docs/ranking.md says where they are from.

#![expect(clippy::print_stdout, reason = "a program: whoever started it reads the table there")]

mod bootstrap;
mod judge;
mod metrics;
mod random;
mod set;
mod speed;
mod substring;

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures how quickly and how well services are found by need.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures searches among made-up services
    Speed {
        /// Up to how many services
        #[arg(long, default_value_t = 1_000_000)]
        most: usize,
    },
    /// Measures how well the services that a set calls right are found
    Judge {
        /// A folder with corpus.jsonl, queries.jsonl and qrels.tsv; may be given more than once
        #[arg(long, required = true)]
        set: Vec<PathBuf>,
        /// The base URL of a server of embeddings, such as http://127.0.0.1:8089/v1
        #[arg(long, requires = "model")]
        embeddings: Option<String>,
        /// The model that it is asked for
        #[arg(long)]
        model: Option<String>,
        /// Which half of the queries
        #[arg(long, value_enum, default_value_t = set::Split::Dev)]
        split: set::Split,
        /// Leave out the server that a tool is of
        #[arg(long)]
        without_server: bool,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse().command {
        Command::Speed { most } => speed::run(most).await,
        Command::Judge { set, embeddings, model, split, without_server } => {
            let embedder =
                embeddings.zip(model).map(|(base, model)| judge::embedder(&base, &model)).transpose()?;
            for folder in set {
                let set = set::Set::read(&folder, split, without_server)?;
                judge::run(&set, embedder.as_ref()).await?;
            }
            Ok(())
        }
    }
}
