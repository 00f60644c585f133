//! A protected server: keys that are fetched, and a client that signs in to be let in.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod issuer;
mod keys;
mod sign_in;
