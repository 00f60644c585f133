//! The manager against real servers in this process: good ones, in both eras, and bad ones.

#![expect(clippy::disallowed_methods, reason = "tests lay out files and start themselves as other processes")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

mod life;
mod local;

mod calls;
mod pins;
mod policy;
mod progress;
mod restart;
mod sharing;

mod concurrent;
mod events;
mod names;
mod processes;

mod project;
mod project_hostile;

mod bad_neighbours;
mod bad_server;
mod bad_state;
mod secrets;

mod discovery_add;
mod discovery_find;
mod discovery_hostile;
mod discovery_registry;
mod discovery_sources;
mod discovery_support;

mod sign_in;
mod sign_in_support;
