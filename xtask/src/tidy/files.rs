//! The files of the workspace, without what is fetched or built.

use std::path::{Path, PathBuf};

use crate::shell::Failure;

const SKIPPED: &[&str] = &["target", "node_modules", ".git", "__pycache__"];

/// Returns every file below a folder, sorted.
pub(super) fn all(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if SKIPPED.iter().any(|skipped| entry.file_name() == *skipped) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file is Rust.
pub(super) fn is_rust(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
}

/// Whether a file holds tests, by its name or its folder.
pub(super) fn is_test(file: &Path) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let in_folder = |name: &str| file.components().any(|part| part.as_os_str() == name);
    stem == "tests"
        || stem.ends_with("_tests")
        || in_folder("tests")
        || in_folder("benches")
        || in_folder("examples")
}

/// Returns the part of a source before its inline tests.
pub(super) fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod ").map_or(text, |start| &text[..start])
}

/// Whether a line says something to the compiler, and not only to the reader.
pub(super) fn is_code(line: &str) -> bool {
    !line.trim_start().starts_with("//")
}
