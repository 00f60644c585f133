//! Measures what a gateway adds between a client and a server.
//!
//! ```text
//!  run ──▶ ours, rmcp                  the servers behind: a process each, first core
//!    │
//!    ├───▶ bare hyper                  passes bytes on, one for each server: the floor; first core
//!    ├───▶ car serve                   ours: policy, validator, event log, access; both servers behind it; first core
//!    ├───▶ fastmcp's proxy             one for each server and setting; first core
//!    │
//!    └─ each round, each way, each load ──▶ load     second core: posts prepared bytes, to the gateway or past it
//!    ◀── one line of JSON each ──▶ table: what each way adds to the one past it, in the same round
//! ```

mod bare;
mod daemon;
mod fastmcp;
mod run;
mod table;

use serde::{Deserialize, Serialize};

pub(crate) use bare::serve as forward;
pub(crate) use run::{Settings, run};
pub(crate) use table::MARK;

/// What stands between the client and the server.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Way {
    /// Nothing.
    Direct,
    /// Hyper on both sides, which looks at nothing.
    Bare,
    /// Our daemon, under the names that it gives all tools.
    Ours,
    /// fastmcp's proxy as its documentation shows it.
    Fastmcp,
    /// The same without sessions, answering as JSON, with one session to the server for all.
    FastmcpTuned,
}

impl Way {
    const fn title(self) -> &'static str {
        match self {
            Self::Direct => "none",
            Self::Bare => "bare hyper",
            Self::Ours => "`car serve`",
            Self::Fastmcp => "fastmcp's proxy",
            Self::FastmcpTuned => "fastmcp's proxy, tuned",
        }
    }
}

/// One server behind, in one era.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Behind {
    OursModern,
    OursLegacy,
    RmcpModern,
    RmcpLegacy,
}

impl Behind {
    const ALL: [Self; 4] = [Self::OursModern, Self::OursLegacy, Self::RmcpModern, Self::RmcpLegacy];

    const fn title(self) -> &'static str {
        match self {
            Self::OursModern => "our server, 2026-07-28",
            Self::OursLegacy => "our server, 2025-11-25, sessions",
            Self::RmcpModern => "rmcp's server, 2026-07-28",
            Self::RmcpLegacy => "rmcp's server, 2025-11-25, sessions",
        }
    }

    const fn is_modern(self) -> bool {
        matches!(self, Self::OursModern | Self::RmcpModern)
    }

    /// The server's name as a connector.
    const fn slug(self) -> &'static str {
        match self {
            Self::OursModern | Self::OursLegacy => "ours",
            Self::RmcpModern | Self::RmcpLegacy => "rmcp",
        }
    }
}
