//! Runs a method of either era, and turns what comes of it into a response.
//!
//! ```text
//!  modern: Server::answer ─▶ its checks ─┐
//!                                        ├─▶ Server::dispatch ─▶ Begun::Answered | Begun::Running
//!  legacy: Conversation::request ────────┘
//! ```

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use car_mcp_proto::content::ContentBlock;
use car_mcp_proto::logging::LoggingLevel;
use car_mcp_proto::mrtr::InputRequest;
use car_mcp_proto::progress::ProgressToken;
use car_mcp_proto::rpc::METHOD_NOT_FOUND;
use car_mcp_proto::tool::CallToolResult;
use car_mcp_proto::{Era, ErrorObject, ProtocolVersion, RawJson, RequestId};
use futures_util::FutureExt as _;

use super::context::Context;
use super::encode::{Kind, Outcome, refusal};
use super::exchange::Answer;
use super::failure::{Failure, Reason, error};
use super::forwarded::{Given, Passed};
use super::inbound::{Request, RequestMeta, invalid};
use super::methods::Incoming;
use super::outlet::Outlet;
use super::principal::Caller;
use super::service::Server;
use super::tasks::{self, Plan};
use crate::transport::BoxFuture;

/// What the server knows of the client for one request.
pub(crate) struct Peer {
    pub(crate) version: ProtocolVersion,
    /// What the client says of itself: with this request (modern), or when the conversation began (legacy).
    pub(crate) client: Arc<RequestMeta>,
    /// The least serious log level to send; nothing is sent without it.
    pub(crate) log_level: Option<LoggingLevel>,
    pub(crate) progress_token: Option<ProgressToken>,
    pub(crate) asker: Asker,
    /// Names the conversation of a legacy client.
    pub(crate) conversation: Option<u64>,
}

/// How a question reaches the client.
#[derive(Clone)]
pub(crate) enum Asker {
    /// With the answer, which the client follows up (modern).
    Rounds,
    /// By a way that brings the answer back while the handler waits (legacy requests, tasks).
    Client(Arc<dyn Ask>),
    /// Not at all.
    Nobody,
}

/// Puts questions to the client while the handler waits.
pub(crate) trait Ask: Send + Sync {
    /// Puts questions, whose capabilities have been checked, and waits for all answers. Returns each answer's result
    /// under its key, unread.
    ///
    /// # Errors
    /// Says why there is no answer.
    fn ask(
        &self,
        questions: Vec<(String, InputRequest)>,
        outlet: &Outlet,
    ) -> BoxFuture<'_, Result<Vec<(String, RawJson)>, Failure>>;
}

/// A request that was let in.
pub(crate) enum Begun {
    /// It was answered at once.
    Answered(Answer),
    /// Its handler runs.
    Running(BoxFuture<'static, Answer>),
}

impl Server {
    /// Begins to answer a request of a method that both eras have. What is said before the answer goes to the outlet.
    pub(crate) fn dispatch(&self, request: Request, caller: Caller, peer: Peer, outlet: &Outlet) -> Begun {
        let id = request.id().clone();
        let incoming = Incoming { request, caller, peer, outlet };
        self.try_dispatch(incoming).unwrap_or_else(|error| Begun::Answered(Answer::error(Some(&id), &error)))
    }

    fn try_dispatch(&self, incoming: Incoming<'_>) -> Result<Begun, ErrorObject> {
        let (request, caller) = (&incoming.request, &incoming.caller);
        let era = incoming.peer.version.era();
        request.parts().check()?;
        match request.method() {
            "tools/call" => return self.call_tool(incoming),
            "prompts/get" => return self.get_prompt(incoming),
            "resources/read" => return self.read_resource(incoming),
            "completion/complete" => return self.complete(incoming),
            "tools/list" => self.list(request, era, caller, |registry| &registry.tools),
            "prompts/list" => self.list(request, era, caller, |registry| &registry.prompts),
            "resources/list" => self.list(request, era, caller, |registry| &registry.resources),
            "resources/templates/list" => self.list(request, era, caller, |registry| &registry.templates),
            method => Err(no_such_method(method)),
        }
        .map(Begun::Answered)
    }

    fn call_tool(&self, incoming: Incoming<'_>) -> Result<Begun, ErrorObject> {
        let Incoming { request, caller, peer, outlet } = incoming;
        let era = peer.version.era();
        let name = request.header_name()?.unwrap_or_default();
        let Some(tool) = self.tool_entry(name, &caller) else {
            return Err(invalid(format!("expected the name of a tool, found {name:?}")));
        };
        let arguments = request.arguments();
        let plan = Plan::of(tool.task, self, &peer)?;
        let context = Context::new(self.clone(), request, caller, peer, outlet.clone())?;
        let context = match plan {
            Plan::Plain => context,
            plan => return Ok(Begun::Running(Box::pin(tasks::call(plan, tool, arguments, context)))),
        };
        Ok(Begun::Running(Box::pin(async move {
            let handler = context.clone();
            let outcome = guarded(async { (tool.function)(arguments, handler).await }).await;
            context.end();
            context.server().call_answer(era, context.request_id(), outcome)
        })))
    }

    /// Writes what came of a tool's function.
    pub(crate) fn call_answer(
        &self,
        era: Era,
        id: &RequestId,
        outcome: Result<Given<CallToolResult>, Failure>,
    ) -> Answer {
        match outcome {
            Ok(Given::Own(result)) => self.call_result(era, id, result),
            Ok(Given::Forwarded(result)) => self.inner.texts.forward(era, id, &result, Passed::ToolResult),
            Err(Failure(Reason::Failed(text))) => self.call_result(era, id, failed(text)),
            Err(failure) => self.refuse(era, id, failure),
        }
    }

    /// Writes a tool's result.
    pub(crate) fn call_result(&self, era: Era, id: &RequestId, mut result: CallToolResult) -> Answer {
        if era == Era::Legacy && result.structured_content.as_ref().is_some_and(|data| !data.is_object()) {
            result.structured_content = None;
        }
        result.result_type = None;
        let meta = result.meta.take();
        let outcome =
            Outcome { kind: Kind::Complete, result: &result, meta: meta.as_ref(), is_cacheable: false };
        self.inner.texts.answer(era, id, &outcome)
    }

    /// Writes why there is no result, or what has to be known first.
    pub(crate) fn refuse(&self, era: Era, id: &RequestId, failure: Failure) -> Answer {
        match failure.0 {
            Reason::InputRequired(mut round) if era == Era::Modern => {
                round.result_type = None;
                let meta = round.meta.take();
                let outcome = Outcome {
                    kind: Kind::InputRequired,
                    result: &*round,
                    meta: meta.as_ref(),
                    is_cacheable: false,
                };
                self.inner.texts.answer(era, id, &outcome)
            }
            _ => refusal(era, id, failure),
        }
    }
}

/// Returns the result of a tool that failed.
pub(crate) fn failed(text: String) -> CallToolResult {
    let mut result = CallToolResult::new();
    result.content = vec![ContentBlock::text(text)];
    result.is_error = Some(true);
    result
}

/// Says that there is no such method.
pub(crate) fn no_such_method(method: &str) -> ErrorObject {
    error(METHOD_NOT_FOUND, format!("expected a method of this server, found {method:?}"))
}

/// Runs a handler so that its panic fails this request and nothing else.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // What the handler was in the middle of is dropped with it; nobody sees it again.
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Err(Failure::internal("the server failed on this request"))
    })
}
