//! Enabled tools whose definitions are not what the person agreed to.

use serde::Serialize;
use serde_json::value::RawValue;

/// An enabled tool that is out of service because its definition changed.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ChangedTool {
    /// The server's name for it.
    pub name: String,
    /// The name by which a model knows it.
    pub canonical: String,
    /// When the person agreed to it, in seconds since 1970.
    pub agreed_at: u64,
    /// The whole definition, as the person agreed to it.
    pub before: Box<RawValue>,
    /// The whole definition, as the server gives it now.
    pub now: Box<RawValue>,
    /// What differs, member by member.
    pub differences: Vec<Difference>,
    /// Names this very difference where it is approved: something that changes meanwhile is not approved with it.
    pub seen: String,
}

/// One member of a definition that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Difference {
    /// Which member: a path such as `description` or `inputSchema.properties.path`.
    pub member: String,
    /// What it was, as text or JSON; nothing where it was not there.
    pub before: Option<String>,
    /// What it is, as text or JSON; nothing where it is gone.
    pub now: Option<String>,
}
