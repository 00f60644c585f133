//! JSON Schema checks: 2020-12 unless a schema says otherwise, bounded, and without any network.

mod message;
mod schema;

pub use schema::{SchemaError, SchemaLimits, SchemaValidator, Violation};
