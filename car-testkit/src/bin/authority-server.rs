//! Starts an authorization server and an MCP server that demands its tokens, and prints where both are.

use std::io;

use car_testkit::authority::{
    Authority, AuthorityConfig, Client, Consent, Dpop, ProtectionConfig, Registration, Rotation,
};
use car_testkit::double::{Config, Double};
use clap::Parser;
use serde_json::json;

/// An authorization server and a server that it protects, to try a client with.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The port of the authorization server on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The port of the MCP server on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    mcp_port: u16,
    /// Show the user a page with a button, instead of agreeing at once
    #[arg(long)]
    page: bool,
    /// How long an access token lasts, in seconds
    #[arg(long, default_value_t = 3_600)]
    lifetime: i64,
    /// Keep refresh tokens as they are, instead of rotating them
    #[arg(long)]
    no_rotation: bool,
    /// Let no client register; `--client` names those that are known
    #[arg(long)]
    no_registration: bool,
    /// A public client that is known beforehand, by its id
    #[arg(long)]
    client: Vec<String>,
    /// Demand proofs of possession
    #[arg(long)]
    dpop: bool,
    /// The scope that every request to the MCP server needs
    #[arg(long, default_value = "")]
    scope: String,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program: whoever started it reads the URLs there")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut config = AuthorityConfig::default();
    config.port = arguments.port;
    config.access_token_lifetime = Some(arguments.lifetime);
    config.clients = arguments.client.iter().map(|id| Client::public(id, &[])).collect();
    if arguments.page {
        config.consent = Consent::Page;
    }
    if arguments.no_rotation {
        config.rotation = Rotation::None;
    }
    if arguments.no_registration {
        config.registration = Registration::Absent;
        config.client_id_documents = false;
    }
    let dpop = if arguments.dpop { Dpop::Required } else { Dpop::Supported };
    config.dpop = dpop;
    let authority = Authority::start(config).await?;
    let mut protection = ProtectionConfig::default();
    protection.dpop = dpop;
    protection.challenge_scope = Some(arguments.scope.clone()).filter(|scope| !scope.is_empty());
    protection.scope = arguments.scope;
    let mut config = Config::default();
    config.port = arguments.mcp_port;
    config.protection = Some(authority.protection(protection));
    let server = Double::start(config).await?;
    println!("{}", json!({ "issuer": authority.issuer(), "mcp": server.url() }));
    tokio::signal::ctrl_c().await
}
