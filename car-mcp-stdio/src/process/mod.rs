//! A child process with all that it starts: one thing that is started, waited for and ended as a whole.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::path::Path;

use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

#[cfg(unix)]
pub(crate) use unix::{Group, Process, spawn};
#[cfg(windows)]
pub(crate) use windows::{Group, Process, spawn};

use crate::command::Command;
use crate::error::StartError;

/// A process that runs, and its three streams.
pub(crate) struct Spawned {
    pub(crate) process: Process,
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// Says what is known to be missing before anything is started.
fn check_folder(command: &Command) -> Result<(), StartError> {
    match &command.cwd {
        Some(folder) if !folder.is_dir() => Err(StartError::NoFolder { folder: folder.clone() }),
        _ => Ok(()),
    }
}

/// Sorts what the operating system says when a program does not start.
fn start_error(command: &Command, source: io::Error) -> StartError {
    let program = command.program.to_string_lossy().into_owned();
    match source.kind() {
        // A script without its interpreter is "not found" too, though the file is there.
        io::ErrorKind::NotFound if !Path::new(&command.program).is_file() => StartError::NotFound { program },
        io::ErrorKind::NotFound
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::InvalidInput => StartError::NotExecutable { program, source },
        // "Exec format error" has no kind of its own.
        _ if cfg!(unix) && source.raw_os_error() == Some(8) => StartError::NotExecutable { program, source },
        // "not a valid Win32 application"
        _ if cfg!(windows) && source.raw_os_error() == Some(193) => {
            StartError::NotExecutable { program, source }
        }
        _ => StartError::Failed { program, source },
    }
}
