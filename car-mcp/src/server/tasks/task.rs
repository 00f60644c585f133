//! One task: how it stands, what it asks and what it was answered.

use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use car_mcp_proto::mrtr::InputRequest;
use car_mcp_proto::{ErrorObject, Members, RawJson};
use tokio::time::Instant;

use super::TasksOptions;
use super::wire::{DetailedTask, milliseconds, timestamp};
use crate::server::changes::Changes;
use crate::server::failure::Failure;

/// Says how a task ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// With a result, which may say that the tool failed.
    Completed(RawJson),
    /// With a JSON-RPC error.
    Failed(ErrorObject),
    Cancelled,
}

/// One task, as long as it is remembered.
pub(crate) struct Task {
    id: Box<str>,
    /// The principal's id; nothing where the transport does not ask.
    owner: Option<Box<str>>,
    created: Instant,
    /// The same moment since 1970.
    created_at: Duration,
    lifetime: Duration,
    poll_interval: Duration,
    state: Mutex<State>,
    changes: Changes,
}

struct State {
    end: Option<End>,
    updated: Instant,
    /// Every question that was ever asked: a key means one question for as long as the task lives.
    questions: Vec<Question>,
    /// Handlers that wait for answers.
    asking: Vec<Waker>,
    /// Who polls the handler, to be told of the end.
    runner: Option<Waker>,
}

struct Question {
    key: Box<str>,
    request: InputRequest,
    answer: Option<RawJson>,
    /// How many wait for the answer; without an answer and without them it is not asked.
    waiting: u32,
}

impl Question {
    const fn is_open(&self) -> bool {
        self.answer.is_none() && self.waiting > 0
    }
}

impl Task {
    pub(super) fn new(
        id: Box<str>,
        owner: Option<&str>,
        created_at: Duration,
        options: &TasksOptions,
        changes: Changes,
    ) -> Self {
        let created = Instant::now();
        let state =
            State { end: None, updated: created, questions: Vec::new(), asking: Vec::new(), runner: None };
        Self {
            id,
            owner: owner.map(Into::into),
            created,
            created_at,
            lifetime: options.lifetime,
            poll_interval: options.poll_interval,
            state: Mutex::new(state),
            changes,
        }
    }

    pub(crate) const fn id(&self) -> &str {
        &self.id
    }

    /// Returns whether it was made for this principal.
    pub(super) fn belongs_to(&self, owner: Option<&str>) -> bool {
        self.owner.as_deref() == owner
    }

    /// Returns whether it is over and need not be remembered any longer.
    pub(super) fn is_forgettable(&self) -> bool {
        self.lock().end.is_some() && self.created.elapsed() >= self.lifetime
    }

    /// Writes it as it stands.
    pub(crate) fn snapshot(&self) -> RawJson {
        let state = self.lock();
        let (result, error) = match &state.end {
            Some(End::Completed(result)) => (Some(result), None),
            Some(End::Failed(error)) => (None, Some(error)),
            _ => (None, None),
        };
        let open = || state.questions.iter().filter(|question| question.is_open());
        let is_asking = state.end.is_none() && open().next().is_some();
        let status = match &state.end {
            None if is_asking => "input_required",
            None => "working",
            Some(End::Completed(_)) => "completed",
            Some(End::Failed(_)) => "failed",
            Some(End::Cancelled) => "cancelled",
        };
        let updated = self.created_at + state.updated.duration_since(self.created);
        let detailed = DetailedTask {
            task_id: &self.id,
            status,
            created_at: timestamp(self.created_at),
            last_updated_at: timestamp(updated),
            ttl_ms: milliseconds(self.lifetime),
            poll_interval_ms: milliseconds(self.poll_interval),
            input_requests: is_asking
                .then(|| open().map(|question| (&*question.key, question.request.clone())).collect()),
            result,
            error,
        };
        RawJson::from_value(&detailed).expect("a task can be written")
    }

    /// Ends it, unless it has ended, and tells those who follow it.
    pub(crate) fn end(&self, end: End) {
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        state.end = Some(end);
        state.updated = Instant::now();
        let runner = state.runner.take();
        drop(state);
        if let Some(runner) = runner {
            runner.wake();
        }
        self.publish();
    }

    /// Polls for the end that somebody else has set: the handler is to be dropped then.
    pub(crate) fn poll_ended(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.end.is_some() {
            return Poll::Ready(());
        }
        state.runner = Some(context.waker().clone());
        Poll::Pending
    }

    /// Takes answers. Those to questions that are not open, and those that do not fit their question, are ignored.
    pub(crate) fn update(&self, answers: &Members, fits: impl Fn(&InputRequest, &RawJson) -> bool) {
        let mut state = self.lock();
        let mut is_news = false;
        for (key, answer) in answers.iter() {
            let open =
                state.questions.iter_mut().find(|question| *question.key == *key && question.is_open());
            if let Some(question) = open.filter(|question| fits(&question.request, answer)) {
                question.answer = Some(answer.clone());
                is_news = true;
            }
        }
        if !is_news || state.end.is_some() {
            return;
        }
        state.updated = Instant::now();
        let asking = std::mem::take(&mut state.asking);
        drop(state);
        asking.into_iter().for_each(Waker::wake);
        self.publish();
    }

    /// Puts questions and waits for the answers, in the order of the questions. One that was answered before is not
    /// put again.
    ///
    /// # Errors
    /// Says that the task's lifetime ended before the client had answered.
    ///
    /// # Cancel safety
    /// Questions whose future is dropped are taken back.
    pub(crate) async fn ask(&self, questions: &[(String, InputRequest)]) -> Result<Vec<RawJson>, Failure> {
        let asked = Asked::new(self, questions);
        let answers = std::future::poll_fn(|context| asked.poll_answers(context));
        tokio::time::timeout_at(self.created + self.lifetime, answers)
            .await
            .map_err(|_| Failure::new("the client did not answer before the end of the task's lifetime"))
    }

    fn publish(&self) {
        self.changes.task_changed(&self.id, || self.snapshot());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds a task's state")
    }
}

impl fmt::Debug for Task {
    /// The id is what lets whoever knows it read the task, so it is not shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Task").field("has_ended", &self.lock().end.is_some()).finish_non_exhaustive()
    }
}

/// Questions that a handler waits for.
struct Asked<'a> {
    task: &'a Task,
    keys: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn new(task: &'a Task, questions: &'a [(String, InputRequest)]) -> Self {
        let mut state = task.lock();
        let mut is_news = false;
        for (key, request) in questions {
            match state.questions.iter_mut().find(|question| *question.key == **key) {
                Some(question) => {
                    is_news |= question.answer.is_none() && question.waiting == 0;
                    question.waiting += 1;
                }
                None => {
                    let (key, request) = (key.as_str().into(), request.clone());
                    state.questions.push(Question { key, request, answer: None, waiting: 1 });
                    is_news = true;
                }
            }
        }
        if is_news {
            state.updated = Instant::now();
        }
        drop(state);
        if is_news {
            task.publish();
        }
        Self { task, keys: questions.iter().map(|(key, _)| key.as_str()).collect() }
    }

    fn poll_answers(&self, context: &Context<'_>) -> Poll<Vec<RawJson>> {
        let mut state = self.task.lock();
        let answer_of = |key: &&str| {
            let question = state.questions.iter().find(|question| *question.key == **key);
            question.and_then(|question| question.answer.clone())
        };
        match self.keys.iter().map(answer_of).collect::<Option<Vec<_>>>() {
            Some(answers) => Poll::Ready(answers),
            None => {
                if !state.asking.iter().any(|waker| waker.will_wake(context.waker())) {
                    state.asking.push(context.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let mut state = self.task.lock();
        let mut is_news = false;
        for key in &self.keys {
            let question = state.questions.iter_mut().find(|question| *question.key == **key);
            let question = question.expect("a question is never forgotten");
            question.waiting -= 1;
            is_news |= question.answer.is_none() && question.waiting == 0;
        }
        let is_news = is_news && state.end.is_none();
        drop(state);
        if is_news {
            self.task.publish();
        }
    }
}
