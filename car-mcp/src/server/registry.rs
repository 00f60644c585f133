//! What a server offers at one moment. A change makes a new registry; who reads keeps the old one.

use std::collections::HashMap;
use std::sync::Arc;

use super::tool::ToolEntry;

/// Things by name, in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Table<T> {
    /// Sequence numbers grow and are never used again: a cursor names one, and stays good when entries come and go.
    entries: Vec<(u64, Arc<T>)>,
    by_name: HashMap<Arc<str>, Arc<T>>,
    next: u64,
}

/// Something that is listed and found by name.
pub(crate) trait Entry {
    /// Returns what it is found by: its name, URI or template.
    fn key(&self) -> &str;
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), by_name: HashMap::new(), next: 0 }
    }
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), by_name: self.by_name.clone(), next: self.next }
    }
}

impl<T: Entry> Table<T> {
    /// Adds an entry at the end, or puts it where the one of its name was. Returns whether there was one.
    pub(crate) fn put(&mut self, entry: T) -> bool {
        let entry = Arc::new(entry);
        let old = self.by_name.insert(entry.key().into(), Arc::clone(&entry));
        match old.and_then(|old| self.entries.iter_mut().find(|(_, other)| Arc::ptr_eq(other, &old))) {
            Some((_, place)) => {
                *place = entry;
                true
            }
            None => {
                self.entries.push((self.next, entry));
                self.next += 1;
                false
            }
        }
    }

    /// Takes an entry out. Returns whether there was one.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let Some(old) = self.by_name.remove(name) else { return false };
        self.entries.retain(|(_, entry)| !Arc::ptr_eq(entry, &old));
        true
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<T>> {
        self.by_name.get(name)
    }

    /// Returns whether there ever was an entry.
    pub(crate) const fn was_used(&self) -> bool {
        self.next > 0
    }

    /// Returns the entries whose sequence number is this or greater.
    pub(crate) fn from(&self, sequence: u64) -> &[(u64, Arc<T>)] {
        let begin = self.entries.partition_point(|(number, _)| *number < sequence);
        &self.entries[begin..]
    }
}

/// What a server offers at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    pub(crate) tools: Table<ToolEntry>,
}
