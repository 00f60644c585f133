//! The keys of `_meta` that the specification defines, and the `_meta` of a modern request.

use crate::capability::{ClientCapabilities, Implementation};
use crate::json::{Members, RawJson};
use crate::version::ProtocolVersion;

/// How the keys begin that the protocol keeps for itself.
pub const RESERVED: &str = "io.modelcontextprotocol/";
/// The revision that a request is made in.
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// What the client offers for this request.
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// Who the client is.
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// The least serious log level to send for this request; without it nothing is sent.
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// Who the server is.
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// The listen request to which a notification belongs.
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
/// Asks for progress, and names the request in it.
pub const PROGRESS_TOKEN: &str = "progressToken";
/// W3C trace context.
pub const TRACE_PARENT: &str = "traceparent";

/// Builds what every modern request of a client carries in `_meta`.
///
/// # Errors
/// Fails only where a capability's own raw JSON cannot be written.
pub fn modern_request(
    version: ProtocolVersion,
    capabilities: &ClientCapabilities,
    client: &Implementation,
) -> Result<Members, serde_json::Error> {
    Ok([
        (PROTOCOL_VERSION, RawJson::from_value(version.as_str())?),
        (CLIENT_CAPABILITIES, RawJson::from_value(capabilities)?),
        (CLIENT_INFO, RawJson::from_value(client)?),
    ]
    .into_iter()
    .collect())
}
