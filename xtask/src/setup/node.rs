//! The packages from npm, and a Node that is new enough for them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::stamp::Stamp;
use super::versions::{NODE, NODE_MAJOR, NPM, NPM_CLIENTS};
use crate::place;
use crate::shell::{Failure, exists, output, path_with, run};

/// Returns the folder whose `node_modules` holds the packages.
pub(crate) fn folder() -> PathBuf {
    place::tools().join("node")
}

/// Returns the folder whose `node_modules` holds the programs that are clients.
pub(crate) fn clients() -> PathBuf {
    place::tools().join("node-clients")
}

/// Returns a program that a package brought.
pub(crate) fn program(name: &str) -> PathBuf {
    folder().join("node_modules").join(".bin").join(name)
}

/// Returns a command of a Node that is new enough, with it first on `PATH` too.
pub(crate) fn command() -> Result<Command, Failure> {
    let ours = program("node");
    let mut command = Command::new(if ours.exists() { ours } else { "node".into() });
    command.env("PATH", path_with(&folder().join("node_modules").join(".bin"))?);
    Ok(command)
}

pub(super) fn install() -> Result<(), Failure> {
    install_packages()?;
    install_in(&clients(), NPM_CLIENTS)?;
    Ok(())
}

/// Installs all but the programs that are clients.
pub(crate) fn install_packages() -> Result<(), Failure> {
    if install_in(&folder(), &packages())? {
        check_node()?;
    }
    Ok(())
}

/// Says what is missing where the packages are neither there nor can be installed.
pub(crate) fn missing() -> Option<String> {
    let can_be_used = Stamp::new(&folder(), &packages()).is_fresh() || exists("npm", "--version");
    (!can_be_used).then(|| "npm is missing (Node 20 or newer)".to_owned())
}

fn packages() -> Vec<&'static str> {
    let brings_node = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    let node = brings_node.then_some(NODE);
    NPM.iter().copied().chain(node).collect()
}

/// Installs packages into a folder of their own; returns whether there was something to do.
fn install_in(folder: &Path, wanted: &[&str]) -> Result<bool, Failure> {
    let stamp = Stamp::new(folder, wanted);
    if stamp.is_fresh() {
        println!("npm packages are there ({})", folder.display());
        return Ok(false);
    }
    if !exists("npm", "--version") {
        return Err("npm was not found; install Node 20 or newer and run this again".into());
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
    run(Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
        .args(wanted)
        .current_dir(folder))?;
    stamp.set()?;
    Ok(true)
}

fn check_node() -> Result<(), Failure> {
    let version = output(command()?.arg("--version"))?;
    let major =
        version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        return Err(format!("the conformance suite needs Node {NODE_MAJOR}, found {}", version.trim()).into());
    }
    Ok(())
}
