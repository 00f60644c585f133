//! Every check, one after another. All of them run, also when one fails; the last line counts them.

use std::time::{Duration, Instant};

use crate::shell::{Failure, cargo, exists, heading, run as run_command};
use crate::{conformance, demo, examples, interop, place, setup, tidy};

/// How a step ended when it did not fail.
enum Done {
    Passed,
    Skipped(&'static str),
}

type Step = (&'static str, fn() -> Result<Done, Failure>);

const STEPS: &[Step] = &[
    ("setup", || passed(setup::run(false))),
    ("format", || passed(run_command(&mut cargo(&["fmt", "--all", "--check"])))),
    ("clippy", || passed(clippy())),
    ("tidy", || passed(tidy::run())),
    ("tests", || passed(tests())),
    ("doc tests", || passed(run_command(&mut cargo(&["test", "--workspace", "--doc", "--quiet"])))),
    ("docs", || passed(docs())),
    ("advisories", advisories),
    ("examples", || passed(examples::run())),
    ("conformance client", || passed(conformance::run(None, None))),
    ("interop", || passed(interop::run())),
    ("demo", || passed(demo::run())),
];

pub(crate) fn run() -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (name, step) in STEPS {
        heading(&format!("ci: {name}"));
        let start = Instant::now();
        let outcome = step();
        let took = start.elapsed();
        if let Err(failure) = &outcome {
            println!("FAILED: {failure}");
        }
        rows.push((*name, outcome, took));
    }
    heading("summary");
    let total: Duration = rows.iter().map(|(_, _, took)| *took).sum();
    for (name, outcome, took) in &rows {
        let word = match outcome {
            Ok(Done::Passed) => "passed".to_owned(),
            Ok(Done::Skipped(why)) => format!("skipped: {why}"),
            Err(_) => "FAILED".to_owned(),
        };
        println!("{name:<20} {:>7.1} s  {word}", took.as_secs_f64());
    }
    println!("{:<20} {:>7.1} s", "together", total.as_secs_f64());
    let failed = rows.iter().filter(|(_, outcome, _)| outcome.is_err()).count();
    let passed = rows.iter().filter(|(_, outcome, _)| matches!(outcome, Ok(Done::Passed))).count();
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        return Ok(());
    }
    // The count above is the last line of the output; an error would print another.
    std::process::exit(1);
}

fn passed(outcome: Result<(), Failure>) -> Result<Done, Failure> {
    outcome.map(|()| Done::Passed)
}

fn clippy() -> Result<(), Failure> {
    let arguments =
        ["clippy", "--workspace", "--all-targets", "--quiet", "--locked", "--", "--deny", "warnings"];
    run_command(&mut cargo(&arguments))
}

/// Runs the tests, in a session with an unlocked Secret Service where the system has one.
fn tests() -> Result<(), Failure> {
    let runner: &[&str] = if exists("cargo-nextest", "--version") {
        &["nextest", "run", "--workspace", "--profile", "ci", "--locked", "--cargo-quiet"]
    } else {
        println!("cargo-nextest is not installed; using cargo test");
        &["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--quiet"]
    };
    let plain = cargo(runner);
    if !exists("dbus-run-session", "--version") || !exists("gnome-keyring-daemon", "--version") {
        println!("no Secret Service on this system (cargo xtask setup --system installs one)");
        return run_command(&mut { plain });
    }
    // The keyring's password is read from standard input; this one protects nothing but test values.
    let script = "printf 'test\\n' | gnome-keyring-daemon --unlock --components=secrets >&2 && exec \"$@\"";
    let mut wrapped = std::process::Command::new("dbus-run-session");
    wrapped.args(["--", "sh", "-c", script, "sh"]).arg(plain.get_program()).args(plain.get_args());
    // The keyring's files stay out of the developer's own.
    let home = place::target().join("keyring");
    std::fs::create_dir_all(&home)?;
    run_command(wrapped.env("XDG_DATA_HOME", home).current_dir(place::root()))
}

fn docs() -> Result<(), Failure> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--quiet", "--locked"]);
    run_command(command.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Known faults of dependencies. Licences and sources are checked by tidy, without any tool.
fn advisories() -> Result<Done, Failure> {
    if !exists("cargo-deny", "--version") {
        return Ok(Done::Skipped("cargo-deny is not installed (cargo install cargo-deny)"));
    }
    passed(run_command(&mut cargo(&["deny", "--workspace", "check"])))
}
