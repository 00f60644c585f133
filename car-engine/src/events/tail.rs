//! The log's files and their ends: which there are, and with what the next record goes on.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use super::chain::{self, GENESIS, LONGEST_LINE};
use crate::EngineError;

/// Where the chain goes on.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    /// The number of the file that is written.
    pub(super) file: u64,
    /// How long it is.
    pub(super) length: u64,
    /// The number of the last record.
    pub(super) seq: u64,
    /// Its hash.
    pub(super) hash: String,
}

impl Tail {
    /// Returns where an empty log begins.
    fn genesis() -> Self {
        Self { file: 1, length: 0, seq: 0, hash: GENESIS.to_owned() }
    }
}

/// Names a file of the log; the names sort as the files do.
pub(super) fn file_path(folder: &Path, file: u64) -> PathBuf {
    folder.join(format!("events-{file:06}.jsonl"))
}

/// Lists the numbers of the log's files, oldest first. A folder that is not there has none.
pub(super) fn files(folder: &Path) -> Result<Vec<u64>, EngineError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(EngineError::log("list", folder, source)),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| EngineError::log("list", folder, source))?;
        let name = entry.file_name();
        let number: Option<u64> =
            name.to_str().and_then(|name| name.strip_prefix("events-")?.strip_suffix(".jsonl")?.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// What a process that died while writing left at the end of a file.
pub(super) struct Torn {
    /// Where the last whole record ends.
    pub(super) whole: u64,
    /// What follows it.
    pub(super) bytes: Vec<u8>,
}

/// Finds where the chain goes on. Only the end of the newest file with a record is read.
pub(super) fn find(folder: &Path) -> Result<(Tail, Option<Torn>), EngineError> {
    let files = files(folder)?;
    let Some(newest) = files.last().copied() else { return Ok((Tail::genesis(), None)) };
    let mut torn = None;
    for file in files.into_iter().rev() {
        let path = file_path(folder, file);
        let (last, length, rest) = last_line(&path)?;
        // Only in the newest file can something be torn; in an older one `verify` reports it.
        if file == newest && !rest.is_empty() {
            torn = Some(Torn { whole: length - rest.len() as u64, bytes: rest });
        }
        let Some(line) = last else { continue };
        let (record, _) = chain::open(&line)
            .map_err(|reason| EngineError::DamagedLog { path, reason: format!("its last line: {reason}") })?;
        let length = if file == newest { length } else { length_of(&file_path(folder, newest))? };
        return Ok((Tail { file: newest, length, seq: record.seq, hash: record.hash }, torn));
    }
    let length = length_of(&file_path(folder, newest))?;
    Ok((Tail { file: newest, length, ..Tail::genesis() }, torn))
}

fn length_of(path: &Path) -> Result<u64, EngineError> {
    fs::metadata(path).map(|metadata| metadata.len()).map_err(|source| EngineError::log("read", path, source))
}

/// Returns the last whole line of a file, the file's length, and what follows the last newline.
fn last_line(path: &Path) -> Result<(Option<String>, u64, Vec<u8>), EngineError> {
    let failed = |source| EngineError::log("read", path, source);
    let mut file = File::open(path).map_err(failed)?;
    let length = file.seek(SeekFrom::End(0)).map_err(failed)?;
    // Room for the last line and for a torn one after it.
    let start = length.saturating_sub(2 * LONGEST_LINE);
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    let mut end = Vec::new();
    file.take(2 * LONGEST_LINE).read_to_end(&mut end).map_err(failed)?;
    let damaged = |reason: &str| EngineError::DamagedLog { path: path.to_owned(), reason: reason.to_owned() };
    let Some(newline) = end.iter().rposition(|byte| *byte == b'\n') else {
        return if start == 0 { Ok((None, length, end)) } else { Err(damaged("its last line is too long")) };
    };
    let rest = end.split_off(newline + 1);
    end.pop();
    let begin = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if begin == 0 && start > 0 {
        return Err(damaged("its last line is too long"));
    }
    let line = String::from_utf8(end.split_off(begin)).map_err(|_| damaged("its last line is not text"))?;
    Ok((Some(line), length, rest))
}

/// Opens a file of the log to append to it, for the owner only.
pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    owner_only(&mut options);
    options.open(path)
}

/// Opens the file whose lock makes appending one step among processes.
pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    owner_only(&mut options);
    options.open(path)
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn owner_only(_options: &mut OpenOptions) {}

/// Makes the log's folder, for the owner only.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}
