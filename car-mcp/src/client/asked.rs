//! Whom a server's question goes to: the handler of a call, or the session's.
//!
//! ```text
//!  comes with a call ─────▶ the call's handler, else the session's
//!  comes with no call ─┬──▶ all calls under way are made in one name ─▶ the handler of the youngest that has one
//!                      └──▶ they are not ─▶ the session's
//! ```
//!
//! A question that names no call may be any call's. Where one session serves several people, it is put to none of them
//! rather than to the wrong one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::deadline::Deadline;
use super::options::CallOptions;
use crate::handler::ClientHandler;

/// Which call a message of the server belongs to.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// It came with this one.
    Call(&'a CallOptions, &'a Deadline<'a>),
    /// Nobody can tell.
    Unnamed,
}

/// The calls under way, as far as they say something of themselves.
#[derive(Default)]
pub(crate) struct UnderWay {
    /// How many say nothing: they cost a count and no more.
    plain: AtomicUsize,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// The youngest last.
    calls: Vec<Call>,
    next: u64,
}

struct Call {
    key: u64,
    handler: Option<Arc<dyn ClientHandler>>,
    on_behalf_of: Option<Arc<str>>,
}

/// One call under way, until dropped.
pub(crate) struct Begun<'a> {
    calls: &'a UnderWay,
    /// Nothing for a call that says nothing of itself.
    key: Option<u64>,
}

impl UnderWay {
    pub(crate) fn begin(&self, options: &CallOptions) -> Begun<'_> {
        if options.handler.is_none() && options.on_behalf_of.is_none() {
            self.plain.fetch_add(1, Ordering::Relaxed);
            return Begun { calls: self, key: None };
        }
        let mut told = self.lock();
        let key = told.next;
        told.next += 1;
        let (handler, on_behalf_of) = (options.handler.clone(), options.on_behalf_of.clone());
        told.calls.push(Call { key, handler, on_behalf_of });
        Begun { calls: self, key: Some(key) }
    }

    /// Returns the handler to which a question goes that names no call; nothing where that is the session's.
    pub(crate) fn handler(&self) -> Option<Arc<dyn ClientHandler>> {
        let told = self.lock();
        let name = &told.calls.first()?.on_behalf_of;
        let has_plain = self.plain.load(Ordering::Relaxed) > 0;
        let is_one =
            told.calls.iter().all(|call| call.on_behalf_of == *name) && (name.is_none() || !has_plain);
        if !is_one {
            return None;
        }
        told.calls.iter().rev().find_map(|call| call.handler.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("nothing panics while it holds the calls")
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        match self.key {
            None => drop(self.calls.plain.fetch_sub(1, Ordering::Relaxed)),
            Some(key) => self.calls.lock().calls.retain(|call| call.key != key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::NoHandler;

    fn options(handler: Option<&Arc<dyn ClientHandler>>, name: Option<&str>) -> CallOptions {
        let mut options = CallOptions::new();
        options.handler = handler.cloned();
        options.on_behalf_of = name.map(Into::into);
        options
    }

    #[test]
    fn a_question_of_no_call_goes_to_whom_it_can_only_be_meant_for() {
        // Of a type with a size, so that no two are at one address.
        struct Numbered(#[expect(dead_code, reason = "it takes room")] u64);
        impl ClientHandler for Numbered {}
        let [a, b]: [Arc<dyn ClientHandler>; 2] = [Arc::new(Numbered(0)), Arc::new(Numbered(1))];
        let (a, b) = (Some(&a), Some(&b));
        for (calls, expected) in [
            (&[][..], None),
            (&[(None, None)], None),
            (&[(a, None)], a),
            (&[(a, Some("x"))], a),
            (&[(None, Some("x"))], None),
            (&[(a, Some("x")), (b, Some("x"))], b),
            (&[(a, Some("x")), (b, Some("y"))], None),
            (&[(a, Some("x")), (b, None)], None),
            (&[(a, Some("x")), (None, Some("x"))], a),
            (&[(a, Some("x")), (None, Some("y"))], None),
            // A call that says nothing may be anybody's.
            (&[(a, Some("x")), (None, None)], None),
            (&[(a, None), (None, None)], a),
            (&[(a, None), (b, None)], b),
        ] {
            let under_way = UnderWay::default();
            let calls: Vec<_> = calls.iter().map(|(handler, name)| options(*handler, *name)).collect();
            let begun: Vec<_> = calls.iter().map(|options| under_way.begin(options)).collect();
            let found = under_way.handler();
            assert_eq!(
                found.as_ref().map(Arc::as_ptr).map(<*const _>::cast::<()>),
                expected.map(Arc::as_ptr).map(<*const _>::cast::<()>),
            );
            drop(begun);
            let other: Arc<dyn ClientHandler> = Arc::new(NoHandler);
            let _begun = under_way.begin(&options(Some(&other), Some("z")));
            assert!(under_way.handler().is_some(), "those that are over do not count");
        }
    }
}
