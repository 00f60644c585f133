//! Legacy clients of the service: sessions, streams that go on, messages without a request, and clients that vanish.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod batches;
mod known;
mod lifetime;
mod pair;
mod peer;
mod push;
mod resume;
mod sessions;
mod stage;
mod stateless;
mod streams;
