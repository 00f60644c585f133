//! What a front end shows of connectors, tools and results.

use serde::Serialize;
use serde_json::value::RawValue;

/// How a connector stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConnectorState {
    /// Known, and not contacted by this program yet.
    #[default]
    NotConnected,
    /// Being contacted.
    Connecting,
    /// Ready for calls.
    Ready,
    /// The server wants a sign-in.
    NeedsSignIn,
    /// The last attempt failed.
    Failed,
    /// It is of a project's file that the user does not trust as it is now.
    Untrusted,
    /// It is of a project's file, and a connector of the user has its name.
    Shadowed,
    /// It is of a project's file, and its entry cannot be used: the last error says why.
    Unusable,
}

impl ConnectorState {
    /// Returns the state as one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotConnected => "not_connected",
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::NeedsSignIn => "needs_sign_in",
            Self::Failed => "failed",
            Self::Untrusted => "untrusted",
            Self::Shadowed => "shadowed",
            Self::Unusable => "unusable",
        }
    }

    /// Returns whether the connector is used at all: entries of a project may only be listed.
    pub const fn is_in_use(self) -> bool {
        !matches!(self, Self::Untrusted | Self::Shadowed | Self::Unusable)
    }
}

/// Who described a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConnectorSource {
    /// The user, who added it.
    User,
    /// A project's file.
    Project,
}

impl ConnectorSource {
    /// Returns the source as one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }
}

/// How a connector stands, and what to do next.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ConnectorStatus {
    /// Its slug, by which it is addressed.
    pub slug: String,
    /// Its name, as the person gave it.
    pub name: String,
    /// Its URL; nothing for a local one. That of a project has its variables as written.
    pub url: Option<String>,
    /// The command that starts it; nothing for a remote one. That of a project has its variables as written.
    pub command: Option<String>,
    /// Who described it.
    pub source: ConnectorSource,
    /// The project's file that it comes from.
    pub project_file: Option<String>,
    /// Whether there is a session with it.
    pub connected: bool,
    /// How it stands.
    pub state: ConnectorState,
    /// What the person should do next, if anything.
    pub next_action: Option<String>,
    /// How many tools it has, when last seen.
    pub tool_count: Option<usize>,
    /// How many of them are enabled.
    pub enabled_count: usize,
    /// How many of the enabled ones are out of service because their definitions changed, as far as that is known.
    pub changed_count: usize,
    /// Whether its prompts are passed on.
    pub shares_prompts: bool,
    /// Whether its resources are passed on.
    pub shares_resources: bool,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// Whose account it is, if the authorization server told.
    pub account: Option<String>,
    /// The names of headers whose values are kept as secrets, or come from a project's file.
    pub secret_headers: Vec<String>,
    /// The revision of the protocol that is spoken with it.
    pub protocol_version: Option<String>,
    /// What the server calls itself.
    pub server: Option<String>,
}

/// A tool as it is shown.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ToolView {
    /// The server's name for it.
    pub name: String,
    /// The name by which a model knows it, once it is enabled.
    pub canonical: String,
    /// Its name for people.
    pub title: Option<String>,
    /// What it does, in the server's words.
    pub description: Option<String>,
    /// Whether it can be called.
    pub enabled: bool,
    /// Whether it is enabled, and taken out of service because its definition is not what the person agreed to.
    pub changed: bool,
    /// The JSON Schema of its structured result, as the server wrote it.
    pub output_schema: Option<Box<RawValue>>,
    /// The server's own word about how it behaves, as it wrote it.
    pub annotations: Option<Box<RawValue>>,
    /// The JSON Schema of its arguments, as the server wrote it.
    pub input_schema: Box<RawValue>,
}

/// A tool that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SetAside {
    /// Its name, if that much can be read.
    pub name: Option<String>,
    /// Why it cannot be used.
    pub reason: String,
}

/// All tools of a connector.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ToolListing {
    /// Those that can be used.
    pub tools: Vec<ToolView>,
    /// Those that cannot.
    pub set_aside: Vec<SetAside>,
}

/// What a tool answered.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ToolOutcome {
    /// The whole result, as the server sent it.
    pub raw: Box<RawValue>,
    /// Whether the tool says that it failed.
    pub is_error: bool,
    /// The result as data.
    pub structured_content: Option<Box<RawValue>>,
}
