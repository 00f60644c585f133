//! Besieges our own server, and looks at how a healthy client fares and whether memory comes back.
//!
//! The long run is for a person, on a quiet machine with a release build; its table goes into `docs/siege.md`. The
//! quick one is for CI: it only looks whether every call was answered and how much memory the attacks cost.

pub(crate) mod daemon;
mod picture;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::server::START_TIME;
use crate::shell::{Background, Failure, cargo, heading, run as run_command};
use crate::{place, programs};

pub(crate) fn run(is_quick: bool, only: &[String]) -> Result<(), Failure> {
    heading("building the server and its besieger");
    let profile = if is_quick { "debug" } else { "release" };
    if is_quick {
        programs::build(&["siege", "everything-server"])?;
    } else {
        run_command(&mut cargo(&["build", "--quiet", "--package", "car-testkit", "--bins", "--release"]))?;
    }
    let program = |name: &str| -> PathBuf {
        place::built().join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    };
    let start = || start(&program("everything-server"));

    heading("one attack after the other");
    let (server, url) = start()?;
    let mut besiege = Command::new(program("siege"));
    besiege.args(["besiege", &url, &server.id().to_string()]);
    besiege.args(["--seconds", if is_quick { "1" } else { "5" }]);
    for name in only {
        besiege.args(["--only", name]);
    }
    let table = said(&mut besiege)?;
    drop(server);
    if is_quick || !only.is_empty() {
        return Ok(());
    }

    heading("sessions that come and are killed");
    let (server, url) = start()?;
    let crowd = said(Command::new(program("siege")).args(["crowd", &url, &server.id().to_string()]))?;
    write_page(&table, &crowd)
}

/// Runs a program to its end and shows what it said, also where it failed.
fn said(command: &mut Command) -> Result<String, Failure> {
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    println!("{text}");
    match output.status.success() {
        true => Ok(text),
        false => Err(format!("the siege ended with {}", output.status).into()),
    }
}

/// Starts the server with a short grace, so that sessions of killed clients are gone soon.
fn start(program: &PathBuf) -> Result<(Background, String), Failure> {
    let mut command = Command::new(program);
    command.args(["--keep-alive-ms", "1000", "--grace-ms", "1000"]);
    Background::start(&mut command, START_TIME, |line| {
        line.starts_with("http").then(|| line.trim().to_owned())
    })
}

fn write_page(table: &str, crowd: &str) -> Result<(), Failure> {
    let mut page = String::from(
        "# What a besieged server does\n\n\
         Written by `cargo xtask soak`. One healthy client calls `echo` of the everything-server, one call after the other, while another\n\
         process attacks at the lowest priority. Both are on the same machine as the server, so an attack also costs the client processor\n\
         time that the server has no part in. The size is that of the server's process.\n\n",
    );
    writeln!(
        page,
        "{}\n\n## Sessions that come and are killed\n\n```text\n{}\n```",
        table.trim(),
        crowd.trim()
    )?;
    std::fs::write(place::root().join("docs/siege.md"), page)?;
    Ok(())
}
