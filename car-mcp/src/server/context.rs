//! What a handler can do beside returning a result.
//!
//! # Questions
//! In the legacy era the client is sent a request and the handler waits for the answer. In the modern era the handler
//! ends with the [`Failure`] that a question returns (pass it on with `?`), the client is answered with
//! `input_required`, and when it sends the request again **the handler runs again from its beginning**. A question that
//! has been answered returns its answer at once, also in later rounds: the server seals earlier answers into the
//! request state. So a handler asks before it does anything that must not be done twice.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use car_mcp_proto::capability::{ClientCapabilities, Implementation};
use car_mcp_proto::elicitation::{ElicitParams, ElicitResult};
use car_mcp_proto::logging::LoggingLevel;
use car_mcp_proto::roots::ListRootsResult;
use car_mcp_proto::sampling::{CreateMessageParams, CreateMessageResult};
use car_mcp_proto::{Era, ProtocolVersion, RequestId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::capability::{self, Need};
use super::dispatch::Peer;
use super::failure::Failure;
use super::inbound::Request;
use super::outlet::Outlet;
use super::principal::{Caller, Principal};
use super::questions::{Answers, Questions};
use super::service::Server;
use super::tasks::{self, Promotion, Task};

/// One request, as its handler sees it. Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Call>);

pub(crate) struct Call {
    server: Server,
    id: RequestId,
    caller: Caller,
    peer: Peer,
    outlet: Outlet,
    is_over: AtomicBool,
    /// The way to a task; nothing where the call cannot become one.
    promotion: Option<Arc<Promotion>>,
}

impl Context {
    pub(crate) fn new(server: Server, request: Request, caller: Caller, peer: Peer, outlet: Outlet) -> Self {
        let id = request.id;
        let is_over = AtomicBool::new(false);
        Self(Arc::new(Call { server, id, caller, peer, outlet, is_over, promotion: None }))
    }

    /// Opens the way to a task, before anybody else has the context.
    pub(crate) fn promotable(mut self, promotion: &Arc<Promotion>) -> Self {
        let call = Arc::get_mut(&mut self.0).expect("nobody else has it yet");
        call.promotion = Some(Arc::clone(promotion));
        self
    }

    /// Returns the task that the call has become.
    pub(crate) fn task(&self) -> Option<&Arc<Task>> {
        self.0.promotion.as_ref()?.task()
    }

    /// Says that the request is answered: nothing is sent for it any more.
    pub(crate) fn end(&self) {
        self.0.is_over.store(true, Ordering::Release);
    }

    /// Returns the id of the request.
    pub fn request_id(&self) -> &RequestId {
        &self.0.id
    }

    /// Returns the revision that is spoken with this client.
    pub fn version(&self) -> ProtocolVersion {
        self.0.peer.version
    }

    /// Returns the era.
    pub fn era(&self) -> Era {
        self.version().era()
    }

    /// Returns who the client says it is. For display only.
    pub fn client(&self) -> Option<&Implementation> {
        self.0.peer.client.client_info.as_ref()
    }

    /// Returns what the client offers for this request.
    pub fn client_capabilities(&self) -> &ClientCapabilities {
        &self.0.peer.client.client_capabilities
    }

    /// Returns who makes the request; nothing where the transport does not ask.
    pub fn principal(&self) -> Option<&Principal> {
        self.0.caller.principal.as_deref()
    }

    /// Returns what the transport handed on beside, if it is of this type.
    pub fn detail<T: Any>(&self) -> Option<&T> {
        self.0.caller.detail.as_deref()?.downcast_ref()
    }

    /// Returns the server, to tell of changes or to add tools.
    pub fn server(&self) -> &Server {
        &self.0.server
    }

    /// Tells how far the work has come, to a client that asked for it. Values that do not grow are left out.
    ///
    /// # Cancel safety
    /// What was dropped before it was ready was not told.
    pub async fn progress(&self, progress: f64, total: Option<f64>, message: Option<&str>) {
        todo!("core-a {progress} {total:?} {message:?}")
    }

    /// Sends a log message, to a client that wants messages of this level for this request.
    pub async fn log(&self, level: LoggingLevel, logger: Option<&str>, data: impl Serialize + Send) {
        let _ = (level, logger, data);
        todo!("core-a")
    }

    /// Lets the client go before there is an answer: its connection is closed in good order, and it comes back for the
    /// rest in its own time. Only a legacy client over HTTP, of revision 2025-11-25, knows how to; for others it does
    /// nothing.
    ///
    /// Source: SEP-1699.
    pub async fn close_stream(&self) {
        todo!("core-a self.outlet.pause()")
    }

    /// Returns whether the client's user can be asked by form.
    pub fn can_elicit(&self) -> bool {
        capability::offers(self.client_capabilities(), Need::Form)
    }

    /// Returns whether the client's user can be sent to a page.
    pub fn can_elicit_by_url(&self) -> bool {
        capability::offers(self.client_capabilities(), Need::Url)
    }

    /// Returns whether the client's model can be asked.
    pub fn can_sample(&self) -> bool {
        capability::offers(self.client_capabilities(), Need::Sampling)
    }

    /// Returns whether the client tells its roots.
    pub fn can_list_roots(&self) -> bool {
        capability::offers(self.client_capabilities(), Need::Roots)
    }

    /// Asks the user.
    ///
    /// # Errors
    /// Says that the client cannot be asked (-32021), did not answer, or (modern) that it has to be asked first.
    pub async fn elicit(&self, key: &str, params: ElicitParams) -> Result<ElicitResult, Failure> {
        self.ask(Questions::new().elicit(key, params)).await?.elicited(key)
    }

    /// Asks the client's model.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn sample(
        &self,
        key: &str,
        params: CreateMessageParams,
    ) -> Result<CreateMessageResult, Failure> {
        self.ask(Questions::new().sample(key, params)).await?.sampled(key)
    }

    /// Asks for the client's roots.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn roots(&self, key: &str) -> Result<ListRootsResult, Failure> {
        self.ask(Questions::new().roots(key)).await?.roots(key)
    }

    /// Puts several questions at once.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn ask(&self, questions: Questions) -> Result<Answers, Failure> {
        todo!("core-a {questions:?}")
    }

    /// Returns what an earlier round kept; nothing in the first round, and never in the legacy era.
    ///
    /// # Errors
    /// Says that it has another shape.
    pub fn state<T: DeserializeOwned>(&self) -> Result<Option<T>, Failure> {
        todo!("core-a")
    }

    /// Keeps something for the next round, sealed: the client cannot read or change it. Later calls replace it.
    ///
    /// # Errors
    /// Says that it cannot be written as JSON.
    pub fn keep(&self, state: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
        let _ = state;
        todo!("core-a")
    }

    /// Answers the call with a task and goes on as that task. Does nothing where the call is a task already.
    ///
    /// # Errors
    /// Says that the client or this server does not know tasks (-32021).
    pub async fn continue_as_task(&self) -> Result<(), Failure> {
        match (&self.0.promotion, &self.0.server.inner.tasks) {
            (Some(promotion), Some(tasks)) => promotion.wait(tasks, self.0.caller.id()).await,
            _ => Err(Failure::protocol(tasks::missing_extension())),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Context").field("id", &self.0.id).finish_non_exhaustive()
    }
}
