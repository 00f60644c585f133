//! Adds other people's local servers by the commands that start them, calls them, and looks whether a process is left.

mod processes;
mod servers;

use std::path::Path;
use std::process::{Command, Stdio};

use self::processes::Mark;
use self::servers::{Places, SERVERS, Server};
use super::{shortened, tools};
use crate::car::{Car, typed};
use crate::server::START_TIME;
use crate::shell::{Background, Failure, heading, run as run_command};
use crate::{place, setup};

/// A call that goes on for as long as it takes to kill it.
const LONG_CALL: &[&str] =
    &["call", "everything", "trigger-long-running-operation", r#"{"duration":600,"steps":600}"#];
/// The program in which it ends up: started by `npx`, through a shell.
const LONG_SERVER: &str = "mcp-server-everything";

/// Returns the names of the servers that failed.
pub(super) fn run() -> Result<Vec<&'static str>, Failure> {
    heading("local servers that are not ours");
    let car = Car::build(&place::target().join("interop-local"))?;
    let folder = car.home().join("run");
    prepare(&folder)?;
    let (_site, page) = start_site(&folder.join("site"))?;
    let places = Places { run: folder.display().to_string().replace('\\', "/"), page };
    let temporary = folder.join("tmp");
    // A run asks no keychain of the person who starts it.
    let mut car = car.with(processes::VARIABLE, &temporary).with("CAR_SECRETS", "file");
    for (name, value) in SERVERS.iter().filter_map(|server| server.variable) {
        car = car.with(name, places.fill(value));
    }
    let mark = Mark::new(&temporary);
    let mut failed = Vec::new();
    for server in SERVERS {
        heading(server.name);
        if let Err(failure) = try_out(&car, server, &places).and_then(|()| mark.expect_none()) {
            println!("FAILED: {failure}");
            failed.push(server.name);
        }
    }
    heading("what a local server said, and what is left of all of them");
    if let Err(failure) = show_log(&car).and_then(|()| kill_in_the_middle(&car, &mark)) {
        println!("FAILED: {failure}");
        failed.push("what is left of local servers");
    }
    Ok(failed)
}

/// Makes what the servers are asked about.
fn prepare(run: &Path) -> Result<(), Failure> {
    for name in ["files", "site", "tmp"] {
        std::fs::create_dir_all(run.join(name))?;
    }
    run_command(Command::new("git").args(["init", "--quiet"]).arg(run.join("repository")))?;
    std::fs::write(run.join("files/notes.txt"), "water the plants\n")?;
    std::fs::write(run.join("site/hours.txt"), "open from nine to five\n")?;
    std::fs::write(run.join("repository/plan.txt"), "ship it\n")?;
    Ok(())
}

/// Serves a folder on a free port; returns the URL.
fn start_site(folder: &Path) -> Result<(Background, String), Failure> {
    let mut command = Command::new(setup::python::program());
    command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory"]).arg(folder).arg("0");
    Background::start(&mut command, START_TIME, |line| {
        Some(line.split_once("(http://")?.1.split_once("/)")?.0).map(|address| format!("http://{address}"))
    })
}

fn try_out(car: &Car, server: &Server, places: &Places) -> Result<(), Failure> {
    let command = server.command(places)?;
    let mut add = vec!["add", server.name];
    if let Some((name, _)) = server.variable {
        add.extend(["--env-from", name]);
    }
    add.push("--");
    add.extend(command.iter().map(String::as_str));
    car.show(&add, 0)?;
    let names: Vec<_> =
        tools(&car.run(&["--json", "tools", server.name])?)?.into_iter().map(|(name, _)| name).collect();
    println!("{} tools: {}\n", names.len(), names.join(", "));
    car.show(&["enable", server.name, "--all"], 0)?;
    for call in server.calls {
        let arguments = places.fill(call.arguments);
        let words = ["call", server.name, call.tool, arguments.as_str()];
        let seen = car.run(&words)?;
        println!("$ car {}\n[{}] {}", typed(&words), seen.status, shortened(&seen));
        if seen.status != 0 || !seen.stdout.contains(call.expected) {
            return Err(
                format!("expected an answer with \"{}\", found\n{}", call.expected, seen.stdout).into()
            );
        }
    }
    Ok(())
}

fn show_log(car: &Car) -> Result<(), Failure> {
    let wanted = "running on stdio";
    match car.show(&["logs", "filesystem"], 0)?.stdout.contains(wanted) {
        true => Ok(()),
        false => Err(format!("expected \"{wanted}\" in the log").into()),
    }
}

/// Kills `car` while it uses a server behind `npx` and a shell: whoever ends only `npx` leaves the server behind.
fn kill_in_the_middle(car: &Car, mark: &Mark) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        println!("skipped: processes are looked for on Linux only");
        return Ok(());
    }
    println!("$ car {}", typed(LONG_CALL));
    let mut command = car.prepare(Command::new(place::program("car")));
    command.args(LONG_CALL).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut call = command.spawn()?;
    let running = mark.wait(START_TIME, |process| {
        process.words.get(1).is_some_and(|script| Path::new(script).ends_with(LONG_SERVER))
    });
    let killed = call.kill();
    call.wait()?;
    killed?;
    for process in running? {
        println!("runs: {process}");
    }
    mark.expect_none()?;
    println!("car was killed, and none of them is left");
    Ok(())
}
