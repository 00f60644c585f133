//! The packages from npm, and a Node that is new enough for them.

use std::path::PathBuf;
use std::process::Command;

use super::stamp::Stamp;
use super::versions::{NODE, NODE_MAJOR, NPM};
use crate::place;
use crate::shell::{Failure, exists, output, path_with, run};

/// Returns the folder whose `node_modules` holds the packages.
pub(crate) fn folder() -> PathBuf {
    place::tools().join("node")
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
    let brings_node = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    let mut wanted = NPM.to_vec();
    if brings_node {
        wanted.push(NODE);
    }
    let stamp = Stamp::new(&folder(), &wanted);
    if stamp.is_fresh() {
        println!("npm packages are there");
        return Ok(());
    }
    if !exists("npm", "--version") {
        return Err("npm was not found; install Node 20 or newer and run this again".into());
    }
    std::fs::create_dir_all(folder())?;
    std::fs::write(folder().join("package.json"), "{ \"private\": true }\n")?;
    run(Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
        .args(&wanted)
        .current_dir(folder()))?;
    let version = output(command()?.arg("--version"))?;
    let major =
        version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        return Err(format!("the conformance suite needs Node {NODE_MAJOR}, found {}", version.trim()).into());
    }
    stamp.set()
}
