//! Counts what is under way, so that there is never more of it than was agreed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of places. Clones count the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Capacity(Arc<Places>);

#[derive(Debug)]
struct Places {
    taken: AtomicUsize,
    most: usize,
}

/// One place, given back on drop.
#[derive(Debug)]
pub(crate) struct Place(Arc<Places>);

impl Capacity {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Places { taken: AtomicUsize::new(0), most }))
    }

    /// Takes a place, or nothing where all are taken.
    pub(crate) fn take(&self) -> Option<Place> {
        // The count tells nothing but itself, so no order with other memory is needed.
        let place = Place(Arc::clone(&self.0));
        (self.0.taken.fetch_add(1, Ordering::Relaxed) < self.0.most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_once_it_is_given_back() {
        let capacity = Capacity::new(2);
        let (first, second) = (capacity.take(), capacity.take());
        assert!(first.is_some() && second.is_some());
        assert!(capacity.take().is_none());
        assert!(capacity.clone().take().is_none());
        drop(first);
        let third = capacity.take();
        assert!(third.is_some());
        assert!(capacity.take().is_none());
    }
}
