//! Prompts, resources and completion: what a request asks for is looked up, and its function runs.

use std::sync::Arc;

use car_mcp_proto::completion::{CompleteParams, CompleteResult, Completion, CompletionReference};
use car_mcp_proto::prompt::GetPromptResult;
use car_mcp_proto::resource::{ReadResourceResult, ResourceContents};
use car_mcp_proto::{Era, ErrorObject, RequestId};

use super::completion::{Completed, CompletionKey};
use super::context::Context;
use super::dispatch::{Asker, Begun, Peer, guarded};
use super::encode::{Kind, Outcome};
use super::exchange::Answer;
use super::failure::Failure;
use super::forwarded::{Given, Passed};
use super::inbound::{Request, invalid};
use super::offer::Offered;
use super::outlet::Outlet;
use super::principal::Caller;
use super::prompt::PromptArguments;
use super::registry::Entry;
use super::resource::{ResourceEntry, TemplateEntry};
use super::service::Server;
use crate::transport::BoxFuture;

/// How many values a completion may have (specification, "Completion").
const MAX_VALUES: usize = 100;

/// A request and who made it, on the way to a handler.
pub(crate) struct Incoming<'a> {
    pub(crate) request: Request,
    pub(crate) caller: Caller,
    pub(crate) peer: Peer,
    pub(crate) outlet: &'a Outlet,
}

impl Server {
    pub(crate) fn get_prompt(&self, incoming: Incoming<'_>) -> Result<Begun, ErrorObject> {
        let name = incoming.request.header_name()?.unwrap_or_default();
        let registry = self.registry();
        let prompt = registry
            .prompts
            .find(name)
            .filter(|_| self.shows(&incoming.caller, Offered::Prompt(name)))
            .ok_or_else(|| invalid(format!("expected the name of a prompt, found {name:?}")))?;
        let arguments = prompt.read(incoming.request.arguments().as_ref())?;
        let prompt = Arc::clone(prompt);
        self.run(incoming, move |context| (prompt.function)(arguments, context), Self::prompt_result)
    }

    pub(crate) fn read_resource(&self, incoming: Incoming<'_>) -> Result<Begun, ErrorObject> {
        let uri = incoming.request.header_name()?.unwrap_or_default().to_owned();
        let registry = self.registry();
        let caller = &incoming.caller;
        let is_shown = |_: &&Arc<ResourceEntry>| self.shows(caller, Offered::Resource(&uri));
        if let Some(resource) = registry.resources.find(&uri).filter(is_shown).cloned() {
            let work = move |context| filled((resource.function)(context), uri);
            return self.run(incoming, work, Self::resource_result);
        }
        let is_shown = |template: &TemplateEntry| self.shows(caller, template.offered());
        let Some((template, variables)) = registry.match_template(&uri, is_shown) else {
            let era = incoming.peer.version.era();
            let failure = Failure::resource_not_found(&uri);
            return Ok(Begun::Answered(self.refuse(era, incoming.request.id(), failure)));
        };
        let template = Arc::clone(template);
        let work = move |context| filled((template.function)(uri.clone(), variables, context), uri);
        self.run(incoming, work, Self::resource_result)
    }

    pub(crate) fn complete(&self, mut incoming: Incoming<'_>) -> Result<Begun, ErrorObject> {
        let params: CompleteParams = incoming.request.parse_params()?;
        let (of, name) = match params.reference {
            CompletionReference::Prompt(prompt) => (Completed::Prompt, prompt.name),
            CompletionReference::ResourceTemplate(template) => (Completed::Template, template.uri),
            _ => {
                return Err(invalid(
                    "expected `ref/prompt` or `ref/resource`, found another `ref`".to_owned(),
                ));
            }
        };
        let key = CompletionKey { of, name: name.into(), argument: params.argument.name.into() };
        let registry = self.registry();
        let offered = match key.of {
            Completed::Prompt => Offered::Prompt(&key.name),
            Completed::Template => Offered::Template(&key.name),
        };
        let is_shown = self.shows(&incoming.caller, offered);
        match registry.has_argument(&key).filter(|_| is_shown) {
            None => return Err(invalid(format!("expected a prompt or a template, found {:?}", key.name))),
            Some(false) => return Err(invalid(format!("expected an argument, found {:?}", key.argument))),
            Some(true) => {}
        }
        let Some(function) = registry.completions.get(&key).map(|completing| Arc::clone(&completing.0))
        else {
            let era = incoming.peer.version.era();
            let nothing = Completion::new(Vec::new());
            return Ok(Begun::Answered(self.completion_result(era, incoming.request.id(), nothing)));
        };
        let settled =
            PromptArguments(params.context.and_then(|context| context.arguments).unwrap_or_default());
        let typed = params.argument.value;
        // The specification allows no questions here.
        incoming.peer.asker = Asker::Nobody;
        self.run(incoming, move |context| function(typed, settled, context), Self::completion_result)
    }

    /// Runs a handler's function and writes what comes of it.
    fn run<T: 'static>(
        &self,
        incoming: Incoming<'_>,
        function: impl FnOnce(Context) -> BoxFuture<'static, Result<T, Failure>> + Send + 'static,
        write: fn(&Self, Era, &RequestId, T) -> Answer,
    ) -> Result<Begun, ErrorObject> {
        let Incoming { request, caller, peer, outlet } = incoming;
        let era = peer.version.era();
        let context = Context::new(self.clone(), request, caller, peer, outlet.clone())?;
        Ok(Begun::Running(Box::pin(async move {
            let handler = context.clone();
            let outcome = guarded(async { function(handler).await }).await;
            context.end();
            match outcome {
                Ok(result) => write(context.server(), era, context.request_id(), result),
                Err(failure) => context.server().refuse(era, context.request_id(), failure),
            }
        })))
    }

    fn prompt_result(&self, era: Era, id: &RequestId, given: Given<GetPromptResult>) -> Answer {
        let mut result = match given {
            Given::Own(result) => result,
            Given::Forwarded(result) => return self.inner.texts.forward(era, id, &result, Passed::Prompt),
        };
        result.result_type = None;
        let meta = result.meta.take();
        let outcome =
            Outcome { kind: Kind::Complete, result: &result, meta: meta.as_ref(), is_cacheable: false };
        self.inner.texts.answer(era, id, &outcome)
    }

    fn resource_result(&self, era: Era, id: &RequestId, given: Given<Vec<ResourceContents>>) -> Answer {
        let contents = match given {
            Given::Own(contents) => contents,
            Given::Forwarded(result) => return self.inner.texts.forward(era, id, &result, Passed::Contents),
        };
        let result = ReadResourceResult::new(contents);
        let outcome = Outcome { kind: Kind::Complete, result: &result, meta: None, is_cacheable: true };
        self.inner.texts.answer(era, id, &outcome)
    }

    fn completion_result(&self, era: Era, id: &RequestId, mut completion: Completion) -> Answer {
        let found = completion.values.len();
        if found > MAX_VALUES {
            completion.values.truncate(MAX_VALUES);
            completion.total.get_or_insert_with(|| found.into());
            completion.has_more = Some(true);
        }
        let result = CompleteResult::new(completion);
        let outcome = Outcome { kind: Kind::Complete, result: &result, meta: None, is_cacheable: false };
        self.inner.texts.answer(era, id, &outcome)
    }
}

/// Takes no contents for no resource: a result without contents must not be sent.
fn filled(
    work: BoxFuture<'static, Result<Given<Vec<ResourceContents>>, Failure>>,
    uri: String,
) -> BoxFuture<'static, Result<Given<Vec<ResourceContents>>, Failure>> {
    Box::pin(async move {
        match work.await? {
            Given::Own(contents) if contents.is_empty() => Err(Failure::resource_not_found(&uri)),
            given => Ok(given),
        }
    })
}
