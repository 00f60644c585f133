//! The suite as a program: how it is started, and where it puts what it found.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::verdict::Verdict;
use crate::shell::Failure;
use crate::{place, setup};

/// What one run of the suite came to.
pub(super) struct Ran {
    pub(super) verdict: Verdict,
    /// Whether the suite itself said so; it counts less than it checks.
    pub(super) has_succeeded: bool,
}

/// Returns the command that starts the suite.
pub(super) fn command() -> Result<Command, Failure> {
    let suite = setup::node::folder().join("node_modules/@modelcontextprotocol/conformance/dist/index.js");
    let mut command = setup::node::command()?;
    command.arg(suite).current_dir(place::root());
    Ok(command)
}

/// Returns an empty folder for the results of one run.
pub(super) fn results(name: &str) -> Result<PathBuf, Failure> {
    let results = place::target().join("conformance").join(name);
    if results.exists() {
        std::fs::remove_dir_all(&results)?;
    }
    std::fs::create_dir_all(&results)?;
    Ok(results)
}

/// Runs the suite and reads what it wrote into `results`.
pub(super) fn run(command: &mut Command, results: &Path) -> Result<Ran, Failure> {
    let output = command
        .arg("--output-dir")
        .arg(results)
        .output()
        .map_err(|error| format!("cannot start the suite: {error}; run `cargo xtask setup` first"))?;
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    std::fs::write(results.join("suite.txt"), &said)?;
    let verdict = match results_file(results)? {
        Some(file) => Verdict::read(&std::fs::read_to_string(file)?)?,
        None => Verdict::of_complaint(format!("no results: {}", said.trim())),
    };
    Ok(Ran { verdict, has_succeeded: output.status.success() })
}

/// The suite makes a folder of its own, named after the scenario, whose name may have slashes, and the time.
fn results_file(folder: &Path) -> Result<Option<PathBuf>, Failure> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == "checks.json") {
            return Ok(Some(path));
        }
        if path.is_dir()
            && let Some(found) = results_file(&path)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
