//! A terminal with a person at it: what they see, and what they type.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// A command that runs on a terminal.
pub(crate) struct Terminal {
    child: Child,
    side: File,
    seen: String,
}

impl Terminal {
    pub(crate) fn start(mut command: Command) -> Self {
        let side = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&side).unwrap();
        unlockpt(&side).unwrap();
        let name = ptsname(&side, Vec::new()).unwrap().into_string().unwrap();
        let terminal = File::options().read(true).write(true).open(name).unwrap();
        command.stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap()).stderr(terminal);
        let child = command.spawn().unwrap();
        Self { child, side: File::from(side), seen: String::new() }
    }

    /// Reads until this is seen, and returns everything so far.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) -> &str {
        while !self.seen.contains(text) {
            assert!(self.read(), "{text:?} never came: {}", self.seen);
        }
        &self.seen
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.side.write_all(text.as_bytes()).unwrap();
    }

    /// Reads to the end, and returns the status and everything that was seen.
    pub(crate) fn ends(mut self) -> (i32, String) {
        while self.read() {}
        (self.child.wait().unwrap().code().unwrap(), self.seen)
    }

    /// Reads what there is; the system says that the last one at the other side is gone by an error.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let Ok(length @ 1..) = self.side.read(&mut buffer) else { return false };
        self.seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        true
    }
}
