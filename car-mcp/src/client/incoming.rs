//! What the server says unasked: notifications, and the questions of a legacy server.

use std::sync::Arc;
use std::time::Duration;

use car_mcp_proto::capability::ClientCapabilities;
use car_mcp_proto::elicitation::{ElicitAction, ElicitParams, ElicitResult, ElicitationMode};
use car_mcp_proto::logging::LoggingMessageParams;
use car_mcp_proto::method::{
    Cancelled, CreateMessage, Elicit, EmptyResult, ListRoots, LoggingMessage, Method, Ping, Progress,
    PromptListChanged, ResourceListChanged, ResourceUpdated, ToolListChanged,
};
use car_mcp_proto::progress::{CancelledParams, ProgressParams};
use car_mcp_proto::resource::ResourceUpdatedParams;
use car_mcp_proto::rpc::{Incoming, Outgoing};
use car_mcp_proto::{ErrorObject, ProtocolVersion, RawJson, RequestId};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::asked::Whose;
use super::encode::encode;
use super::events::Event;
use super::exchange::Attempt;
use super::session::Session;
use crate::handler::{ClientHandler, Refusal};
use crate::transport::{Message, MessageKind};

/// How long a server may take to accept an answer or a cancellation. Both wait for no work to be done, so a server
/// that needs longer is not reading at all.
const ANSWER_SENT_WITHIN: Duration = Duration::from_secs(10);

impl Session {
    /// Takes a notification. One that cannot be read is no reason to give up a call: it is logged and passed over.
    pub(crate) fn handle_notification(
        &self,
        attempt: Option<&Attempt<'_>>,
        method: &str,
        params: Option<&RawValue>,
    ) {
        match method {
            Progress::NAME => {
                if let (Some(attempt), Some(progress)) = (attempt, read::<ProgressParams>(method, params)) {
                    attempt.handle_progress(&progress);
                }
            }
            LoggingMessage::NAME => {
                if let Some(message) = read::<LoggingMessageParams>(method, params) {
                    self.handler(attempt.map_or(Whose::Unnamed, Attempt::whose)).log(message);
                }
            }
            _ => {
                if let Some(event) = event_of(method, params) {
                    self.handle_event(event);
                }
            }
        }
    }

    /// Forgets what an event says is out of date, and passes it on.
    pub(crate) fn handle_event(&self, event: Event) {
        self.inner.lists.handle_event(&event);
        self.inner.publish(event);
    }

    /// Answers a question of a legacy server. What is no question is passed over, and so are questions of a modern
    /// server: it must not send any, and must not be sent a response.
    pub(crate) async fn answer_request(&self, attempt: &Attempt<'_>, text: String) {
        if attempt.agreed.is_legacy() {
            self.answer_text(&text, attempt.agreed.version(), attempt.whose()).await;
        }
    }

    pub(crate) async fn answer_text(&self, text: &str, version: ProtocolVersion, whose: Whose<'_>) {
        let Ok(Incoming::Request { id, method, params }) =
            serde_json::from_str::<Incoming<'_, RawJson>>(text)
        else {
            return;
        };
        // The clock stands while somebody thinks. A ping is answered at once, and is no sign that the call gets on.
        let is_thought_about = method != Ping::NAME;
        let (clock, clocks) = match whose {
            Whose::Call(_, deadline) => (is_thought_about.then(|| deadline.pause()), None),
            Whose::Unnamed => (None, is_thought_about.then(|| self.inner.standing.pause())),
        };
        let answer = self.answer(whose, None, &method, params).await;
        drop((clock, clocks));
        let peer = self.inner.transport.peer();
        match timeout(ANSWER_SENT_WITHIN, self.send_answer(&id, answer, version)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%peer, %method, %error, "an answer could not be sent"),
            Err(_) => tracing::warn!(%peer, %method, "an answer was not taken in time"),
        }
    }

    /// Returns who answers the questions of a call and takes its log messages.
    fn handler(&self, whose: Whose<'_>) -> Arc<dyn ClientHandler> {
        let own = match whose {
            Whose::Call(options, _) => options.handler.clone(),
            Whose::Unnamed => self.inner.under_way.handler(),
        };
        own.unwrap_or_else(|| Arc::clone(&self.inner.handler))
    }

    /// Asks the handler. Serves both eras: the same questions come as requests or, each under a key, within a result.
    pub(crate) async fn answer(
        &self,
        whose: Whose<'_>,
        key: Option<&str>,
        method: &str,
        params: Option<&RawValue>,
    ) -> Result<RawJson, Refusal> {
        let handler = self.handler(whose);
        let own;
        let declared = match Arc::ptr_eq(&handler, &self.inner.handler) {
            true => &self.inner.capabilities,
            false => {
                own = handler.capabilities();
                &own
            }
        };
        let handler = key.and_then(|key| handler.under(key)).unwrap_or(handler);
        match method {
            Ping::NAME => written(&EmptyResult::new()),
            Elicit::NAME if declared.elicitation.is_some() => {
                let request: ElicitParams = required(params)?;
                refuse_undeclared_mode(declared, &request)?;
                let schema = request.requested_schema.clone();
                let mut result = handler.elicit(request).await?;
                if let (Some(schema), true) = (schema, result.action == ElicitAction::ACCEPT) {
                    result.content = Some(schema.with_defaults(result.content.take().unwrap_or_default()));
                }
                written::<ElicitResult>(&result)
            }
            CreateMessage::NAME if declared.sampling.is_some() => {
                written(&handler.create_message(required(params)?).await?)
            }
            ListRoots::NAME if declared.roots.is_some() => written(&handler.list_roots().await?),
            other => Err(Refusal::unsupported(other)),
        }
    }

    async fn send_answer(
        &self,
        id: &RequestId,
        answer: Result<RawJson, Refusal>,
        version: ProtocolVersion,
    ) -> Result<(), crate::Error> {
        let error;
        let message = match answer {
            Ok(result) => Outgoing::Response { id, result },
            Err(refusal) => {
                let mut object = ErrorObject::new(refusal.code);
                object.message = refusal.reason;
                error = object;
                Outgoing::Error { id: Some(id), error: &error }
            }
        };
        let body = encode("a response", &message)?;
        drop(self.inner.transport.send(Message::new(MessageKind::Response, Some(version), body)).await?);
        Ok(())
    }

    pub(crate) async fn send_cancelled(&self, id: RequestId, version: ProtocolVersion) {
        let mut params = CancelledParams::new();
        params.request_id = Some(id);
        let peer = self.inner.transport.peer();
        match timeout(ANSWER_SENT_WITHIN, self.notify(Cancelled::NAME, Some(params), version)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%peer, %error, "a cancellation could not be sent"),
            Err(_) => tracing::debug!(%peer, "a cancellation was not taken in time"),
        }
    }
}

impl Attempt<'_> {
    fn handle_progress(&self, progress: &ProgressParams) {
        if progress.progress_token != *self.id {
            return;
        }
        self.deadline.extend();
        if let Some(on_progress) = &self.options.on_progress {
            on_progress(progress);
        }
    }
}

/// Returns what a notification tells about the server's lists and resources.
pub(crate) fn event_of(method: &str, params: Option<&RawValue>) -> Option<Event> {
    Some(match method {
        ToolListChanged::NAME => Event::ToolsChanged,
        PromptListChanged::NAME => Event::PromptsChanged,
        ResourceListChanged::NAME => Event::ResourcesChanged,
        ResourceUpdated::NAME => {
            Event::ResourceUpdated { uri: read::<ResourceUpdatedParams>(method, params)?.uri }
        }
        _ => return None,
    })
}

fn read<'a, T: Deserialize<'a>>(method: &str, params: Option<&'a RawValue>) -> Option<T> {
    let params = params.map_or("{}", RawValue::get);
    serde_json::from_str(params)
        .inspect_err(|error| tracing::debug!(method, %error, "a notification could not be read"))
        .ok()
}

/// A server must not use a mode that was not declared; an empty declaration means forms only.
fn refuse_undeclared_mode(declared: &ClientCapabilities, request: &ElicitParams) -> Result<(), Refusal> {
    let Some(declared) = &declared.elicitation else {
        return Err(Refusal::unsupported(Elicit::NAME));
    };
    let mode = request.mode();
    let allowed =
        declared.member(mode.as_str()).is_some() || (declared.is_empty() && mode == ElicitationMode::FORM);
    match allowed {
        true => Ok(()),
        false => Err(Refusal::new(format!("this client does not answer elicitation in {mode} mode"))),
    }
}

fn required<T: for<'a> Deserialize<'a>>(params: Option<&RawValue>) -> Result<T, Refusal> {
    serde_json::from_str(params.map_or("{}", RawValue::get)).map_err(|error| Refusal::new(error.to_string()))
}

fn written<T: serde::Serialize>(answer: &T) -> Result<RawJson, Refusal> {
    RawJson::from_value(answer).map_err(|error| Refusal::new(error.to_string()))
}
