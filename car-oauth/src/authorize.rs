//! The authorization request (RFC 6749 §4.1.1, RFC 8707), and what is remembered until its answer.
