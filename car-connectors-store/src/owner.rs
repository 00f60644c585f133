//! Whose the state folder is.

use std::path::Path;

use crate::StoreError;

/// Refuses a folder that belongs to another user than this process: what is in it was not written by us, and what we
/// write may be out of its owner's reach. A folder that is not there yet will be ours.
#[cfg(unix)]
pub(crate) fn check(folder: &Path) -> Result<(), StoreError> {
    use std::io;
    use std::os::unix::fs::MetadataExt as _;

    let owner = match folder.metadata() {
        Ok(metadata) => metadata.uid(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io("read", folder)(error)),
    };
    let user = rustix::process::geteuid().as_raw();
    if owner == user {
        return Ok(());
    }
    Err(StoreError::ForeignFolder { path: folder.to_owned(), owner, user })
}

/// Elsewhere a folder's owner says little: who may do what stands in its access list, which the system keeps.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can refuse on other systems")]
pub(crate) fn check(_folder: &Path) -> Result<(), StoreError> {
    Ok(())
}
