//! What can go wrong with a process: it does not start, or it ends.

use std::io;
use std::path::PathBuf;

use car_mcp::transport::TransportError;

/// Says why a server could not be started, and what to do. It is the source of
/// [`TransportError::Misconfigured`], or of [`TransportError::Unreachable`] where a later try may succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no such program.
    #[error(
        "the command `{program}` was not found; install it, give its full path, or give the server a `PATH` that has it"
    )]
    NotFound {
        /// The program.
        program: String,
    },
    /// The file is there and cannot be run.
    #[error(
        "`{program}` cannot be run; check that it is a program, may be executed, and that its interpreter is there"
    )]
    NotExecutable {
        /// The program.
        program: String,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// The folder to run in is not there.
    #[error("the working directory {} is not there; create it or name another one", .folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The operating system would not start the program now.
    #[error("`{program}` could not be started")]
    Failed {
        /// The program.
        program: String,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// The program that watches over the server does not do its part.
    #[error("the supervisor `{program}` {problem}; see `car_mcp_stdio::Supervisor` for what it has to do")]
    Supervisor {
        /// The program.
        program: String,
        /// What is wrong with it.
        problem: &'static str,
        /// What the operating system says.
        #[source]
        source: Option<io::Error>,
    },
}

impl From<StartError> for TransportError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Failed { .. } => Self::Unreachable { source: Box::new(error) },
            _ => Self::Misconfigured { source: Box::new(error) },
        }
    }
}

/// Says how a server ended. It is the source of [`TransportError::Closed`].
#[derive(Clone, Debug, thiserror::Error)]
#[error("the server ended ({how}){}", words_of(.last_words))]
#[non_exhaustive]
pub struct ServerExited {
    /// The exit status, in words.
    pub how: String,
    /// The end of what it wrote to standard error, as text.
    pub last_words: String,
}

fn words_of(last_words: &str) -> String {
    match last_words {
        "" => String::new(),
        words => format!("; its last words: {words}"),
    }
}
