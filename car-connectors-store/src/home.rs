//! The state folder: where it is, and what is called what in it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::StoreError;

/// The variable that moves the state folder.
const HOME_VARIABLE: &str = "CAR_HOME";

/// The variable that names the user's home folder.
const USER_HOME_VARIABLE: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

/// The state folder's name in the user's home folder.
const FOLDER: &str = ".car";

/// The state folder, `$CAR_HOME` or else `~/.car` (`%USERPROFILE%\.car` on Windows).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// Finds the state folder: the explicit one, else `CAR_HOME`, else `.car` in the user's home folder.
    ///
    /// `lookup` is how a variable is read, `|name| std::env::var_os(name)` in a program. The folder need not exist:
    /// it is made, for its owner only, when something is first written.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoHome`] when none of the three is set, [`StoreError::Io`] when a relative path cannot be
    /// resolved because the working folder is gone.
    pub fn resolve(
        explicit: Option<&Path>,
        lookup: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, StoreError> {
        // An empty variable is an unset one: `CAR_HOME= car list` must not write into the working folder.
        let set = |name| lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = match explicit {
            Some(path) => path.to_owned(),
            None => match set(HOME_VARIABLE) {
                Some(path) => path,
                None => set(USER_HOME_VARIABLE)
                    .ok_or(StoreError::NoHome { variable: USER_HOME_VARIABLE })?
                    .join(FOLDER),
            },
        };
        // A daemon that changes its working folder must go on writing to the same place.
        let root = std::path::absolute(&root).map_err(StoreError::io("resolve", root))?;
        Ok(Self { root })
    }

    /// Returns the folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Returns where the manifest is.
    #[must_use]
    pub fn manifest_path(&self) -> PathBuf {
        self.root.join("connectors.json")
    }

    /// Returns where secrets are kept when no keychain answers.
    #[must_use]
    pub fn secrets_path(&self) -> PathBuf {
        self.root.join("secrets.json")
    }

    /// Returns where the policy is.
    #[must_use]
    pub fn policy_path(&self) -> PathBuf {
        self.root.join("policy.toml")
    }

    /// Returns the folder of what local servers write to their standard error.
    #[must_use]
    pub fn logs_path(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Returns where the user says what servers need to sign in beyond the standards.
    #[must_use]
    pub fn quirks_path(&self) -> PathBuf {
        self.root.join("quirks.toml")
    }

    /// Returns where it is noted which project files the user trusts.
    #[must_use]
    pub fn trust_path(&self) -> PathBuf {
        self.root.join("trust.json")
    }

    /// Returns where it is noted which services the user agreed to.
    #[must_use]
    pub fn known_services_path(&self) -> PathBuf {
        self.root.join("known_services.json")
    }

    /// Returns where the hashes of the tokens are that let programs use the daemon.
    #[must_use]
    pub fn access_path(&self) -> PathBuf {
        self.root.join("access.json")
    }

    /// Returns where it is noted which calls need not be asked about any more.
    #[must_use]
    pub fn grants_path(&self) -> PathBuf {
        self.root.join("grants.json")
    }

    /// Returns the folder where it is noted how enabled tools were when a person agreed to them.
    #[must_use]
    pub fn pins_path(&self) -> PathBuf {
        self.root.join("pins")
    }

    /// Returns where the user says in which places services are looked for.
    #[must_use]
    pub fn sources_path(&self) -> PathBuf {
        self.root.join("sources.toml")
    }

    /// Returns the folder of what was fetched and can be fetched again.
    #[must_use]
    pub fn cache_path(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// Returns the folder of the event log.
    #[must_use]
    pub fn events_path(&self) -> PathBuf {
        self.root.join("events")
    }

    /// Returns the folder where a running daemon leaves its address and token.
    #[must_use]
    pub fn run_path(&self) -> PathBuf {
        self.root.join("run")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn prefers_the_explicit_folder_then_the_variable_then_the_users_home() {
        let both = [(HOME_VARIABLE, "/from/variable"), (USER_HOME_VARIABLE, "/users/ada")];
        let path = |explicit: Option<&Path>, set: &[(&str, &str)]| {
            Home::resolve(explicit, lookup(set)).unwrap().path().to_owned()
        };
        let absolute = |path: &str| std::path::absolute(path).unwrap();
        assert_eq!(path(Some(Path::new("/given")), &both), absolute("/given"));
        assert_eq!(path(None, &both), absolute("/from/variable"));
        assert_eq!(path(None, &both[1..]), absolute("/users/ada/.car"));
    }

    #[test]
    fn takes_an_empty_variable_as_unset() {
        let home =
            Home::resolve(None, lookup(&[(HOME_VARIABLE, ""), (USER_HOME_VARIABLE, "/users/ada")])).unwrap();
        assert_eq!(home.path().file_name().unwrap(), ".car");
        let error = Home::resolve(None, lookup(&[(USER_HOME_VARIABLE, "")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("no state folder: neither CAR_HOME nor {USER_HOME_VARIABLE} is set")
        );
    }

    #[test]
    fn makes_a_relative_folder_absolute() {
        assert!(Home::resolve(Some(Path::new("here")), |_| None).unwrap().path().is_absolute());
    }
}
