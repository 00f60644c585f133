//! Describes a server before it serves.

use std::time::Duration;

use car_mcp_proto::ProtocolVersion;
use car_mcp_proto::cache::CacheScope;
use car_mcp_proto::capability::Implementation;

use super::completion::ServerCompletion;
use super::prompt::ServerPrompt;
use super::resource::{ServerResource, ServerTemplate};
use super::service::Server;
use super::tasks::TasksOptions;
use super::tool::ServerTool;

/// Says why a description is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// Two tools, prompts or resources share a name.
    #[error("expected one {kind} of the name {name:?}, found two")]
    Repeated {
        /// `tool`, `prompt`, `resource` or `resource template`.
        kind: &'static str,
        /// The name or URI.
        name: String,
    },
    /// A definition cannot be served.
    #[error("the {kind} {name:?} cannot be served: {reason}")]
    Invalid {
        /// `tool`, `prompt`, `resource`, `resource template` or `completion`.
        kind: &'static str,
        /// The name or URI.
        name: String,
        /// Why not.
        reason: String,
    },
}

/// Describes a server. What is registered decides what is declared; nothing else is.
#[derive(Debug)]
pub struct ServerBuilder {
    info: Implementation,
}

impl ServerBuilder {
    pub(crate) fn new(info: Implementation) -> Self {
        Self { info }
    }

    /// Says how to use the server, for the model.
    #[must_use]
    pub fn instructions(self, text: impl Into<String>) -> Self {
        todo!("core-a {}", text.into())
    }

    /// Adds a tool.
    #[must_use]
    pub fn tool(self, tool: ServerTool) -> Self {
        todo!("core-a {tool:?}")
    }

    /// Adds a prompt.
    #[must_use]
    pub fn prompt(self, prompt: ServerPrompt) -> Self {
        todo!("core-a {prompt:?}")
    }

    /// Adds a resource.
    #[must_use]
    pub fn resource(self, resource: ServerResource) -> Self {
        todo!("core-a {resource:?}")
    }

    /// Adds a resource template. Templates are tried in the order in which they were added, after all resources.
    #[must_use]
    pub fn template(self, template: ServerTemplate) -> Self {
        todo!("core-a {template:?}")
    }

    /// Adds completion for one argument of a prompt or one variable of a template.
    #[must_use]
    pub fn completion(self, completion: ServerCompletion) -> Self {
        todo!("core-a {completion:?}")
    }

    /// Lets tools answer with tasks (extension `io.modelcontextprotocol/tasks`).
    #[must_use]
    pub fn tasks(self, options: TasksOptions) -> Self {
        todo!("core-a {options:?}")
    }

    /// Sets the revisions that are spoken. All, without it.
    #[must_use]
    pub fn versions(self, versions: impl IntoIterator<Item = ProtocolVersion>) -> Self {
        todo!("core-a {}", versions.into_iter().count())
    }

    /// Sets how many entries a page of a list has. Without it a list is one page.
    #[must_use]
    pub fn page_size(self, entries: usize) -> Self {
        todo!("core-a {entries}")
    }

    /// Sets for how long clients may keep lists and the server's description, and who may share them. Without it:
    /// not at all, and private.
    #[must_use]
    pub fn cache(self, fresh_for: Duration, scope: CacheScope) -> Self {
        todo!("core-a {fresh_for:?} {scope:?}")
    }

    /// Declares that log messages are sent.
    #[must_use]
    pub fn logging(self) -> Self {
        todo!("core-a")
    }

    /// Declares the lists of tools and prompts even where they are empty at first, because they will be filled later.
    #[must_use]
    pub fn lists_may_grow(self) -> Self {
        todo!("core-a")
    }

    /// Sets the key that seals request states, so that several processes can serve one client. Without it the key
    /// is made at random and states end with the process.
    #[must_use]
    pub fn state_key(self, key: [u8; 32]) -> Self {
        todo!("core-a {}", key.len())
    }

    /// Sets for how long a client may take to answer a modern round of questions. Ten minutes, without it.
    #[must_use]
    pub fn state_lifetime(self, lifetime: Duration) -> Self {
        todo!("core-a {lifetime:?}")
    }

    /// Builds the server.
    ///
    /// # Errors
    /// Says which definition cannot be served, and why.
    pub fn build(self) -> Result<Server, DefinitionError> {
        todo!("core-a {:?}", self.info)
    }
}
