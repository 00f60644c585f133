//! What a test may choose about the server.

use std::str::FromStr;
use std::sync::Arc;

use crate::authority::Protection;

/// Which protocol eras the server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Era {
    /// Only 2026-07-28: stateless.
    Modern,
    /// Only the revisions with a handshake.
    Legacy,
    /// Both on one endpoint, told apart by each request.
    #[default]
    Both,
}

impl FromStr for Era {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "modern" => Ok(Self::Modern),
            "legacy" => Ok(Self::Legacy),
            "both" => Ok(Self::Both),
            other => Err(format!("expected modern, legacy or both, found {other}")),
        }
    }
}

/// How an ordinary request is answered. A tool that reports progress or asks the client always streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answers {
    /// As one JSON body.
    #[default]
    Json,
    /// As a stream of server-sent events.
    Sse,
}

/// The server's settings. Start from [`Config::default`] and change fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Which eras are spoken.
    pub era: Era,
    /// How ordinary requests are answered.
    pub answers: Answers,
    /// Whether a legacy `initialize` mints a session id.
    pub sessions: bool,
    /// Whether legacy event streams can be resumed (priming event, `retry`, `Last-Event-ID`).
    pub resumable: bool,
    /// The wait before a client may resume, in milliseconds.
    pub retry_ms: u64,
    /// Whether legacy answers come as batch arrays, which 2025-03-26 allows a server to do.
    pub batches: bool,
    /// How many tools one page of `tools/list` holds; `None` puts all on one page.
    pub page_size: Option<usize>,
    /// `ttlMs` of the lists of the modern era.
    pub ttl_ms: u64,
    /// Whether a tool with an invalid schema is listed among the good ones.
    pub broken_schema: bool,
    /// Whether a tool with an invalid `x-mcp-header` is listed among the good ones.
    pub broken_header: bool,
    /// Serves https with these settings; see [`crate::server_config`].
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The check of tokens in front of every request; see [`crate::authority::Authority::protection`].
    pub protection: Option<Protection>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            era: Era::Both,
            answers: Answers::Json,
            sessions: true,
            resumable: true,
            retry_ms: 50,
            batches: false,
            page_size: None,
            ttl_ms: 60_000,
            broken_schema: false,
            broken_header: false,
            tls: None,
            protection: None,
        }
    }
}
