//! Runs programs: their output passes through, their failure becomes an error that names them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Why a command of ours failed; shown to a person as it is.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Returns a command of cargo, the one that runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(crate::place::root());
    // What cargo says of this program to it. Build scripts of dependencies look at some of that, and everything after them
    // would be built anew whenever a person and this program take turns.
    let about_us =
        |name: &String| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.starts_with(start));
    for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(about_us) {
        command.env_remove(name);
    }
    command
}

/// Runs to the end, output passed through.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| format!("cannot start {}: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command)).into()) }
}

/// Runs to the end and returns the standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|error| format!("cannot start {}: {error}", shown(command)))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} ended with {}\n{}", shown(command), output.status, text.trim_end()).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be started at all.
pub(crate) fn exists(program: &str, probe: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(probe).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Returns `PATH` with a folder in front.
pub(crate) fn path_with(folder: &Path) -> Result<std::ffi::OsString, Failure> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&rest));
    Ok(std::env::join_paths(folders)?)
}

/// A program in the background; it ends when this is dropped.
pub(crate) struct Background {
    child: Child,
}

impl Background {
    /// Starts a program and waits until it prints a line that `wanted` accepts; returns what `wanted` made of it.
    pub(crate) fn start<T>(
        command: &mut Command,
        patience: Duration,
        wanted: impl Fn(&str) -> Option<T>,
    ) -> Result<(Self, T), Failure> {
        let name = shown(command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        let (sender, lines) = mpsc::channel();
        read_lines(child.stdout.take().expect("standard output is piped"), sender.clone());
        read_lines(child.stderr.take().expect("standard error is piped"), sender);
        let background = Self { child };
        let deadline = std::time::Instant::now() + patience;
        let mut said = String::new();
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let Ok(line) = lines.recv_timeout(left) else {
                return Err(format!("{name} was not ready within {patience:?}; it said:\n{said}").into());
            };
            if let Some(found) = wanted(&line) {
                return Ok((background, found));
            }
            said.push_str(&line);
            said.push('\n');
        }
    }
}

impl Background {
    /// Returns the process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended already; either way it must not outlive us.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Passes on every line, and goes on reading when nobody wants them any more, so that the program never blocks.
fn read_lines(from: impl std::io::Read + Send + 'static, to: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _unwanted = to.send(line);
        }
    });
}

/// Prints a heading and makes sure that it stands before what comes after it.
pub(crate) fn heading(text: &str) {
    println!("\n── {text}");
    // A closed standard output is noticed by the next line that matters.
    let _closed = std::io::stdout().flush();
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
