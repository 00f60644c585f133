//! The command, with sources that are on this machine and no others.

use std::process::Command;

use car_testkit::registry::{RegistryConfig, RegistryServer};
use car_testkit::root::{Records, ReferenceRoot, RootConfig};
use serde_json::{Value, json};

use crate::car::{Car, Ended, ended};

/// The command and who it asks.
pub(crate) struct Seeker {
    pub(crate) car: Car,
    registry: String,
    root: String,
}

impl Seeker {
    /// Asks nobody.
    pub(crate) fn alone() -> Self {
        Self { car: Car::new(), registry: "none".to_owned(), root: "none".to_owned() }
    }

    pub(crate) fn with_root(mut self, url: impl Into<String>) -> Self {
        self.root = url.into();
        self
    }

    pub(crate) fn with_registry(mut self, url: impl Into<String>) -> Self {
        self.registry = url.into();
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.car.command(arguments);
        command.env("CAR_MCP_REGISTRY", &self.registry).env("CAR_AGENTDNS_ROOT", &self.root);
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments))
    }

    /// Returns what is in a file of the state folder; nothing where there is none.
    pub(crate) fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.car.home().join(name)).unwrap_or_default()
    }
}

/// Starts a root over these records.
pub(crate) async fn root(records: Vec<Value>) -> ReferenceRoot {
    let mut config = RootConfig::default();
    config.records = Records::from_values(records).unwrap();
    ReferenceRoot::start(config).await.unwrap()
}

/// Describes a service as a root tells of it.
pub(crate) fn record(path: &str, name: &str, description: &str, endpoint: &str) -> Value {
    json!({
        "identifier": format!("agentdns://example.com/{path}"), "name": name, "kind": "server",
        "protocol": "mcp", "description": description, "endpoint": endpoint,
    })
}

/// Starts a registry over these servers, all of them the newest of their name.
pub(crate) async fn registry(servers: Vec<Value>) -> RegistryServer {
    let mut config = RegistryConfig::default();
    config.entries = servers.into_iter().map(entry).collect();
    RegistryServer::start(config).await.unwrap()
}

/// Wraps a server's description as a registry lists it.
fn entry(server: Value) -> Value {
    json!({
        "server": server,
        "_meta": { "io.modelcontextprotocol.registry/official": {
            "status": "active", "isLatest": true,
            "publishedAt": "2026-01-05T08:00:00Z", "updatedAt": "2026-01-05T08:00:00Z",
        } },
    })
}
