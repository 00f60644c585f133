//! Tasks: calls that go on after they were answered (extension `io.modelcontextprotocol/tasks`).
//!
//! ```text
//!            ┌──────────────── working ────────────────┐
//!  call ─▶ create   ▲                 │ a question     ├─▶ completed | failed | cancelled
//!            │      └─ tasks/update ◀─▼                │
//!            │              input_required ────────────┘
//!            └─ the handler's future goes on in a background task, the same instance of it
//! ```
//!
//! Source: the extension's specification of 2026-07-28 (SEP-2663).

mod methods;
mod run;
mod store;
mod task;
mod wire;

pub(crate) use methods::{check_client, knows_tasks, missing_extension};
pub(crate) use run::{Plan, Promotion, call};
pub(crate) use store::Tasks;
pub(crate) use task::{End, Task};

use std::time::Duration;

/// The extension's name among the capabilities.
pub(crate) const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// Tells when a tool answers with a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskUse {
    /// Never by itself; the function may still go on as a task ([`Context::continue_as_task`]).
    ///
    /// [`Context::continue_as_task`]: super::Context::continue_as_task
    #[default]
    Never,
    /// To every client that knows tasks; others get the result itself.
    WhereSupported,
    /// Always: a client that does not know tasks is refused (-32021).
    Always,
}

/// The limits of tasks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TasksOptions {
    /// For how long a task can be asked for after it was made.
    pub lifetime: Duration,
    /// How often a client should ask.
    pub poll_interval: Duration,
    /// How many tasks are kept at once, running or over. A call that would make one more is refused.
    pub max_tasks: usize,
}

impl Default for TasksOptions {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(60 * 60),
            poll_interval: Duration::from_secs(1),
            max_tasks: 10_000,
        }
    }
}

#[cfg(test)]
mod tests;
