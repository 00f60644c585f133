//! Our own servers, for a demo or a test.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::programs;
use crate::shell::{Background, Failure};

/// A debug build starts in much less; a loaded machine may need this.
pub(crate) const START_TIME: Duration = Duration::from_secs(60);

/// Builds one of the test kit's servers and starts it on a free port; returns its URL.
pub(crate) fn start(program: &str) -> Result<(Background, String), Failure> {
    start_with(program, &[])
}

/// As [`start`], with arguments.
pub(crate) fn start_with(program: &str, arguments: &[&str]) -> Result<(Background, String), Failure> {
    let mut command = Command::new(programs::built(program)?);
    Background::start(command.args(arguments), START_TIME, |line| {
        line.starts_with("http").then(|| line.trim().to_owned())
    })
}

/// Wraps a server's description as a registry lists it.
pub(crate) fn registry_entry(server: &Value) -> Value {
    json!({
        "server": server,
        "_meta": { "io.modelcontextprotocol.registry/official": {
            "status": "active", "isLatest": true,
            "publishedAt": "2026-01-05T08:00:00Z", "updatedAt": "2026-01-05T08:00:00Z",
        } },
    })
}

/// Builds the local server; returns the program, which a client starts by itself.
pub(crate) fn build_local() -> Result<PathBuf, Failure> {
    programs::built("stdio-server")
}
