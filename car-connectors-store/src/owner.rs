//! Whose the state folder is.

use std::path::{Path, PathBuf};

use crate::StoreError;

/// Refuses a folder that belongs to another user than this process: what is in it was not written by us, and what we
/// write may be out of its owner's reach. A folder that is not there yet will be ours.
pub(crate) fn check(folder: &Path) -> Result<(), StoreError> {
    match differing(folder) {
        Some((owner, user)) => Err(StoreError::ForeignFolder { path: folder.to_owned(), owner, user }),
        None => Ok(()),
    }
}

/// Finds out whether a file that cannot be used is in a folder of another user: the folder, whose it is, and who we are.
pub(crate) fn of_somebody_else(path: &Path) -> Option<(PathBuf, u32, u32)> {
    // Inside a folder that may not be entered nothing can be looked at; the folder itself can.
    let folder = path.ancestors().skip(1).find(|folder| folder.metadata().is_ok())?;
    differing(folder).map(|(owner, user)| (folder.to_owned(), owner, user))
}

/// Returns who owns a folder and who we are, where these are two.
#[cfg(unix)]
fn differing(folder: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;

    let owner = folder.metadata().ok()?.uid();
    let user = rustix::process::geteuid().as_raw();
    (owner != user).then_some((owner, user))
}

/// Elsewhere a folder's owner says little: who may do what stands in its access list, which the system keeps.
#[cfg(not(unix))]
fn differing(_folder: &Path) -> Option<(u32, u32)> {
    None
}
