//! The packages from PyPI, in environments of their own.

use std::path::PathBuf;
use std::process::Command;

use super::stamp::Stamp;
use super::versions::{PYPI, PYPI_GATEWAYS, PYPI_OLD};
use crate::place;
use crate::shell::{Failure, exists, run};

/// Returns the environment's Python.
pub(crate) fn program() -> PathBuf {
    program_in("python")
}

/// Returns the Python of the environment with the old line of the SDK.
pub(crate) fn old_program() -> PathBuf {
    program_in("python-old")
}

/// Returns the Python of the environment with a gateway.
pub(crate) fn gateway_program() -> PathBuf {
    program_in("python-gateways")
}

fn program_in(environment: &str) -> PathBuf {
    let folder = place::tools().join(environment);
    if cfg!(windows) { folder.join("Scripts").join("python.exe") } else { folder.join("bin").join("python") }
}

/// Returns a program that a package brought.
pub(crate) fn script(name: &str) -> PathBuf {
    program().with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

pub(super) fn install() -> Result<(), Failure> {
    install_in("python", PYPI)?;
    install_in("python-old", PYPI_OLD)
}

/// Installs the gateway that ours is measured beside; only that needs it.
pub(crate) fn install_gateways() -> Result<(), Failure> {
    install_in("python-gateways", PYPI_GATEWAYS)
}

fn install_in(environment: &str, packages: &[&str]) -> Result<(), Failure> {
    let folder = place::tools().join(environment);
    let stamp = Stamp::new(&folder, packages);
    if stamp.is_fresh() {
        println!("Python packages are there ({environment})");
        return Ok(());
    }
    let system = ["python3", "python"].into_iter().find(|name| exists(name, "--version"));
    let system = system.ok_or("Python was not found; install Python 3.10 or newer and run this again")?;
    run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(program_in(environment))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(packages))?;
    stamp.set()
}
