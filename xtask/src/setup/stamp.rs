//! Remembers what was fetched, so that it is not fetched again.

use std::path::{Path, PathBuf};

use crate::shell::Failure;

/// A file that says what its folder holds.
pub(super) struct Stamp {
    file: PathBuf,
    wanted: String,
}

impl Stamp {
    /// What is installed often names its own place, so a folder that was moved or copied does not hold what is wanted.
    pub(super) fn new(folder: &Path, wanted: &[&str]) -> Self {
        let wanted = format!("{}\n{}", folder.display(), wanted.join("\n"));
        Self { file: folder.join(".stamp"), wanted }
    }

    pub(super) fn is_fresh(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|found| found == self.wanted)
    }

    pub(super) fn set(&self) -> Result<(), Failure> {
        Ok(std::fs::write(&self.file, &self.wanted)?)
    }
}
