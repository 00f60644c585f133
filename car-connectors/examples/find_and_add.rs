//! Finds a server by what is needed, shows what would be added, and adds it: `find_and_add STATE_FOLDER URL`.
//!
//! A root of the test kit tells of the server at the URL. A program asks the roots and registries that its user named.

#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use car_connectors::agentdns::SourceKind;
use car_connectors::discovery::{Answers, FindOptions, LookUpOptions, NewSource};
use car_connectors::store::Home;
use car_connectors::{ConnectorManager, ManagerOptions};
use car_testkit::root::{Records, ReferenceRoot, RootConfig};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, url] = arguments.as_slice() else {
        return Err("expected STATE_FOLDER URL".into());
    };
    let mut config = RootConfig::default();
    config.records = Records::from_values(vec![json!({
        "identifier": "agentdns://example.com/testing/echo", "name": "Echo", "kind": "server", "protocol": "mcp",
        "description": "Sends every message back.", "endpoint": url,
    })])?;
    let root = ReferenceRoot::start(config).await?;

    let home = Home::resolve(Some(folder.as_ref()), |_| None)?;
    let manager = ConnectorManager::load(ManagerOptions::new(home)).await?;
    manager.add_source(NewSource::new(SourceKind::Root, root.url()).with_name("example")).await?;
    let options = FindOptions::new().with_sources(["example"]);
    let found = manager.find("send a message back", &options).await?;
    for found in &found.services {
        println!("{:.2} {} ({:?})", found.score, found.service.name, found.service.reference);
    }

    let reference = found.services.first().and_then(|best| best.service.reference.clone());
    let options = LookUpOptions::new().with_sources(["example"]);
    let proposal = manager.look_up(&reference.ok_or("nothing was found")?, &options).await?;
    // Here a person reads where it is and who publishes it, and agrees.
    for way in &proposal.ways {
        println!("{} {}", proposal.service.publisher.name, way.shown.join(" "));
    }
    let status = manager.add_proposed(&proposal, Answers::new()).await?;
    println!(
        "{} has {:?} tools, of which {} are enabled",
        status.slug, status.tool_count, status.enabled_count
    );
    Ok(())
}
