//! Which file describes a project's connectors, and its bytes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Home, StoreError, replace};

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

/// Finds the nearest file from `start` up to the root of its repository, and reads it once.
pub(super) fn find(start: &Path, home: &Home) -> Result<Option<Found>, StoreError> {
    let start = fs::canonicalize(start).map_err(StoreError::io("find", start))?;
    let root = root_of(&start);
    let state = fs::canonicalize(home.path()).ok();
    let inside = start.ancestors().take_while(|folder| folder.starts_with(root));
    for folder in inside {
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
