//! Calls that wait for a modern client to come back with answers: found again by a random name, given up after a time.
//!
//! Between two rounds nobody polls the call. It lies here with its connection, as it was when the server asked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a call waits: as long as the state that names it can be used, so that neither outlives the other.
pub(super) const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// How many calls of one visitor wait. A client that goes away in the middle of a question leaves one behind; where there
/// are more than a person can have open, the oldest has been left.
const MAX_OF_ONE: usize = 64;

/// How many calls wait in all: each may hold a connection.
const MAX_IN_ALL: usize = 512;

/// How many random bytes name a call: nobody guesses one.
const NAME_BYTES: usize = 16;

/// The calls that wait.
#[derive(Debug)]
pub(super) struct Parked<T> {
    waiting: Mutex<HashMap<String, Entry<T>>>,
    /// Is told when there is a first one to wait for.
    begun: Notify,
}

#[derive(Debug)]
struct Entry<T> {
    visitor: Box<str>,
    since: Instant,
    call: T,
}

/// No more calls can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_IN_ALL} calls wait for answers already; answer those, or try again later")]
pub(super) struct Full;

/// Names a call that is to wait.
pub(super) fn new_name() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; NAME_BYTES]>())
}

impl<T> Default for Parked<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), begun: Notify::new() }
    }
}

impl<T> Parked<T> {
    /// Lets a call wait, under a name that was made for it.
    pub(super) fn put(&self, name: String, visitor: &str, call: T) -> Result<(), Full> {
        let entry = Entry { visitor: visitor.into(), since: Instant::now(), call };
        // Calls end when they are dropped, and that is done without the lock.
        let (left, refused) = {
            let mut waiting = self.waiting();
            let own = || waiting.iter().filter(|(_, entry)| *entry.visitor == *visitor);
            let oldest = own().min_by_key(|(_, entry)| entry.since).map(|(name, _)| name.clone());
            let left = oldest.filter(|_| own().count() >= MAX_OF_ONE).and_then(|name| waiting.remove(&name));
            if waiting.len() >= MAX_IN_ALL {
                (left, Some(entry))
            } else {
                waiting.insert(name, entry);
                (left, None)
            }
        };
        drop(left);
        self.begun.notify_one();
        match refused {
            None => Ok(()),
            Some(_) => Err(Full),
        }
    }

    /// Takes a call out; nothing if it does not wait any more, or is somebody else's.
    pub(super) fn take(&self, name: &str, visitor: &str) -> Option<T> {
        let mut waiting = self.waiting();
        let entry = waiting.get(name)?;
        if *entry.visitor != *visitor || entry.since.elapsed() >= LIFETIME {
            return None;
        }
        waiting.remove(name).map(|entry| entry.call)
    }

    /// Gives up calls as their time is over. Never ends.
    pub(super) async fn expire(&self) {
        loop {
            let next = self.give_up_old();
            match next {
                Some(next) => tokio::time::sleep_until(next).await,
                None => self.begun.notified().await,
            }
        }
    }

    /// Gives all calls up.
    pub(super) fn clear(&self) {
        let waiting = std::mem::take(&mut *self.waiting());
        drop(waiting);
    }

    /// Gives up what is too old, and returns when the next will be.
    fn give_up_old(&self) -> Option<Instant> {
        let (old, next) = {
            let mut waiting = self.waiting();
            let is_old = |entry: &Entry<T>| entry.since.elapsed() >= LIFETIME;
            let old: Vec<_> = waiting.extract_if(|_, entry| is_old(entry)).collect();
            (old, waiting.values().map(|entry| entry.since + LIFETIME).min())
        };
        drop(old);
        next
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Entry<T>>> {
        self.waiting.lock().expect("nothing panics while it holds the calls that wait")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_call_is_given_back_once_and_to_whom_it_belongs() {
        let parked = Parked::default();
        parked.put("a".to_owned(), "ada", 1).unwrap();
        assert_eq!(parked.take("a", "eve"), None);
        assert_eq!(parked.take("b", "ada"), None);
        assert_eq!(parked.take("a", "ada"), Some(1));
        assert_eq!(parked.take("a", "ada"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_given_up_when_its_time_is_over() {
        let parked = Parked::default();
        let call = Arc::new(());
        let expiring = parked.expire();
        let life = async {
            tokio::task::yield_now().await;
            parked.put("a".to_owned(), "ada", Arc::clone(&call)).unwrap();
            tokio::time::sleep(LIFETIME - Duration::from_secs(1)).await;
            assert_eq!(Arc::strong_count(&call), 2);
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(Arc::strong_count(&call), 1);
            assert_eq!(parked.take("a", "ada"), None);
        };
        tokio::select! {
            () = expiring => unreachable!("it never ends"),
            () = life => {}
        }
    }

    #[test]
    fn the_oldest_of_a_visitor_makes_room_and_nobody_elses() {
        let parked = Parked::default();
        parked.put("ada".to_owned(), "ada", 0).unwrap();
        for number in 0..=MAX_OF_ONE {
            parked.put(format!("eve {number}"), "eve", number).unwrap();
        }
        assert_eq!(parked.take("eve 0", "eve"), None);
        assert_eq!(parked.take("eve 1", "eve"), Some(1));
        assert_eq!(parked.take("ada", "ada"), Some(0));
    }

    #[test]
    fn there_is_a_bound_in_all() {
        let parked = Parked::default();
        for number in 0..MAX_IN_ALL {
            parked.put(number.to_string(), &(number / MAX_OF_ONE).to_string(), number).unwrap();
        }
        assert_eq!(parked.put("more".to_owned(), "another", 0), Err(Full));
        assert_eq!(parked.take("0", "0"), Some(0));
        parked.put("more".to_owned(), "another", 0).unwrap();
    }

    #[test]
    fn names_differ() {
        assert_ne!(new_name(), new_name());
        assert_eq!(new_name().len(), 22);
    }
}
