//! Starts the everything-server and prints its URL once it can be used; or serves over standard streams.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use car_mcp_http::server::LegacyMode;
use car_testkit::double::Era;
use car_testkit::everything::{Everything, Options};
use clap::Parser;

/// The system's allocator keeps what crowds of clients have left behind for the next crowd; this one gives it back.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// An MCP server on this workspace's own crates that has one of everything.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// modern, legacy or both
    #[arg(long, default_value = "both")]
    era: Era,
    /// Keep no sessions of legacy clients
    #[arg(long)]
    stateless: bool,
    /// Answer ordinary requests with event streams
    #[arg(long)]
    sse: bool,
    /// How many entries one page of a list holds
    #[arg(long)]
    page_size: Option<usize>,
    /// Demand tokens of an authorization server, which is started too and which the challenge leads to
    #[arg(long)]
    oauth: bool,
    /// Serve https with this certificate and key (PEM files)
    #[arg(long, num_args = 2, value_names = ["CERTIFICATE", "KEY"])]
    tls: Option<Vec<PathBuf>>,
    /// How often an open stream carries a comment, in milliseconds
    #[arg(long)]
    keep_alive_ms: Option<u64>,
    /// How long a session outlives its broken stream, in milliseconds
    #[arg(long)]
    grace_ms: Option<u64>,
    /// Serve over standard input and output, as a client starts it
    #[arg(long, conflicts_with_all = ["port", "stateless", "sse", "oauth", "tls", "keep_alive_ms", "grace_ms"])]
    stdio: bool,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program: whoever started it reads the URL there")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut options = Options::default();
    options.port = arguments.port;
    options.era = arguments.era;
    options.legacy = match (arguments.era, arguments.stateless) {
        (Era::Modern, _) => LegacyMode::Off,
        (_, true) => LegacyMode::Stateless,
        (_, false) => LegacyMode::Sessions,
    };
    options.always_stream = arguments.sse;
    options.page_size = arguments.page_size;
    options.oauth = arguments.oauth;
    options.keep_alive = arguments.keep_alive_ms.map(Duration::from_millis);
    options.grace = arguments.grace_ms.map(Duration::from_millis);
    if let Some([certificate, key]) = arguments.tls.as_deref() {
        options.tls = Some((certificate.clone(), key.clone()));
    }
    if arguments.stdio {
        let server = car_testkit::everything::server(&options).map_err(io::Error::other)?;
        return car_mcp_stdio::serve_stdio(server).await;
    }
    let server = Everything::start(options).await?;
    println!("{}", server.url());
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    Ok(())
}
