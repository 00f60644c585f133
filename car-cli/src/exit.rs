//! How the command ends, as programs see it.

use std::process::ExitCode;

/// The exit status of the command. The numbers are a contract: scripts branch on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// What was typed makes no sense.
    Usage,
    /// The server wants a sign-in.
    SignIn,
    /// The policy denies it.
    Denied,
    /// The tool ran and answered with an error.
    ToolError,
    /// The person pressed Ctrl-C. 128 and the signal's number, as shells have it.
    Interrupted,
}

impl Exit {
    /// Returns the number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::SignIn => 3,
            Self::Denied => 4,
            Self::ToolError => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
