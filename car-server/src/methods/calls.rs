//! Calling.

use std::time::Duration;

use car_connectors::{CallOptions, ToolOutcome};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Desk, params};
use crate::rpc::RpcError;
use crate::visitor::Visitor;

/// A call of a tool.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    /// The connector.
    slug: String,
    /// The server's name for the tool.
    tool: String,
    /// Its arguments, an object; `{}` where nothing is said. They are sent byte for byte.
    #[serde(default, deserialize_with = "object")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    arguments: Option<Box<RawValue>>,
    /// Give up after this long without progress, in seconds.
    timeout_seconds: Option<f64>,
}

/// Takes an object as it is written, or nothing.
fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    let value = Option::<Box<RawValue>>::deserialize(deserializer)?;
    match &value {
        Some(value) if !value.get().starts_with('{') => Err(D::Error::custom("expected an object")),
        _ => Ok(value),
    }
}

pub(super) async fn call_tool(desk: &Desk, visitor: &Visitor, call: Call) -> Result<ToolOutcome, RpcError> {
    let mut options = CallOptions::new().with_caller(std::sync::Arc::clone(&visitor.name));
    if let Some(seconds) = call.timeout_seconds {
        let timeout = Duration::try_from_secs_f64(seconds).map_err(|_| {
            RpcError::invalid_params("connectors.call_tool", "timeout_seconds: expected a number of seconds")
        })?;
        options = options.with_timeout(timeout);
    }
    let none = || RawValue::from_string("{}".to_owned()).expect("an empty object is JSON");
    let arguments = call.arguments.unwrap_or_else(none);
    Ok(desk.manager.call_tool(&call.slug, &call.tool, &arguments, &options).await?)
}

params!(about a connector: Call; about none:);
