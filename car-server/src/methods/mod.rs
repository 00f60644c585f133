//! The methods: what each takes, and what of the manager it is.

mod calls;
mod changing;
mod discovery;
mod listing;
mod sign_in;

use std::pin::Pin;

use car_connectors::ConnectorManager;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::rpc::{Request, RpcError};

/// A request that is being carried out. It ends with the connection that holds it.
type Running = Pin<Box<dyn Future<Output = Result<Box<RawValue>, RpcError>> + Send>>;

struct Method {
    name: &'static str,
    run: fn(ConnectorManager, Request) -> Running,
}

/// Lists methods: the name on the wire, and the function that carries it out.
macro_rules! methods {
    ($($name:literal => $function:path,)*) => {
        const METHODS: &[Method] = &[$(Method {
            name: $name,
            run: |manager, request| Box::pin(async move {
                let params = request.params()?;
                written(&$function(&manager, params).await?)
            }),
        },)*];
    };
}

methods! {
    "connectors.list" => listing::list,
    "connectors.status" => listing::status,
    "connectors.tools" => listing::tools,
    "connectors.add" => changing::add,
    "connectors.add_stdio" => changing::add_stdio,
    "connectors.enable_tools" => changing::enable_tools,
    "connectors.disable_tools" => changing::disable_tools,
    "connectors.refresh" => changing::refresh,
    "connectors.remove" => changing::remove,
    "connectors.authenticate" => sign_in::authenticate,
    "connectors.complete_authentication" => sign_in::complete_authentication,
    "connectors.sign_out" => sign_in::sign_out,
    "connectors.call_tool" => calls::call_tool,
    "connectors.events.tail" => calls::events_tail,
    "connectors.policy.list" => calls::policy_list,
    "connectors.policy.explain" => calls::policy_explain,
    "connectors.find" => discovery::find,
    "connectors.look_up" => discovery::look_up,
    "connectors.add_found" => discovery::add_found,
    "connectors.sources.list" => discovery::sources_list,
    "connectors.sources.add" => discovery::sources_add,
    "connectors.sources.remove" => discovery::sources_remove,
    "connectors.sources.set_token" => discovery::sources_set_token,
    "connectors.sources.sync" => discovery::sources_sync,
}

/// Carries a request out.
pub(crate) async fn run(manager: ConnectorManager, request: Request) -> Result<Box<RawValue>, RpcError> {
    match METHODS.iter().find(|method| method.name == request.method) {
        Some(method) => (method.run)(manager, request).await,
        None => Err(RpcError::unknown_method(&request.method, near(&request.method))),
    }
}

/// Returns the method that was probably meant: the same but for its first part, or for upper and lower case.
fn near(method: &str) -> Option<&'static str> {
    let last = |name: &str| name.strip_prefix("connectors.").unwrap_or(name).to_ascii_lowercase();
    let wanted = last(method);
    METHODS.iter().map(|method| method.name).find(|name| last(name) == wanted)
}

fn written(result: &impl Serialize) -> Result<Box<RawValue>, RpcError> {
    serde_json::value::to_raw_value(result).map_err(|error| RpcError::unwritten(&error))
}

/// What a method takes that takes nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// What a method takes that is about one connector.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    slug: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_name_of_its_own_and_is_described() {
        let text = include_str!("../../../docs/websocket-protocol.md");
        for (place, method) in METHODS.iter().enumerate() {
            assert!(METHODS[..place].iter().all(|other| other.name != method.name), "{}", method.name);
            assert!(text.contains(&format!("`{}`", method.name)), "{} is not described", method.name);
        }
    }

    #[test]
    fn guesses_what_was_meant() {
        assert_eq!(near("list"), Some("connectors.list"));
        assert_eq!(near("connectors.LIST"), Some("connectors.list"));
        assert_eq!(near("connectors.nothing"), None);
    }
}
