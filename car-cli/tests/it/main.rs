//! The command as a person or a program runs it: the real binary, a state folder of its own, servers on loopback.

mod bad_input;
mod car;
mod typing;
mod walk;
