//! Describes a server before it serves.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use car_mcp_proto::ProtocolVersion;
use car_mcp_proto::cache::CacheScope;
use car_mcp_proto::capability::Implementation;

use super::changes::Changes;
use super::completion::ServerCompletion;
use super::encode::Texts;
use super::offer::Offered;
use super::principal::Caller;
use super::prompt::{PromptEntry, ServerPrompt};
use super::registry::{Entry, Registry, Table};
use super::resource::{ResourceEntry, ServerResource, ServerTemplate, TemplateEntry};
use super::service::{Inner, Server, Settings};
use super::state::{DEFAULT_LIFETIME, Sealer, StateKey};
use super::tasks::{Tasks, TasksOptions};
use super::tool::{ServerTool, ToolEntry};

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
        /// `server`, `tool`, `prompt`, `resource`, `resource template` or `completion`.
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
    settings: Settings,
    tools: Vec<ServerTool>,
    prompts: Vec<ServerPrompt>,
    resources: Vec<ServerResource>,
    templates: Vec<ServerTemplate>,
    completions: Vec<ServerCompletion>,
    state_key: Option<StateKey>,
    state_lifetime: Duration,
}

impl ServerBuilder {
    pub(crate) fn new(info: Implementation) -> Self {
        let settings = Settings {
            info,
            instructions: None,
            versions: ProtocolVersion::ALL.to_vec(),
            page_size: None,
            fresh_for: Duration::ZERO,
            scope: CacheScope::PRIVATE,
            logging: false,
            lists_may_grow: false,
            tasks: None,
            visible: None,
        };
        Self {
            settings,
            tools: Vec::new(),
            prompts: Vec::new(),
            resources: Vec::new(),
            templates: Vec::new(),
            completions: Vec::new(),
            state_key: None,
            state_lifetime: DEFAULT_LIFETIME,
        }
    }

    /// Says how to use the server, for the model.
    #[must_use]
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.settings.instructions = Some(text.into());
        self
    }

    /// Adds a tool.
    #[must_use]
    pub fn tool(mut self, tool: ServerTool) -> Self {
        self.tools.push(tool);
        self
    }

    /// Adds a prompt.
    #[must_use]
    pub fn prompt(mut self, prompt: ServerPrompt) -> Self {
        self.prompts.push(prompt);
        self
    }

    /// Adds a resource.
    #[must_use]
    pub fn resource(mut self, resource: ServerResource) -> Self {
        self.resources.push(resource);
        self
    }

    /// Adds a resource template. Templates are tried in the order in which they were added, after all resources.
    #[must_use]
    pub fn template(mut self, template: ServerTemplate) -> Self {
        self.templates.push(template);
        self
    }

    /// Adds completion for one argument of a prompt or one variable of a template.
    #[must_use]
    pub fn completion(mut self, completion: ServerCompletion) -> Self {
        self.completions.push(completion);
        self
    }

    /// Lets tools answer with tasks (extension `io.modelcontextprotocol/tasks`).
    #[must_use]
    pub fn tasks(mut self, options: TasksOptions) -> Self {
        self.settings.tasks = Some(options);
        self
    }

    /// Sets the revisions that are spoken. All, without it.
    #[must_use]
    pub fn versions(mut self, versions: impl IntoIterator<Item = ProtocolVersion>) -> Self {
        let mut versions: Vec<_> = versions.into_iter().collect();
        versions.sort_unstable();
        versions.dedup();
        versions.reverse();
        self.settings.versions = versions;
        self
    }

    /// Sets how many entries a page of a list has. Without it a list is one page.
    #[must_use]
    pub const fn page_size(mut self, entries: usize) -> Self {
        self.settings.page_size = Some(entries);
        self
    }

    /// Sets for how long clients may keep lists and the server's description, and who may share them. Without it:
    /// not at all, and private.
    #[must_use]
    pub fn cache(mut self, fresh_for: Duration, scope: CacheScope) -> Self {
        self.settings.fresh_for = fresh_for;
        self.settings.scope = scope;
        self
    }

    /// Declares that log messages are sent.
    #[must_use]
    pub const fn logging(mut self) -> Self {
        self.settings.logging = true;
        self
    }

    /// Declares tools, prompts, resources and completion even where there are none at first, because they will be
    /// added later.
    #[must_use]
    pub const fn lists_may_grow(mut self) -> Self {
        self.settings.lists_may_grow = true;
        self
    }

    /// Shows and serves to each caller only what this says. Everything to everybody, without it.
    #[must_use]
    pub fn visible(mut self, visible: impl Fn(&Caller, Offered<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.settings.visible = Some(Box::new(visible));
        self
    }

    /// Sets the key that seals request states, so that several processes can serve one client. Without it the key
    /// is made at random and states end with the process.
    #[must_use]
    pub fn state_key(mut self, key: [u8; 32]) -> Self {
        self.state_key = Some(StateKey::new(key));
        self
    }

    /// Sets for how long a client may take to answer a modern round of questions. Ten minutes, without it.
    #[must_use]
    pub const fn state_lifetime(mut self, lifetime: Duration) -> Self {
        self.state_lifetime = lifetime;
        self
    }

    /// Builds the server.
    ///
    /// # Errors
    /// Says which definition cannot be served, and why.
    pub fn build(self) -> Result<Server, DefinitionError> {
        let Self { settings, tools, prompts, resources, templates, completions, state_key, state_lifetime } =
            self;
        check_settings(&settings)?;
        let mut registry = Registry::default();
        for tool in tools {
            put("tool", &mut registry.tools, ToolEntry::prepare(tool)?)?;
        }
        for prompt in prompts {
            put("prompt", &mut registry.prompts, PromptEntry::prepare(prompt))?;
        }
        for resource in resources {
            put("resource", &mut registry.resources, ResourceEntry::prepare(resource))?;
        }
        for template in templates {
            put("resource template", &mut registry.templates, TemplateEntry::prepare(template)?)?;
        }
        for completion in completions {
            registry.complete(completion)?;
        }
        let Some(state_key) = state_key.or_else(StateKey::random) else {
            return Err(unfit(&settings, "the system gives no random bytes for a key"));
        };
        let sealer = Sealer::new(&state_key, state_lifetime);
        let texts = Texts::new(&settings);
        let changes = Changes::default();
        let tasks = settings.tasks.clone().map(|options| Tasks::new(options, changes.clone()));
        let inner =
            Inner { settings, texts, sealer, registry: RwLock::new(Arc::new(registry)), changes, tasks };
        Ok(Server { inner: Arc::new(inner) })
    }
}

/// Adds an entry whose name must be new.
fn put<T: Entry>(kind: &'static str, table: &mut Table<T>, entry: T) -> Result<(), DefinitionError> {
    let name = entry.key().to_owned();
    if table.put(entry) { Err(DefinitionError::Repeated { kind, name }) } else { Ok(()) }
}

fn check_settings(settings: &Settings) -> Result<(), DefinitionError> {
    let reason = match (settings.versions.is_empty(), settings.page_size) {
        (true, _) => "expected at least one revision, found none",
        (_, Some(0)) => "expected pages of at least one entry, found none",
        _ => return Ok(()),
    };
    Err(unfit(settings, reason))
}

fn unfit(settings: &Settings, reason: &str) -> DefinitionError {
    let name = settings.info.name.clone();
    DefinitionError::Invalid { kind: "server", name, reason: reason.to_owned() }
}
