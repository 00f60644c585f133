//! Measures MCP servers with one fast client.
//!
//! ```text
//!  run ──▶ floor, ours, rmcp     a process each, all on the first core; one of them works at a time
//!    │
//!    └─ each round, each kind, each load ──▶ load     a process of its own, second core: posts prepared bytes
//!                                        ──▶ memory   holds many sessions, with and without an open stream
//!    ◀── one line of JSON each ── what the server used is read from the system ──▶ table
//! ```

mod floor;
mod load;
mod memory;
mod ours;
mod request;
mod rmcp;
mod run;
mod table;
mod wire;

use serde::{Deserialize, Serialize};

use crate::Failure;
pub(crate) use load::{Load, Measured};
pub(crate) use request::Target;
pub(crate) use table::MARK;

/// What is served, and how it is asked.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Bare hyper: reads the body and answers with prepared bytes.
    Floor,
    /// Ours, 2026-07-28, answered as JSON.
    OursModern,
    /// Ours, 2026-07-28, answered as a stream of events.
    OursModernSse,
    /// Ours, 2025-11-25, without sessions.
    OursStateless,
    /// Ours, 2025-11-25, with sessions.
    OursSessions,
    /// rmcp, 2026-07-28, answered as JSON.
    RmcpModern,
    /// rmcp, 2026-07-28, answered as a stream of events.
    RmcpModernSse,
    /// rmcp, 2025-11-25, without sessions, answered as JSON.
    RmcpStateless,
    /// rmcp, 2025-11-25, with sessions.
    RmcpSessions,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Floor,
        Self::OursModern,
        Self::OursModernSse,
        Self::OursStateless,
        Self::OursSessions,
        Self::RmcpModern,
        Self::RmcpModernSse,
        Self::RmcpStateless,
        Self::RmcpSessions,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::OursModern => "ours-modern",
            Self::OursModernSse => "ours-modern-sse",
            Self::OursStateless => "ours-stateless",
            Self::OursSessions => "ours-sessions",
            Self::RmcpModern => "rmcp-modern",
            Self::RmcpModernSse => "rmcp-modern-sse",
            Self::RmcpStateless => "rmcp-stateless",
            Self::RmcpSessions => "rmcp-sessions",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::OursModern => "ours, 2026-07-28, JSON",
            Self::OursModernSse => "ours, 2026-07-28, SSE",
            Self::OursStateless => "ours, 2025-11-25, no sessions",
            Self::OursSessions => "ours, 2025-11-25, sessions",
            Self::RmcpModern => "rmcp, 2026-07-28, JSON",
            Self::RmcpModernSse => "rmcp, 2026-07-28, SSE",
            Self::RmcpStateless => "rmcp, 2025-11-25, no sessions, JSON",
            Self::RmcpSessions => "rmcp, 2025-11-25, sessions",
        }
    }

    fn is_modern(self) -> bool {
        !matches!(self, Self::OursStateless | Self::OursSessions | Self::RmcpStateless | Self::RmcpSessions)
    }

    fn has_sessions(self) -> bool {
        matches!(self, Self::OursSessions | Self::RmcpSessions)
    }

    /// How it is asked.
    fn target(self, address: &str) -> Target {
        Target {
            address: address.to_owned(),
            path: "/mcp".to_owned(),
            tool: "echo".to_owned(),
            bearer: None,
            is_modern: self.is_modern(),
            has_sessions: self.has_sessions(),
        }
    }

    pub(crate) fn of_name(name: &str) -> Result<Self, Failure> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| format!("no kind of server is called {name}").into())
    }
}

/// Serves until it is killed; prints `host:port` when it can be used.
pub(crate) async fn serve(kind: Kind) -> Result<(), Failure> {
    match kind {
        Kind::Floor => floor::serve().await,
        Kind::OursModern | Kind::OursModernSse | Kind::OursStateless | Kind::OursSessions => {
            ours::serve(kind).await
        }
        Kind::RmcpModern | Kind::RmcpModernSse | Kind::RmcpStateless | Kind::RmcpSessions => {
            rmcp::serve(kind).await
        }
    }
}

pub(crate) use load::run as load;
pub(crate) use memory::run as memory;
pub(crate) use run::{LOADS, Server, Settings, client, run};
