//! Runs every example of every crate. An example that does not run teaches something wrong.

use cargo_metadata::{MetadataCommand, TargetKind};

use crate::place;
use crate::shell::{Failure, cargo, run as run_command};

pub(crate) fn run() -> Result<(), Failure> {
    let metadata = MetadataCommand::new().manifest_path(place::root().join("Cargo.toml")).no_deps().exec()?;
    let mut failed = Vec::new();
    for package in metadata.workspace_packages() {
        for target in package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Example)) {
            println!("{} · {}", package.name, target.name);
            let mut command =
                cargo(&["run", "--quiet", "--package", &package.name, "--example", &target.name]);
            if !target.required_features.is_empty() {
                command.args(["--features", &target.required_features.join(",")]);
            }
            if let Err(failure) = run_command(&mut command) {
                println!("{failure}");
                failed.push(format!("{} · {}", package.name, target.name));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("examples failed: {}", failed.join(", ")).into()) }
}
