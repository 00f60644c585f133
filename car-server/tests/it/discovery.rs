//! A front end finds a service, shows it, and adds what was shown.

use car_testkit::double::{Config, Double};
use car_testkit::registry::{RegistryConfig, RegistryServer};
use serde_json::{Value, json};

use crate::support::Running;

const NAME: &str = "io.github.ann/pigeon";

fn entry(version: &str, url: &str) -> Value {
    json!({
        "server": {
            "name": NAME, "version": version, "description": "Sends messages by pigeon.",
            "remotes": [{ "type": "streamable-http", "url": url }],
        },
        "_meta": { "io.modelcontextprotocol.registry/official": {
            "status": "active", "isLatest": true,
            "publishedAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
        } },
    })
}

#[tokio::test]
async fn finds_shows_and_adds_what_was_shown() {
    let server = Double::start(Config::default()).await.unwrap();
    let mut config = RegistryConfig::default();
    config.entries = vec![entry("1.0.0", &server.url())];
    let registry = RegistryServer::start(config).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    let source = json!({"kind": "registry", "url": registry.url(), "name": "works"});
    assert_eq!(front.get("connectors.sources.add", source).await["name"], "works");

    let found = front.get("connectors.find", json!({"need": "send a message by pigeon"})).await;
    assert_eq!(found["services"][0]["service"]["reference"], NAME, "{found}");
    let shown = front.get("connectors.look_up", json!({"reference": NAME})).await;
    assert_eq!(shown["proposal"]["ways"][0]["shown"], json!([server.url()]));
    assert_eq!(server.ledger().requests(), 0, "nothing is dialed before a person agrees");

    // Between showing and agreeing, the service moves.
    registry.add(entry("1.1.0", "https://elsewhere.example/mcp"));
    let agreed = json!({"reference": NAME, "seen": shown["seen"]});
    let refused = front.ask("connectors.add_found", agreed.clone()).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("not what was shown"), "{refused}");
    registry.add(entry("1.2.0", &server.url()));
    let added = front.get("connectors.add_found", agreed).await;
    assert_eq!((&added["slug"], &added["enabled_count"]), (&json!("pigeon"), &json!(0)));

    let found =
        front.get("connectors.find", json!({"need": "send a message by pigeon", "offline": true})).await;
    assert_eq!(found["services"][0]["connected_as"], "pigeon", "{found}");
    let sources = front.get("connectors.sources.sync", json!({"name": "works", "seconds": 5})).await;
    assert!(sources["sources"].to_string().contains("\"works\""), "{sources}");
    assert_eq!(front.get("connectors.sources.remove", json!({"name": "works"})).await["removed"], "works");
}
