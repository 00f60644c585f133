//! What a connector's server asks while it works on a call, on its way to the client that made the call.

use std::sync::Arc;

use car_connectors::mcp::proto::Members;
use car_connectors::mcp::proto::capability::ClientCapabilities;
use car_connectors::mcp::proto::elicitation::{ElicitParams, ElicitResult, ElicitationMode};
use car_connectors::mcp::proto::json::RawJson;
use car_connectors::mcp::proto::logging::LoggingMessageParams;
use car_connectors::mcp::proto::roots::ListRootsResult;
use car_connectors::mcp::proto::sampling::{CreateMessageParams, CreateMessageResult};
use car_connectors::mcp::server::{Answers, Context, Failure, Questions};
use car_connectors::mcp::transport::BoxFuture;
use car_connectors::mcp::{ClientHandler, Refusal};
use tokio::sync::{mpsc, oneshot};

/// How much a server may say before the client has taken it; progress and log messages beyond are left out.
const WAITING: usize = 64;

/// What a server says while it works on a call.
#[derive(Debug)]
pub(super) enum Note {
    Progress {
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    },
    Log(Box<LoggingMessageParams>),
    /// The server's own key for the question comes first; a legacy server has none.
    Question(Option<Box<str>>, Question),
}

/// Where an answer goes.
type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// One question, and where its answer goes.
#[derive(Debug)]
pub(super) enum Question {
    User(Box<ElicitParams>, Reply<ElicitResult>),
    Model(Box<CreateMessageParams>, Reply<CreateMessageResult>),
    Roots(Reply<ListRootsResult>),
}

impl Question {
    /// Returns the question under a key.
    pub(super) fn put(&self, questions: Questions, key: &str) -> Questions {
        match self {
            Self::User(params, _) => questions.elicit(key, (**params).clone()),
            Self::Model(params, _) => questions.sample(key, (**params).clone()),
            Self::Roots(_) => questions.roots(key),
        }
    }

    /// Tells whether the client can be asked this.
    pub(super) fn fits(&self, context: &Context) -> bool {
        match self {
            Self::User(params, _) if params.mode() == ElicitationMode::URL => context.can_elicit_by_url(),
            Self::User(..) => context.can_elicit(),
            Self::Model(params, _) => {
                let offered = context.client_capabilities().sampling.as_ref();
                let takes_tools = || offered.is_some_and(|offered| offered.member("tools").is_some());
                context.can_sample() && (params.tools.is_none() || takes_tools())
            }
            Self::Roots(_) => context.can_list_roots(),
        }
    }

    /// Hands the client's answer on. Where nobody waits for it any more there is nobody to tell.
    ///
    /// # Errors
    /// Says that there is no answer under the key.
    pub(super) fn answer(self, answers: &Answers, key: &str) -> Result<(), Failure> {
        match self {
            Self::User(_, reply) => drop(reply.send(Ok(answers.elicited(key)?))),
            Self::Model(_, reply) => drop(reply.send(Ok(answers.sampled(key)?))),
            Self::Roots(reply) => drop(reply.send(Ok(answers.roots(key)?))),
        }
        Ok(())
    }

    /// Says that there is no answer.
    pub(super) fn refuse(self, refusal: Refusal) {
        match self {
            Self::User(_, reply) => drop(reply.send(Err(refusal))),
            Self::Model(_, reply) => drop(reply.send(Err(refusal))),
            Self::Roots(reply) => drop(reply.send(Err(refusal))),
        }
    }

    /// Waits until nobody waits for the answer any more.
    pub(super) async fn is_withdrawn(&mut self) {
        match self {
            Self::User(_, reply) => reply.closed().await,
            Self::Model(_, reply) => reply.closed().await,
            Self::Roots(reply) => reply.closed().await,
        }
    }

    /// Says that the client cannot be asked this.
    pub(super) fn unsupported(&self) -> Refusal {
        Refusal::unsupported(match self {
            Self::User(..) => "elicitation/create",
            Self::Model(..) => "sampling/createMessage",
            Self::Roots(_) => "roots/list",
        })
    }
}

/// Hands over what a server says of one call.
#[derive(Clone)]
pub(super) struct CallHandler {
    capabilities: ClientCapabilities,
    notes: mpsc::Sender<Note>,
    /// The server's key for the question that is asked of this handler.
    key: Option<Box<str>>,
}

impl CallHandler {
    /// Returns the handler of a call that this client made, and where what the server says comes out.
    pub(super) fn new(client: &ClientCapabilities) -> (Self, mpsc::Receiver<Note>) {
        let (notes, said) = mpsc::channel(WAITING);
        (Self { capabilities: passed_on(client), notes, key: None }, said)
    }

    /// Returns where to tell of progress.
    pub(super) fn notes(&self) -> mpsc::Sender<Note> {
        self.notes.clone()
    }

    async fn ask<T>(&self, question: impl FnOnce(Reply<T>) -> Question) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        let gone = || Refusal::new("the client that made the call has gone");
        let question = Note::Question(self.key.clone(), question(reply));
        self.notes.send(question).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Returns what of a client's capabilities a call passes on: what it can be asked. Its extensions are between it and us.
fn passed_on(client: &ClientCapabilities) -> ClientCapabilities {
    let mut capabilities = ClientCapabilities::new();
    capabilities.elicitation.clone_from(&client.elicitation);
    capabilities.sampling.clone_from(&client.sampling);
    // Whether it would tell of changes matters to nobody: roots are asked for anew each time.
    capabilities.roots = client.roots.as_ref().map(|_| RawJson::empty_object());
    capabilities
}

impl ClientHandler for CallHandler {
    fn capabilities(&self) -> ClientCapabilities {
        self.capabilities.clone()
    }

    fn elicit(&self, request: ElicitParams) -> BoxFuture<'_, Result<ElicitResult, Refusal>> {
        Box::pin(self.ask(|reply| Question::User(Box::new(request), reply)))
    }

    fn create_message(
        &self,
        request: CreateMessageParams,
    ) -> BoxFuture<'_, Result<CreateMessageResult, Refusal>> {
        Box::pin(self.ask(|reply| Question::Model(Box::new(request), reply)))
    }

    fn list_roots(&self) -> BoxFuture<'_, Result<ListRootsResult, Refusal>> {
        Box::pin(self.ask(Question::Roots))
    }

    fn under(&self, key: &str) -> Option<Arc<dyn ClientHandler>> {
        Some(Arc::new(Self { key: Some(key.into()), ..self.clone() }))
    }

    fn log(&self, message: LoggingMessageParams) {
        // Where the client does not keep up, log messages are what it can do without.
        drop(self.notes.try_send(Note::Log(Box::new(message))));
    }
}

/// Declares everything that a client of the daemon may be able to answer, and answers nothing itself.
#[derive(Debug)]
pub(super) struct Nobody;

const OF_NO_CALL: &str =
    "this question belongs to no call that is under way, so there is nobody here whom it could be put to";

fn of_no_call<T: Send + 'static>() -> BoxFuture<'static, Result<T, Refusal>> {
    Box::pin(std::future::ready(Err(Refusal::new(OF_NO_CALL))))
}

impl ClientHandler for Nobody {
    fn capabilities(&self) -> ClientCapabilities {
        let all = |names: &[&str]| -> Members {
            names.iter().map(|name| (*name, RawJson::empty_object())).collect()
        };
        let mut capabilities = ClientCapabilities::new();
        capabilities.elicitation = Some(all(&["form", "url"]));
        capabilities.sampling = Some(all(&["tools"]));
        capabilities.roots = Some(RawJson::empty_object());
        capabilities
    }

    fn elicit(&self, _: ElicitParams) -> BoxFuture<'_, Result<ElicitResult, Refusal>> {
        of_no_call()
    }

    fn create_message(&self, _: CreateMessageParams) -> BoxFuture<'_, Result<CreateMessageResult, Refusal>> {
        of_no_call()
    }

    fn list_roots(&self) -> BoxFuture<'_, Result<ListRootsResult, Refusal>> {
        of_no_call()
    }
}
