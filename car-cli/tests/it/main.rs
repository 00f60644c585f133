//! The command as a person or a program runs it: the real binary, a state folder of its own, servers on loopback.
#![expect(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod approve;
mod bad_input;
mod car;
mod custody;
mod discovery;
mod find;
#[cfg(unix)]
mod killed;
mod local;
mod project;
mod protected;
mod rules;
mod seeker;
#[cfg(unix)]
mod serve;
mod sign_in;
mod sources;
#[cfg(target_os = "linux")]
mod terminal;
mod token;
mod typing;
mod walk;
