//! Our own servers, for a demo or a test.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::place;
use crate::shell::{Background, Failure, cargo, run};

/// A debug build starts in much less; a loaded machine may need this.
pub(crate) const START_TIME: Duration = Duration::from_secs(60);

/// Builds one of the test kit's servers and starts it on a free port; returns its URL.
pub(crate) fn start(program: &str) -> Result<(Background, String), Failure> {
    start_with(program, &[])
}

/// As [`start`], with arguments.
pub(crate) fn start_with(program: &str, arguments: &[&str]) -> Result<(Background, String), Failure> {
    run(&mut cargo(&["build", "--quiet", "--package", "car-testkit", "--bin", program]))?;
    let mut command = Command::new(place::program(program));
    Background::start(command.args(arguments), START_TIME, |line| {
        line.starts_with("http").then(|| line.trim().to_owned())
    })
}

/// Builds the local server; returns the program, which a client starts by itself.
pub(crate) fn build_local() -> Result<PathBuf, Failure> {
    run(&mut cargo(&["build", "--quiet", "--package", "car-testkit", "--bin", "stdio-server"]))?;
    Ok(place::program("stdio-server"))
}
