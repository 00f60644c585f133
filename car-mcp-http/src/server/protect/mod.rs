//! A protected resource: who asks is proved by a bearer token of an authorization server, or the request is refused.
//!
//! ```text
//!  head ─▶ route ─── /.well-known/oauth-protected-resource ─▶ metadata (RFC 9728)
//!      └─▶ authenticate ─▶ bearer ─▶ cache ─▶ TokenVerifier ─▶ Caller        before the body is read
//!                             └──────────┴──────── 400, 401, 403, 503 ─▶ challenge (RFC 6750)
//!  body ─▶ permit(Caller, method, name) ─────────────────── 403 ─────────▶ challenge
//! ```
//!
//! A token is taken from the header `Authorization` and nowhere else, and stays here: handlers learn of the
//! [`Principal`](car_mcp::server::Principal) that it stands for, never of the token.

mod bearer;
mod cache;
mod challenge;
mod metadata;
mod resource;
mod verifier;

#[cfg(feature = "jwt")]
pub mod jwt;

#[cfg(test)]
mod tests;

pub use resource::{InvalidResource, ProtectedResource};
pub use verifier::{BearerToken, TokenVerifier, VerifiedToken, VerifyError};

#[cfg(feature = "jwt")]
pub use jwt::JwtVerifier;
