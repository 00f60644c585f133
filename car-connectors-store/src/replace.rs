//! Replacing a file in one step: a reader, or a crash, sees the old content or the new and nothing between.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{StoreError, lock::WriteLock};

/// Reading and writing for the owner, nothing for anybody else.
#[cfg(unix)]
pub(crate) const OWNER_ONLY_FILE: u32 = 0o600;

/// Reading and writing for everybody, of which the system takes away what the user wants it to (`umask`).
#[cfg(unix)]
const SHARED_FILE: u32 = 0o666;

/// The same as the first for a folder.
#[cfg(unix)]
const OWNER_ONLY_FOLDER: u32 = 0o700;

/// The ending of files that are not yet in place.
const TEMPORARY: &str = ".tmp";

/// The longest chain of symbolic links followed, the number that Linux itself uses.
const LONGEST_LINK_CHAIN: usize = 40;

/// Puts `content` where the lock's target is, for the owner only, surviving a crash at any moment.
pub(crate) fn replace(lock: &WriteLock, content: &[u8]) -> Result<(), StoreError> {
    let target = lock.target();
    write(target, content).map_err(StoreError::io("write", target))
}

/// Puts `content` into a file that others work on too: with the permissions that it has, or else the usual ones. Editors
/// know no lock, so there is none.
pub(crate) fn replace_shared(target: &Path, content: &[u8]) -> Result<(), StoreError> {
    let permissions = fs::metadata(target).map(|metadata| metadata.permissions()).ok();
    #[cfg(unix)]
    let permissions = permissions.or_else(|| {
        use std::os::unix::fs::PermissionsExt as _;
        Some(fs::Permissions::from_mode(SHARED_FILE))
    });
    write_as(target, content, permissions).map_err(StoreError::io("write", target))
}

fn write(target: &Path, content: &[u8]) -> io::Result<()> {
    write_as(target, content, None)
}

fn write_as(target: &Path, content: &[u8], permissions: Option<fs::Permissions>) -> io::Result<()> {
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    let mut builder = tempfile::Builder::new();
    if let Some(permissions) = permissions {
        builder.permissions(permissions);
    }
    // Else the temporary file is made for the owner only from its first byte. It vanishes if anything below fails.
    let mut file = builder.prefix(&prefix(target)).suffix(TEMPORARY).tempfile_in(folder)?;
    file.write_all(content)?;
    // Without this the rename can reach the disk before the content does.
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    // The rename itself is durable once the folder is. Not every file system can sync a folder; the content is safe.
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().ok();
    }
    Ok(())
}

/// Reads a whole file, or nothing where there is none.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::io("read", path)(source)),
    };
    let mut content = Vec::new();
    file.take(limit + 1).read_to_end(&mut content).map_err(StoreError::io("read", path))?;
    if content.len() as u64 > limit {
        return Err(StoreError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(Some(content))
}

/// Follows symbolic links to the file to write, so that a linked manifest stays a link.
pub(crate) fn follow_links(path: &Path) -> Result<PathBuf, StoreError> {
    let mut target = path.to_owned();
    for _ in 0..LONGEST_LINK_CHAIN {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or_else(|| Path::new(".")).join(next),
            // Not a link, or not there yet: either way the place to write.
            Err(_) => return Ok(target),
        }
    }
    let source = io::Error::other("too many symbolic links");
    Err(StoreError::Io { action: "follow", path: path.to_owned(), source })
}

/// Makes the folder that the file is in, for the owner only. A folder that is already there keeps its permissions.
pub(crate) fn make_parent(target: &Path) -> Result<(), StoreError> {
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(OWNER_ONLY_FOLDER);
    }
    builder.create(folder).map_err(StoreError::io("create", folder))
}

/// Removes what a process that died while writing left behind; who holds the lock knows that nobody is writing.
pub(crate) fn remove_leftovers(lock: &WriteLock) {
    let Some(folder) = lock.target().parent() else { return };
    let Ok(entries) = fs::read_dir(folder) else { return };
    let prefix = prefix(lock.target());
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&prefix) && name.ends_with(TEMPORARY) {
            // A leftover that cannot be removed does no harm: nothing reads it.
            fs::remove_file(entry.path()).ok();
        }
    }
}

/// Returns what the names of this file's temporary files begin with.
fn prefix(target: &Path) -> String {
    format!(".{}.", target.file_name().unwrap_or_default().to_string_lossy())
}
