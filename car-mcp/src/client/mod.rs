//! The client's side: one session with one server.

mod asked;
mod cache;
mod call;
mod connect;
mod deadline;
mod encode;
mod events;
mod exchange;
mod incoming;
mod legacy;
mod lists;
mod options;
mod session;

pub use call::RawToolResult;
pub use events::{Event, EventStream};
pub use lists::{Listing, SetAside};
pub use options::{
    CALL_CEILING, CALL_TIMEOUT, CallOptions, DISCOVERY_TIMEOUT, Limits, MAX_QUESTIONS, OnProgress,
};
pub use session::{ServerDescription, Session, SessionBuilder};
