//! The daemon itself.

use serde::Serialize;

use super::{Desk, Nothing};
use crate::rpc::RpcError;
use crate::visitor::Visitor;

/// The daemon, and as whom it knows the front end.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct About {
    /// Its release.
    version: &'static str,
    /// Its URL, without a path.
    url: String,
    /// The URL for MCP clients.
    mcp_url: String,
    /// When it was started, RFC 3339 in UTC.
    started_at: String,
    /// As whom it knows the front end.
    visitor: Known,
    /// What whoever runs it should know.
    warnings: Vec<String>,
}

/// As whom the daemon knows a front end.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Known {
    /// `owner`, `page` or `token:NAME`: who asks, in policy and event log.
    name: String,
    /// What it may do: `read`, `call` or `manage`.
    scope: &'static str,
    /// The only connectors that are there for it; all of them where there is no list.
    connectors: Option<Vec<String>>,
}

pub(super) async fn daemon(desk: &Desk, visitor: &Visitor, _: Nothing) -> Result<About, RpcError> {
    Ok(About {
        version: env!("CARGO_PKG_VERSION"),
        url: desk.url.clone(),
        mcp_url: format!("{}/mcp", desk.url),
        started_at: desk.started_at.clone(),
        visitor: Known {
            name: visitor.name.as_ref().to_owned(),
            scope: visitor.scope.as_str(),
            connectors: visitor.connectors().map(<[String]>::to_vec),
        },
        warnings: if visitor.sees_all() { desk.all_warnings() } else { Vec::new() },
    })
}

/// What came of looking.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Reloaded {
    /// Always true: everything could be read.
    reloaded: bool,
}

pub(super) async fn reload(desk: &Desk, _: &Visitor, _: Nothing) -> Result<Reloaded, RpcError> {
    desk.reload().await?;
    Ok(Reloaded { reloaded: true })
}
