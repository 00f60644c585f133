//! The manager against real servers in this process: good ones, in both eras, and bad ones.

mod support;

mod life;

mod calls;
mod policy;
mod progress;
mod restart;

mod concurrent;
mod events;
mod names;
mod processes;

mod bad_server;
mod bad_state;
mod secrets;
