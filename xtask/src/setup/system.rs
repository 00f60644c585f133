//! System packages: only where somebody asked for them, and only with the system's own means.

use std::process::Command;

use super::versions::{APT, BROWSER, CPP, Packages};
use crate::shell::{Failure, exists, run};

/// Installs what is missing. Without apt it says what is missing and what for, and leaves it to the person.
pub(super) fn install() -> Result<(), Failure> {
    let mut missing = Vec::new();
    for packages in APT {
        if is_there(packages) {
            println!("{} is there", packages.what);
        } else {
            println!("{} is missing: {}", packages.what, packages.names.join(" "));
            missing.extend_from_slice(packages.names);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !exists("apt-get", "--version") {
        println!("no apt-get here; install what Debian calls {list} with your own tools");
        return Ok(());
    }
    println!("installing {list} with apt-get");
    let mut command = apt_get();
    command
        .args(["install", "--yes", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive");
    run(&mut command).or_else(|first| {
        // A fresh container has no package lists yet.
        println!("{first}; fetching the package lists and trying again");
        run(apt_get().args(["update", "--quiet"]))?;
        run(&mut command)
    })
}

/// Whether every program of some packages starts, or one that stands for another.
fn is_there(packages: &Packages) -> bool {
    packages.programs.iter().all(|(names, probe)| names.iter().any(|name| exists(name, probe)))
}

fn apt_get() -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"));
    if is_root {
        return Command::new("apt-get");
    }
    let mut command = Command::new("sudo");
    command.args(["-n", "apt-get"]);
    command
}

/// Returns whether there is a C++ compiler.
pub(crate) fn has_cpp() -> bool {
    CPP.iter().any(|name| exists(name, "--version"))
}

/// Returns what is missing on this machine for the sign-in, if something is.
pub(crate) fn missing_for_sign_in() -> Option<String> {
    missing_of(|packages| packages.is_for_sign_in)
}

/// Returns what is missing on this machine for the page, if something is.
pub(crate) fn missing_for_page() -> Option<String> {
    missing_of(|packages| packages.what == BROWSER)
}

fn missing_of(is_wanted: impl Fn(&Packages) -> bool) -> Option<String> {
    let missing: Vec<_> =
        APT.iter().filter(|packages| is_wanted(packages) && !is_there(packages)).map(|it| it.what).collect();
    (!missing.is_empty()).then(|| format!("{} missing (cargo xtask setup --system)", missing.join(" and ")))
}
