//! The rules of the workspace that a machine can check. Every finding says where, and what to do.
//!
//! ```text
//!  cargo metadata ─▶ edges, crates, licences
//!  cargo tree     ─▶ purity
//!  every file     ─▶ source (headers, sizes, names, marks) · placement (sockets, files, processes, eras)
//!  every page     ─▶ pages (links, decisions, changelog)
//! ```

mod crates;
mod edges;
mod files;
mod licences;
mod pages;
mod placement;
mod purity;
mod source;

use std::fmt;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};

use crate::place;
use crate::shell::Failure;

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    file: PathBuf,
    line: usize,
    text: String,
}

impl Finding {
    /// A finding at a line; 0 means the file as a whole.
    fn new(file: &Path, line: usize, text: impl Into<String>) -> Self {
        let file = file.strip_prefix(place::root()).unwrap_or(file).to_owned();
        Self { file, line, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line.max(1), self.text)
    }
}

pub(crate) fn run() -> Result<(), Failure> {
    let findings = findings()?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy");
        return Ok(());
    }
    Err(format!("{} findings", findings.len()).into())
}

/// Returns everything that breaks a rule, sorted by place.
fn findings() -> Result<Vec<Finding>, Failure> {
    let metadata = metadata()?;
    let mut findings = Vec::new();
    edges::check(&metadata, &mut findings);
    crates::check(&metadata, &mut findings);
    licences::check(&metadata, &mut findings);
    purity::check(&metadata, &mut findings)?;
    for file in files::all(place::root())? {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        source::check(&file, &text, &mut findings);
        placement::check(&file, &text, &mut findings);
        pages::check(&file, &text, &mut findings);
    }
    pages::check_decisions(&mut findings)?;
    findings.sort();
    Ok(findings)
}

fn metadata() -> Result<Metadata, Failure> {
    let mut command = MetadataCommand::new();
    command.manifest_path(place::root().join("Cargo.toml"));
    Ok(command.exec()?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_workspace_is_tidy() {
        let findings = super::findings().unwrap();
        let text: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert!(text.is_empty(), "\n{}", text.join("\n"));
    }
}
