//! The packages from PyPI, in an environment of their own.

use std::path::PathBuf;
use std::process::Command;

use super::stamp::Stamp;
use super::versions::PYPI;
use crate::place;
use crate::shell::{Failure, exists, run};

/// Returns the environment's Python.
pub(crate) fn program() -> PathBuf {
    let folder = place::tools().join("python");
    if cfg!(windows) { folder.join("Scripts").join("python.exe") } else { folder.join("bin").join("python") }
}

/// Returns a program that a package brought.
pub(crate) fn script(name: &str) -> PathBuf {
    program().with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

pub(super) fn install() -> Result<(), Failure> {
    let folder = place::tools().join("python");
    let stamp = Stamp::new(&folder, PYPI);
    if stamp.is_fresh() {
        println!("Python packages are there");
        return Ok(());
    }
    let system = ["python3", "python"].into_iter().find(|name| exists(name, "--version"));
    let system = system.ok_or("Python was not found; install Python 3.10 or newer and run this again")?;
    run(Command::new(system).args(["-m", "venv"]).arg(&folder))?;
    run(Command::new(program())
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(PYPI))?;
    stamp.set()
}
