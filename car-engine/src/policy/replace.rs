//! Putting a changed policy in place: alone among processes, in one step, and only if it says what it should.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{
    Policy, PolicyFile,
    edit::{Said, said},
    file::LARGEST,
};
use crate::EngineError;

/// How long to wait for another process. A change takes milliseconds; seconds mean that something is stuck.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The pause between two tries, about as long as a change takes.
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// The longest chain of symbolic links followed, the number that Linux itself uses.
const LONGEST_LINK_CHAIN: usize = 40;

/// What stands before the text in files of some editors.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A policy's file that only we change, until this is dropped.
pub(super) struct Editing {
    _lock: File,
    /// The file as it is named, and where links lead.
    path: PathBuf,
    target: PathBuf,
    mark: &'static str,
    pub(super) text: String,
    pub(super) policy: Policy,
}

impl PolicyFile {
    /// Locks the file, reads and understands it. One that is not there is empty.
    pub(super) fn edit(&self) -> Result<Editing, EngineError> {
        let target = follow_links(self.path()).map_err(failed("follow", self.path()))?;
        let folder = folder_of(&target);
        make_folder(folder).map_err(failed("create", folder))?;
        let lock = lock(&target)?;
        let whole = read(&target).map_err(failed("read", &target))?;
        let (mark, text) = match whole.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) => (BYTE_ORDER_MARK, text.to_owned()),
            None => ("", whole),
        };
        let policy = Policy::parse(self.path(), &text);
        match policy.problem() {
            Some(problem) => Err(EngineError::BrokenPolicy {
                path: self.path().to_owned(),
                problem: Box::new(problem.clone()),
            }),
            None => Ok(Editing { _lock: lock, path: self.path().to_owned(), target, mark, text, policy }),
        }
    }
}

impl Editing {
    /// Puts a text in place and returns the policy that it is, if it says exactly what is expected.
    pub(super) fn put(&self, text: String, mut expected: Vec<Said>) -> Result<Policy, EngineError> {
        let policy = Policy::parse(&self.path, &text);
        let refuse = |reason: &str| Err(EngineError::InvalidRule { reason: reason.to_owned() });
        expected.sort_by(|one, two| order(one).cmp(&order(two)));
        if policy.problem().is_some() || said(&policy) != expected {
            return refuse("the file is written in a way that only its author can change: edit it by hand");
        }
        let content = format!("{}{text}", self.mark);
        if content.len() as u64 > LARGEST {
            return refuse(&format!("the policy would be larger than {LARGEST} bytes: remove rules first"));
        }
        replace(&self.target, content.as_bytes()).map_err(failed("write", &self.target))?;
        Ok(policy)
    }
}

/// Puts rules in an order that does not depend on where they stand.
pub(super) fn order(rule: &Said) -> (&'static str, &str, Option<&str>, Option<&str>) {
    (rule.0.as_str(), &rule.1, rule.2.as_deref(), rule.3.as_deref())
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EngineError {
    move |source| EngineError::Policy { action, path: path.to_owned(), source }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Follows symbolic links to the file to write, so that a linked policy stays a link.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..LONGEST_LINK_CHAIN {
        match fs::read_link(&target) {
            Ok(next) => target = folder_of(&target).join(next),
            // A link that leads nowhere is a policy that got lost: a new one in its place would hide that.
            Err(_) if target != path => return fs::metadata(&target).map(|_| target),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Waits until this process alone changes the file. The lock has a file of its own, because the policy's is replaced.
fn lock(target: &Path) -> Result<File, EngineError> {
    let mut path = target.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let file = options.open(&path).map_err(failed("open", &path))?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_WAIT => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(EngineError::PolicyLocked { path, waited: LOCK_WAIT });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock", &path)(source)),
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    match File::open(path) {
        Ok(file) => file.take(LARGEST + 1).read_to_string(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(text),
        Err(error) => return Err(error),
    };
    match text.len() as u64 > LARGEST {
        true => Err(io::Error::other(format!("it is larger than {LARGEST} bytes"))),
        false => Ok(text),
    }
}

/// Writes beside the file and renames: a reader, or a crash, sees the old policy or the new one.
fn replace(target: &Path, content: &[u8]) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    // One that is made is for the owner only; one that others may read stays so.
    if let Ok(metadata) = fs::metadata(target) {
        builder.permissions(metadata.permissions());
    }
    let mut file = builder.prefix(".policy.").suffix(".tmp").tempfile_in(folder_of(target))?;
    file.write_all(content)?;
    // Without this the rename can reach the disk before the content does.
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    // Not every file system can sync a folder; the content is safe.
    if let Ok(folder) = File::open(folder_of(target)) {
        folder.sync_all().ok();
    }
    Ok(())
}
