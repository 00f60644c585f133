//! Adds remote MCP servers as tool sources and puts every call through one governed path.
//!
//! ```text
//!  add, enable, call …                         what happened
//!        │                                          ▲
//!        ▼                                          │ ConnectorEvent, ConnectorStatus, ToolOutcome
//!  ConnectorManager ──▶ car-connectors-store    manifest, secrets
//!        │
//!        ├─ dial ─────▶ car-mcp-http ─▶ car-mcp ─▶ one Session for each connector
//!        │                    ▲
//!        ├─ sign in ──▶ car-oauth: one Authorizer for each connector, its tokens in the keychain
//!        │
//!        ├─ find, look up ──▶ car-agentdns: roots, registries, catalogs; one ranking with what is connected
//!        │
//!        └─ call ─────▶ car-engine: route ─▶ validator ─▶ policy ─▶ rate limit ─▶ Session ─▶ event log
//! ```
//!
//! A tool that has been discovered is neither routable nor registered until it is enabled. The engine is brought in line
//! with the manifest in one place (`manager/settle.rs`), whichever process changed that. Names that a model sees are
//! `mcp_{slug}_{tool}`; where that would be too long, contain other characters or mean two tools, a stable alias stands
//! in for it. Only the manager writes to the store.
//!
//! # Example
//!
//! ```no_run
//! use car_connectors::{CallOptions, ConnectorManager, ManagerOptions, NewConnector, ToolSelection};
//! use car_connectors::store::Home;
//!
//! # async fn example(home: Home) -> Result<(), Box<dyn std::error::Error>> {
//! let manager = ConnectorManager::load(ManagerOptions::new(home)).await?;
//! manager.add(NewConnector::remote("docs", "http://127.0.0.1:3001/mcp")).await?;
//! manager.enable_tools("docs", &ToolSelection::Named(vec!["echo".to_owned()])).await?;
//! let arguments = serde_json::value::to_raw_value(&serde_json::json!({"message": "hi"}))?;
//! let outcome = manager.call_tool("docs", "echo", &arguments, &CallOptions::new()).await?;
//! println!("{}", outcome.raw);
//! # Ok(())
//! # }
//! ```

mod canonical;
mod catalog;
mod connector;
mod dial;
mod error;
mod events;
mod manager;
mod name;
mod offered;
mod options;
mod pause;
mod pinned;
mod session;
mod sharing;
mod sign_in;
mod status;
mod upstream;

pub mod discovery;

pub use error::{Error, ErrorKind};
pub use events::{ConnectorEvent, ConnectorEvents};
pub use manager::{ConnectorManager, ProjectReview, ReviewedEntry};
pub use name::{MAX_NAME_CHARS, canonical_names, slugify};
pub use offered::{Offered, Offering};
pub use options::{CallOptions, ManagerOptions, NewConnector, OnProgress, ToolSelection};
pub use pinned::{ChangedTool, Difference};
pub use sign_in::{Assertion, BegunSignIn, RenewTokens, SignInMethod, SignInOptions};
pub use status::{
    ConnectorSource, ConnectorState, ConnectorStatus, SetAside, ToolListing, ToolOutcome, ToolView,
};

pub use car_agentdns as agentdns;
pub use car_connectors_store as store;
pub use car_engine as engine;
pub use car_mcp as mcp;
pub use car_mcp_stdio as stdio;
pub use car_oauth as oauth;
