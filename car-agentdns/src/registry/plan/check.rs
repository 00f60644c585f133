//! What may be the name of a package, its version, and a variable of its environment. A registry checks little of this, and
//! a text that begins like an option, or leads to another place, would be taken for that.

use semver::Version;

use crate::registry::reference::is_exact;

/// Variables that decide which code a runner loads, or from where: nobody who publishes a package sets them. What ends with
/// `_` stands for all that begin so, what begins with `_` for all that end so.
const CODE_VARIABLES: [&str; 19] = [
    "BASH_ENV",
    "COREHOST_",
    "DOCKER_",
    "DOTNET_ADDITIONAL_DEPS",
    "DOTNET_STARTUP_HOOKS",
    "DYLD_",
    "LD_",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NPM_CONFIG_",
    "NUGET_",
    "PATH",
    "PIP_",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "UV_",
    "_INDEX_URL",
    "_REGISTRY_URL",
];

/// Variables that decide whom a program believes, or through whom it talks.
const WIRE_VARIABLES: [&str; 9] = [
    "ALL_PROXY",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "PYTHONHTTPSVERIFY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// Whether a variable decides which code is run.
pub(super) fn decides_code(variable: &str) -> bool {
    is_one_of(variable, &CODE_VARIABLES)
}

/// Whether a variable decides whom a program believes, or where its files are.
pub(super) fn decides_trust(variable: &str) -> bool {
    is_one_of(variable, &WIRE_VARIABLES)
}

/// Whether a text is the name of a package of a kind, and can be nothing else to its runner.
pub(super) fn is_name(kind: &str, name: &str) -> bool {
    match kind {
        "npm" => is_npm_name(name),
        "pypi" => is_pypi_name(name),
        _ => is_nuget_name(name),
    }
}

/// Whether a text is exactly one version of a package of a kind: no range, and no word that stands for another one
/// tomorrow.
pub(super) fn is_version(kind: &str, version: &str) -> bool {
    is_exact(version)
        && match kind {
            "npm" => Version::parse(version).is_ok(),
            // Python's versions may begin with a `v` (PEP 440).
            "pypi" => is_numbered(version.strip_prefix('v').unwrap_or(version)),
            _ => is_numbered(version),
        }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    let name = name.to_ascii_uppercase();
    names.iter().any(|one| match (one.strip_suffix('_'), one.starts_with('_')) {
        (Some(_), _) => name.starts_with(one),
        (None, true) => name.ends_with(one),
        (None, false) => name == *one,
    })
}

/// `name` or `@scope/name`, of characters that need no quoting, and never an option, an address or a path.
fn is_npm_name(name: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|one: char| one.is_ascii_alphanumeric() || one == '~')
            && part.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '~' | '.' | '_' | '-'))
    };
    let is_name = match name.strip_prefix('@') {
        Some(rest) => rest.split_once('/').is_some_and(|(scope, name)| is_part(scope) && is_part(name)),
        None => is_part(name),
    };
    is_name && name.len() <= 214
}

fn is_pypi_name(name: &str) -> bool {
    is_nuget_name(name) && !name.starts_with('_') && name.ends_with(|one: char| one.is_ascii_alphanumeric())
}

fn is_nuget_name(name: &str) -> bool {
    name.starts_with(|one: char| one.is_ascii_alphanumeric() || one == '_')
        && name.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '.' | '_' | '-'))
        && name.len() <= 214
}

/// A version that begins with a digit, as all of Python's and .NET's do; other words may be names for several.
fn is_numbered(version: &str) -> bool {
    version.starts_with(|one: char| one.is_ascii_digit())
        && version
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || matches!(one, '.' | '+' | '_' | '!' | '-'))
}
