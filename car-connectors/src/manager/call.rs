//! Calling a tool: what can be refused without the server is refused first, the rest is the engine's.

use car_engine::{EngineError, PolicyRequest, ToolRequest, Verdict};
use serde_json::Value;
use serde_json::value::RawValue;

use super::ConnectorManager;
use super::tools::set_aside;
use crate::dial::seconds;
use crate::error::{Error, engine_error};
use crate::name::canonical_name;
use crate::options::CallOptions;
use crate::status::ToolOutcome;

impl ConnectorManager {
    /// Calls an enabled tool through the governed path: route, validator, policy, rate limit, session, event log.
    ///
    /// `arguments` is a JSON object and is sent byte for byte. The connector is dialed where there is no session yet;
    /// a call that is not allowed anyway contacts nobody.
    ///
    /// # Errors
    /// Says why the call was not made, or why it brought no result. A tool that fails is a result, with
    /// [`ToolOutcome::is_error`] set.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call; the event log records it as cancelled.
    pub async fn call_tool(
        &self,
        slug: &str,
        tool: &str,
        arguments: &RawValue,
        options: &CallOptions,
    ) -> Result<ToolOutcome, Error> {
        let seen = self.inner.seen(slug).await?;
        let connector = seen.connector(slug).ok_or_else(|| self.inner.missing(slug, &seen))?;
        let canonical = canonical_name(slug, tool, seen.slugs());
        let progress = options.on_progress.as_deref();
        let sink = progress.map(|on_progress| move |progress| on_progress(&progress));
        let caller = options.caller.as_deref().unwrap_or(&self.inner.caller);
        let mut request =
            ToolRequest::new(&canonical, arguments, caller).with_target(slug, tool).with_context(options);
        let usual = connector.project.as_ref().and_then(|project| seconds(project.tool_timeout_sec));
        if let Some(timeout) = options.timeout.or(usual) {
            request = request.with_deadline(timeout);
        }
        if let Some(trace) = &options.trace {
            request = request.with_trace(trace);
        }
        if let Some(sink) = &sink {
            request = request.with_progress(sink);
        }
        let is_enabled = connector.enabled_tools.iter().any(|name| name == tool);
        let unusable = match is_enabled && !self.is_registered(&canonical) {
            // In a box: it is rare, and other calls should not carry its room.
            true => Box::pin(self.prepare(slug, tool, &request)).await?,
            false => None,
        };
        let result = self.inner.executor.call(request).await;
        if self.inner.oauth.agent.is_some()
            && let Err(error) = self.inner.note_sign_in(connector).await
        {
            // The call is made, and its answer is not given up for a note that can be made at the next look.
            tracing::warn!(connector = slug, %error, "who signed in could not be noted");
        }
        let result = result.map_err(|error| match (error, unusable) {
            // The engine does not know why an enabled tool is not there.
            (EngineError::NotRouted { .. }, Some(unusable)) => unusable,
            (error, _) => engine_error(slug, tool, error),
        })?;
        Ok(ToolOutcome {
            raw: result.raw,
            is_error: result.is_error,
            structured_content: result.structured_content,
        })
    }

    /// Sees to it that an enabled tool is registered. Its schema is needed to look at the arguments, and where this
    /// program has not seen it yet, its server has to be asked; what the policy denies is refused before that.
    ///
    /// Returns why it cannot be used, if it cannot.
    async fn prepare(
        &self,
        slug: &str,
        tool: &str,
        request: &ToolRequest<'_>,
    ) -> Result<Option<Error>, Error> {
        if self.is_denied(slug, tool, request) {
            // The engine says so and records it; the server need not be asked for that.
            return Ok(None);
        }
        let connected = self.inner.current(slug).await?;
        if !self.is_registered(request.tool) {
            // A session is there before its tools are registered: whoever dialed may be at that still. A look waits for it.
            self.inner.manifest().await?;
        }
        if let Some(live) = self.inner.known_live(slug)
            && let Some(error) = live.state().out_of_service.error(slug, tool)
        {
            return Ok(Some(error));
        }
        let reason = connected.catalog.reason(tool).or_else(|| connected.catalog.missing(tool));
        Ok(reason.map(|reason| set_aside(slug, tool, reason)))
    }

    fn is_registered(&self, canonical: &str) -> bool {
        self.inner.executor.registry().get(canonical).is_some()
    }

    /// Tells whether the policy denies the call whatever the tool's schema says.
    fn is_denied(&self, slug: &str, tool: &str, request: &ToolRequest<'_>) -> bool {
        let arguments: Option<Value> = serde_json::from_str(request.arguments.get()).ok();
        let mut asked = PolicyRequest::new(request.tool, slug, tool).with_caller(request.caller);
        if let Some(arguments) = &arguments {
            asked = asked.with_arguments(arguments);
        }
        matches!(self.policy().current().decide(&asked), Verdict::Deny { .. })
    }
}
