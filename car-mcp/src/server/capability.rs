//! What a question needs of the client, and the error that says that it is missing.

use car_mcp_proto::capability::ClientCapabilities;
use car_mcp_proto::elicitation::ElicitationMode;
use car_mcp_proto::mrtr::InputRequest;
use car_mcp_proto::rpc::MISSING_CLIENT_CAPABILITY;
use car_mcp_proto::{ErrorObject, Members, RawJson};

use super::failure::error;

/// A capability of the client that a question needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The user is asked by form.
    Form,
    /// The user is sent to a page.
    Url,
    /// The model is asked.
    Sampling,
    /// The model is asked, and given tools.
    SamplingTools,
    /// The roots are asked for.
    Roots,
}

impl Need {
    /// Returns what a question needs.
    pub(crate) fn of(question: &InputRequest) -> Option<Self> {
        match question {
            InputRequest::Elicitation(input) if input.params.mode() == ElicitationMode::URL => {
                Some(Self::Url)
            }
            InputRequest::Elicitation(_) => Some(Self::Form),
            InputRequest::Sampling(input) if input.params.tools.is_some() => Some(Self::SamplingTools),
            InputRequest::Sampling(_) => Some(Self::Sampling),
            InputRequest::Roots(_) => Some(Self::Roots),
            _ => None,
        }
    }

    /// Returns the capability and the member of it that must be there.
    const fn path(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Form => ("elicitation", None),
            Self::Url => ("elicitation", Some("url")),
            Self::Sampling => ("sampling", None),
            Self::SamplingTools => ("sampling", Some("tools")),
            Self::Roots => ("roots", None),
        }
    }
}

/// Tells whether the client offers something. An elicitation that names no mode is by form.
pub(crate) fn offers(offered: &ClientCapabilities, need: Need) -> bool {
    let has = |members: &Option<Members>, name: &str| {
        members.as_ref().is_some_and(|members| members.member(name).is_some())
    };
    match need {
        Need::Form => offered
            .elicitation
            .as_ref()
            .is_some_and(|modes| modes.is_empty() || modes.member("form").is_some()),
        Need::Url => has(&offered.elicitation, "url"),
        Need::Sampling => offered.sampling.is_some(),
        Need::SamplingTools => has(&offered.sampling, "tools"),
        Need::Roots => offered.roots.is_some(),
    }
}

/// Returns the error that names exactly what is missing (-32021).
pub(crate) fn missing(needs: &[Need]) -> ErrorObject {
    let mut required = serde_json::Map::new();
    for need in needs {
        let (name, member) = need.path();
        let capability = required.entry(name).or_insert_with(|| serde_json::json!({}));
        // A client that offers another mode has to be told which one is meant.
        let member = member.or_else(|| (*need == Need::Form && needs.contains(&Need::Url)).then_some("form"));
        if let (Some(member), Some(members)) = (member, capability.as_object_mut()) {
            members.insert(member.to_owned(), serde_json::json!({}));
        }
    }
    let names: Vec<&str> = required.keys().map(String::as_str).collect();
    let text = format!("expected a client with the capability {}, found none", names.join(", "));
    let mut error = error(MISSING_CLIENT_CAPABILITY, text);
    error.data = RawJson::from_value(&serde_json::json!({ "requiredCapabilities": required })).ok();
    error
}
