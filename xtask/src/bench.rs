//! Builds the benchmark of `peers/bench` and runs it; it is a workspace of its own, so that the peers' dependencies stay out of ours.

use std::path::PathBuf;
use std::process::Command;

use clap::{Args, ValueEnum};

use crate::shell::{Failure, cargo, heading, run as run_command};
use crate::{place, setup};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    Clients,
    Servers,
    Gateway,
    Ranking,
}

/// What rankings are judged by; nothing of it is part of the project. docs/ranking.md says where it is from.
#[derive(Args)]
pub(crate) struct Judged {
    /// For `ranking`: a folder with a set of services, queries and judgements; may be given more than once
    #[arg(long)]
    set: Vec<PathBuf>,
    /// For `ranking`: the base URL of a server of embeddings, such as that of peers/python/embeddings.py
    #[arg(long, requires = "model")]
    embeddings: Option<String>,
    /// For `ranking`: the model that it is asked for
    #[arg(long)]
    model: Option<String>,
    /// For `ranking`: which half of the queries, `dev` or `test`
    #[arg(long, default_value = "dev")]
    split: String,
}

/// Measures one side, or all.
pub(crate) fn run(side: Option<Side>, quick: bool, only: &[String]) -> Result<(), Failure> {
    let wants = |wanted| side.is_none_or(|side| side == wanted);
    if wants(Side::Clients) {
        setup::run(false)?;
    }
    if wants(Side::Gateway) {
        setup::python::install_gateways()?;
        heading("building car (release)");
        run_command(&mut cargo(&["build", "--quiet", "--release", "--package", "car-cli"]))?;
    }
    heading("building the benchmark (release)");
    let peers = place::root().join("peers");
    let target = place::target().join("peers");
    let mut build = cargo(&["build", "--quiet", "--release", "--locked", "--package", "peer-bench"]);
    run_command(build.arg("--target-dir").arg(&target).current_dir(&peers))?;
    let program = target.join("release").join(format!("peer-bench{}", std::env::consts::EXE_SUFFIX));
    if wants(Side::Clients) {
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
    if wants(Side::Servers) {
        heading("measuring servers");
        let mut command = Command::new(&program);
        command.arg("run-servers").args(["--results".into(), place::target().join("bench-servers.json")]);
        measure(command, quick, only)?;
    }
    if wants(Side::Gateway) {
        heading("measuring gateways");
        let car = place::built().join("release").join(format!("car{}", std::env::consts::EXE_SUFFIX));
        let mut command = Command::new(&program);
        command
            .arg("run-gateways")
            .arg("--car")
            .arg(car)
            .arg("--python")
            .arg(setup::python::gateway_program())
            .args(["--results".into(), place::target().join("bench-gateways.json")]);
        measure(command, quick, &[])?;
    }
    Ok(())
}

/// Measures how quickly services are found by need, and how well those that the sets call right.
pub(crate) fn ranking(judged: &Judged, quick: bool) -> Result<(), Failure> {
    heading("building the benchmark of rankings (release)");
    run_command(&mut cargo(&["build", "--quiet", "--release", "--package", "car-testkit", "--bin", "rank"]))?;
    let program = place::built().join("release").join(format!("rank{}", std::env::consts::EXE_SUFFIX));
    heading("measuring searches");
    run_command(Command::new(&program).args(["speed", "--most", if quick { "10000" } else { "1000000" }]))?;
    if judged.set.is_empty() {
        return Ok(());
    }
    heading("judging rankings");
    let mut command = Command::new(&program);
    command.args(["judge", "--split", &judged.split]);
    for set in &judged.set {
        command.arg("--set").arg(set);
    }
    if let (Some(base), Some(model)) = (&judged.embeddings, &judged.model) {
        command.args(["--embeddings", base, "--model", model]);
    }
    run_command(&mut command)
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
