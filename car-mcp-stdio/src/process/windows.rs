//! Job objects. The operating system ends a job when the last handle to it closes, however its holder went.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use process_wrap::tokio::{ChildWrapper, CommandWrap, JobObject, KillOnDrop};

use super::{Spawned, check_folder, start_error};
use crate::command::Command;
use crate::error::StartError;
use crate::supervise::Supervisor;

/// The server, in a job of its own.
pub(crate) struct Process {
    child: Box<dyn ChildWrapper>,
}

/// The job belongs to the process: whoever drops that ends the job.
pub(crate) struct Group;

/// Waits for nothing; on Unix there is a supervisor to wait for.
pub(crate) async fn spawn(command: &Command, _supervisor: &Supervisor) -> Result<Spawned, StartError> {
    check_folder(command)?;
    let mut process = command.to_process();
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // The job is put around the process before it runs its first instruction.
    let started = CommandWrap::from(process).wrap(KillOnDrop).wrap(JobObject).spawn();
    let mut child = started.map_err(|error| start_error(command, error))?;
    let taken = "the stream was asked for and is taken once";
    let (stdin, stdout) = (child.stdin().take().expect(taken), child.stdout().take().expect(taken));
    let stderr = child.stderr().take().expect(taken);
    Ok(Spawned { process: Process { child }, stdin, stdout, stderr })
}

impl Process {
    pub(crate) fn group(&self) -> Arc<Group> {
        Arc::new(Group)
    }

    /// Waits for the server itself. May be asked again after it has ended.
    pub(crate) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.child.inner_mut().wait().await
    }

    /// There is no word that asks a process without a window to end.
    pub(crate) fn terminate(&mut self) {
        self.kill();
    }

    /// Ends the whole job.
    pub(crate) fn kill(&mut self) {
        if let Err(error) = self.child.start_kill() {
            tracing::debug!(%error, "a job could not be ended");
        }
    }
}

impl Group {
    /// The keeper's end does it.
    pub(crate) fn end(&self) {}
}
