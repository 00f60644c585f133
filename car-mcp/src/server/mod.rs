//! The server, transport-neutral: what it offers is described once and served in every revision.
//!
//! ```text
//!  wire ─▶ Inbound::read ─▶ modern: Server::answer ────────┐                     ┌─▶ tool, prompt, resource handlers
//!                       └─▶ legacy: Conversation::request ─┴─▶ Exchange ─▶ Context ─▶ progress, log, questions, state
//!  wire ◀─ Step::{Message, Answer} ◀───────────────────────────┘
//! ```
//!
//! A request is an [`Exchange`]: a future that the transport polls where it writes, so a request costs no task and is
//! cancelled by dropping it. A question to the client ([`Context::elicit`] and its like) is one call for the handler:
//! a legacy client is sent a request and the handler waits; a modern one is answered with `input_required`, and the
//! handler runs again from its beginning when the client comes back, with what has been answered already (see
//! [`context`]).

mod arguments;
pub mod builder;
mod capability;
mod changes;
pub mod completion;
pub mod context;
mod dispatch;
mod encode;
mod envelope;
pub mod exchange;
pub mod failure;
mod forwarded;
pub mod inbound;
mod journal;
mod last_meta;
pub mod legacy;
mod listen;
mod lists;
mod methods;
mod notice;
mod offer;
mod outlet;
mod params;
pub mod principal;
pub mod prompt;
pub mod questions;
mod registration;
mod registry;
pub mod resource;
pub mod result;
mod scan;
mod schema;
mod service;
mod state;
pub mod tasks;
pub mod tool;
mod uri_template;

pub use builder::{DefinitionError, ServerBuilder};
pub use completion::ServerCompletion;
pub use context::Context;
pub use exchange::{Answer, Exchange, Step};
pub use failure::Failure;
pub use inbound::{Inbound, JsonSlice, Malformed, Notification, Request, RequestMeta, Response};
pub use offer::{Offer, Offered, Visible};
pub use principal::{Caller, Principal};
pub use prompt::{PromptArguments, ServerPrompt, prompt};
pub use questions::{Answers, Questions};
pub use resource::{ServerResource, ServerTemplate, Variables, resource, template};
pub use result::{IntoCallResult, Json};
pub use service::Server;
pub use tasks::{TaskUse, TasksOptions};
pub use tool::{NoArguments, ServerTool, tool};
pub use uri_template::template_variables;
