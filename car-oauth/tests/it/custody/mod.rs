//! Tokens do not get lost: the driver against a real authorization server, with a clock that the test moves.

mod support;
mod vaults;

// Renewed once, and kept.
mod once;
mod outages;
mod refresh;
mod stored;

// Who is asked again, and when.
mod accounts;
mod ended;
mod moved;
mod records;
mod step_up;

// Other ways to tokens.
mod device;
mod dpop;
mod unattended;
