//! A terminal with `car` in it, under tmux: read and typed into as a person does.

use std::process::Command;

use super::wait_for;
use crate::car::{Car, typed};
use crate::place;
use crate::shell::{Failure, output, run};

/// What the terminal's last line begins with when the command has ended; its status follows.
const ENDED: &str = "ended with status ";

/// A terminal; it is closed when this is dropped.
pub(super) struct Pane {
    socket: String,
}

impl Pane {
    /// Starts `car` in a terminal of the usual size.
    pub(super) fn start(car: &Car, arguments: &[&str]) -> Result<Self, Failure> {
        let socket = format!("car-sign-in-{}", std::process::id());
        let program = place::program("car");
        // The terminal stays until it was read: the shell waits for a line that nobody types.
        let line = format!(
            "{} {}; echo \"{ENDED}$?\"; read _",
            typed(&[&program.to_string_lossy()]),
            typed(arguments)
        );
        println!("$ car {}   (in a terminal)", typed(arguments));
        let mut command = car.prepare(Command::new("tmux"));
        // The line is for a shell of the usual kind, whatever the person's own is.
        command.env("SHELL", "/bin/sh");
        command.args(["-L", &socket, "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "50", &line]);
        run(&mut command)?;
        Ok(Self { socket })
    }

    /// Waits until the terminal shows something that `wanted` accepts; returns what `wanted` made of it.
    pub(super) fn wait<T>(&self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> Result<T, Failure> {
        let mut last = String::new();
        let found = wait_for(what, || {
            last = self.read()?;
            Ok(wanted(&last))
        });
        found.map_err(|failure| format!("{failure}; the terminal shows\n{}", last.trim_end()).into())
    }

    /// Types a line.
    pub(super) fn type_line(&self, line: &str) -> Result<(), Failure> {
        run(self.tmux().args(["send-keys", "-l", line]))?;
        run(self.tmux().args(["send-keys", "Enter"]))
    }

    /// Waits until the command has ended; returns what the terminal shows and the status.
    pub(super) fn end(&self) -> Result<(String, i32), Failure> {
        self.wait("car to end", |screen| {
            let (shown, status) = screen.rsplit_once(ENDED)?;
            Some((shown.trim_end().to_owned(), status.trim().parse().ok()?))
        })
    }

    /// Reads the terminal; a line that was broken at its edge is whole again.
    fn read(&self) -> Result<String, Failure> {
        output(self.tmux().args(["capture-pane", "-p", "-J", "-S", "-"]))
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.socket]);
        command
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        // It may be gone already; either way nothing is left to do.
        let _ended = self.tmux().arg("kill-server").output();
    }
}
