//! Process groups. The group is the server's own, or the supervisor's, which the server joins as it starts.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStdin};

use super::{Spawned, check_folder, start_error};
use crate::command::Command;
use crate::error::StartError;
use crate::supervise::{READY, Supervisor};

/// How long a supervisor may take to say that it watches. It has nothing to do but start.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// The server itself.
pub(crate) struct Process {
    child: Child,
    group: Arc<Group>,
}

/// All processes that the server started, and the server. Ends them when it is dropped.
pub(crate) struct Group {
    leader: Pid,
    /// Set once everything in the group is dead, after which its number may become another's.
    over: AtomicBool,
    _watchdog: Option<Watchdog>,
}

/// The supervisor. It is not waited for before the group is over, so the group's number stays taken.
struct Watchdog {
    child: Child,
    /// Closes when this process is gone, however it went: that is what the supervisor waits for.
    _lifeline: Option<ChildStdin>,
}

pub(crate) async fn spawn(command: &Command, supervisor: &Supervisor) -> Result<Spawned, StartError> {
    check_folder(command)?;
    // From its first moment the group is owned by something that ends it, should this future be dropped.
    let watched = match supervisor {
        Supervisor::Nobody => None,
        Supervisor::Program { program, args } => {
            let mut watchdog = Command::new(program).args(args);
            watchdog.inherited.clone_from(&command.inherited);
            Some(start_watchdog(&watchdog).await?)
        }
    };
    let leader = watched.as_ref().map_or(0, |group| group.leader.as_raw_pid());
    let mut process = command.to_process();
    // A server that has left the group is still our child.
    process.process_group(leader).kill_on_drop(true);
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process.spawn().map_err(|error| start_error(command, error))?;
    let group = watched.unwrap_or_else(|| Group::led_by(&child));
    let taken = "the stream was asked for and is taken once";
    let (stdin, stdout) = (child.stdin.take().expect(taken), child.stdout.take().expect(taken));
    let stderr = child.stderr.take().expect(taken);
    Ok(Spawned { process: Process { child, group: Arc::new(group) }, stdin, stdout, stderr })
}

async fn start_watchdog(command: &Command) -> Result<Group, StartError> {
    let program = || command.program.to_string_lossy().into_owned();
    let mut process = command.to_process();
    process.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let failed = |problem, source| StartError::Supervisor { program: program(), problem, source };
    let mut child = process.spawn().map_err(|error| failed("could not be started", Some(error)))?;
    let mut group = Group::led_by(&child);
    let lifeline = child.stdin.take();
    let output = child.stdout.take();
    group._watchdog = Some(Watchdog { child, _lifeline: lifeline });
    let mut word = [0; READY.len()];
    let mut output = output.expect("the stream was asked for and is taken once");
    match tokio::time::timeout(READY_WITHIN, output.read_exact(&mut word)).await {
        Ok(Ok(_)) if word == READY.as_bytes() => Ok(group),
        Ok(Ok(_)) => Err(failed("did not say `ready`", None)),
        Ok(Err(error)) => Err(failed("ended before it said `ready`", Some(error))),
        Err(_) => Err(failed("did not say `ready` in time", None)),
    }
}

impl Process {
    pub(crate) fn group(&self) -> Arc<Group> {
        Arc::clone(&self.group)
    }

    /// Waits for the server itself. May be asked again after it has ended.
    pub(crate) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks the whole group to end.
    pub(crate) fn terminate(&mut self) {
        self.group.signal(Signal::TERM);
    }

    /// Ends the whole group, and the server wherever it is.
    pub(crate) fn kill(&mut self) {
        self.group.end();
        // It fails once the server was waited for, which is as good.
        drop(self.child.start_kill());
    }
}

impl Group {
    fn led_by(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let leader = id.expect("a child that was not waited for has a number");
        Self { leader, over: AtomicBool::new(false), _watchdog: None }
    }

    fn signal(&self, signal: Signal) {
        if !self.over.load(Ordering::Acquire)
            && let Err(error) = kill_process_group(self.leader, signal)
        {
            // Nobody is left in the group, or nobody that this user may send a signal to.
            tracing::debug!(group = %self.leader.as_raw_pid(), %error, "a process group takes no signal");
        }
    }

    /// Ends everything in the group. Nothing happens the second time.
    ///
    /// Without a supervisor this may come just after the server was waited for. Its number then stays taken as long as
    /// anything of its group lives; if nothing does, it would have to be given out again within microseconds to hit
    /// another.
    pub(crate) fn end(&self) {
        self.signal(Signal::KILL);
        self.over.store(true, Ordering::Release);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // It was killed with its group; this lets the runtime collect it without delay where it can be.
        drop(self.child.try_wait());
    }
}
