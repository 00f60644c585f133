//! The server: what it offers, and the steps by which a request is let in and answered.

use std::fmt;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use car_mcp_proto::cache::CacheScope;
use car_mcp_proto::capability::{Implementation, ListCapability, ServerCapabilities};
use car_mcp_proto::discover::DiscoverResult;
use car_mcp_proto::param_header::ParamHeaders;
use car_mcp_proto::rpc::UNSUPPORTED_PROTOCOL_VERSION;
use car_mcp_proto::{Era, ErrorObject, ProtocolVersion, RawJson};

use super::builder::ServerBuilder;
use super::changes::{Changes, List};
use super::dispatch::{Asker, Begun, Peer, no_such_method};
use super::encode::{Kind, Outcome, Texts};
use super::exchange::{Answer, Exchange};
use super::failure::error;
use super::inbound::Request;
use super::offer::{Offered, Visible};
use super::outlet::Outlet;
use super::principal::Caller;
use super::registry::Registry;
use super::state::Sealer;
use super::tasks::{self, Tasks, TasksOptions};
use super::tool::ToolEntry;

/// An MCP server of every revision, without a wire. Cheap to clone; clones are the same server.
#[derive(Clone)]
pub struct Server {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) texts: Texts,
    pub(crate) sealer: Sealer,
    pub(crate) registry: RwLock<Arc<Registry>>,
    pub(crate) changes: Changes,
    /// Nothing where there are none.
    pub(crate) tasks: Option<Tasks>,
}

/// What was said of the server when it was described.
pub(crate) struct Settings {
    pub(crate) info: Implementation,
    pub(crate) instructions: Option<String>,
    /// Newest first.
    pub(crate) versions: Vec<ProtocolVersion>,
    pub(crate) page_size: Option<usize>,
    pub(crate) fresh_for: Duration,
    pub(crate) scope: CacheScope,
    pub(crate) logging: bool,
    pub(crate) lists_may_grow: bool,
    pub(crate) tasks: Option<TasksOptions>,
    /// What each caller may see and use; nothing where that is everything.
    pub(crate) visible: Option<Box<Visible>>,
}

impl Server {
    /// Begins to describe a server.
    pub fn builder(info: Implementation) -> ServerBuilder {
        ServerBuilder::new(info)
    }

    /// Returns who it says it is.
    pub fn info(&self) -> &Implementation {
        &self.inner.settings.info
    }

    /// Returns the revisions that it speaks, newest first.
    pub fn versions(&self) -> &[ProtocolVersion] {
        &self.inner.settings.versions
    }

    /// Checks that a modern request is made in a revision that this server speaks.
    ///
    /// # Errors
    /// Names the revisions that it does speak (-32022).
    pub fn check_version(&self, version: &str) -> Result<ProtocolVersion, ErrorObject> {
        let spoken = self.modern_versions();
        if let Some(version) = spoken.iter().find(|spoken| spoken.as_str() == version) {
            return Ok(*version);
        }
        // A server of the legacy era alone names what it does speak, so that the client can make a handshake.
        let supported = if spoken.is_empty() { self.versions() } else { spoken };
        let data = serde_json::json!({
            "supported": supported.iter().map(|version| version.as_str()).collect::<Vec<_>>(),
            "requested": version,
        });
        let text = format!("expected a revision that this server speaks, found {version:?}");
        let mut error = error(UNSUPPORTED_PROTOCOL_VERSION, text);
        error.data = RawJson::from_value(&data).ok();
        Err(error)
    }

    /// Checks that a modern request's method exists and that what it needs is offered here.
    ///
    /// # Errors
    /// Says that there is no such method (-32601).
    pub fn check_method(&self, method: &str) -> Result<(), ErrorObject> {
        let registry = self.registry();
        let is_offered = match method {
            "tools/call" | "tools/list" => self.offers_tools(&registry),
            "server/discover" | "subscriptions/listen" => true,
            "prompts/get" | "prompts/list" => self.offers_prompts(&registry),
            "resources/list" | "resources/templates/list" | "resources/read" => {
                self.offers_resources(&registry)
            }
            "completion/complete" => self.offers_completion(&registry),
            "tasks/get" | "tasks/update" | "tasks/cancel" => self.inner.settings.tasks.is_some(),
            _ => false,
        };
        if is_offered { Ok(()) } else { Err(no_such_method(method)) }
    }

    /// Returns the headers that a caller's calls of a tool repeat; nothing for a tool that has none or does not exist.
    pub fn param_headers(&self, tool: &str, caller: &Caller) -> Option<Arc<ParamHeaders>> {
        self.tool_entry(tool, caller)?.headers.clone()
    }

    /// Begins to answer a modern request. Every check that needs no header is made here again, so that no transport
    /// can forget one.
    pub fn answer(&self, request: Request, caller: Caller) -> Exchange {
        let id = request.id().clone();
        self.try_answer(request, caller)
            .unwrap_or_else(|error| Exchange::answered(Answer::error(Some(&id), &error)))
    }

    fn try_answer(&self, mut request: Request, caller: Caller) -> Result<Exchange, ErrorObject> {
        let client = Arc::clone(request.shared_meta()?);
        let version = self.check_version(&client.version)?;
        self.check_method(request.method())?;
        match request.method() {
            "server/discover" => return Ok(Exchange::answered(self.discover(&request))),
            "subscriptions/listen" => return self.listen(&request, &client, &caller),
            "tasks/get" | "tasks/update" | "tasks/cancel" => {
                return self.answer_task(&request, &client, &caller).map(Exchange::answered);
            }
            _ => {}
        }
        let peer = Peer {
            version,
            // A server that has not declared log messages sends none.
            log_level: client.log_level.clone().filter(|_| self.inner.settings.logging),
            client,
            progress_token: request.take_progress_token(),
            asker: Asker::Rounds,
            conversation: None,
        };
        let outlet = Outlet::new();
        Ok(match self.dispatch(request, caller, peer, &outlet) {
            Begun::Answered(answer) => Exchange::answered(answer),
            Begun::Running(work) => Exchange::of_work(work, outlet),
        })
    }

    /// Returns what this server offers, as an era's clients are told.
    pub(crate) fn capabilities(&self, era: Era) -> ServerCapabilities {
        let settings = &self.inner.settings;
        let registry = self.registry();
        let mut list = ListCapability::new();
        list.list_changed = Some(true);
        let mut offered = ServerCapabilities::new();
        offered.logging = settings.logging.then(RawJson::empty_object);
        offered.tools = self.offers_tools(&registry).then(|| list.clone());
        offered.prompts = self.offers_prompts(&registry).then(|| list.clone());
        offered.completions = self.offers_completion(&registry).then(RawJson::empty_object);
        if self.offers_resources(&registry) {
            list.subscribe = Some(true);
            offered.resources = Some(list);
        }
        if era == Era::Modern && settings.tasks.is_some() {
            offered.extensions = Some([(tasks::EXTENSION, RawJson::empty_object())].into_iter().collect());
        }
        offered
    }

    fn offers_tools(&self, registry: &Registry) -> bool {
        registry.tools.was_used() || self.inner.settings.lists_may_grow
    }

    fn offers_prompts(&self, registry: &Registry) -> bool {
        registry.prompts.was_used() || self.inner.settings.lists_may_grow
    }

    fn offers_resources(&self, registry: &Registry) -> bool {
        registry.offers_resources() || self.inner.settings.lists_may_grow
    }

    fn offers_completion(&self, registry: &Registry) -> bool {
        !registry.completions.is_empty() || self.inner.settings.lists_may_grow
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.inner.registry.read().expect("nothing panics while it changes the registry"))
    }

    /// Returns whether a caller may see and use something.
    pub(crate) fn shows(&self, caller: &Caller, offered: Offered<'_>) -> bool {
        self.inner.settings.visible.as_ref().is_none_or(|visible| visible(caller, offered))
    }

    pub(crate) fn tool_entry(&self, name: &str, caller: &Caller) -> Option<Arc<ToolEntry>> {
        if !self.shows(caller, Offered::Tool(name)) {
            return None;
        }
        self.inner
            .registry
            .read()
            .expect("nothing panics while it changes the registry")
            .tools
            .find(name)
            .cloned()
    }

    fn modern_versions(&self) -> &[ProtocolVersion] {
        let versions = self.versions();
        &versions[..versions.partition_point(|version| version.era() == Era::Modern)]
    }

    fn discover(&self, request: &Request) -> Answer {
        let settings = &self.inner.settings;
        let versions: Vec<String> = self.modern_versions().iter().map(ToString::to_string).collect();
        let mut result = DiscoverResult::new(versions, self.capabilities(Era::Modern));
        result.instructions.clone_from(&settings.instructions);
        let outcome = Outcome { kind: Kind::Complete, result: &result, meta: None, is_cacheable: true };
        self.inner.texts.answer(Era::Modern, request.id(), &outcome)
    }

    /// Tells whoever listens that a resource changed.
    pub fn resource_updated(&self, uri: &str) {
        self.inner.changes.resource_updated(uri, |caller| self.has_resource(uri, caller));
    }

    /// Tells whoever listens that the list of tools changed. Adding and removing tools does so by itself.
    pub fn tools_changed(&self) {
        self.inner.changes.list_changed(List::Tools);
    }

    /// Tells whoever listens that the list of prompts changed.
    pub fn prompts_changed(&self) {
        self.inner.changes.list_changed(List::Prompts);
    }

    /// Tells whoever listens that the list of resources changed.
    pub fn resources_changed(&self) {
        self.inner.changes.list_changed(List::Resources);
    }

    /// Ends what would go on for ever: every open stream of changes, in good order, and every task that runs. Requests
    /// are still answered.
    pub fn close(&self) {
        self.inner.changes.close();
        if let Some(tasks) = &self.inner.tasks {
            tasks.close();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").finish_non_exhaustive()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").field("info", &self.info).finish_non_exhaustive()
    }
}
