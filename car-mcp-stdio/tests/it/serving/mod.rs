//! The server end: over a pipe that the test writes itself, and as a process that our own client starts.

mod bad;
mod double;
mod lines;
mod process;
mod requests;
