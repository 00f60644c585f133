//! Every session that there is, and the one task that clears away those whose clients are gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use car_mcp::server::Caller;
use tokio::time::Instant;

use super::id::SessionId;
use super::session::Session;

/// The shortest time between two looks for sessions to clear away.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// The size up to which a table is not made smaller: it would only grow again.
const SMALL: usize = 64;

/// Every session. The lock is held to find, add or remove one, never while anything is waited for.
#[derive(Debug)]
pub(super) struct Table {
    known: Mutex<Known>,
    max_sessions: usize,
    /// How often it is looked for sessions to clear away.
    interval: Duration,
}

#[derive(Debug, Default)]
struct Known {
    sessions: HashMap<SessionId, Arc<Session>>,
    /// There is a task that clears away.
    has_sweeper: bool,
}

impl Table {
    /// Returns an empty table. Sessions are cleared away within half the time after which they may be.
    pub(super) fn new(max_sessions: usize, shortest_life: Duration) -> Self {
        let interval = (shortest_life / 2).max(SHORTEST_INTERVAL);
        Self { known: Mutex::default(), max_sessions, interval }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("nothing panics while it holds the sessions")
    }

    /// Adds a session, unless there are too many. The task that clears away begins with the first.
    pub(super) fn insert(self: &Arc<Self>, session: &Arc<Session>) -> bool {
        if self.is_full() {
            self.sweep();
        }
        let mut known = self.lock();
        if known.sessions.len() >= self.max_sessions {
            return false;
        }
        known.sessions.insert(*session.id(), Arc::clone(session));
        if !std::mem::replace(&mut known.has_sweeper, true) {
            #[expect(
                clippy::disallowed_methods,
                reason = "one task clears away after all clients that vanish; it ends with the last session"
            )]
            drop(tokio::spawn(keep_sweeping(Arc::downgrade(self), self.interval)));
        }
        true
    }

    fn is_full(&self) -> bool {
        self.lock().sessions.len() >= self.max_sessions
    }

    /// Finds a caller's session. Somebody else's, and one whose time is over, are as unknown as one that never was.
    pub(super) fn find(&self, id: &[u8], caller: &Caller) -> Option<Arc<Session>> {
        let session = self.find_any(id)?;
        session.belongs_to(caller).then_some(session)
    }

    /// Finds a session, whoever it belongs to.
    pub(super) fn find_any(&self, id: &[u8]) -> Option<Arc<Session>> {
        let id = SessionId::from_wire(id)?;
        let session = self.lock().sessions.get(&id).cloned()?;
        if session.is_expired(Instant::now()) {
            self.remove(&id);
            session.end();
            return None;
        }
        Some(session)
    }

    /// Takes a session out. It is not ended by that.
    pub(super) fn remove(&self, id: &SessionId) -> Option<Arc<Session>> {
        let mut known = self.lock();
        let removed = known.sessions.remove(id);
        known.shrink();
        removed
    }

    /// Takes every session out.
    pub(super) fn take_all(&self) -> Vec<Arc<Session>> {
        let mut known = self.lock();
        let all = known.sessions.drain().map(|(_, session)| session).collect();
        known.shrink();
        all
    }

    pub(super) fn len(&self) -> usize {
        self.lock().sessions.len()
    }

    /// Ends every session whose time is over.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        let mut expired = Vec::new();
        {
            let mut known = self.lock();
            known.sessions.retain(|_, session| {
                let is_expired = session.is_expired(now);
                match is_expired {
                    true => expired.push(Arc::clone(session)),
                    false => session.sweep(now),
                }
                !is_expired
            });
            known.shrink();
        }
        for session in expired {
            session.end();
        }
    }
}

impl Known {
    fn shrink(&mut self) {
        let (len, capacity) = (self.sessions.len(), self.sessions.capacity());
        if len == 0 || (capacity > SMALL && len < capacity / 4) {
            self.sessions.shrink_to(len * 2);
        }
    }
}

/// Clears away until there is nothing left that could need it.
async fn keep_sweeping(table: Weak<Table>, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        let Some(table) = table.upgrade() else { return };
        table.sweep();
        let mut known = table.lock();
        if known.sessions.is_empty() {
            known.has_sweeper = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use car_mcp::proto::capability::Implementation;
    use car_mcp::server::legacy::Conversation;
    use car_mcp::server::{Principal, Server};

    use super::super::session::Kind;
    use super::*;
    use crate::server::options::SessionOptions;

    const LIFE: Duration = Duration::from_secs(30);

    fn table(max_sessions: usize) -> (Arc<Table>, Server) {
        let server = Server::builder(Implementation::new("test")).build().unwrap();
        (Arc::new(Table::new(max_sessions, LIFE)), server)
    }

    fn begin(table: &Arc<Table>, server: &Server, caller: &Caller) -> Arc<Session> {
        let options = Arc::new(SessionOptions { idle: LIFE, ..SessionOptions::default() });
        let conversation = Conversation::begin(server);
        Arc::new(Session::new(Kind::Resumable, caller, conversation, &options, table))
    }

    fn caller(name: &str) -> Caller {
        let mut caller = Caller::anonymous();
        caller.principal = Some(Arc::new(Principal::new(name)));
        caller
    }

    #[tokio::test(start_paused = true)]
    async fn a_table_that_was_large_is_small_again() {
        let (table, server) = table(20_000);
        for _ in 0..10_000 {
            assert!(table.insert(&begin(&table, &server, &Caller::anonymous())));
        }
        assert_eq!(table.len(), 10_000);
        tokio::time::sleep(LIFE * 2).await;
        assert_eq!(table.len(), 0);
        assert_eq!(table.lock().sessions.capacity(), 0);
        assert!(!table.lock().has_sweeper, "no task is left");
        assert!(table.insert(&begin(&table, &server, &Caller::anonymous())));
        tokio::time::sleep(LIFE * 2).await;
        assert_eq!(table.len(), 0, "it is cleared away again");
    }

    #[tokio::test]
    async fn a_session_is_found_by_the_one_who_began_it() {
        let (table, server) = table(10);
        for owner in [Caller::anonymous(), caller("alice")] {
            let session = begin(&table, &server, &owner);
            assert!(table.insert(&session));
            let id = session.id().as_str().as_bytes();
            for asking in [Caller::anonymous(), caller("alice"), caller("mallory")] {
                assert_eq!(table.find(id, &asking).is_some(), asking.id() == owner.id());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_whose_time_is_over_make_room_for_new_ones() {
        let (table, server) = table(2);
        assert!(table.insert(&begin(&table, &server, &Caller::anonymous())));
        assert!(table.insert(&begin(&table, &server, &Caller::anonymous())));
        assert!(!table.insert(&begin(&table, &server, &Caller::anonymous())));
        // The time passes at once, before the task that clears away has its turn.
        tokio::time::advance(LIFE).await;
        assert!(table.insert(&begin(&table, &server, &Caller::anonymous())));
    }
}
