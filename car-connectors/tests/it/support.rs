//! What the tests share: a fresh state folder, servers of both eras, and the words for what is done most.

use std::future::Future;
use std::time::Duration;

use car_connectors::engine::EventFilter;
use car_connectors::mcp::Limits;
use car_connectors::store::{Home, SecretMode};
use car_connectors::{
    CallOptions, ConnectorManager, Error, ManagerOptions, NewConnector, ToolOutcome, ToolSelection,
};
use car_testkit::double::{Config, Double, Era};
use serde_json::value::RawValue;
use tempfile::TempDir;

/// Both eras, one after the other.
pub(crate) const ERAS: [Era; 2] = [Era::Modern, Era::Legacy];

/// A state folder of its own.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn home(&self) -> Home {
        Home::resolve(Some(&self.folder.path().join("state")), |_| None).unwrap()
    }

    pub(crate) fn options(&self) -> ManagerOptions {
        ManagerOptions::new(self.home()).with_secrets(SecretMode::File).with_caller("test")
    }

    pub(crate) async fn manager(&self) -> ConnectorManager {
        ConnectorManager::load(self.options()).await.unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.home().path()).unwrap();
        std::fs::write(self.home().path().join(name), text).unwrap();
    }

    /// Writes the file of a project that is a repository beside the state folder.
    pub(crate) fn project(&self, text: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.folder.path().join("repo/.git")).unwrap();
        std::fs::create_dir_all(self.folder.path().join("repo/.car")).unwrap();
        std::fs::write(self.folder.path().join("repo/.car/connectors.toml"), text).unwrap();
    }

    /// A manager for somebody who works in that project.
    pub(crate) async fn project_manager(&self) -> ConnectorManager {
        self.project_manager_with(|_| None).await
    }

    pub(crate) async fn project_manager_with(
        &self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> ConnectorManager {
        let options = self.options().with_project_dir(self.folder.path().join("repo"));
        ConnectorManager::load_and_connect(options.with_variables(lookup).unwrap()).await.unwrap()
    }

    pub(crate) fn manifest(&self) -> String {
        std::fs::read_to_string(self.home().manifest_path()).unwrap_or_default()
    }
}

/// Limits that end a wait soon enough for a test, and late enough for a busy machine.
pub(crate) fn short_limits(milliseconds: u64) -> Limits {
    let mut limits = Limits::default();
    limits.discovery_timeout = Duration::from_millis(milliseconds);
    limits.call_timeout = Duration::from_millis(milliseconds);
    limits
}

pub(crate) async fn server(era: Era) -> Double {
    let mut config = Config::default();
    config.era = era;
    Double::start(config).await.unwrap()
}

pub(crate) fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

pub(crate) fn named(names: &[&str]) -> ToolSelection {
    ToolSelection::Named(names.iter().map(|name| (*name).to_owned()).collect())
}

/// A manager that knows the server as `docs`, with these tools enabled.
pub(crate) async fn ready(place: &Place, server: &Double, tools: &[&str]) -> ConnectorManager {
    let manager = place.manager().await;
    manager.add(NewConnector::remote("Docs", server.url())).await.unwrap();
    if !tools.is_empty() {
        manager.enable_tools("docs", &named(tools)).await.unwrap();
    }
    manager
}

pub(crate) async fn call(
    manager: &ConnectorManager,
    slug: &str,
    tool: &str,
    arguments: &str,
) -> Result<ToolOutcome, Error> {
    manager.call_tool(slug, tool, &raw(arguments), &CallOptions::new()).await
}

pub(crate) async fn echo(manager: &ConnectorManager, slug: &str) -> Result<ToolOutcome, Error> {
    call(manager, slug, "echo", r#"{"message":"hi"}"#).await
}

/// Every decision and outcome on record, oldest first, as `tool: word`.
pub(crate) fn logged(manager: &ConnectorManager) -> Vec<String> {
    let page = manager.event_log().tail(&EventFilter::default()).unwrap();
    let word = |record: &car_connectors::engine::EventRecord| {
        let word = record.verdict.clone().or_else(|| record.outcome.clone());
        format!("{}: {}", record.tool.clone().unwrap_or_default(), word.unwrap_or_default())
    };
    page.records.iter().map(word).collect()
}

/// The canonical names of all tools that a model is shown.
pub(crate) fn shown(manager: &ConnectorManager) -> Vec<String> {
    manager.enabled_tool_entries().into_iter().map(|entry| entry.schema.name).collect()
}

/// An error with its causes and its hint, with what differs from run to run blanked out.
pub(crate) fn told(error: &Error, place: &Place) -> String {
    let mut text = format!("{}: {error}", error.kind().as_str());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!("\n  because {cause}"));
        source = cause.source();
    }
    text.push_str(&format!("\n  connector {}", error.connector().unwrap_or("-")));
    text.push_str(&format!("\n  hint {}", error.hint().unwrap_or("-")));
    let text = text.replace(&place.folder.path().display().to_string(), "[folder]");
    blank_ports(&text)
}

fn blank_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut blanked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        blanked.push_str("127.0.0.1:[port]");
        blanked.push_str(part.trim_start_matches(|character: char| character.is_ascii_digit()));
    }
    blanked
}

/// Fails the test when something takes so long that it must be hanging.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), what).await.expect("it hangs")
}
