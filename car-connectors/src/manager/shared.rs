//! What is passed on beside tools: prompts, resources and completion of connectors that share them.

use std::sync::Arc;

use car_connectors_store::Connector;
use car_engine::AccessRequest;
use car_mcp::Session;
use car_mcp_proto::completion::{CompleteParams, CompleteResult, CompletionReference};
use car_mcp_proto::method::{Complete, GetPrompt, Method as _, ReadResource};
use car_mcp_proto::{Members, RawJson};

use super::{ConnectorManager, Inner};
use crate::connector::{Connected, full_text};
use crate::dial::seconds;
use crate::error::{Error, ErrorKind, access_error, session_error};
use crate::events::ConnectorEvent;
use crate::options::CallOptions;
use crate::session::call_error;
use crate::sharing::Shared;
use crate::status::ConnectorStatus;
use crate::upstream;

/// What of a connector is passed on beside its tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Prompts,
    Resources,
}

impl What {
    const fn word(self) -> &'static str {
        match self {
            Self::Prompts => "prompts",
            Self::Resources => "resources",
        }
    }

    const fn is_shared(self, connector: &Connector) -> bool {
        match self {
            Self::Prompts => connector.shares_prompts,
            Self::Resources => connector.shares_resources,
        }
    }
}

impl ConnectorManager {
    /// Sets whether a connector's prompts and resources are passed on; what is `None` stays as it is. Where something is
    /// to be passed on, the server is asked what there is; if it cannot be, the status says why.
    ///
    /// # Errors
    /// Says that there is no such connector, or why the manifest cannot be changed.
    pub async fn share(
        &self,
        slug: &str,
        prompts: Option<bool>,
        resources: Option<bool>,
    ) -> Result<ConnectorStatus, Error> {
        self.inner.connector(slug).await?;
        let wanted = slug.to_owned();
        let changed = self.inner.blocking(move |inner| {
            let connector = inner.change(&wanted, |connector| {
                connector.shares_prompts = prompts.unwrap_or(connector.shares_prompts);
                connector.shares_resources = resources.unwrap_or(connector.shares_resources);
            })?;
            inner.look()?;
            Ok(connector)
        });
        let connector = changed.await?;
        if prompts == Some(true) || resources == Some(true) {
            self.inner.reach(slug).await;
        }
        Ok(self.inner.status_of(&connector))
    }

    /// Gets a prompt of a connector that shares its prompts, through policy and event log. The result is as the server
    /// sent it.
    ///
    /// # Errors
    /// As [`ConnectorManager::call_tool`].
    ///
    /// # Cancel safety
    /// As [`ConnectorManager::call_tool`].
    pub async fn get_prompt(
        &self,
        slug: &str,
        prompt: &str,
        arguments: &Members,
        options: &CallOptions,
    ) -> Result<RawJson, Error> {
        let asked = Asked { slug, what: What::Prompts, method: GetPrompt::NAME, subject: prompt, options };
        self.inner
            .pass_on(asked, async |session, told| session.get_prompt_raw(prompt, arguments, &told).await)
            .await
    }

    /// Reads a resource of a connector that shares its resources, through policy and event log. The result is as the
    /// server sent it.
    ///
    /// # Errors
    /// As [`ConnectorManager::call_tool`].
    ///
    /// # Cancel safety
    /// As [`ConnectorManager::call_tool`].
    pub async fn read_resource(
        &self,
        slug: &str,
        uri: &str,
        options: &CallOptions,
    ) -> Result<RawJson, Error> {
        let asked = Asked { slug, what: What::Resources, method: ReadResource::NAME, subject: uri, options };
        self.inner.pass_on(asked, async |session, told| session.read_resource_raw(uri, &told).await).await
    }

    /// Asks a connector what a person may want to type next in an argument of a shared prompt (by the server's name for
    /// it) or a variable of a shared template.
    ///
    /// # Errors
    /// As [`ConnectorManager::call_tool`].
    pub async fn complete(
        &self,
        slug: &str,
        params: &CompleteParams,
        options: &CallOptions,
    ) -> Result<CompleteResult, Error> {
        let (what, subject) = match &params.reference {
            CompletionReference::Prompt(prompt) => (What::Prompts, prompt.name.as_str()),
            CompletionReference::ResourceTemplate(template) => (What::Resources, template.uri.as_str()),
            _ => {
                let text = "expected a reference to a prompt or a resource template, found another";
                return Err(Error::new(ErrorKind::InvalidInput, text).of(slug));
            }
        };
        let asked = Asked { slug, what, method: Complete::NAME, subject, options };
        self.inner.pass_on(asked, async |session, told| session.complete(params, &told).await).await
    }
}

/// What is asked of a connector, beside calls of tools.
#[derive(Clone, Copy)]
struct Asked<'a> {
    slug: &'a str,
    what: What,
    method: &'static str,
    subject: &'a str,
    options: &'a CallOptions,
}

impl Inner {
    /// Takes a request through policy and event log to a connector that shares what it is about.
    async fn pass_on<T>(
        &self,
        asked: Asked<'_>,
        ask: impl AsyncFnOnce(Session, car_mcp::CallOptions) -> Result<T, car_mcp::Error>,
    ) -> Result<T, Error> {
        let Asked { slug, what, method, subject, options } = asked;
        let seen = self.seen(slug).await?;
        let connector = seen.connector(slug).ok_or_else(|| self.missing(slug, &seen))?;
        if !what.is_shared(connector) {
            let word = what.word();
            let text = format!("the {word} of the connector {slug:?} are not passed on");
            let hint = format!("pass them on with `car enable {slug} --{word}`");
            return Err(Error::new(ErrorKind::NotEnabled, text).of(slug).hinted(hint));
        }
        let caller = options.caller.as_deref().unwrap_or(&self.caller);
        let mut request = AccessRequest::new(slug, method, subject, caller);
        if let Some(trace) = &options.trace {
            request = request.with_trace(trace);
        }
        let usual = connector.project.as_ref().and_then(|project| seconds(project.tool_timeout_sec));
        let told = upstream::options(Some(options), options.timeout.or(usual), options.trace.as_deref())?;
        let work = async {
            let connected = self.connected(slug).await.map_err(call_error)?;
            let outcome = ask(connected.session.clone(), told).await;
            let outcome = outcome.map_err(|error| session_error(slug, error));
            self.note_call(slug, outcome.as_ref().err());
            connected.end().await;
            outcome.map_err(call_error)
        };
        self.executor.access(request, work).await.map_err(|error| access_error(slug, error))
    }

    /// Dials a connector where there is no session yet, and lists what it shares. What goes wrong is in its status.
    pub(super) async fn reach(&self, slug: &str) {
        let reached = match self.connected(slug).await {
            Ok(connected) => self.list_shared(slug, &connected, false).await.map(|()| connected),
            Err(error) => Err(error),
        };
        match reached {
            Ok(connected) => connected.end().await,
            Err(error) => tracing::info!(connector = slug, %error, "a connector could not be reached"),
        }
    }

    /// Lists what a connector shares: what is not known yet, or everything anew. A list that cannot be read stays what it
    /// was, and the status says why.
    pub(super) async fn list_shared(
        &self,
        slug: &str,
        connected: &Connected,
        anew: bool,
    ) -> Result<(), Error> {
        let Some(live) = self.known_live(slug) else { return Ok(()) };
        let connector = self.connector(slug).await?;
        let before = live.state().shared;
        let listed = shared(slug, &connected.session, &connector, &before, anew).await;
        if live.share(connected, listed) {
            self.hub.publish(ConnectorEvent::SharedChanged { slug: slug.to_owned() });
            // Who watches a resource that it has now?
            self.watched.send_modify(|_| ());
        }
        Ok(())
    }
}

/// Lists what a server offers beside tools, as far as the user shares it.
async fn shared(slug: &str, session: &Session, connector: &Connector, before: &Shared, anew: bool) -> Shared {
    let capabilities = session.server().capabilities;
    let mut now = Shared { completes: capabilities.completions.is_some(), trouble: None, ..before.clone() };
    let mut troubles = Vec::new();
    if connector.shares_prompts && capabilities.prompts.is_some() && (anew || now.prompts.is_none()) {
        keep(&mut now.prompts, session.list_prompts().await, "prompts", slug, &mut troubles);
    }
    if connector.shares_resources && capabilities.resources.is_some() {
        if anew || now.resources.is_none() {
            keep(&mut now.resources, session.list_resources().await, "resources", slug, &mut troubles);
        }
        if anew || now.templates.is_none() {
            let templates = session.list_resource_templates().await;
            keep(&mut now.templates, templates, "resource templates", slug, &mut troubles);
        }
    }
    now.trouble = (!troubles.is_empty()).then(|| troubles.join("; "));
    now
}

fn keep<T>(
    place: &mut Option<Arc<T>>,
    listed: Result<Arc<T>, car_mcp::Error>,
    what: &str,
    slug: &str,
    troubles: &mut Vec<String>,
) {
    match listed {
        Ok(list) => *place = Some(list),
        Err(error) => {
            let text = full_text(&session_error(slug, error));
            troubles.push(format!("its {what} could not be listed: {text}"));
        }
    }
}
