//! Drives the `car` binary as a person would, in a state folder of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shell::Failure;
use crate::{place, programs};

/// The `car` binary and its state folder.
pub(crate) struct Car {
    home: PathBuf,
    /// Where commands run.
    folder: PathBuf,
    environment: Vec<(&'static str, OsString)>,
}

/// What a person saw.
pub(crate) struct Seen {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Car {
    /// Builds the binary and empties the state folder, which must be below `target/`.
    pub(crate) fn build(home: &Path) -> Result<Self, Failure> {
        assert!(home.starts_with(place::target()), "only folders below target/ are emptied");
        programs::build(&["car"])?;
        if home.exists() {
            std::fs::remove_dir_all(home)?;
        }
        std::fs::create_dir_all(home)?;
        // Outside any repository's own folder, so that no project's connectors are found.
        Ok(Self { home: home.to_owned(), folder: home.to_owned(), environment: Vec::new() })
    }

    /// Sets a variable for every command.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Runs commands in this folder from here on.
    pub(crate) fn inside(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// Returns the state folder.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Seen, Failure> {
        let output = self
            .prepare(Command::new(place::program("car")))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot start car: {error}"))?;
        Ok(Seen {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Gives a command, which starts `car` at once or later, its state folder and its variables.
    pub(crate) fn prepare(&self, mut command: Command) -> Command {
        command
            .env("CAR_HOME", &self.home)
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder);
        command
    }

    /// Prints the command as it would be typed and what it said; fails unless it ends with `status`.
    pub(crate) fn show(&self, arguments: &[&str], status: i32) -> Result<Seen, Failure> {
        println!("$ car {}", typed(arguments));
        let seen = self.run(arguments)?;
        print!("{}{}", seen.stdout, seen.stderr);
        println!();
        if seen.status == status {
            Ok(seen)
        } else {
            Err(format!("car {} ended with status {}, expected {status}", typed(arguments), seen.status)
                .into())
        }
    }
}

/// The arguments as a shell wants them.
pub(crate) fn typed(arguments: &[&str]) -> String {
    let quoted = arguments.iter().map(|word| {
        let plain =
            !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=@,".contains(c));
        if plain { (*word).to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::typed;

    #[test]
    fn quotes_what_a_shell_would_split() {
        assert_eq!(typed(&["call", "demo", r#"{"a": 1}"#]), r#"call demo '{"a": 1}'"#);
        assert_eq!(typed(&["add", "it's"]), r"add 'it'\''s'");
    }
}
