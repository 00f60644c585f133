//! What is to be started: a program, its arguments, its environment and its folder.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use crate::environment::inherited;

/// Says how a server is started. No shell reads it: arguments arrive as they are given here.
///
/// The server's environment is exactly what [`Command::inherit`] takes from the client's and [`Command::env`] adds;
/// without either it is empty, and a program must be given by its full path.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) inherited: Vec<(OsString, OsString)>,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) cwd: Option<PathBuf>,
}

impl Command {
    /// Names the program: a path, or a name that is looked for on the server's own `PATH`.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), args: Vec::new(), inherited: Vec::new(), env: Vec::new(), cwd: None }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Takes the variables of [`INHERITED`](crate::INHERITED) from the client's environment, and no others.
    #[must_use]
    pub fn inherit(mut self, lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        self.inherited = inherited(lookup);
        self
    }

    /// Gives the server a variable. It wins over one that is inherited.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Gives the server variables.
    #[must_use]
    pub fn envs<N: Into<OsString>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.env.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Sets the folder in which the server runs; the client's own where this is absent.
    #[must_use]
    pub fn cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cwd = Some(folder.into());
        self
    }

    /// Returns what to start with the operating system, standard streams not yet set.
    pub(crate) fn to_process(&self) -> tokio::process::Command {
        let mut process = tokio::process::Command::new(self.found());
        process.args(&self.args).env_clear();
        process.envs(self.inherited.iter().map(|(name, value)| (name, value)));
        process.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.cwd {
            process.current_dir(folder);
        }
        process
    }

    /// Windows finds only `.exe` files by their bare name, and `npx` is a script there.
    fn found(&self) -> OsString {
        let path =
            self.env.iter().rev().chain(&self.inherited).find(|(name, _)| name.eq_ignore_ascii_case("PATH"));
        let script =
            cfg!(windows).then(|| script_on(path.map(|(_, value)| value.as_os_str())?, &self.program));
        script.flatten().unwrap_or_else(|| self.program.clone())
    }
}

/// Returns the first script or program of a bare name on a search path.
fn script_on(path: &OsStr, name: &OsStr) -> Option<OsString> {
    let bare = Path::new(name).components().count() == 1 && Path::new(name).extension().is_none();
    let candidates = std::env::split_paths(path).flat_map(|folder| {
        ["exe", "cmd", "bat"].map(|extension| folder.join(name).with_extension(extension))
    });
    bare.then_some(candidates)?.find(|candidate| candidate.is_file()).map(PathBuf::into_os_string)
}

impl fmt::Display for Command {
    /// The command in full, for a person to read before it is started. The environment is not shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, word) in std::iter::once(&self.program).chain(&self.args).enumerate() {
            let word = word.to_string_lossy();
            let plain =
                |character: char| character.is_ascii_alphanumeric() || "-_./:=@%+,~\\".contains(character);
            let gap = if place == 0 { "" } else { " " };
            match !word.is_empty() && word.chars().all(plain) {
                true => write!(formatter, "{gap}{word}")?,
                false => write!(formatter, "{gap}{word:?}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Command {
    /// Values of the environment may be secrets and are not shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        formatter
            .debug_struct("Command")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("env", &names)
            .field("cwd", &self.cwd)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_whole_command_and_no_value() {
        let command = Command::new("npx").args(["-y", "a b", ""]).env("KEY", "s3cret");
        assert_eq!(command.to_string(), r#"npx -y "a b" """#);
        let debug = format!("{command:?}");
        assert!(debug.contains("KEY") && !debug.contains("s3cret"), "{debug}");
    }

    #[test]
    fn finds_a_script_by_its_bare_name() {
        let folder = tempfile::tempdir().unwrap();
        drop(
            tempfile::Builder::new()
                .prefix("npx")
                .suffix(".cmd")
                .rand_bytes(0)
                .tempfile_in(&folder)
                .unwrap()
                .keep(),
        );
        let path = std::env::join_paths([Path::new("/nowhere"), folder.path()]).unwrap();
        let found = script_on(&path, OsStr::new("npx"));
        assert_eq!(found, Some(folder.path().join("npx.cmd").into_os_string()));
        for other in ["uvx", "npx.cmd", "./npx"] {
            assert_eq!(script_on(&path, OsStr::new(other)), None, "{other}");
        }
    }
}
