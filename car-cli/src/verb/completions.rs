//! `car completions SHELL`: what a shell needs to complete this command.

use clap::CommandFactory as _;
use clap_complete::Shell;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Print a script that completes this command in a shell
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// The script, as a program gets it.
#[derive(Serialize)]
struct Answer<'a> {
    shell: String,
    script: &'a str,
}

/// Prints the script.
pub(crate) fn run(context: &Context, arguments: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "car", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let answer = Answer { shell: arguments.shell.to_string(), script: &script };
    context.screen.result(&answer, || script.clone());
    Ok(Exit::Done)
}
