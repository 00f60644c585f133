//! The command as a person or a program runs it: the real binary, a state folder of its own, servers on loopback.
#![expect(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod bad_input;
mod car;
mod custody;
mod discovery;
mod find;
mod local;
mod project;
mod protected;
mod seeker;
#[cfg(unix)]
mod serve;
mod sign_in;
mod sources;
mod typing;
mod walk;
