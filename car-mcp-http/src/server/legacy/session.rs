//! One session: whose it is, what was agreed, its streams, and how long it lives without its client.

use std::sync::{Arc, Mutex, MutexGuard, Weak};

use car_mcp::proto::ProtocolVersion;
use car_mcp::server::Caller;
use car_mcp::server::legacy::Conversation;
use tokio::time::Instant;

use super::id::SessionId;
use super::stream::Attached;
use super::streams::Streams;
use super::table::Table;
use crate::server::options::SessionOptions;

/// What ends a session beside its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A goodbye.
    Resumable,
    /// The end of its own stream: the client has nothing to come back with.
    WithItsStream,
    /// The end of its only request. It is in no table.
    OneRequest,
}

/// One session.
#[derive(Debug)]
pub(super) struct Session {
    id: SessionId,
    /// Who began it. Nobody else may use it.
    principal: Option<Box<str>>,
    conversation: Conversation,
    kind: Kind,
    options: Arc<SessionOptions>,
    /// Where it is known.
    table: Weak<Table>,
    state: Mutex<State>,
}

/// What changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) streams: Streams,
    /// How many requests are under way.
    requests: usize,
    /// How many of them go on without their client.
    detached: usize,
    /// When the last of those ended that went on without their client.
    work_ended: Option<Instant>,
    /// When its client was last there: asked something, or read a stream.
    last_seen: Instant,
    is_ended: bool,
}

/// The places that a POST's requests take among those that are under way. They are given back on drop.
#[derive(Debug)]
pub(super) struct Permit {
    session: Arc<Session>,
    count: usize,
    is_detached: bool,
}

impl Session {
    pub(super) fn new(
        kind: Kind,
        caller: &Caller,
        conversation: Conversation,
        options: &Arc<SessionOptions>,
        table: &Arc<Table>,
    ) -> Self {
        let state = State {
            streams: Streams::new(kind == Kind::Resumable),
            requests: 0,
            detached: 0,
            work_ended: None,
            last_seen: Instant::now(),
            is_ended: false,
        };
        Self {
            id: SessionId::random(),
            principal: caller.id().map(Box::from),
            conversation,
            kind,
            options: Arc::clone(options),
            table: Arc::downgrade(table),
            state: Mutex::new(state),
        }
    }

    pub(super) const fn id(&self) -> &SessionId {
        &self.id
    }

    pub(super) const fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    pub(super) fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// Returns whether this caller began the session.
    ///
    /// # Security
    /// A session id is no proof of who calls: one that was stolen is worth nothing without the principal's token.
    pub(super) fn belongs_to(&self, caller: &Caller) -> bool {
        self.principal.as_deref() == caller.id()
    }

    /// Returns whether clients know that a stream may be closed early: they are sent an event to come back with first,
    /// which older ones would take for a message.
    pub(super) fn knows_polling(&self) -> bool {
        self.kind == Kind::Resumable
            && self.conversation.version().is_some_and(|version| version >= ProtocolVersion::V2025_11_25)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds a session")
    }

    /// Takes the places of `count` requests, or nothing where the session has too many under way.
    pub(super) fn begin(self: &Arc<Self>, count: usize) -> Option<Permit> {
        let mut state = self.lock();
        if state.requests + count > self.options.max_requests {
            return None;
        }
        state.requests += count;
        Some(Permit { session: Arc::clone(self), count, is_detached: false })
    }

    /// Notes that the client was heard of.
    pub(super) fn touch(&self, now: Instant) {
        self.lock().last_seen = now;
    }

    /// Returns whether it has lived too long without its client.
    pub(super) fn is_expired(&self, now: Instant) -> bool {
        let state = self.lock();
        state.is_ended || state.is_expired(&self.options, now)
    }

    /// Forgets what is too old to be asked for.
    pub(super) fn sweep(&self, now: Instant) {
        self.lock().streams.forget_finished(self.options.grace, now);
    }

    /// Returns whether it was ended.
    pub(super) fn is_ended(&self) -> bool {
        self.lock().is_ended()
    }

    /// Ends it: what is under way is dropped, and streams end once they have said what there was to say.
    pub(super) fn end(&self) {
        {
            let mut state = self.lock();
            if std::mem::replace(&mut state.is_ended, true) {
                return;
            }
            state.streams.finish_all(Instant::now());
        }
        self.conversation.end();
    }

    /// Returns whether it lasts as long as its own stream.
    pub(super) fn ends_with_its_stream(&self) -> bool {
        self.kind == Kind::WithItsStream
    }

    /// Says that its own stream has ended, which may be its end too.
    pub(super) fn own_stream_ended(&self) {
        if !self.ends_with_its_stream() {
            return;
        }
        if let Some(table) = self.table.upgrade() {
            table.remove(&self.id);
        }
        self.end();
    }
}

impl State {
    pub(super) const fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Says that the reader of a stream went away, and returns whether it was the one that is served.
    pub(super) fn detach(&mut self, attached: &Attached) -> bool {
        let now = Instant::now();
        let was_latest = self.streams.detach(attached, now);
        if was_latest {
            self.last_seen = now;
        }
        was_latest
    }

    fn is_expired(&self, options: &SessionOptions, now: Instant) -> bool {
        if self.requests > self.detached || self.streams.is_any_attached() {
            return false;
        }
        // A client that was heard of since its stream broke is there, even if it does not want the stream again. One
        // that waits for an answer has as long to fetch it from when it is there.
        let broke = self.streams.own_broke().filter(|broke| *broke >= self.last_seen);
        let gone_since = broke.max(self.work_ended.filter(|_| broke.is_some()));
        let is_gone = gone_since.is_some_and(|since| now >= since + options.grace) && self.requests == 0;
        is_gone || now >= self.last_seen + options.idle
    }
}

impl Permit {
    /// Notes that the client of these requests is gone.
    pub(super) fn detach(&mut self) {
        if !std::mem::replace(&mut self.is_detached, true) {
            let mut state = self.session.lock();
            state.detached += self.count;
            state.last_seen = Instant::now();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.session.lock();
        state.requests -= self.count;
        match self.is_detached {
            true => {
                state.detached -= self.count;
                state.work_ended = Some(Instant::now());
            }
            false => state.last_seen = Instant::now(),
        }
    }
}
