//! Where things stand.

use std::path::{Path, PathBuf};

/// Returns the root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

/// Returns the folder for what is fetched and written; never anything outside it.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// Returns the folder of the tools that setup fetches.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

/// Returns a program that cargo built in the debug profile.
pub(crate) fn program(name: &str) -> PathBuf {
    built().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Returns where cargo puts an example.
pub(crate) fn example(name: &str) -> PathBuf {
    built().join("debug/examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Returns cargo's own output folder, which a developer may have moved.
pub(crate) fn built() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(target, |moved| root().join(moved))
}
