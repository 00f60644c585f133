//! Builds the benchmark of `peers/bench` and runs it; it is a workspace of its own, so that the peers' dependencies stay out of ours.

use std::process::Command;

use clap::ValueEnum;

use crate::shell::{Failure, heading, run as run_command};
use crate::{place, setup};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    Clients,
    Servers,
}

/// Measures one side, or both.
pub(crate) fn run(side: Option<Side>, quick: bool, only: &[String]) -> Result<(), Failure> {
    if side != Some(Side::Servers) {
        setup::run(false)?;
    }
    heading("building the benchmark (release)");
    let peers = place::root().join("peers");
    let target = place::target().join("peers");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run_command(
        Command::new(cargo)
            .args(["build", "--quiet", "--release", "--locked", "--package", "peer-bench"])
            .arg("--target-dir")
            .arg(&target)
            .current_dir(&peers),
    )?;
    let program = target.join("release").join(format!("peer-bench{}", std::env::consts::EXE_SUFFIX));
    if side != Some(Side::Servers) {
        heading("measuring clients");
        let mut command = Command::new(&program);
        command
            .arg("run")
            .arg("--node")
            .arg(setup::node::command()?.get_program())
            .arg("--node-modules")
            .arg(setup::node::folder().join("node_modules"))
            .arg("--python")
            .arg(setup::python::program())
            .args(["--results".into(), place::target().join("bench.json")]);
        measure(command, quick, only)?;
    }
    if side != Some(Side::Clients) {
        heading("measuring servers");
        let mut command = Command::new(&program);
        command.arg("run-servers").args(["--results".into(), place::target().join("bench-servers.json")]);
        measure(command, quick, only)?;
    }
    Ok(())
}

fn measure(mut command: Command, quick: bool, only: &[String]) -> Result<(), Failure> {
    command
        .arg("--table")
        .arg(place::root().join("docs/benchmarks.md"))
        .current_dir(place::root().join("peers"));
    if quick {
        command.arg("--quick");
    }
    for kind in only {
        command.args(["--only", kind]);
    }
    run_command(&mut command)
}
