//! Runs a call that is, or becomes, a task.
//!
//! ```text
//!  Exchange polls ─▶ Run ─▶ handler's future ─▶ result            the call is answered with it
//!                     │            └─ continue_as_task ─▶ a task   the call is answered with the task, and
//!                     └─────────▶ the same future, in a background task, to its end
//! ```

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context as Wakes, Poll};

use car_mcp_proto::tool::CallToolResult;
use car_mcp_proto::{Era, ErrorObject, RawJson};
use futures_util::task::AtomicWaker;

use super::{End, Task, TaskUse, Tasks, knows_tasks, missing_extension};
use crate::server::context::Context;
use crate::server::dispatch::{Peer, failed, guarded};
use crate::server::encode::{Kind, Outcome, error_of, in_terms_of};
use crate::server::exchange::Answer;
use crate::server::failure::{Failure, Reason};
use crate::server::forwarded::Given;
use crate::server::inbound::JsonSlice;
use crate::server::service::Server;
use crate::server::tool::ToolEntry;
use crate::transport::BoxFuture;

/// A tool's function at work.
type Work = BoxFuture<'static, Result<Given<CallToolResult>, Failure>>;

/// The way from a call to a task. Only calls that may become one have it.
#[derive(Debug, Default)]
pub(crate) struct Promotion {
    task: OnceLock<Arc<Task>>,
    /// Whether the future has left the call.
    is_moved: AtomicBool,
    /// Who polls the call: it has to move the future.
    call: AtomicWaker,
    /// The handler that waits for that.
    handler: AtomicWaker,
}

impl Promotion {
    /// Returns the task that the call has become.
    pub(crate) fn task(&self) -> Option<&Arc<Task>> {
        self.task.get().filter(|_| self.is_moved.load(Ordering::Acquire))
    }

    /// Asks for a task, and waits until the work goes on as one.
    pub(crate) async fn wait(&self, tasks: &Tasks, owner: Option<&str>) -> Result<(), Failure> {
        if self.task.get().is_none()
            && let Err(second) = self.task.set(tasks.create(owner)?)
        {
            // Another part of the handler was faster; its task is the one.
            second.end(End::Cancelled);
        }
        self.call.wake();
        std::future::poll_fn(|wakes| {
            self.handler.register(wakes.waker());
            if self.is_moved.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Ok(())
    }

    fn set_moved(&self) {
        self.is_moved.store(true, Ordering::Release);
        self.handler.wake();
    }
}

/// Says how a call of a tool is run.
pub(crate) enum Plan {
    /// It cannot become a task.
    Plain,
    /// It becomes one if the function says so.
    MayBecome,
    /// It is one from the beginning.
    IsTask,
}

impl Plan {
    /// Decides how a call is run.
    ///
    /// # Errors
    /// Says that the tool answers with a task only, which this client does not know (-32021).
    pub(crate) fn of(tool: TaskUse, server: &Server, peer: &Peer) -> Result<Self, ErrorObject> {
        let era = peer.version.era();
        // A server without tasks pays nothing for them.
        let has_tasks = server.inner.tasks.is_some() && era == Era::Modern && knows_tasks(&peer.client);
        match (tool, has_tasks) {
            (TaskUse::Always, false) => Err(in_terms_of(era, missing_extension())),
            (_, false) => Ok(Self::Plain),
            (TaskUse::Never, true) => Ok(Self::MayBecome),
            (TaskUse::WhereSupported | TaskUse::Always, true) => Ok(Self::IsTask),
        }
    }
}

/// Runs a tool's function for a client that knows tasks, and returns what the call is answered with.
pub(crate) async fn call(
    plan: Plan,
    tool: Arc<ToolEntry>,
    arguments: Option<JsonSlice>,
    context: Context,
) -> Answer {
    let promotion = Arc::new(Promotion::default());
    let context = context.promotable(&promotion);
    let handler = context.clone();
    let work: Work = Box::pin(guarded(async move { (tool.function)(arguments, handler).await }));
    let mut run = Run { context: context.clone(), promotion, work: Some(work) };
    let ran = match plan {
        Plan::IsTask => run.begin_as_task(),
        Plan::Plain | Plan::MayBecome => run.await,
    };
    context.end();
    let (server, id) = (context.server(), context.request_id());
    match ran {
        Ran::Result(outcome) => server.call_answer(Era::Modern, id, outcome),
        Ran::Task(task) => {
            let created = task.snapshot();
            let outcome = Outcome { kind: Kind::Task, result: &created, meta: None, is_cacheable: false };
            server.inner.texts.answer(Era::Modern, id, &outcome)
        }
    }
}

/// What came of a call.
enum Ran {
    Result(Result<Given<CallToolResult>, Failure>),
    Task(Arc<Task>),
}

/// A call that may become a task.
struct Run {
    context: Context,
    promotion: Arc<Promotion>,
    /// Nothing once it is over or has moved.
    work: Option<Work>,
}

impl Run {
    /// Makes a task of a call before it begins.
    fn begin_as_task(&mut self) -> Ran {
        let owner = self.context.principal().map(|principal| &*principal.id);
        let tasks = self.context.server().inner.tasks.as_ref().expect("only a server with tasks plans one");
        match tasks.create(owner) {
            Ok(task) => {
                let task = Arc::clone(self.promotion.task.get_or_init(|| task));
                self.go_on_as(task)
            }
            Err(failure) => Ran::Result(Err(failure)),
        }
    }

    /// Moves the work into the background.
    fn go_on_as(&mut self, task: Arc<Task>) -> Ran {
        let work = self.work.take().expect("the work moves once");
        // Nothing more is said on the call's own way.
        self.context.end();
        self.promotion.set_moved();
        spawn(finish(Arc::clone(&task), work));
        Ran::Task(task)
    }
}

impl Future for Run {
    type Output = Ran;

    fn poll(mut self: Pin<&mut Self>, wakes: &mut Wakes<'_>) -> Poll<Ran> {
        self.promotion.call.register(wakes.waker());
        let work = self.work.as_mut().expect("a call is not polled after its end");
        if let Poll::Ready(result) = work.as_mut().poll(wakes) {
            self.work = None;
            if let Some(task) = self.promotion.task.get() {
                // Asked for, and then not waited for: nobody has heard of it.
                task.end(End::Cancelled);
            }
            return Poll::Ready(Ran::Result(result));
        }
        match self.promotion.task.get().cloned() {
            Some(task) => Poll::Ready(self.go_on_as(task)),
            None => Poll::Pending,
        }
    }
}

/// Runs a task's work to its end, or until somebody else has ended it.
async fn finish(task: Arc<Task>, mut work: Work) {
    let outcome = std::future::poll_fn(|wakes| match task.poll_ended(wakes) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(wakes).map(Some),
    })
    .await;
    drop(work);
    let Some(outcome) = outcome else { return };
    let completed = |result: &CallToolResult| match RawJson::from_value(result) {
        Ok(result) => End::Completed(result),
        Err(cause) => End::Failed(error_of(
            Era::Modern,
            Failure::internal(format!("the result cannot be written: {cause}")),
        )),
    };
    task.end(match outcome {
        Ok(Given::Own(result)) => completed(&result),
        Ok(Given::Forwarded(result)) => End::Completed(result),
        Err(Failure(Reason::Failed(text))) => completed(&failed(text)),
        Err(failure) => End::Failed(error_of(Era::Modern, failure)),
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "a task goes on after its call was answered: nobody polls it any more"
)]
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}
