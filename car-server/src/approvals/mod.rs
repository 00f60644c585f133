//! Calls that wait for a person: shown to every front end, answered by one of them, or given up when their time is over.
//!
//! ```text
//!  engine: `ask` ─▶ Approvals::approve ─▶ agreed to before? ── yes ─▶ granted
//!                                              │ no
//!                                              ▼
//!                                            Table ─▶ approval_requested ─▶ front ends
//!                                              ▲                               │
//!                                              └──────── answer ◀──────────────┘
//! ```
//!
//! Whoever takes a call out of the [`Table`] settles it, and nobody else: an answer, the end of its time, or its caller, who
//! gave it up.

mod grants;
mod pending;
mod table;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use car_connectors::engine::{
    Approval, ApprovalQuestion, Approver, BoxFuture, Clock as _, SystemClock, format_timestamp,
};
use car_connectors::store::{Grant, GrantsFile, Home, StoreError};
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::grants::SessionGrants;
use self::table::{Table, Waiting};
use crate::notices::{Notice, Notices};

pub(crate) use self::grants::SESSION;
pub(crate) use self::pending::{Answer, Outcome, Pending};

/// How many random bytes the id of a call has: two calls never have the same, also not those of two daemons.
const ID_BYTES: usize = 12;

/// All calls that wait, and what was agreed to before. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Approvals(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    notices: Notices,
    /// How long a call waits.
    patience: Duration,
    file: GrantsFile,
    session: SessionGrants,
    table: Mutex<Table>,
    clock: SystemClock,
}

impl Approvals {
    /// `patience` is how long a call waits.
    pub(crate) fn new(home: &Home, notices: Notices, patience: Duration) -> Self {
        let (file, clock) = (GrantsFile::new(home), SystemClock::new());
        let (session, table) = (SessionGrants::default(), Mutex::default());
        Self(Arc::new(Shared { notices, patience, file, session, table, clock }))
    }

    /// Returns the calls that wait, the oldest first.
    pub(crate) fn pending(&self) -> Vec<Pending> {
        self.0.table().pending()
    }

    /// Answers, in somebody's name. Returns whether the call still waited. Blocks where the answer is for good.
    ///
    /// # Errors
    /// Says why an answer for good could not be kept. The call waits on then.
    pub(crate) fn answer(&self, id: &str, answer: Answer, by: &str) -> Result<bool, StoreError> {
        let Some(waiting) = self.0.table().take(id) else { return Ok(false) };
        if let Err(error) = self.0.remember(&waiting.pending, answer) {
            self.0.put_back(waiting);
            return Err(error);
        }
        let (like, is_lasting) = (waiting.pending.clone(), answer.is_lasting());
        let settled = self.0.settle(waiting, answer, by);
        if is_lasting {
            // What was agreed to is agreed to for the calls that wait already, too.
            let alike = self.0.table().take_all(|pending| pending.is_like(&like));
            for waiting in alike {
                self.0.settle(waiting, answer, by);
            }
        }
        Ok(settled)
    }

    /// Lets go on what another process has agreed to for good meanwhile. Blocks: it reads a file.
    pub(crate) fn look_again(&self) {
        let Ok(grants) = self.0.file.all() else { return };
        let agreed = |pending: &Pending| grants.iter().any(|grant| pending.is_covered_by(grant));
        let all = self.0.table().take_all(agreed);
        for waiting in all {
            self.0.settle(waiting, Answer::Always, "another program");
        }
    }

    /// Returns what was agreed to for good, and until the daemon stops; ids of the latter begin with [`SESSION`].
    ///
    /// # Errors
    /// Says why the file cannot be read.
    pub(crate) fn grants(&self) -> Result<Vec<Grant>, StoreError> {
        let mut all = self.0.file.all()?;
        all.extend(self.0.session.all());
        Ok(all)
    }

    /// Takes back what was agreed to, and returns whether there was anything. Blocks where it was for good.
    ///
    /// # Errors
    /// Says why the file cannot be changed.
    pub(crate) fn revoke(&self, id: &str) -> Result<bool, StoreError> {
        if id.starts_with(SESSION) { Ok(self.0.session.remove(id)) } else { self.0.file.remove(id) }
    }

    /// Forgets what was agreed to until the daemon stops for a connector that is gone: another one may get its slug. What
    /// was agreed to for good goes with the connector itself.
    pub(crate) fn forget(&self, slug: &str) {
        self.0.session.remove_connector(slug);
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, id: &str, outcome: Outcome) {
        self.notices.tell(Notice::ApprovalSettled { id: id.to_owned(), outcome: outcome.as_str() });
    }

    /// Keeps an answer that is for more than one call.
    fn remember(&self, pending: &Pending, answer: Answer) -> Result<(), StoreError> {
        let since = self.clock.now().duration_since(std::time::UNIX_EPOCH);
        let now = since.map_or(0, |since| since.as_secs());
        match answer {
            Answer::Once | Answer::Deny => {}
            Answer::Session => self.session.add(pending.grant(now)),
            Answer::Always => drop(self.file.add(pending.grant(now))?),
        }
        Ok(())
    }

    /// Hands an answer to a call that was taken out of the table, and returns whether it still waited.
    fn settle(&self, waiting: Waiting, answer: Answer, by: &str) -> bool {
        let Waiting { pending, answer: sender, .. } = waiting;
        let is_there = sender.send(answer.approval(by)).is_ok();
        self.told(&pending.id, if is_there { answer.outcome() } else { Outcome::Withdrawn });
        is_there
    }

    /// Lets a call wait on that was taken out of the table and could not be settled, unless it waits no longer.
    fn put_back(&self, waiting: Waiting) {
        if waiting.answer.is_closed() {
            self.told(&waiting.pending.id, Outcome::Withdrawn);
        } else if Instant::now() >= waiting.deadline {
            // Whoever waits has seen that the table has it no more, and hears by the sender's end that nobody answers.
            self.told(&waiting.pending.id, Outcome::Expired);
        } else {
            self.table().put_back(waiting);
        }
    }

    /// Returns what was agreed to before for such a call. It only looks at the file where that changed.
    fn agreed(&self, pending: &Pending) -> Option<Approval> {
        let for_good = self.file.all().unwrap_or_else(|error| {
            // A person is asked then, which is the careful side.
            tracing::warn!(%error, "what was agreed to for good cannot be read");
            Vec::new()
        });
        let granted = |note| Some(Approval::Granted { note });
        if let Some(grant) = for_good.iter().find(|grant| pending.is_covered_by(grant)) {
            return granted(format!("standing approval {}", grant.id));
        }
        let grant = self.session.covering(pending)?;
        granted(format!("approved until the daemon stops ({})", grant.id))
    }

    /// Describes a question for front ends.
    fn describe(&self, question: &ApprovalQuestion<'_>) -> Pending {
        let now = self.clock.now();
        Pending {
            id: URL_SAFE_NO_PAD.encode(rand::random::<[u8; ID_BYTES]>()),
            caller: question.request.caller.to_owned(),
            connector: question.connector.to_owned(),
            tool: question.tool.to_owned(),
            canonical: question.request.tool.to_owned(),
            method: question.method.map(str::to_owned),
            arguments: question.request.arguments.to_owned(),
            arguments_text: question.request.arguments.get().to_owned(),
            rule: question.rule.clone(),
            asked_at: format_timestamp(now),
            expires_at: format_timestamp(now + self.patience),
        }
    }

    /// Looks whether such a call was agreed to before, and asks where it was not.
    async fn decide(&self, pending: Pending) -> Approval {
        match self.agreed(&pending) {
            Some(agreed) => agreed,
            None => self.ask(pending).await,
        }
    }

    /// Puts a call before people, and waits.
    async fn ask(&self, pending: Pending) -> Approval {
        let id = pending.id.clone();
        let (sender, mut receiver) = oneshot::channel();
        let deadline = Instant::now() + self.patience;
        if let Err(full) = self.table().add(Waiting { pending: pending.clone(), deadline, answer: sender }) {
            return Approval::Refused { note: full.to_string() };
        }
        // From here on the call is taken out again also when this future is dropped.
        let mut seat = Seat { shared: self, id: &id, is_over: false };
        self.notices.tell(Notice::ApprovalRequested(Box::new(pending)));
        let mut answered = tokio::time::timeout_at(deadline, &mut receiver).await.ok();
        if answered.is_none() {
            if self.table().take(&id).is_some() {
                self.told(&id, Outcome::Expired);
            } else {
                // Somebody is just answering.
                answered = Some(receiver.await);
            }
        }
        seat.is_over = true;
        let nobody =
            || Approval::Refused { note: format!("nobody answered within {} s", self.patience.as_secs()) };
        answered.and_then(Result::ok).unwrap_or_else(nobody)
    }
}

impl Approver for Approvals {
    fn approve<'a>(&'a self, question: ApprovalQuestion<'a>) -> BoxFuture<'a, Approval> {
        Box::pin(self.0.decide(self.0.describe(&question)))
    }
}

/// The place of a call in the table.
struct Seat<'a> {
    shared: &'a Shared,
    id: &'a str,
    is_over: bool,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if !self.is_over && self.shared.table().take(self.id).is_some() {
            self.shared.told(self.id, Outcome::Withdrawn);
        }
    }
}

#[cfg(test)]
mod tests;
