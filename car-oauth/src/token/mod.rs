//! Token requests and their answers (RFC 6749 §4 to §6, RFC 8707).

pub(crate) mod answer;
#[cfg(test)]
pub(crate) mod fixtures;
mod request;
mod response;

pub(crate) use request::with_target;
pub use request::{CodeGrant, Grant, TokenRequest};
pub use response::{TokenResponse, TokenType};
