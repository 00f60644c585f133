//! What was agreed to until the daemon stops.

use std::sync::{Mutex, MutexGuard, PoisonError};

use car_connectors::store::Grant;

use super::pending::Pending;

/// What ids of grants begin with that end with the daemon.
pub(crate) const SESSION: &str = "session-";

/// How many there are at most; the oldest goes. A person answered each of them.
const MAX_GRANTS: usize = 1_024;

/// What was agreed to until the daemon stops.
#[derive(Debug, Default)]
pub(super) struct SessionGrants(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    grants: Vec<Grant>,
    made: u64,
}

impl SessionGrants {
    /// Adds a grant, in place of one of the same call.
    pub(super) fn add(&self, mut grant: Grant) {
        let mut known = self.known();
        known.made += 1;
        grant.id = format!("{SESSION}{}", known.made);
        let same = |other: &Grant| other.covers(&grant.caller, &grant.connector, &grant.tool, &grant.rule);
        known.grants.retain(|other| !same(other));
        if known.grants.len() >= MAX_GRANTS {
            known.grants.remove(0);
        }
        known.grants.push(grant);
    }

    pub(super) fn all(&self) -> Vec<Grant> {
        self.known().grants.clone()
    }

    pub(super) fn covering(&self, pending: &Pending) -> Option<Grant> {
        self.known().grants.iter().find(|grant| pending.is_covered_by(grant)).cloned()
    }

    /// Takes a grant back, and returns whether there was one.
    pub(super) fn remove(&self, id: &str) -> bool {
        let mut known = self.known();
        let before = known.grants.len();
        known.grants.retain(|grant| grant.id != id);
        known.grants.len() < before
    }

    pub(super) fn remove_connector(&self, slug: &str) {
        self.known().grants.retain(|grant| grant.connector != slug);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
