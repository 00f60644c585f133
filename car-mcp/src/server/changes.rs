//! What changed, told to whoever listens.
//!
//! ```text
//!  Server::tools_changed ─▶ Changes::publish ─▶ Listener  what it wants ∧ what is due ─▶ poll_change ─▶ the wire
//!                                           └─▶ Listener  …
//! ```
//!
//! Changes are levels, not edges: what changes ten times before a listener looks is told to it once, and of a task
//! only the newest state. So what waits is bounded by what the listener asked for, publishing never waits, and a
//! listener that never reads costs nothing more.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use car_mcp_proto::RawJson;
use tokio::sync::watch;

use super::principal::Caller;

/// How many resources and tasks one listener may follow: each is remembered by its name.
pub(crate) const MAX_FOLLOWED: usize = 1024;

/// A list that can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Tools,
    Prompts,
    Resources,
}

/// One change, as a listener is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    List(List),
    /// The resource at this URI.
    Resource(Arc<str>),
    /// The newest state of a task, as it is sent.
    Task(RawJson),
}

/// Everybody who listens. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Changes(Arc<Mutex<Hub>>);

#[derive(Default)]
struct Hub {
    listeners: HashMap<u64, Arc<Mutex<Levels>>>,
    next: u64,
    is_closed: bool,
    /// How many listeners follow each resource.
    followers: HashMap<Arc<str>, usize>,
    /// The same resources, for whoever has to see to it that their changes are heard of.
    watched: watch::Sender<BTreeSet<String>>,
}

impl Hub {
    fn follow(&mut self, uri: &Arc<str>) {
        let followers = self.followers.entry(Arc::clone(uri)).or_default();
        *followers += 1;
        if *followers == 1 {
            self.watched.send_if_modified(|watched| watched.insert(uri.to_string()));
        }
    }

    fn leave(&mut self, uri: &str) {
        let Some(followers) = self.followers.get_mut(uri) else { return };
        *followers -= 1;
        if *followers == 0 {
            self.followers.remove(uri);
            self.watched.send_if_modified(|watched| watched.remove(uri));
        }
    }
}

/// What one listener wants, and what it has not been told yet.
#[derive(Debug, Default)]
struct Levels {
    /// Who it is, as far as that matters.
    caller: Caller,
    lists: Lists,
    due_lists: Lists,
    /// Whether the change of the resource waits in `due`.
    resources: BTreeMap<Arc<str>, bool>,
    /// The state that waits in `due`.
    tasks: BTreeMap<Arc<str>, Option<RawJson>>,
    /// In the order in which they first changed; no entry is there twice.
    due: VecDeque<Due>,
    /// Who reads; another one that took over has a greater number.
    reader: Reader,
    waker: Option<Waker>,
    is_closed: bool,
}

/// One who reads what a listener is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reader(u64);

#[derive(Clone, Debug, PartialEq)]
enum Due {
    List(List),
    Resource(Arc<str>),
    Task(Arc<str>),
}

/// A set of lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists(u8);

impl Lists {
    pub(crate) const fn with(self, list: List) -> Self {
        Self(self.0 | 1 << list as u8)
    }

    pub(crate) const fn without(self, list: List) -> Self {
        Self(self.0 & !(1 << list as u8))
    }

    pub(crate) const fn contains(self, list: List) -> bool {
        self.0 & (1 << list as u8) != 0
    }
}

impl Changes {
    /// Begins to listen for changes of these lists.
    pub(crate) fn listen(&self, lists: Lists) -> Listener {
        let mut hub = self.lock();
        let levels = Levels { lists, is_closed: hub.is_closed, ..Levels::default() };
        let (key, levels) = (hub.next, Arc::new(Mutex::new(levels)));
        hub.next += 1;
        hub.listeners.insert(key, Arc::clone(&levels));
        drop(hub);
        Listener { key, levels, hub: self.clone() }
    }

    pub(crate) fn list_changed(&self, list: List) {
        self.publish(|levels| levels.mark_list(list));
    }

    /// Tells those who may know.
    pub(crate) fn list_changed_for(&self, list: List, may_know: impl Fn(&Caller) -> bool) {
        self.publish_for(|levels| levels.lists.contains(list), may_know, |levels| levels.mark_list(list));
    }

    /// Tells those of its followers who may know: what they may see can have changed since they began to follow it.
    pub(crate) fn resource_updated(&self, uri: &str, may_know: impl Fn(&Caller) -> bool) {
        let follows = |levels: &Levels| levels.resources.contains_key(uri);
        self.publish_for(follows, may_know, |levels| levels.mark_resource(uri));
    }

    /// Returns the URIs that somebody follows.
    pub(crate) fn watched(&self) -> watch::Receiver<BTreeSet<String>> {
        self.lock().watched.subscribe()
    }

    /// Tells the newest state of a task, to those who follow it. The state is made only if there is one.
    pub(crate) fn task_changed(&self, id: &str, state: impl Fn() -> RawJson) {
        self.publish(|levels| levels.mark_task(id, &state));
    }

    /// Ends all listening, now and later, once what is due has been told.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.publish(Levels::close);
    }

    /// Marks a change with every listener, then wakes those that have something new to tell.
    fn publish(&self, mark: impl Fn(&mut Levels) -> bool) {
        let mut woken: Vec<Waker> = Vec::new();
        for levels in self.lock().listeners.values() {
            let mut levels = lock(levels);
            if mark(&mut levels) {
                woken.extend(levels.waker.take());
            }
        }
        woken.into_iter().for_each(Waker::wake);
    }

    /// As `publish`, to those who want it and may know. That is asked without any lock held: others answer it.
    fn publish_for(
        &self,
        wants: impl Fn(&Levels) -> bool,
        may_know: impl Fn(&Caller) -> bool,
        mark: impl Fn(&mut Levels) -> bool,
    ) {
        let listeners: Vec<_> = self.lock().listeners.values().cloned().collect();
        for levels in listeners {
            let caller = {
                let levels = lock(&levels);
                if !wants(&levels) {
                    continue;
                }
                levels.caller.clone()
            };
            if !may_know(&caller) {
                continue;
            }
            let mut levels = lock(&levels);
            let waker = if mark(&mut levels) { levels.waker.take() } else { None };
            drop(levels);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Hub> {
        self.0.lock().expect("nothing panics while it holds the hub")
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Changes").field("listeners", &self.lock().listeners.len()).finish()
    }
}

impl Levels {
    fn mark_list(&mut self, list: List) -> bool {
        if !self.lists.contains(list) || self.due_lists.contains(list) {
            return false;
        }
        self.due_lists = self.due_lists.with(list);
        self.due.push_back(Due::List(list));
        true
    }

    fn mark_resource(&mut self, uri: &str) -> bool {
        let Some(is_due @ false) = self.resources.get_mut(uri) else { return false };
        *is_due = true;
        let uri = self.resources.get_key_value(uri).map(|(uri, _)| Arc::clone(uri));
        self.due.extend(uri.map(Due::Resource));
        true
    }

    fn mark_task(&mut self, id: &str, state: &impl Fn() -> RawJson) -> bool {
        let Some(newest) = self.tasks.get_mut(id) else { return false };
        let was_due = newest.replace(state()).is_some();
        if !was_due {
            let id = self.tasks.get_key_value(id).map(|(id, _)| Arc::clone(id));
            self.due.extend(id.map(Due::Task));
        }
        !was_due
    }

    const fn close(&mut self) -> bool {
        self.is_closed = true;
        true
    }

    /// Takes what has been due for longest.
    fn pop(&mut self) -> Option<Change> {
        match self.due.pop_front()? {
            Due::List(list) => {
                self.due_lists = self.due_lists.without(list);
                Some(Change::List(list))
            }
            Due::Resource(uri) => {
                self.resources.insert(Arc::clone(&uri), false);
                Some(Change::Resource(uri))
            }
            Due::Task(id) => self.tasks.get_mut(&id).and_then(Option::take).map(Change::Task),
        }
    }
}

fn lock(levels: &Mutex<Levels>) -> MutexGuard<'_, Levels> {
    levels.lock().expect("nothing panics while it holds the levels")
}

/// One who listens, until dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    key: u64,
    levels: Arc<Mutex<Levels>>,
    hub: Changes,
}

impl Listener {
    /// What one takes in memory while it follows nothing.
    #[cfg(test)]
    pub(crate) const BYTES: usize =
        size_of::<Self>() + size_of::<Mutex<Levels>>() + 2 * size_of::<(u64, usize)>();

    /// Returns a number that is no other listener's.
    pub(crate) const fn key(&self) -> u64 {
        self.key
    }

    /// Sets who it is.
    pub(crate) fn set_caller(&self, caller: &Caller) {
        lock(&self.levels).caller = caller.clone();
    }

    /// Sets the lists whose changes are wanted.
    pub(crate) fn want(&self, lists: Lists) {
        lock(&self.levels).lists = lists;
    }

    /// Follows a resource, and returns whether there was room to remember it.
    pub(crate) fn follow_resource(&self, uri: &str) -> bool {
        let mut levels = lock(&self.levels);
        if levels.resources.contains_key(uri) {
            return true;
        }
        let has_room = levels.resources.len() < MAX_FOLLOWED;
        if has_room {
            let uri: Arc<str> = uri.into();
            levels.resources.insert(Arc::clone(&uri), false);
            drop(levels);
            self.hub.lock().follow(&uri);
        }
        has_room
    }

    /// Follows a resource no longer.
    pub(crate) fn leave_resource(&self, uri: &str) {
        let mut levels = lock(&self.levels);
        let Some(was_due) = levels.resources.remove(uri) else { return };
        if was_due {
            levels.due.retain(|due| !matches!(due, Due::Resource(other) if **other == *uri));
        }
        drop(levels);
        self.hub.lock().leave(uri);
    }

    /// Follows a task, and returns whether there was room to remember it. Its state is due at once: it may have changed
    /// since the listener heard of it.
    pub(crate) fn follow_task(&self, id: &str, state: impl Fn() -> RawJson) -> bool {
        let mut levels = lock(&self.levels);
        let has_room = levels.tasks.len() < MAX_FOLLOWED;
        if has_room {
            levels.tasks.entry(id.into()).or_default();
            levels.mark_task(id, &state);
        }
        has_room
    }

    /// Ends the listening of this one.
    pub(crate) fn close(&self) {
        let mut levels = lock(&self.levels);
        levels.is_closed = true;
        let waker = levels.waker.take();
        drop(levels);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Returns a new reader, the only one that is told anything from now on.
    pub(crate) fn take_over(&self) -> Reader {
        let mut levels = lock(&self.levels);
        levels.reader.0 += 1;
        let (reader, waker) = (levels.reader, levels.waker.take());
        drop(levels);
        if let Some(waker) = waker {
            waker.wake();
        }
        reader
    }

    /// Polls for the next change; nothing once it is over, or another reader has taken over.
    ///
    /// # Cancel safety
    /// A change is either returned or still due.
    pub(crate) fn poll_change(&self, reader: Reader, context: &Context<'_>) -> Poll<Option<Change>> {
        let mut levels = lock(&self.levels);
        if levels.reader != reader {
            return Poll::Ready(None);
        }
        if let Some(change) = levels.pop() {
            return Poll::Ready(Some(change));
        }
        if levels.is_closed {
            return Poll::Ready(None);
        }
        match &mut levels.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Waits for the next change, as the first reader; nothing once it is over.
    pub(crate) async fn change(&self) -> Option<Change> {
        std::future::poll_fn(|context| self.poll_change(Reader::default(), context)).await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let followed = std::mem::take(&mut lock(&self.levels).resources);
        let mut hub = self.hub.lock();
        hub.listeners.remove(&self.key);
        followed.keys().for_each(|uri| hub.leave(uri));
    }
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
