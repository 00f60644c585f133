//! The methods: what each takes and gives, who may use it, and what of the manager it is.

mod approving;
mod calls;
mod changing;
mod daemon;
mod desk;
mod discovery;
mod events;
mod listing;
mod policy;
mod sign_in;
mod table;
mod tokens;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(crate) use self::desk::{CALLBACK_PATH, Desk, SharedDesk};
pub(crate) use self::table::{METHODS, Method};
use crate::rpc::{Request, RpcError};
use crate::visitor::Visitor;

/// What a method takes.
pub(crate) trait Params: DeserializeOwned {
    /// Returns the connector that it is about, where it names one. Whoever may not see it is told that there is none.
    fn slug(&self) -> Option<&str>;
}

/// Carries a request out, in somebody's name.
pub(crate) async fn run(
    desk: SharedDesk,
    visitor: Visitor,
    request: Request,
) -> Result<Box<RawValue>, RpcError> {
    let Some(method) = METHODS.iter().find(|method| method.name == request.method) else {
        return Err(RpcError::unknown_method(&request.method, near(&request.method)));
    };
    method.admit(&visitor)?;
    let is_limited = !visitor.sees_all();
    let outcome = (method.run)(desk, visitor, request).await;
    // The hint of such an error names connectors, and not all of them are there for this visitor.
    outcome.map_err(|error| if is_limited { error.without_names() } else { error })
}

impl Method {
    /// Refuses who may not use it.
    fn admit(&self, visitor: &Visitor) -> Result<(), RpcError> {
        if !visitor.may(self.scope) {
            return Err(RpcError::forbidden(self.name, self.scope.as_str(), visitor.scope.as_str()));
        }
        if self.is_for_all && !visitor.sees_all() {
            return Err(RpcError::forbidden(self.name, "all connectors", "some connectors"));
        }
        Ok(())
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// What a method takes that is about one connector.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    /// The connector.
    slug: String,
}

/// Says of types whether they name a connector, in a member `slug`.
macro_rules! params {
    (about a connector: $($about:ty),* ; about none: $($none:ty),* $(,)?) => {
        $(impl $crate::methods::Params for $about {
            fn slug(&self) -> Option<&str> {
                Some(&self.slug)
            }
        })*
        $(impl $crate::methods::Params for $none {
            fn slug(&self) -> Option<&str> {
                None
            }
        })*
    };
}
use params;

params!(about a connector: About; about none: Nothing);

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
