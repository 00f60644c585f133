//! Starts a root of AgentDNS over a file of records, and prints its URL once it can be asked.

use std::io;
use std::path::PathBuf;

use car_testkit::root::{Records, ReferenceRoot, RootConfig};
use clap::Parser;

/// A root of AgentDNS on the loopback address: finds services by what they are needed for.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The records, a JSON list; without it, made-up ones
    #[arg(long)]
    records: Option<PathBuf>,
    /// The token that it wants to see; without one, anybody may ask
    #[arg(long, env = "CAR_ROOT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// For how many seconds its records may be taken for true
    #[arg(long, default_value_t = 300)]
    max_age: u64,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program: whoever started it reads the URL there")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut config = RootConfig::default();
    config.port = arguments.port;
    config.token = arguments.token.filter(|token| !token.is_empty());
    config.max_age = arguments.max_age;
    if let Some(file) = arguments.records {
        let records = Records::from_file(&file);
        config.records = records.map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
    }
    let root = ReferenceRoot::start(config).await?;
    println!("{}", root.url());
    tokio::signal::ctrl_c().await
}
