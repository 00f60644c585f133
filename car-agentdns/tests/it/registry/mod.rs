//! Registries over real HTTP: reading the whole list and what has changed, asking for one version, and registries that
//! misbehave.

mod hostile;
mod look_up;
mod sync;

use std::time::Duration;

use car_agentdns::registry::{Mirror, RegistryClient, RegistryName, RegistryReference, Synced};
use car_http::ClientBuilder;
use car_testkit::registry::{RegistryConfig, RegistryServer};
use serde_json::{Value, json};

/// Long enough for any of these; no test waits for it.
const BUDGET: Duration = Duration::from_secs(60);

async fn registry(change: impl FnOnce(&mut RegistryConfig)) -> (RegistryServer, RegistryClient) {
    let mut config = RegistryConfig::default();
    change(&mut config);
    let server = RegistryServer::start(config).await.unwrap();
    let client = RegistryClient::new(&ClientBuilder::default(), &server.url(), None).unwrap();
    (server, client)
}

/// Brings a mirror up to date, and expects that to succeed.
async fn sync(client: &RegistryClient, mirror: &mut Mirror, now: u64) -> Synced {
    let synced = client.sync(mirror, now, BUDGET).await;
    assert!(synced.stopped.is_none(), "{:?}", synced.stopped);
    synced
}

fn name(text: &str) -> RegistryName {
    text.parse().unwrap()
}

fn reference(text: &str) -> RegistryReference {
    text.parse().unwrap()
}

/// The version that a mirror has of a name.
fn version<'a>(mirror: &'a Mirror, text: &str) -> Option<&'a str> {
    mirror.entry(&name(text)).map(|entry| entry.version.as_str())
}

fn entry(name: &str, version: &str, at: &str) -> Value {
    json!({
        "server": { "name": name, "description": "Does it", "version": version },
        "_meta": { "io.modelcontextprotocol.registry/official": {
            "status": "active", "publishedAt": at, "updatedAt": at, "isLatest": true } },
    })
}
