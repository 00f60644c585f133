//! Calling a tool: what can be refused without the server is refused first, the rest is the engine's.

use car_engine::{EngineError, PolicyRequest, ToolRequest, Verdict};
use serde_json::value::RawValue;

use super::{ConnectorManager, slugs};
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
        let manifest = self.inner.manifest().await?;
        let slugs = slugs(&manifest);
        let connector = manifest.connector(slug).ok_or_else(|| Error::no_connector(slug, &slugs))?;
        let canonical = canonical_name(slug, tool, &slugs);
        let enabled = connector.enabled_tools.iter().any(|name| name == tool);
        if enabled && !self.is_denied(&canonical, slug, tool) {
            let live = self.inner.live(slug);
            if live.session().is_none() || self.inner.executor.registry().get(&canonical).is_none() {
                // Its schema is needed to look at the arguments, and only its server has that.
                self.tools(slug).await?;
            }
        } else if self.inner.executor.registry().get(&canonical).is_some() && !enabled {
            // Another process has disabled it.
            drop(self.inner.executor.registry().unregister(&canonical));
        }
        let progress = options.on_progress.as_deref();
        let sink = progress.map(|on_progress| move |progress| on_progress(&progress));
        let mut request = ToolRequest::new(&canonical, arguments, &self.inner.caller).with_target(slug, tool);
        if let Some(timeout) = options.timeout {
            request = request.with_deadline(timeout);
        }
        if let Some(trace) = &options.trace {
            request = request.with_trace(trace);
        }
        if let Some(sink) = &sink {
            request = request.with_progress(sink);
        }
        let result = self.inner.executor.call(request).await;
        let result = result.map_err(|error| self.explained(slug, tool, error))?;
        Ok(ToolOutcome {
            raw: result.raw,
            is_error: result.is_error,
            structured_content: result.structured_content,
        })
    }

    /// Tells whether the policy denies the tool whatever the arguments, so that its server need not be dialed.
    fn is_denied(&self, canonical: &str, slug: &str, tool: &str) -> bool {
        let request = PolicyRequest::new(canonical, slug, tool);
        matches!(self.policy().current().decide(&request), Verdict::Deny { .. })
    }

    /// Names the reason where an enabled tool has no route: its server sets it aside.
    fn explained(&self, slug: &str, tool: &str, error: EngineError) -> Error {
        let is_unrouted = matches!(error, EngineError::NotRouted { .. });
        let mut explained = engine_error(slug, tool, error);
        let connected = self.inner.live(slug).state().connected;
        let aside = connected.iter().flat_map(|connected| &connected.set_aside);
        if let (true, Some(aside)) =
            (is_unrouted, aside.into_iter().find(|aside| aside.name.as_deref() == Some(tool)))
        {
            explained = explained.hinted(format!("it cannot be used: {}", aside.reason));
        }
        explained
    }
}
