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
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use car_mcp_proto::capability::{ClientCapabilities, Implementation};
use car_mcp_proto::elicitation::{ElicitParams, ElicitResult};
use car_mcp_proto::logging::{LoggingLevel, LoggingMessageParams};
use car_mcp_proto::method::{self, Method};
use car_mcp_proto::mrtr::InputRequest;
use car_mcp_proto::progress::ProgressParams;
use car_mcp_proto::roots::ListRootsResult;
use car_mcp_proto::rpc::Outgoing;
use car_mcp_proto::sampling::{CreateMessageParams, CreateMessageResult};
use car_mcp_proto::{Era, ErrorObject, Members, ProtocolVersion, RawJson, RequestId, meta};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::capability::{self, Need};
use super::dispatch::{Asker, Peer};
use super::failure::Failure;
use super::inbound::Request;
use super::journal::Journal;
use super::outlet::Outlet;
use super::principal::{Caller, Principal};
use super::questions::{Answers, Questions};
use super::service::Server;
use super::state::{self, Binding};
use super::tasks::{self, Promotion, Task};

/// One request, as its handler sees it. Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Call>);

pub(crate) struct Call {
    server: Server,
    request: Request,
    caller: Caller,
    peer: Peer,
    outlet: Outlet,
    /// What has been answered of what the handler asks (modern).
    journal: Mutex<Journal>,
    /// How far the work had come when that was told last.
    told: Mutex<f64>,
    is_over: AtomicBool,
    /// The way to a task; nothing where the call cannot become one.
    promotion: Option<Arc<Promotion>>,
}

impl Context {
    /// Returns the context of a request.
    ///
    /// # Errors
    /// Says that what the request brings along from earlier rounds cannot be used (-32602).
    pub(crate) fn new(
        server: Server,
        request: Request,
        caller: Caller,
        peer: Peer,
        outlet: Outlet,
    ) -> Result<Self, ErrorObject> {
        let journal = match peer.asker {
            Asker::Rounds => Journal::open(&server.inner.sealer, &request, caller.id(), state::now)?,
            _ => Journal::default(),
        };
        Ok(Self(Arc::new(Call {
            server,
            request,
            caller,
            peer,
            outlet,
            journal: Mutex::new(journal),
            told: Mutex::new(f64::NEG_INFINITY),
            is_over: AtomicBool::new(false),
            promotion: None,
        })))
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

    fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Acquire)
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.0.journal.lock().expect("nothing panics while it holds the journal")
    }

    /// Returns the id of the request.
    pub fn request_id(&self) -> &RequestId {
        self.0.request.id()
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

    /// Returns all that is known of whoever makes the request.
    pub fn caller(&self) -> &Caller {
        &self.0.caller
    }

    /// Returns the members of the request's `_meta` that are not the protocol's own, such as a trace context.
    pub fn request_meta(&self) -> Members {
        #[derive(Deserialize)]
        struct Outer {
            #[serde(rename = "_meta")]
            meta: Option<Members>,
        }
        if !self.0.request.parts().has_other_meta {
            return Members::new();
        }
        let params = self.0.request.params().and_then(|params| params.parse::<Outer>().ok());
        let meta = params.and_then(|params| params.meta).unwrap_or_default();
        let is_own = |name: &str| name == meta::PROGRESS_TOKEN || name.starts_with(meta::RESERVED);
        meta.iter().filter(|(name, _)| !is_own(name)).map(|(name, value)| (name, value.clone())).collect()
    }

    /// Returns the least serious level of log messages that this client wants for this request; nothing where it wants
    /// none.
    pub fn log_level(&self) -> Option<&LoggingLevel> {
        self.0.peer.log_level.as_ref()
    }

    /// Returns whether the client wants to hear of progress.
    pub fn wants_progress(&self) -> bool {
        self.0.peer.progress_token.is_some()
    }

    /// Returns a number that all requests of one legacy client's conversation share, and those of no other; nothing where
    /// each request stands for itself.
    pub fn conversation(&self) -> Option<u64> {
        self.0.peer.conversation
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
        let Some(token) = &self.0.peer.progress_token else { return };
        let Some(value) = number(progress) else { return };
        if self.is_over() || !self.grows(progress) {
            return;
        }
        let mut params = ProgressParams::new(token.clone(), value);
        params.total = total.and_then(number);
        params.message = message.map(str::to_owned);
        self.say::<method::Progress>(&params).await;
    }

    /// Sends a log message, to a client that wants messages of this level for this request.
    pub async fn log(&self, level: LoggingLevel, logger: Option<&str>, data: impl Serialize + Send) {
        let Some(least) = &self.0.peer.log_level else { return };
        if self.is_over() || rank(&level) < rank(least) {
            return;
        }
        let Ok(data) = RawJson::from_value(&data) else {
            tracing::warn!("a log message cannot be written as JSON");
            return;
        };
        let mut params = LoggingMessageParams::new(level, data);
        params.logger = logger.map(str::to_owned);
        self.say::<method::LoggingMessage>(&params).await;
    }

    /// Lets the client go before there is an answer: its connection is closed in good order, and it comes back for the
    /// rest in its own time. Only a legacy client over HTTP, of revision 2025-11-25, knows how to; for others it does
    /// nothing.
    ///
    /// Source: SEP-1699.
    pub async fn close_stream(&self) {
        if self.version() == ProtocolVersion::V2025_11_25 && !self.is_over() {
            self.0.outlet.pause().await;
        }
    }

    /// Returns whether the client's user can be asked by form.
    pub fn can_elicit(&self) -> bool {
        self.can(Need::Form)
    }

    /// Returns whether the client's user can be sent to a page.
    pub fn can_elicit_by_url(&self) -> bool {
        self.can(Need::Url)
    }

    /// Returns whether the client's model can be asked.
    pub fn can_sample(&self) -> bool {
        self.can(Need::Sampling)
    }

    /// Returns whether the client tells its roots.
    pub fn can_list_roots(&self) -> bool {
        self.can(Need::Roots)
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
        let Questions(questions) = questions;
        let offered = self.client_capabilities();
        let needs = questions.iter().filter_map(|(_, question)| Need::of(question));
        let missing: Vec<Need> = needs.filter(|need| !capability::offers(offered, *need)).collect();
        if !missing.is_empty() {
            return Err(Failure::protocol(capability::missing(&missing)));
        }
        if let Some(task) = self.task() {
            return self.ask_in_task(task, questions).await;
        }
        match &self.0.peer.asker {
            Asker::Rounds => self.ask_in_rounds(questions),
            Asker::Client(client) => {
                let given = client.ask(questions.clone(), &self.0.outlet).await?;
                Answers::read_all(&questions, &given)
            }
            Asker::Nobody => Err(Failure::internal("a question cannot be put here")),
        }
    }

    /// Returns what an earlier round kept; nothing in the first round, and never in the legacy era.
    ///
    /// # Errors
    /// Says that it has another shape.
    pub fn state<T: DeserializeOwned>(&self) -> Result<Option<T>, Failure> {
        let journal = self.journal();
        let state = journal.state.as_ref().map(RawJson::parse).transpose();
        state.map_err(|error| Failure::internal(format!("the state has another shape: {error}")))
    }

    /// Keeps something for the next round, sealed: the client cannot read or change it. Later calls replace it.
    ///
    /// # Errors
    /// Says that it cannot be written as JSON.
    pub fn keep(&self, state: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
        let state = RawJson::from_value(state)
            .map_err(|error| Failure::internal(format!("the state cannot be written: {error}")))?;
        self.journal().kept = Some(state);
        Ok(())
    }

    /// Leaves what has been answered so far out of the state for the next round: for a handler that does not begin anew
    /// there, but goes on where it was, by what it [keeps](Self::keep). It may ask something else under the same key then.
    pub fn forget_answers(&self) {
        self.journal().forget();
    }

    /// Answers the call with a task and goes on as that task. Does nothing where the call is a task already.
    ///
    /// From then on questions are put with the task, and nothing is told of progress and nothing logged: tasks have
    /// neither.
    ///
    /// # Errors
    /// Says that the client or this server does not know tasks (-32021).
    pub async fn continue_as_task(&self) -> Result<(), Failure> {
        match (&self.0.promotion, &self.0.server.inner.tasks) {
            (Some(promotion), Some(tasks)) => promotion.wait(tasks, self.0.caller.id()).await,
            _ => Err(Failure::protocol(tasks::missing_extension())),
        }
    }

    fn can(&self, need: Need) -> bool {
        !matches!(self.0.peer.asker, Asker::Nobody) && capability::offers(self.client_capabilities(), need)
    }

    async fn ask_in_task(
        &self,
        task: &Task,
        questions: Vec<(String, InputRequest)>,
    ) -> Result<Answers, Failure> {
        // What was answered before the call became a task is not asked again.
        let mut given = {
            let mut journal = self.journal();
            if let Some(answers) = journal.ask(&questions)? {
                return Ok(answers);
            }
            journal.answers_to(&questions)
        };
        let is_open = |key: &String| !given.iter().any(|(name, _)| name == key);
        let open: Vec<_> = questions.iter().filter(|(key, _)| is_open(key)).cloned().collect();
        let answers = task.ask(&open).await?;
        given.extend(open.into_iter().map(|(key, _)| key).zip(answers));
        Answers::read_all(&questions, &given)
    }

    fn ask_in_rounds(&self, questions: Vec<(String, InputRequest)>) -> Result<Answers, Failure> {
        let mut journal = self.journal();
        if let Some(answers) = journal.ask(&questions)? {
            return Ok(answers);
        }
        let binding = Binding::of(&self.0.request, self.0.caller.id());
        Err(journal.round(questions, &self.server().inner.sealer, &binding, state::now())?)
    }

    /// Returns whether this is more than was told before, and remembers it.
    fn grows(&self, progress: f64) -> bool {
        let mut told = self.0.told.lock().expect("nothing panics while it holds a number");
        let grows = progress > *told;
        if grows {
            *told = progress;
        }
        grows
    }

    async fn say<M: Method>(&self, params: &M::Params) {
        let outgoing = Outgoing::Notification { method: M::NAME, params: Some(params) };
        let text = serde_json::to_vec(&outgoing).expect("a notification of the server's can be written");
        self.0.outlet.send(text.into()).await;
    }
}

/// Returns a number as JSON has it: whole where it is whole; nothing where it is none.
fn number(value: f64) -> Option<Number> {
    /// Up to here every whole number is one of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small enough")]
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}

/// Returns how serious a level is. One that nobody knows is the most serious: better told than lost.
fn rank(level: &LoggingLevel) -> usize {
    LoggingLevel::KNOWN.iter().position(|known| known == level).unwrap_or(usize::MAX)
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Context").field("id", self.request_id()).finish_non_exhaustive()
    }
}
