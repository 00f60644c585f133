//! Starts an MCP Registry over a file of entries, and prints its URL once it can be asked.

use std::path::PathBuf;
use std::{fs, io};

use car_testkit::registry::{RegistryConfig, RegistryServer};
use clap::Parser;

/// An MCP Registry on the loopback address, to try a client with.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The entries, a JSON list; without it, made-up ones
    #[arg(long)]
    entries: Option<PathBuf>,
    /// The token that it wants to see; without one, anybody may ask
    #[arg(long, env = "CAR_REGISTRY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// How many entries a page has at most
    #[arg(long, default_value_t = 100)]
    page: usize,
    /// Give every answer an ETag
    #[arg(long)]
    etags: bool,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program: whoever started it reads the URL there")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut config = RegistryConfig::default();
    config.port = arguments.port;
    config.token = arguments.token.filter(|token| !token.is_empty());
    config.page = arguments.page.max(1);
    config.etags = arguments.etags;
    if let Some(file) = arguments.entries {
        let wrong = |error: String| io::Error::other(format!("{}: {error}", file.display()));
        let text = fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
        config.entries = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    }
    let server = RegistryServer::start(config).await?;
    println!("{}", server.url());
    tokio::signal::ctrl_c().await
}
