//! Tries out at random what is read from strangers: the targets in `fuzz/`, with libFuzzer.
//!
//! The counters come from the compiler's own pass, by flags that every toolchain has, so no other toolchain and no
//! cargo subcommand is needed; libFuzzer itself is C++ and is built with the system's compiler.

use std::path::PathBuf;
use std::process::Command;

use crate::shell::{Failure, cargo, heading, output, run as run_command};
use crate::{place, setup};

/// The targets, and how much they are given at most, in bytes: a little more than what they read.
const TARGETS: &[(&str, usize)] = &[("name", 1_200), ("root_answer", 16_384), ("registry_entry", 16_384)];

/// What the compiler adds: a counter on every edge, and what is compared with what.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// How long one input may take, in seconds. What is read here takes microseconds.
const SLOW: u32 = 5;
/// How much memory a target may take, in megabytes.
const MEMORY: u32 = 1_024;

pub(crate) fn run(target: Option<&str>, seconds: u32) -> Result<(), Failure> {
    let chosen: Vec<_> =
        TARGETS.iter().filter(|(name, _)| target.is_none_or(|wanted| wanted == *name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
        return Err(
            format!("no target {}; there are {}", target.unwrap_or_default(), names.join(", ")).into()
        );
    }
    if let Some(missing) = missing() {
        return Err(missing.into());
    }
    let built = build()?;
    for (name, longest) in chosen {
        heading(&format!("fuzz: {name}, {seconds} s"));
        let folder = place::target().join("fuzz");
        let (corpus, found) = (folder.join("corpus").join(name), folder.join("found"));
        std::fs::create_dir_all(&corpus)?;
        std::fs::create_dir_all(&found)?;
        let mut command = Command::new(built.join(name));
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={longest}"))
            .arg(format!("-timeout={SLOW}"))
            .arg(format!("-rss_limit_mb={MEMORY}"))
            .arg(format!("-artifact_prefix={}/{name}-", found.display()))
            .args(["-print_final_stats=1", "-verbosity=0"])
            .arg(corpus)
            .arg(place::root().join("fuzz/seeds").join(name));
        let ended = command.output().map_err(|error| format!("cannot start {name}: {error}"))?;
        let said = String::from_utf8_lossy(&ended.stderr);
        if !ended.status.success() {
            return Err(format!("{said}\n{name} failed; the input is in {}", found.display()).into());
        }
        // The rest is for those who look for a way into the target.
        said.lines().filter(|line| line.starts_with("stat::")).for_each(|line| println!("{line}"));
    }
    Ok(())
}

/// Returns what is missing on this machine, if something is.
pub(crate) fn missing() -> Option<String> {
    (!setup::system::has_cpp()).then(|| "a C++ compiler is missing (cargo xtask setup --system)".to_owned())
}

/// Builds every target; returns the folder where the programs are.
fn build() -> Result<PathBuf, Failure> {
    // With the target named, build scripts and macros go without the counters.
    let host = host()?;
    let folder = place::target().join("fuzz");
    let mut command =
        cargo(&["build", "--release", "--quiet", "--locked", "--target", &host, "--target-dir"]);
    command.arg(&folder).current_dir(place::root().join("fuzz")).env("RUSTFLAGS", FLAGS);
    run_command(&mut command)?;
    Ok(folder.join(host).join("release"))
}

/// Returns what the compiler calls this machine.
fn host() -> Result<String, Failure> {
    let said = output(Command::new("rustc").arg("-vV").current_dir(place::root()))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not say which machine this is".into())
}
