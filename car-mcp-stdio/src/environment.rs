//! Which variables a server gets without being given them.
//!
//! Tokens and keys stand in environments. A server that is started with all of them can read those of every other
//! program, so it gets what programs need to run at all, and what it is given by name.

use std::ffi::{OsStr, OsString};

/// The variables that a server gets from its client's environment, where they are set there: what finds programs and
/// folders, says which person, language and time it is, and which certificates this machine trusts (a program that
/// fetches packages fails without them where a company's proxy stands in between). None of them holds a secret.
#[cfg(not(windows))]
pub const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TZ",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LC_MONETARY",
    "LC_NUMERIC",
    "LC_TIME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
];

/// The variables that a server gets from its client's environment, where they are set there: what finds programs and
/// folders, says which person and machine it is, and which certificates it trusts. None of them holds a secret.
#[cfg(windows)]
pub const INHERITED: &[&str] = &[
    "PATH",
    "PATHEXT",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "USERPROFILE",
    "USERNAME",
    "HOMEDRIVE",
    "HOMEPATH",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "COMSPEC",
    "TEMP",
    "TMP",
    "PROCESSOR_ARCHITECTURE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
];

/// Returns the inherited variables that are set.
pub(crate) fn inherited(lookup: impl Fn(&str) -> Option<OsString>) -> Vec<(OsString, OsString)> {
    let set = |name: &&str| Some((OsString::from(name), lookup(name).filter(|value| is_plain(value))?));
    INHERITED.iter().filter_map(set).collect()
}

/// A shell can export a function as a variable; its text is code, and no setting.
fn is_plain(value: &OsStr) -> bool {
    !value.as_encoded_bytes().starts_with(b"()")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_is_listed_and_set() {
        let lookup = |name: &str| match name {
            "PATH" => Some(OsString::from("/bin")),
            "TZ" | "TEMP" => Some(OsString::from("() { echo code; }")),
            "AWS_SECRET_ACCESS_KEY" => Some(OsString::from("secret")),
            _ => None,
        };
        assert_eq!(inherited(lookup), [(OsString::from("PATH"), OsString::from("/bin"))]);
    }
}
