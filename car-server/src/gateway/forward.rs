//! Passes requests on to the connectors, through the manager, which governs them.

use std::sync::Arc;

use car_connectors::engine::Progress;
use car_connectors::mcp::proto::completion::{
    CompleteParams, Completion, CompletionArgument, CompletionContext, CompletionReference,
};
use car_connectors::mcp::proto::{Members, RawJson};
use car_connectors::mcp::server::{Context, Failure, JsonSlice, PromptArguments};
use car_connectors::{CallOptions, ConnectorManager};
use serde_json::value::RawValue;

use super::guest::{Guest, TRACE_PARENT};
use super::outcome;
use super::parked::Parked;
use super::pump::{Call, Outcome, pump, resumed};
use super::question::{CallHandler, Note};

/// Where a request goes.
#[derive(Debug)]
pub(super) struct Target {
    /// The connector's slug.
    pub(super) connector: String,
    /// The server's own name for it.
    pub(super) name: String,
}

/// Passes requests on. Clones are the same.
#[derive(Clone)]
pub(super) struct Forward {
    pub(super) manager: ConnectorManager,
    pub(super) parked: Arc<Parked<Call>>,
}

impl Forward {
    /// Calls a tool.
    pub(super) async fn tool(
        self,
        target: Arc<Target>,
        arguments: Option<JsonSlice>,
        context: Context,
    ) -> Result<RawJson, Failure> {
        let manager = self.manager.clone();
        let begin = move |options: CallOptions| async move {
            let arguments = arguments.as_ref().map_or("{}", JsonSlice::as_str).to_owned();
            let arguments = RawValue::from_string(arguments).expect("it was cut out of JSON");
            let called = manager.call_tool(&target.connector, &target.name, &arguments, &options).await;
            called.map(|outcome| RawJson::from(outcome.raw))
        };
        self.pass_on(&context, begin).await?.map_err(|error| outcome::of_tool(&error))
    }

    /// Gets a prompt.
    pub(super) async fn prompt(
        self,
        target: Arc<Target>,
        arguments: PromptArguments,
        context: Context,
    ) -> Result<RawJson, Failure> {
        let manager = self.manager.clone();
        let begin = move |options: CallOptions| async move {
            manager.get_prompt(&target.connector, &target.name, arguments.members(), &options).await
        };
        self.pass_on(&context, begin).await?.map_err(|error| outcome::of_prompt(&error))
    }

    /// Reads a resource.
    pub(super) async fn resource(
        self,
        target: Arc<Target>,
        uri: String,
        context: Context,
    ) -> Result<RawJson, Failure> {
        let (manager, asked) = (self.manager.clone(), uri.clone());
        let begin = move |options: CallOptions| async move {
            manager.read_resource(&target.connector, &asked, &options).await
        };
        self.pass_on(&context, begin).await?.map_err(|error| outcome::of_resource(&error, &uri))
    }

    /// Completes an argument of a prompt or a variable of a template.
    pub(super) async fn completion(
        self,
        target: Arc<Target>,
        reference: CompletionReference,
        argument: CompletionArgument,
        settled: PromptArguments,
        context: Context,
    ) -> Result<Completion, Failure> {
        let guest = Guest::who_may_call(&context)?;
        let mut params = CompleteParams::new(reference, argument);
        if !settled.members().is_empty() {
            let mut earlier = CompletionContext::new();
            earlier.arguments = Some(settled.members().clone());
            params.context = Some(earlier);
        }
        let completed = self.manager.complete(&target.connector, &params, &options(guest, &context)).await;
        completed.map(|result| result.completion).map_err(|error| outcome::of_prompt(&error))
    }

    /// Makes a call, or goes on with the one that this request brings answers to.
    async fn pass_on<F>(
        &self,
        context: &Context,
        begin: impl FnOnce(CallOptions) -> F,
    ) -> Result<Outcome, Failure>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let guest = Guest::who_may_call(context)?;
        let visitor = &*guest.visitor.name;
        let call = match resumed(context, &self.parked, visitor)? {
            Some(call) => call,
            None => {
                let (handler, notes) = CallHandler::new(context.client_capabilities());
                let mut options = options(guest, context);
                if context.wants_progress() {
                    let said = handler.notes();
                    options = options.with_progress(move |progress| drop(said.try_send(note(progress))));
                }
                Call::new(Box::pin(begin(options.with_handler(Arc::new(handler)))), notes)
            }
        };
        pump(call, context, &self.parked, visitor).await
    }
}

impl std::fmt::Debug for Forward {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Forward").finish_non_exhaustive()
    }
}

fn note(progress: &Progress) -> Note {
    Note::Progress { progress: progress.progress, total: progress.total, message: progress.message.clone() }
}

/// Returns what is special about a call for this guest.
fn options(guest: &Guest, context: &Context) -> CallOptions {
    let (trace, meta) = metadata(guest, context.request_meta());
    let mut options = CallOptions::new()
        .with_caller(Arc::clone(&guest.visitor.name))
        .on_behalf_of(Arc::clone(&guest.name))
        .with_meta(meta);
    options.trace = trace;
    options.log_level = context.log_level().cloned();
    options
}

/// Returns the trace of a request, and the metadata that goes with it to the server: what the client says in the request,
/// or else in its head.
fn metadata(guest: &Guest, mut meta: Members) -> (Option<String>, Members) {
    if let Some(trace) = meta.remove(TRACE_PARENT) {
        return (trace.parse().ok(), meta);
    }
    let mut parent = None;
    for (name, value) in guest.trace() {
        match name {
            TRACE_PARENT => parent = Some(value.to_owned()),
            _ if meta.member(name).is_none() => {
                meta.set(name, RawJson::from_value(value).expect("a text is JSON"));
            }
            _ => {}
        }
    }
    (parent, meta)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::visitor::Visitor;

    fn guest(headers: &[(&'static str, &'static str)]) -> Guest {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        Guest::new(Visitor::manager("owner"), &map)
    }

    fn members(members: &[(&'static str, &str)]) -> Members {
        members.iter().map(|(name, value)| (*name, RawJson::from_value(value).unwrap())).collect()
    }

    #[test]
    fn what_the_request_says_of_its_trace_comes_before_what_its_head_says() {
        let head = guest(&[("traceparent", "00-head"), ("tracestate", "a=head"), ("baggage", "b=head")]);
        let said =
            members(&[("traceparent", "00-said"), ("tracestate", "a=said"), ("com.example/x", "kept")]);
        let rest = members(&[("tracestate", "a=said"), ("com.example/x", "kept")]);
        assert_eq!(metadata(&head, said), (Some("00-said".to_owned()), rest));
        let rest = members(&[("tracestate", "a=head"), ("baggage", "b=head")]);
        assert_eq!(metadata(&head, Members::new()), (Some("00-head".to_owned()), rest));
        assert_eq!(metadata(&guest(&[]), Members::new()), (None, Members::new()));
    }

    #[test]
    fn a_trace_that_is_no_text_is_left_out() {
        let said: Members = [("traceparent", RawJson::from_text("7").unwrap())].into_iter().collect();
        assert_eq!(metadata(&guest(&[]), said), (None, Members::new()));
    }
}
