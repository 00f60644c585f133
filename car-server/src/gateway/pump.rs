//! A call that is passed on, while it is under way: what the connector's server says goes to the client, what it asks
//! goes there and the answers back, whichever eras the two live in.
//!
//! ```text
//!  legacy client   progress, log, question ─▶ its stream; the answer ─▶ the server. One request from start to end.
//!  modern client   progress, log ─▶ its stream; questions end the request with `input_required`, and the call is parked
//!                  with the connection to its server. The client comes back, the call goes on where it was.
//! ```
//!
//! The call runs in the task of whichever request it belongs to at the moment. It is never made a second time.

use std::future::poll_fn;
use std::task::{Context as TaskContext, Poll};

use car_connectors::Error;
use car_connectors::mcp::Refusal;
use car_connectors::mcp::proto::{Era, RawJson};
use car_connectors::mcp::server::{Answers, Context, Failure, Questions};
use car_connectors::mcp::transport::BoxFuture;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;

use super::outcome;
use super::parked::{Parked, new_name};
use super::question::{Note, Question};

/// What a call brings.
pub(super) type Outcome = Result<RawJson, Error>;

/// A call under way.
pub(super) struct Call {
    work: BoxFuture<'static, Outcome>,
    notes: mpsc::Receiver<Note>,
    /// What it brought, while the last notes are still to be told.
    outcome: Option<Outcome>,
    /// The questions that wait for a modern client's answers, each under its key.
    open: Vec<(String, Question)>,
    /// How many questions there have been: no two of a legacy server's have one key.
    asked: usize,
}

/// What comes next of a call.
enum Step {
    Note(Note),
    Over(Outcome),
    /// Nothing until its questions are answered, as far as one can tell.
    Waits,
}

impl Call {
    /// Returns a call that has not begun. What its server says comes out of `notes`.
    pub(super) fn new(work: BoxFuture<'static, Outcome>, notes: mpsc::Receiver<Note>) -> Self {
        Self { work, notes, outcome: None, open: Vec::new(), asked: 0 }
    }

    /// Goes on with the call until there is something to tell.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    async fn next(&mut self) -> Step {
        poll_fn(|task| self.poll_next(task)).await
    }

    fn poll_next(&mut self, task: &mut TaskContext<'_>) -> Poll<Step> {
        if self.outcome.is_none() {
            // Before the call goes on, so that what it says does not pile up.
            if let Poll::Ready(Some(note)) = self.notes.poll_recv(task) {
                return Poll::Ready(Step::Note(note));
            }
            if let Poll::Ready(outcome) = self.work.as_mut().poll(task) {
                self.outcome = Some(outcome);
            }
        }
        // The last of what was said may have come together with the answer.
        if self.outcome.is_some()
            && let Ok(note) = self.notes.try_recv()
        {
            return Poll::Ready(Step::Note(note));
        }
        if let Some(outcome) = self.outcome.take() {
            return Poll::Ready(Step::Over(outcome));
        }
        match self.notes.poll_recv(task) {
            Poll::Ready(Some(note)) => Poll::Ready(Step::Note(note)),
            _ if !self.open.is_empty() => Poll::Ready(Step::Waits),
            _ => Poll::Pending,
        }
    }

    /// Returns the key of a question: the server's own, or else a new one.
    fn key(&mut self, given: Option<Box<str>>) -> String {
        self.asked += 1;
        given.map_or_else(|| format!("question-{}", self.asked), Into::into)
    }

    fn questions(&self) -> Questions {
        self.open.iter().fold(Questions::new(), |questions, (key, question)| question.put(questions, key))
    }

    fn answer(&mut self, answers: &Answers) -> Result<(), Failure> {
        self.open.drain(..).try_for_each(|(key, question)| question.answer(answers, &key))
    }
}

/// Goes on with a call until it is over, or has to wait for a modern client to come back.
pub(super) async fn pump(
    call: Call,
    context: &Context,
    parked: &Parked<Call>,
    visitor: &str,
) -> Result<Outcome, Failure> {
    match context.era() {
        Era::Legacy => Ok(in_one_stream(call, context).await),
        Era::Modern => in_rounds(call, context, parked, visitor).await,
    }
}

/// Returns the call that this request brings answers to; nothing where it is a new one.
///
/// # Errors
/// Says that it does not wait any more.
pub(super) fn resumed(
    context: &Context,
    parked: &Parked<Call>,
    visitor: &str,
) -> Result<Option<Call>, Failure> {
    let Some(name) = context.state::<String>()? else { return Ok(None) };
    parked.take(&name, visitor).map(Some).ok_or_else(outcome::not_waiting)
}

/// The questions of a legacy client's call are put while the call goes on.
async fn in_one_stream(mut call: Call, context: &Context) -> Outcome {
    let mut asking = FuturesUnordered::new();
    loop {
        let step = tokio::select! {
            biased;
            Some(()) = asking.next(), if !asking.is_empty() => continue,
            step = call.next() => step,
        };
        match step {
            Step::Note(Note::Question(key, question)) => asking.push(ask(question, call.key(key), context)),
            Step::Note(note) => tell(note, context).await,
            Step::Over(outcome) => return outcome,
            Step::Waits => {}
        }
    }
}

/// Puts one question to a legacy client and hands the answer on.
async fn ask(mut question: Question, key: String, context: &Context) {
    if !question.fits(context) {
        let refusal = question.unsupported();
        return question.refuse(refusal);
    }
    let asked = question.put(Questions::new(), &key);
    let answers = tokio::select! {
        answers = context.ask(asked) => answers,
        // Dropping the question takes it back at the client's.
        () = question.is_withdrawn() => return,
    };
    match answers {
        // The answer under the key is there: it was just asked for.
        Ok(answers) => drop(question.answer(&answers, &key)),
        Err(failure) => question.refuse(Refusal::new(failure.to_string())),
    }
}

/// The questions of a modern client's call end the request, and the call waits for the next.
async fn in_rounds(
    mut call: Call,
    context: &Context,
    parked: &Parked<Call>,
    visitor: &str,
) -> Result<Outcome, Failure> {
    if !call.open.is_empty() {
        call = put_round(call, context, parked, visitor).await?;
    }
    loop {
        match call.next().await {
            Step::Note(Note::Question(key, question)) if question.fits(context) => {
                let key = call.key(key);
                call.open.push((key, question));
            }
            Step::Note(Note::Question(_, question)) => {
                let refusal = question.unsupported();
                question.refuse(refusal);
            }
            Step::Note(note) => tell(note, context).await,
            Step::Over(outcome) => return Ok(outcome),
            Step::Waits => call = put_round(call, context, parked, visitor).await?,
        }
    }
}

/// Puts all open questions, and goes on with the call if they are answered already. If not, it is parked.
async fn put_round(
    mut call: Call,
    context: &Context,
    parked: &Parked<Call>,
    visitor: &str,
) -> Result<Call, Failure> {
    let name = new_name();
    context.keep(&name)?;
    match context.ask(call.questions()).await {
        Ok(answers) => {
            call.answer(&answers)?;
            // The call remembers where it is: what was answered need not travel with the next round, and a server may ask
            // something else under the same key.
            context.forget_answers();
            Ok(call)
        }
        Err(failure) => {
            if failure.is_question() {
                parked.put(name, visitor, call)?;
            }
            Err(failure)
        }
    }
}

/// Tells the client what it may like to know, if it wants that.
async fn tell(note: Note, context: &Context) {
    match note {
        Note::Progress { progress, total, message } => {
            context.progress(progress, total, message.as_deref()).await;
        }
        Note::Log(log) => context.log(log.level, log.logger.as_deref(), &log.data).await,
        Note::Question(..) => {}
    }
}
