//! Appending: one step among threads and processes.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    chain,
    record::{EventKind, EventRecord},
    redact::ArgumentLogging,
    tail::{self, Tail, Torn},
    timestamp::format_timestamp,
};
use crate::{Clock, EngineError};

/// How long to wait for another process that appends. It takes microseconds; seconds mean that something is stuck.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The pause between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(1);

/// When a record is forced to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// When the operating system sees fit, and when a file is full, without anybody waiting for it. Records survive
    /// the end of the process, however it ends, but the last seconds may be lost with the power.
    #[default]
    WhenFull,
    /// After each record. A call then waits for the disk twice.
    EachRecord,
}

/// How the log is kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventLogOptions {
    /// How large a file may grow before the next one is begun. Ten megabytes hold some 20,000 calls.
    pub file_bytes: u64,
    /// How many files are kept; no limit where none is given. What is removed is gone, so that is for the user to say.
    pub files_kept: Option<usize>,
    /// How much of a call's arguments is kept.
    pub arguments: ArgumentLogging,
    /// When a record is forced to the disk.
    pub sync: SyncPolicy,
}

impl Default for EventLogOptions {
    fn default() -> Self {
        Self {
            file_bytes: 10 * 1024 * 1024,
            files_kept: None,
            arguments: ArgumentLogging::Off,
            sync: SyncPolicy::WhenFull,
        }
    }
}

/// The event log of one state folder, `events/events-000001.jsonl` and so on.
///
/// Appending blocks, for some microseconds: a lock, one write of less than a kilobyte into the page cache.
#[derive(Debug)]
pub struct EventLog {
    pub(super) folder: PathBuf,
    lock_path: PathBuf,
    options: EventLogOptions,
    clock: Arc<dyn Clock>,
    writer: Mutex<Option<Writer>>,
    /// The file that was full last, on its way to the disk.
    full: Mutex<Option<Syncing>>,
    observer: Option<Observer>,
}

/// Who is told of each record.
struct Observer(Arc<dyn Fn(&EventRecord) + Send + Sync>);

impl std::fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Observer")
    }
}

/// A file that a thread of its own forces to the disk: it takes milliseconds, and calls do not wait for that.
#[derive(Debug)]
struct Syncing {
    path: PathBuf,
    thread: thread::JoinHandle<io::Result<()>>,
}

/// The open file, and where the chain stood when we last looked.
#[derive(Debug)]
struct Writer {
    lock: File,
    file: File,
    tail: Tail,
    paths: Paths,
    /// The last line; its room serves the next.
    line: Vec<u8>,
}

/// Where the file that is written stands, and the one that would come after it. They are looked at for each record.
#[derive(Debug, Default)]
struct Paths {
    /// The number of the file.
    of: u64,
    file: PathBuf,
    next: PathBuf,
}

impl Paths {
    fn follow(&mut self, folder: &Path, file: u64) {
        if self.of != file {
            let (next, path) = (tail::file_path(folder, file + 1), tail::file_path(folder, file));
            *self = Self { of: file, file: path, next };
        }
    }
}

impl EventLog {
    /// Names the log's folder; it is made when the first record is written.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, options: EventLogOptions, clock: Arc<dyn Clock>) -> Self {
        let folder = folder.into();
        Self {
            lock_path: folder.join("events.lock"),
            folder,
            options,
            clock,
            writer: Mutex::new(None),
            full: Mutex::new(None),
            observer: None,
        }
    }

    /// Adds who is told of each record that this log writes, what it notes about itself included, once it is written and
    /// in the task that wrote it. Records that other processes write are not told. It must not block.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Fn(&EventRecord) + Send + Sync>) -> Self {
        self.observer = Some(Observer(observer));
        self
    }

    /// Returns the log's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Returns how the log is kept.
    #[must_use]
    pub fn options(&self) -> &EventLogOptions {
        &self.options
    }

    /// Appends a record, and returns it with its number, time and hashes.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] when the folder cannot be written, [`EngineError::LogLocked`] when another process is
    /// stuck, [`EngineError::DamagedLog`] when the last record is none, so that the chain cannot go on.
    pub fn append(&self, mut record: EventRecord) -> Result<EventRecord, EngineError> {
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writer = match slot.take() {
            Some(writer) => writer,
            None => self.open()?,
        };
        lock(&writer.lock, &self.lock_path)?;
        // Whatever fails below, the next caller looks at the disk anew: `slot` stays empty.
        let mut own = Vec::new();
        let outcome = self.append_locked(&mut writer, &mut record, &mut own);
        let unlocked = writer.lock.unlock();
        if outcome.is_ok() && unlocked.is_ok() {
            *slot = Some(writer);
        }
        drop(slot);
        if let Some(Observer(observer)) = &self.observer {
            own.iter().chain(outcome.is_ok().then_some(&record)).for_each(|record| observer(record));
        }
        outcome?;
        unlocked.map_err(|source| EngineError::log("unlock", &self.lock_path, source))?;
        Ok(record)
    }

    /// Writes the record, and before it what the log has to say for itself, which goes into `own`.
    fn append_locked(
        &self,
        writer: &mut Writer,
        record: &mut EventRecord,
        own: &mut Vec<EventRecord>,
    ) -> Result<(), EngineError> {
        if !self.is_current(writer) {
            let (tail, torn) = tail::find(&self.folder)?;
            let path = tail::file_path(&self.folder, tail.file);
            writer.file =
                tail::open_to_append(&path).map_err(|source| EngineError::log("open", &path, source))?;
            writer.tail = tail;
            if let Some(torn) = torn {
                own.push(self.set_aside(writer, &torn)?);
            }
        }
        if writer.tail.length >= self.options.file_bytes {
            own.extend(self.rotate(writer)?);
        }
        self.write(writer, record)
    }

    /// Says whether nobody but us has written since we last did.
    fn is_current(&self, writer: &mut Writer) -> bool {
        writer.paths.follow(&self.folder, writer.tail.file);
        // The path is asked, not the handle: the file may have been moved away.
        writer.tail.seq > 0
            && fs::metadata(&writer.paths.file).is_ok_and(|metadata| metadata.len() == writer.tail.length)
            && !writer.paths.next.exists()
    }

    fn write(&self, writer: &mut Writer, record: &mut EventRecord) -> Result<(), EngineError> {
        record.bound();
        record.seq = writer.tail.seq + 1;
        record.time = format_timestamp(self.clock.now());
        record.prev.clone_from(&writer.tail.hash);
        chain::seal(record, &mut writer.line);
        writer.line.push(b'\n');
        let path = || tail::file_path(&self.folder, writer.tail.file);
        // One call for the whole line: a crash leaves all of it or a torn end, never a gap.
        writer.file.write_all(&writer.line).map_err(|source| EngineError::log("write", path(), source))?;
        if self.options.sync == SyncPolicy::EachRecord {
            writer.file.sync_data().map_err(|source| EngineError::log("sync", path(), source))?;
        }
        writer.tail.length += writer.line.len() as u64;
        writer.tail.seq = record.seq;
        writer.tail.hash.clone_from(&record.hash);
        Ok(())
    }

    /// Moves what a crash left at the end into a file of its own, and says so in the log.
    fn set_aside(&self, writer: &mut Writer, torn: &Torn) -> Result<EventRecord, EngineError> {
        let name = format!("torn-{:06}-{}.part", writer.tail.file, torn.whole);
        let aside = self.folder.join(&name);
        let path = tail::file_path(&self.folder, writer.tail.file);
        let mut part =
            tail::open_to_append(&aside).map_err(|source| EngineError::log("open", &aside, source))?;
        part.write_all(&torn.bytes).map_err(|source| EngineError::log("write", &aside, source))?;
        part.sync_all().map_err(|source| EngineError::log("sync", &aside, source))?;
        OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(torn.whole))
            .map_err(|source| EngineError::log("mend", &path, source))?;
        writer.tail.length = torn.whole;
        let mut note = EventRecord::new(EventKind::Note);
        note.note = Some(format!("{} bytes of a torn record were set aside in {name}", torn.bytes.len()));
        self.write(writer, &mut note)?;
        Ok(note)
    }

    /// Begins the next file, and removes the oldest where there are too many.
    fn rotate(&self, writer: &mut Writer) -> Result<Option<EventRecord>, EngineError> {
        let full = tail::file_path(&self.folder, writer.tail.file);
        writer.tail.file += 1;
        writer.tail.length = 0;
        let path = tail::file_path(&self.folder, writer.tail.file);
        let next = tail::open_to_append(&path).map_err(|source| EngineError::log("open", &path, source))?;
        self.sync_aside(full, std::mem::replace(&mut writer.file, next))?;
        let Some(kept) = self.options.files_kept else { return Ok(None) };
        let files = tail::files(&self.folder)?;
        let surplus = files.len().saturating_sub(kept.max(1));
        let (old, rest) = files.split_at(surplus);
        let Some(first) = rest.first().filter(|_| !old.is_empty()) else { return Ok(None) };
        let mut checkpoint = EventRecord::new(EventKind::Checkpoint);
        match first_record(&tail::file_path(&self.folder, *first))? {
            Some(record) => {
                checkpoint.first_seq = Some(record.seq);
                checkpoint.first_prev = Some(record.prev);
            }
            // Only the new file is kept: this very record is the first.
            None => {
                checkpoint.first_seq = Some(writer.tail.seq + 1);
                checkpoint.first_prev = Some(writer.tail.hash.clone());
            }
        }
        checkpoint.note = Some(format!("{} older files were removed", old.len()));
        // The record comes before the removal: a crash between the two leaves more than is promised, never less.
        self.write(writer, &mut checkpoint)?;
        for file in old {
            let path = tail::file_path(&self.folder, *file);
            fs::remove_file(&path).map_err(|source| EngineError::log("remove", &path, source))?;
        }
        Ok(Some(checkpoint))
    }

    /// Forces a full file to the disk, beside what goes on. That the one before could not be is an error now.
    fn sync_aside(&self, path: PathBuf, file: File) -> Result<(), EngineError> {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = full.take() {
            let outcome = before.thread.join().unwrap_or_else(|_| Err(io::Error::other("its thread ended")));
            outcome.map_err(|source| EngineError::log("sync", before.path, source))?;
        }
        let file = Arc::new(file);
        let shared = Arc::clone(&file);
        match thread::Builder::new().name("event-log-sync".to_owned()).spawn(move || shared.sync_all()) {
            Ok(thread) => *full = Some(Syncing { path, thread }),
            // Where there is no thread to be had, the call waits.
            Err(_) => file.sync_all().map_err(|source| EngineError::log("sync", path, source))?,
        }
        Ok(())
    }

    fn open(&self) -> Result<Writer, EngineError> {
        tail::make_folder(&self.folder).map_err(|source| EngineError::log("create", &self.folder, source))?;
        let path = &self.lock_path;
        let open = || tail::open_lock(path).map_err(|source| EngineError::log("open", path, source));
        // The file is a placeholder until the lock is held; `seq` zero makes it be looked up then.
        let tail = Tail { file: 1, length: 0, seq: 0, hash: String::new() };
        Ok(Writer { lock: open()?, file: open()?, tail, paths: Paths::default(), line: Vec::new() })
    }

    /// Keeps everybody from appending until the returned file is dropped. A log that is not there is not made.
    pub(super) fn locked(&self) -> Result<File, EngineError> {
        let path = &self.lock_path;
        let file = File::open(path).map_err(|source| EngineError::log("open", path, source))?;
        lock(&file, path)?;
        Ok(file)
    }
}

pub(super) fn first_record(path: &Path) -> Result<Option<EventRecord>, EngineError> {
    let text = io::BufReader::new(File::open(path).map_err(|source| EngineError::log("read", path, source))?);
    let mut line = String::new();
    io::BufRead::read_line(&mut io::Read::take(text, chain::LONGEST_LINE), &mut line)
        .map_err(|source| EngineError::log("read", path, source))?;
    if line.is_empty() {
        return Ok(None);
    }
    chain::open(line.trim_end_matches('\n')).map(|(record, _)| Some(record)).map_err(|reason| {
        EngineError::DamagedLog { path: path.to_owned(), reason: format!("line 1: {reason}") }
    })
}

fn lock(file: &File, path: &Path) -> Result<(), EngineError> {
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_WAIT => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(EngineError::LogLocked { path: path.to_owned(), waited: LOCK_WAIT });
            }
            Err(TryLockError::Error(source)) => return Err(EngineError::log("lock", path, source)),
        }
    }
}
