//! Starts the double and prints its URL once it can be used.

use std::io;
use std::path::PathBuf;

use car_testkit::authority::{Authority, AuthorityConfig, ProtectionConfig};
use car_testkit::double::{Answers, Config, Double, Era};
use clap::Parser;

/// A correct MCP server in every revision, to try a client with.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// modern, legacy or both
    #[arg(long, default_value = "both")]
    era: Era,
    /// Answer ordinary requests with event streams
    #[arg(long)]
    sse: bool,
    /// Mint no session ids in the legacy revisions
    #[arg(long)]
    no_sessions: bool,
    /// How many tools one page of the list holds
    #[arg(long)]
    page_size: Option<usize>,
    /// List a tool whose schema is invalid, and one whose header annotation is
    #[arg(long)]
    broken_tools: bool,
    /// Demand tokens of an authorization server, which is started too and which the challenge leads to
    #[arg(long)]
    oauth: bool,
    /// Serve https with this certificate and key (PEM files)
    #[arg(long, num_args = 2, value_names = ["CERTIFICATE", "KEY"])]
    tls: Option<Vec<PathBuf>>,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program: whoever started it reads the URL there")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut config = Config::default();
    config.port = arguments.port;
    config.era = arguments.era;
    config.answers = if arguments.sse { Answers::Sse } else { Answers::Json };
    config.sessions = !arguments.no_sessions;
    config.page_size = arguments.page_size;
    config.broken_schema = arguments.broken_tools;
    config.broken_header = arguments.broken_tools;
    if let Some([certificates, key]) = arguments.tls.as_deref() {
        config.tls = Some(car_testkit::server_config(certificates, key).map_err(io::Error::other)?);
    }
    let mut authority = None;
    if arguments.oauth {
        let started = Authority::start(AuthorityConfig::default()).await?;
        config.protection = Some(started.protection(ProtectionConfig::default()));
        authority = Some(started);
    }
    let server = Double::start(config).await?;
    println!("{}", server.url());
    tokio::signal::ctrl_c().await?;
    // Held until here: dropping it stops it.
    drop(authority);
    Ok(())
}
