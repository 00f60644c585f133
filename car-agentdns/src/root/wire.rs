//! The documents of `POST /agentdns/resolve`, as they go over the wire. `docs/agentdns-root-contract.md` says what each
//! side owes the other.

use serde::{Deserialize, Serialize};

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ResolveRequest {
    /// What is needed, in words; or an identifier, which asks for that service alone.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 2_000)))]
    pub need: String,
    /// How many services are wanted at most.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub limit: usize,
}

impl ResolveRequest {
    /// Asks for services.
    #[must_use]
    pub fn new(need: &crate::Need, limit: crate::Limit) -> Self {
        Self { need: need.as_str().to_owned(), limit: limit.get() }
    }
}

/// What a root answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ResolveAnswer {
    /// The services, best first, no more than were asked for, each identifier once. Empty where nothing fits.
    #[cfg_attr(feature = "schema", schemars(length(max = 100)))]
    pub services: Vec<ServiceRecord>,
}

/// One service, as a root describes it. A client reads it with nothing but the identifier; a root gives `name`, `kind`,
/// `protocol` and `description` too. Members that are not named here are left alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "schema",
    schemars(extend("required" = ["identifier", "name", "kind", "protocol", "description"]))
)]
#[non_exhaustive]
pub struct ServiceRecord {
    /// The identifier: `agentdns://organization/category/name`. Its organization is not `local`.
    #[cfg_attr(
        feature = "schema",
        schemars(
            length(max = 1_024),
            regex(
                pattern = r"^[aA][gG][eE][nN][tT][dD][nN][sS]://[A-Za-z0-9._-]{1,200}(/[A-Za-z0-9._-]{1,200})+$"
            )
        )
    )]
    pub identifier: String,
    /// What it is called, for people.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    pub name: String,
    /// What it is: `server`, `tool`, `agent`, or another word.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = 64)))]
    pub kind: String,
    /// How it is spoken with: `mcp`, `a2a`, `anp`, `http`, or another word.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = 64)))]
    pub protocol: String,
    /// What it does, in the words that a need is matched with.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = 4_000)))]
    pub description: String,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<WirePricing>,
    /// Where it is: an absolute URL, https but for a root in a private network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 2_048), url))]
    pub endpoint: Option<String>,
    /// Its version, as its publisher writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 255)))]
    pub version: Option<String>,
    /// Who publishes it, as the root has verified it. Without it, the identifier's organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    pub publisher: Option<String>,
    /// Words that it is filed under.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(length(max = 50), inner(length(max = 100))))]
    pub tags: Vec<String>,
    /// What it says it can do: its tools or skills.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    pub capabilities: Vec<WireCapability>,
}

/// One thing that a service can do, as a root describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct WireCapability {
    /// Its name.
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    pub name: String,
    /// What it does.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = 1_000)))]
    pub description: String,
}

/// What a service costs, as a root describes it. Nobody charges by it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct WirePricing {
    /// How it is charged: `free`, `per_request`, `per_token`, `subscription`, or another word.
    #[cfg_attr(feature = "schema", schemars(length(max = 64)))]
    pub model: String,
    /// The price of one unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub price: Option<f64>,
    /// The currency (ISO 4217).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 3, max = 3)))]
    pub currency: Option<String>,
}

/// What went wrong, as a root says it (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Problem {
    /// Which kind of problem; `about:blank` where the status says it all.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The kind in a few words, always the same ones.
    #[serde(default)]
    pub title: String,
    /// The status of the answer, once more.
    #[cfg_attr(feature = "schema", schemars(range(min = 400, max = 599)))]
    pub status: u16,
    /// What it was this time, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Which members of the question are wrong (status 422).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
}

/// One member of a question that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProblemField {
    /// Which one, as a JSON Pointer (RFC 6901) in the form of a fragment: `#/limit`.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}
