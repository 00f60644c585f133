//! Measures what a call costs here beyond the server's own time, and what looking at the state folder costs.
//!
//! ```text
//! cargo run --release -p car-connectors --example measure_call
//! ```

use std::time::{Duration, Instant};

use car_connectors::mcp::proto::capability::Implementation;
use car_connectors::mcp::{self, Session};
use car_connectors::store::{Home, SecretMode};
use car_connectors::{CallOptions, ConnectorManager, ManagerOptions, NewConnector, ToolSelection};
use car_http::Client;
use car_mcp_http::HttpTransport;
use car_testkit::double::{Config, Double};

/// How often each thing is done.
const ROUNDS: usize = 5_000;

/// How many connectors the manifest has: a busy person's.
const CONNECTORS: usize = 20;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let home = Home::resolve(Some(folder.path()), |_| None)?;
    let server = Double::start(Config::default()).await?;
    let manager = ConnectorManager::load(ManagerOptions::new(home).with_secrets(SecretMode::File)).await?;
    for number in 0..CONNECTORS {
        let added = manager.add(NewConnector::remote(format!("Docs {number}"), server.url())).await?;
        manager.enable_tools(&added.slug, &ToolSelection::All).await?;
    }
    let transport = HttpTransport::new(Client::new()?, &server.url())?;
    let session = Session::builder(Implementation::new("measure")).connect(transport).await?;
    session.list_tools().await?;
    let arguments = serde_json::value::to_raw_value(&serde_json::json!({"message": "hi"}))?;
    let (ours, theirs) = (CallOptions::new(), mcp::CallOptions::new());
    let mut took: [Vec<Duration>; 3] = Default::default();
    // In turn, so that whatever else the machine does falls on all of them alike.
    for _ in 0..ROUNDS {
        let began = Instant::now();
        session.call_tool_raw("echo", &arguments, &theirs).await?;
        took[0].push(began.elapsed());
        let began = Instant::now();
        manager.call_tool("docs_7", "echo", &arguments, &ours).await?;
        took[1].push(began.elapsed());
        let began = Instant::now();
        manager.reload().await?;
        took[2].push(began.elapsed());
    }
    let [direct, governed, look] = took.map(told);
    println!("a call on the session itself:   {direct}");
    println!("a call through the manager:     {governed}");
    println!("a look at the state folder:     {look}");
    manager.close().await;
    Ok(())
}

/// The median and the 99th percentile.
fn told(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default().as_micros();
    format!("p50 {:>5} µs, p99 {:>5} µs", at(50), at(99))
}
