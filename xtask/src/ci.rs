//! Every check, one after another. All of them run, also when one fails; the last line counts them.

use std::time::{Duration, Instant};

use crate::shell::{Failure, cargo, exists, heading, run as run_command};
use crate::{conformance, demo, examples, fuzz, interop, page, place, setup, sign_in, soak, tidy};

/// How a step ended when it did not fail.
enum Done {
    Passed,
    Skipped(String),
}

type Step = (&'static str, fn() -> Result<Done, Failure>);

const STEPS: &[Step] = &[
    ("setup", || passed(setup::run(false))),
    ("format", || passed(format())),
    ("clippy", || passed(clippy())),
    ("tidy", || passed(tidy::run())),
    ("tests", || passed(tests())),
    ("doc tests", || passed(run_command(&mut cargo(&["test", "--workspace", "--doc", "--quiet"])))),
    ("docs", || passed(docs())),
    ("advisories", advisories),
    ("examples", || passed(examples::run())),
    ("conformance client", || passed(conformance::client::run(None, None))),
    ("conformance server", || passed(conformance::server::run(None, None))),
    ("conformance daemon", || passed(conformance::daemon::run(None, None))),
    ("interop servers", || passed(interop::servers())),
    ("interop clients", || passed(interop::clients::run(None))),
    ("interop daemon", || passed(interop::daemon::run(None))),
    ("interop discovery", || passed(interop::discovery::run())),
    ("fuzz", fuzz),
    ("soak", || passed(soak::run(true, &[]))),
    ("soak daemon", || passed(soak::daemon::run(true, None))),
    ("sign-in", sign_in),
    ("page", page_in_browser),
    ("demo", || passed(demo::run(true))),
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

/// Checks the format here, and in `fuzz/` and `peers/`, which are workspaces of their own.
fn format() -> Result<(), Failure> {
    run_command(&mut cargo(&["fmt", "--all", "--check"]))?;
    for folder in ["fuzz", "peers"] {
        run_command(cargo(&["fmt", "--all", "--check"]).current_dir(place::root().join(folder)))?;
    }
    Ok(())
}

fn clippy() -> Result<(), Failure> {
    let arguments =
        ["clippy", "--workspace", "--all-targets", "--quiet", "--locked", "--", "--deny", "warnings"];
    run_command(&mut cargo(&arguments))?;
    // What the workspace as a whole never builds: crates without their features.
    for package in ["car-oauth", "car-mcp-http", "car-mcp-stdio"] {
        let alone = ["--no-default-features", "--quiet", "--locked", "--", "--deny", "warnings"];
        run_command(cargo(&["clippy", "--package", package]).args(alone))?;
    }
    Ok(())
}

/// Runs the tests. Those of the keychain start a session bus of their own, and say so where the system has none.
fn tests() -> Result<(), Failure> {
    if exists("cargo-nextest", "--version") {
        let arguments = ["nextest", "run", "--workspace", "--profile", "ci", "--locked", "--cargo-quiet"];
        // Commands that are killed in the middle of a renewal: a few rounds at a desk, many here.
        return run_command(cargo(&arguments).env("CAR_ROUNDS", "200"));
    }
    println!("cargo-nextest is not installed; using cargo test");
    run_command(&mut cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--quiet"]))
}

fn docs() -> Result<(), Failure> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--quiet", "--locked"]);
    run_command(command.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Known faults of dependencies. Licences and sources are checked by tidy, without any tool.
fn advisories() -> Result<Done, Failure> {
    if !exists("cargo-deny", "--version") {
        return Ok(Done::Skipped("cargo-deny is not installed (cargo install cargo-deny)".to_owned()));
    }
    passed(run_command(&mut cargo(&["deny", "--workspace", "check"])))
}

/// Tries out every target for a short time. A developer's machine may lack a C++ compiler; under `CI=true` it must be
/// there.
fn fuzz() -> Result<Done, Failure> {
    let is_ci = std::env::var("CI").as_deref() == Ok("true");
    match fuzz::missing() {
        Some(missing) if !is_ci => Ok(Done::Skipped(missing)),
        _ => passed(fuzz::run(None, 20)),
    }
}

/// Signs in with a real browser. A developer's machine may lack one; under `CI=true` it must be there.
fn sign_in() -> Result<Done, Failure> {
    let is_ci = std::env::var("CI").as_deref() == Ok("true");
    match setup::system::missing_for_sign_in() {
        Some(missing) if !is_ci => Ok(Done::Skipped(missing)),
        _ => passed(sign_in::run()),
    }
}

/// Goes through the page with a real browser. As for the sign-in, it must be there under `CI=true`.
fn page_in_browser() -> Result<Done, Failure> {
    let is_ci = std::env::var("CI").as_deref() == Ok("true");
    match setup::system::missing_for_page() {
        Some(missing) if !is_ci => Ok(Done::Skipped(missing)),
        _ => passed(page::run()),
    }
}
