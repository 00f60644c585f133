//! Builds the benchmark of `peers/bench` and runs it; it is a workspace of its own, so that the peers' dependencies stay out of ours.

use std::process::Command;

use crate::shell::{Failure, heading, run as run_command};
use crate::{place, setup};

pub(crate) fn run(quick: bool, only: &[String]) -> Result<(), Failure> {
    setup::run(false)?;
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
    heading("measuring");
    let mut command =
        Command::new(target.join("release").join(format!("peer-bench{}", std::env::consts::EXE_SUFFIX)));
    command
        .arg("run")
        .arg("--node")
        .arg(setup::node::command()?.get_program())
        .arg("--node-modules")
        .arg(setup::node::folder().join("node_modules"))
        .arg("--python")
        .arg(setup::python::program())
        .arg("--results")
        .arg(place::target().join("bench.json"))
        .arg("--table")
        .arg(place::root().join("docs/benchmarks.md"))
        .current_dir(&peers);
    if quick {
        command.arg("--quick");
    }
    for kind in only {
        command.args(["--only", kind]);
    }
    run_command(&mut command)
}
