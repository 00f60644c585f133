//! Taking over what a registry says, page by page: what is new, what takes the place of what, what is gone. Pure.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use semver::Version;

use super::time::rfc3339;
use super::{Mirror, Reading, Repeat};
use crate::error::SetAside;
use crate::registry::entry::{Entry, Status};
use crate::registry::reference::RegistryName;

/// How many entries that cannot be used are remembered; more are only counted. It bounds what a spiteful registry leaves.
const MAX_SET_ASIDE: usize = 1_000;

/// How far back a reading of what has changed reaches beyond the last one, in seconds: clocks differ, and a registry's
/// pages may be stale for a while.
const MARGIN: u64 = 3_600;

impl Mirror {
    /// Goes on with the reading that was cut, or begins one: of what has changed, or of the whole list.
    pub(in crate::registry) fn begin(&mut self, now: u64) -> Reading {
        let state = &mut self.state;
        if let Some(reading) = state.reading.clone().filter(|reading| reading.began_at <= now) {
            return reading;
        }
        let mut reading = Reading { began_at: now, ..Reading::default() };
        match (&state.repeat, state.synced_at) {
            _ if state.reads_whole => {}
            (Some(repeat), Some(_)) => {
                reading.updated_since.clone_from(&repeat.updated_since);
                reading.etag = Some(repeat.etag.clone());
            }
            (None, Some(synced_at)) => {
                reading.updated_since = Some(rfc3339(synced_at.saturating_sub(MARGIN)))
            }
            (_, None) => {}
        }
        if reading.updated_since.is_none() && reading.etag.is_none() {
            state.set_aside.clear();
            state.set_aside_count = 0;
        }
        state.reading = Some(reading.clone());
        reading
    }

    /// Says that a page was read, and where the next one begins.
    pub(in crate::registry) fn turn(&mut self, reading: &Reading) {
        self.state.reading = Some(reading.clone());
    }

    /// Says that a reading has come to its end. `etag` is that of its only page.
    pub(in crate::registry) fn finish(&mut self, reading: &Reading, etag: Option<String>) {
        let updated_since = reading.updated_since.clone();
        self.state.repeat = etag.map(|etag| Repeat { updated_since, etag });
        self.state.reading = None;
        self.state.reads_whole = false;
        self.state.synced_at = Some(reading.began_at);
    }

    /// Gives a reading up that cannot go on, so that the next one is of the whole list. What was read is kept.
    pub(in crate::registry) fn give_up(&mut self) {
        self.state.reading = None;
        self.state.repeat = None;
        self.state.reads_whole = true;
    }

    /// Leaves out what a whole list, read at once, does not have any more.
    pub(in crate::registry) fn keep_only(&mut self, names: &BTreeSet<RegistryName>) -> usize {
        let before = self.entries.len();
        self.entries.retain(|name, _| names.contains(name));
        before - self.entries.len()
    }

    /// Takes one version. Returns whether the copy has changed by it.
    pub(in crate::registry) fn take(&mut self, entry: Entry) -> bool {
        let is_full = self.entries.len() >= Self::MAX_ENTRIES;
        match self.entries.get_mut(&entry.name) {
            None if is_full => {
                self.put_aside(SetAside::new(Some(entry.name.as_str()), "the copy is full"));
                false
            }
            None => {
                self.entries.insert(entry.name.clone(), entry);
                true
            }
            Some(held) if held.version == entry.version => {
                let is_changed = held.status != entry.status
                    || held.status_message != entry.status_message
                    || held.server.get() != entry.server.get();
                *held = entry;
                is_changed
            }
            Some(held) if replaces(&entry, held) => {
                *held = entry;
                true
            }
            Some(_) => false,
        }
    }

    /// Remembers an entry that cannot be used.
    pub(in crate::registry) fn put_aside(&mut self, entry: SetAside) {
        // A list that is read again, in parts, has the same ones again.
        if self.state.set_aside.contains(&entry) {
            return;
        }
        self.state.set_aside_count += 1;
        if self.state.set_aside.len() < MAX_SET_ASIDE {
            self.state.set_aside.push(entry);
        }
    }
}

/// Whether a version of a name takes the place of another one: what is there before what was deleted, then what the
/// registry calls the newest, then semantic versioning, then when it was published.
fn replaces(new: &Entry, held: &Entry) -> bool {
    let (is_there, was_there) = (new.status != Status::Deleted, held.status != Status::Deleted);
    if is_there != was_there {
        return is_there;
    }
    match (new.is_latest, held.is_latest) {
        (true, false) => true,
        (false, true) => false,
        _ => newer(new, held) == Ordering::Greater,
    }
}

fn newer(one: &Entry, other: &Entry) -> Ordering {
    let versions = (Version::parse(&one.version), Version::parse(&other.version));
    let by_version = match versions {
        (Ok(one), Ok(other)) => one.cmp(&other),
        (Ok(_), Err(_)) => Ordering::Greater,
        (Err(_), Ok(_)) => Ordering::Less,
        (Err(_), Err(_)) => Ordering::Equal,
    };
    // Times of one registry are written alike, so the text sorts as they do; that is enough for the last resort.
    by_version.then_with(|| one.published_at.cmp(&other.published_at))
}
