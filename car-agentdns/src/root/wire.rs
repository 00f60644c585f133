//! The documents of `POST /agentdns/resolve`.

use serde::{Deserialize, Serialize};

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ResolveRequest {
    /// What is needed, in words; or an identifier, which asks for that service alone.
    pub need: String,
    /// How many services are wanted at most.
    pub limit: usize,
}

impl ResolveRequest {
    /// Asks for services.
    #[must_use]
    pub fn new(need: &crate::Need, limit: crate::Limit) -> Self {
        Self { need: need.as_str().to_owned(), limit: limit.get() }
    }
}

/// One service, as a root describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct ServiceRecord {
    /// The identifier.
    pub identifier: String,
    /// What it is called, for people.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// How it is spoken with.
    pub protocol: String,
    /// What it does.
    pub description: String,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pricing: Option<WirePricing>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// What a service costs, as a root describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct WirePricing {
    /// How it is charged.
    pub model: String,
    /// The price of one unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// The currency (ISO 4217).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}
