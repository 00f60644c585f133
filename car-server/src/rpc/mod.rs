//! JSON-RPC 2.0, one message a frame. Pure.

mod error;
mod message;

pub(crate) use error::RpcError;
pub(crate) use message::{Request, answer, notification, read};
