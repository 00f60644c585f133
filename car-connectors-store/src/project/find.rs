//! Which file describes a project's connectors, and its bytes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Home, Stamp, StoreError, replace};

/// The folder and the file in it.
pub(super) const FOLDER: &str = ".car";
pub(super) const FILE: &str = "connectors.toml";

/// What the root of a git repository has; a file in place of a folder in linked worktrees and submodules.
const REPOSITORY: &str = ".git";

/// The largest file that is read: thousands of lines for each of the most entries.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// A file that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) content: Vec<u8>,
}

/// What it depends on which file is a project's: the names that were looked for, and what was there. As long as that is so,
/// the file is the one that was found, with the content that it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectTrace {
    /// What makes a folder the root of a repository, and whether it is there.
    repositories: Vec<(PathBuf, bool)>,
    /// The files that could be the project's.
    files: Vec<(PathBuf, Option<Stamp>)>,
}

impl ProjectTrace {
    /// Looks at the names that the file of `start`'s project could have. To be taken before the file is read.
    ///
    /// # Errors
    /// [`StoreError::Io`] where one of them cannot be looked at.
    pub fn of(start: &Path) -> Result<Self, StoreError> {
        let start = fs::canonicalize(start).map_err(StoreError::io("find", start))?;
        let mut repositories = Vec::new();
        for folder in start.ancestors() {
            let name = folder.join(REPOSITORY);
            let is_root = is_there(&name);
            repositories.push((name, is_root));
            if is_root {
                break;
            }
        }
        let stamped = |folder: &Path| {
            let name = folder.join(FOLDER).join(FILE);
            Stamp::of(&name).map(|stamp| (name, stamp))
        };
        let files = inside(&start, root_of(&start)).map(stamped).collect::<Result<_, _>>()?;
        Ok(Self { repositories, files })
    }

    /// Tells whether everything is still as it was: two looks at names for each folder up to the root of the repository,
    /// and no file is read. A link above `start` that leads elsewhere now is not noticed.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.repositories.iter().all(|(name, was_there)| is_there(name) == *was_there)
            && self.files.iter().all(|(name, known)| Stamp::of(name).is_ok_and(|stamp| stamp == *known))
    }
}

/// Finds the nearest file from `start` up to the root of its repository, and reads it once.
pub(super) fn find(start: &Path, home: &Home) -> Result<Option<Found>, StoreError> {
    let start = fs::canonicalize(start).map_err(StoreError::io("find", start))?;
    let root = root_of(&start);
    let state = fs::canonicalize(home.path()).ok();
    for folder in inside(&start, root) {
        let path = folder.join(FOLDER).join(FILE);
        // The user's own state is no project, wherever it is.
        let is_state = fs::canonicalize(folder.join(FOLDER)).is_ok_and(|folder| Some(folder) == state);
        if !is_state && is_there(&path) {
            return read(path, folder, root).map(Some);
        }
    }
    Ok(None)
}

/// Names the place of a file that is not there yet: at the root of the repository. Returns the project's folder with it.
pub(super) fn new_place(start: &Path, home: &Home) -> Result<(PathBuf, PathBuf), StoreError> {
    let start = fs::canonicalize(start).map_err(StoreError::io("find", start))?;
    let root = root_of(&start);
    let folder = root.join(FOLDER);
    let target = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
    if !target.starts_with(root) {
        return Err(StoreError::OutsideProject { path: folder, target });
    }
    if fs::canonicalize(home.path()).is_ok_and(|state| state == target) {
        let source = std::io::Error::other("it is the state folder, which is no project");
        return Err(StoreError::Io { action: "use", path: folder, source });
    }
    Ok((target.join(FILE), root.to_owned()))
}

fn root_of(start: &Path) -> &Path {
    start.ancestors().find(|folder| is_there(&folder.join(REPOSITORY))).unwrap_or(start)
}

/// Returns the folders that the file is looked for in, the nearest first.
fn inside<'a>(start: &'a Path, root: &'a Path) -> impl Iterator<Item = &'a Path> {
    start.ancestors().take_while(move |folder| folder.starts_with(root))
}

fn read(path: PathBuf, folder: &Path, root: &Path) -> Result<Found, StoreError> {
    let target = fs::canonicalize(&path).map_err(StoreError::io("read", &path))?;
    if !target.starts_with(root) {
        return Err(StoreError::OutsideProject { path, target });
    }
    // Opening a pipe would wait for somebody to write to it.
    if !fs::metadata(&target).map_err(StoreError::io("read", &target))?.is_file() {
        return Err(StoreError::NotAFile { path });
    }
    match replace::read(&target, LARGEST)? {
        Some(content) => Ok(Found { path: target, folder: folder.to_owned(), content }),
        None => {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            Err(StoreError::Io { action: "read", path, source })
        }
    }
}

/// Tells whether something has this name, also a link that leads nowhere: that is told of, not passed over.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test is the other program that writes")]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_current_until_another_file_would_be_found() {
        let folder = tempfile::tempdir().unwrap();
        let start = folder.path().join("a/b");
        fs::create_dir_all(&start).unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let begun = ProjectTrace::of(&start).unwrap();
        put(".git/HEAD", "");
        assert!(!begun.is_current(), "the root of a repository");
        let changes: [(&str, &dyn Fn()); 4] = [
            ("a file at the root", &|| put(".car/connectors.toml", "# 1")),
            ("what is in it", &|| put(".car/connectors.toml", "# 22")),
            ("a nearer file", &|| put("a/.car/connectors.toml", "# 3")),
            ("a nearer root", &|| put("a/b/.git", "gitdir: x")),
        ];
        for (what, change) in changes {
            let trace = ProjectTrace::of(&start).unwrap();
            put("a/b/other.txt", what);
            put(".git/index", what);
            assert!(trace.is_current(), "before {what}");
            change();
            assert!(!trace.is_current(), "after {what}");
        }
    }
}
