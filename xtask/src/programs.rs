//! Builds our programs for a demo or a test.

use std::path::PathBuf;

use crate::place;
use crate::shell::{Failure, cargo, run};

/// Builds programs of any of our crates, for debugging; [`place::program`] says where they are.
///
/// They are built as parts of the whole workspace. A crate that is built by itself has its dependencies with fewer
/// features, and each such choice is another build of most of them.
pub(crate) fn build(names: &[&str]) -> Result<(), Failure> {
    let mut build = cargo(&["build", "--quiet", "--workspace"]);
    for name in names {
        build.args(["--bin", name]);
    }
    run(&mut build)
}

/// Builds one of them, and returns where it is.
pub(crate) fn built(name: &str) -> Result<PathBuf, Failure> {
    build(&[name])?;
    Ok(place::program(name))
}
