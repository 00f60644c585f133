//! The tasks that are remembered.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, UNIX_EPOCH};

use car_mcp_proto::ErrorObject;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::time::Instant;

use super::task::Task;
use super::{End, TasksOptions};
use crate::server::changes::Changes;
use crate::server::failure::Failure;
use crate::server::inbound::invalid;

/// How many tasks there are at least before those that are over are looked for: less is not worth it.
const SWEEP_AT_LEAST: usize = 64;

/// Remembers tasks.
pub(crate) struct Tasks {
    options: TasksOptions,
    changes: Changes,
    /// One moment on both clocks.
    began: Instant,
    began_at: Duration,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    tasks: HashMap<Box<str>, Arc<Task>>,
    /// How many there may be before those that are over are looked for. Twice what was left the last time, so that
    /// looking costs each new task the same.
    sweep_at: usize,
}

impl Tasks {
    pub(crate) fn new(options: TasksOptions, changes: Changes) -> Self {
        Self { options, changes, began: Instant::now(), began_at: now(), kept: Mutex::default() }
    }

    /// Makes a task. It can be asked for as soon as this returns.
    ///
    /// # Errors
    /// Says that there are too many.
    pub(crate) fn create(&self, owner: Option<&str>) -> Result<Arc<Task>, Failure> {
        let created_at = self.began_at + self.began.elapsed();
        let task = Task::new(unguessable_id()?, owner, created_at, &self.options, self.changes.clone());
        let task = Arc::new(task);
        let mut kept = self.lock();
        if kept.tasks.len() >= kept.sweep_at.max(SWEEP_AT_LEAST).min(self.options.max_tasks) {
            kept.tasks.retain(|_, task| !task.is_forgettable());
            kept.sweep_at = kept.tasks.len() * 2;
        }
        if kept.tasks.len() >= self.options.max_tasks {
            return Err(Failure::internal("this server keeps as many tasks as it can; try again later"));
        }
        kept.tasks.insert(task.id().into(), Arc::clone(&task));
        Ok(task)
    }

    /// Finds a task of this principal's.
    ///
    /// # Errors
    /// Says that there is none: never made, forgotten, or somebody else's (-32602).
    pub(crate) fn find(&self, id: &str, owner: Option<&str>) -> Result<Arc<Task>, ErrorObject> {
        let task = self.lock().tasks.get(id).cloned();
        task.filter(|task| task.belongs_to(owner) && !task.is_forgettable())
            .ok_or_else(|| invalid("expected the id of a task, found one of none".to_owned()))
    }

    /// Ends all that run.
    pub(crate) fn close(&self) {
        let tasks: Vec<_> = self.lock().tasks.values().cloned().collect();
        for task in tasks {
            task.end(End::Cancelled);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nothing panics while it holds the tasks")
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tasks").field("kept", &self.lock().tasks.len()).finish_non_exhaustive()
    }
}

/// Returns 128 random bits as text: who knows the id of an anonymous caller's task can read it.
fn unguessable_id() -> Result<Box<str>, Failure> {
    let mut bits = [0; 16];
    let filled = SystemRandom::new().fill(&mut bits);
    filled.map_err(|_| Failure::internal("the system gives no random numbers"))?;
    let mut id = String::with_capacity(32);
    for byte in bits {
        write!(id, "{byte:02x}").expect("text can be written to a string");
    }
    Ok(id.into())
}

/// The clock is read once: when tasks were made is told by their distance from that moment.
#[expect(clippy::disallowed_methods, reason = "tasks tell their times to clients, by the clock on the wall")]
fn now() -> Duration {
    std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
