//! Our own servers, for a demo or a test.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::place;
use crate::shell::{Background, Failure, cargo, run};

/// A debug build starts in much less; a loaded machine may need this.
pub(crate) const START_TIME: Duration = Duration::from_secs(60);

/// Builds the double-server and starts it on a free port; returns its URL.
pub(crate) fn start() -> Result<(Background, String), Failure> {
    run(&mut cargo(&["build", "--quiet", "--package", "car-testkit", "--bin", "double-server"]))?;
    Background::start(&mut Command::new(place::program("double-server")), START_TIME, |line| {
        line.starts_with("http").then(|| line.trim().to_owned())
    })
}

/// Builds the local server; returns the program, which a client starts by itself.
pub(crate) fn build_local() -> Result<PathBuf, Failure> {
    run(&mut cargo(&["build", "--quiet", "--package", "car-testkit", "--bin", "stdio-server"]))?;
    Ok(place::program("stdio-server"))
}
