//! Reading the log: its end, or from a position on.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    str::FromStr,
};

use super::{
    back::{BackLines, Line},
    chain::LONGEST_LINE,
    filter::{EventFilter, Search},
    log::{EventLog, first_record},
    record::EventRecord,
    tail,
};
use crate::EngineError;

/// How much of the log one search reads. A quarter of a million records fit, and take about a second.
const SEARCHED_BYTES: u64 = 64 * 1024 * 1024;

/// A place in the log, from which reading goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventPosition {
    file: u64,
    offset: u64,
}

impl std::fmt::Display for EventPosition {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.file, self.offset)
    }
}

impl FromStr for EventPosition {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once(':')
            .and_then(|(file, offset)| Some(Self { file: file.parse().ok()?, offset: offset.parse().ok()? }))
            .ok_or_else(|| EngineError::InvalidPosition { position: text.to_owned() })
    }
}

/// Records, and where to go on.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EventPage {
    /// The records, oldest first.
    pub records: Vec<EventRecord>,
    /// Where the next page begins.
    pub next: EventPosition,
    /// Lines that are no records, among those that were looked at; `verify` says more about them.
    pub unreadable: usize,
    /// Where a search for the last records gave up before it had enough of them or had seen all: the number of the oldest
    /// record that it looked at. It goes on with that as [`before`](EventFilter::before).
    pub searched_to: Option<u64>,
}

impl EventLog {
    /// Returns the last records that fit, and the position after them, from which [`follow`](Self::follow) goes on.
    ///
    /// The log is read from its end, no further than the records need, and about 64 MiB at most where few of them fit;
    /// [`EventPage::searched_to`] says where it stopped then. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] when a file cannot be read. A log that is not there is empty.
    pub fn tail(&self, filter: &EventFilter) -> Result<EventPage, EngineError> {
        self.tail_within(filter, SEARCHED_BYTES)
    }

    fn tail_within(&self, filter: &EventFilter, bytes: u64) -> Result<EventPage, EngineError> {
        let search = filter.search();
        let mut found = Back { page: EventPage::default(), bytes_left: bytes, oldest: None };
        let mut files = tail::files(&self.folder)?.into_iter().rev().peekable();
        if let Some(file) = files.peek().copied() {
            let path = tail::file_path(&self.folder, file);
            let (_, offset) =
                BackLines::open(&path).map_err(|source| EngineError::log("read", &path, source))?;
            found.page.next = EventPosition { file, offset };
        }
        for file in files {
            if self.read_back(file, &search, &mut found)? {
                break;
            }
        }
        found.page.records.reverse();
        Ok(found.page)
    }

    /// Returns the records that fit and were written after a position, oldest first. Reads about 64 MiB at most;
    /// [`EventPage::next`] then is where it stopped, and the next page goes on there. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] when a file cannot be read.
    pub fn follow(&self, from: EventPosition, filter: &EventFilter) -> Result<EventPage, EngineError> {
        let search = filter.search();
        let mut page = EventPage { next: from, ..EventPage::default() };
        let mut bytes_left = SEARCHED_BYTES;
        for file in tail::files(&self.folder)?.into_iter().filter(|file| *file >= from.file) {
            let start = if file == from.file { from.offset } else { 0 };
            let offset = self.read_on(file, start, bytes_left, &search, &mut page)?;
            page.next = EventPosition { file, offset };
            bytes_left = bytes_left.saturating_sub(offset - start);
            if page.records.len() >= search.limit || bytes_left == 0 {
                break;
            }
        }
        Ok(page)
    }

    /// Reads whole lines of one file from its end, and says whether that is enough.
    fn read_back(&self, file: u64, search: &Search<'_>, found: &mut Back) -> Result<bool, EngineError> {
        let path = tail::file_path(&self.folder, file);
        if first_record(&path).ok().flatten().is_some_and(|first| search.is_past(first.seq)) {
            return Ok(false);
        }
        let failed = |source| EngineError::log("read", &path, source);
        let mut lines = match BackLines::open(&path) {
            Ok((lines, _)) => lines,
            // It was removed since the folder was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(failed(source)),
        };
        loop {
            if found.page.records.len() >= search.limit {
                return Ok(true);
            }
            if found.bytes_left == 0 && found.oldest.is_some() {
                found.page.searched_to = found.oldest;
                return Ok(true);
            }
            let Some(line) = lines.next().map_err(failed)? else { return Ok(false) };
            let (length, record) = match &line {
                Line::Whole(line) => {
                    (line.len() as u64 + 1, serde_json::from_slice::<EventRecord>(line).ok())
                }
                Line::TooLong => (LONGEST_LINE, None),
            };
            let Some(record) = record else {
                found.page.unreadable += 1;
                continue;
            };
            if !search.is_past(record.seq) {
                // What is passed over on the way to the first that may fit is not counted: paging back goes on.
                found.bytes_left = found.bytes_left.saturating_sub(length);
                found.oldest = Some(record.seq);
            }
            if search.fits(&record) {
                found.page.records.push(record);
            }
        }
    }

    /// Reads whole lines of one file, and returns where it stopped.
    fn read_on(
        &self,
        file: u64,
        start: u64,
        bytes: u64,
        search: &Search<'_>,
        page: &mut EventPage,
    ) -> Result<u64, EngineError> {
        let path = tail::file_path(&self.folder, file);
        let mut reader = match File::open(&path) {
            Ok(file) => BufReader::new(file),
            // It was removed since the folder was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(start),
            Err(source) => return Err(EngineError::log("read", &path, source)),
        };
        let failed = |source| EngineError::log("read", &path, source);
        reader.seek(SeekFrom::Start(start)).map_err(failed)?;
        let (mut offset, mut line) = (start, Vec::new());
        while page.records.len() < search.limit && offset - start < bytes {
            line.clear();
            let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(failed)?;
            let is_whole = line.ends_with(b"\n") || read as u64 == LONGEST_LINE;
            if read == 0 || !is_whole {
                // The end, or a record that is being written just now.
                break;
            }
            offset += read as u64;
            match serde_json::from_slice::<EventRecord>(&line) {
                Ok(record) if search.fits(&record) => page.records.push(record),
                Ok(_) => {}
                Err(_) => page.unreadable += 1,
            }
        }
        Ok(offset)
    }
}

/// What was found on the way back.
struct Back {
    /// The newest record first.
    page: EventPage,
    bytes_left: u64,
    oldest: Option<u64>,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{EventKind, EventLogOptions, SystemClock};

    #[test]
    fn a_search_that_finds_little_stops_says_where_and_goes_on_there() {
        let folder = tempfile::tempdir().unwrap();
        let options = EventLogOptions { file_bytes: 200 * 1024, ..EventLogOptions::default() };
        let log = EventLog::new(folder.path(), options, Arc::new(SystemClock::new()));
        for number in 0..3000 {
            let mut record = EventRecord::new(EventKind::Decision);
            record.tool = Some(if number % 1000 == 0 { "Rare".to_owned() } else { "usual".to_owned() });
            log.append(record).unwrap();
        }
        let mut filter = EventFilter::default().with_text("rARE");
        let (mut found, mut rounds) = (Vec::new(), 0);
        loop {
            let page = log.tail_within(&filter, 100 * 1024).unwrap();
            found.extend(page.records.iter().rev().map(|record| record.seq));
            rounds += 1;
            let Some(searched) = page.searched_to else { break };
            assert!(filter.before.is_none_or(|before| searched < before), "it gets on");
            filter = filter.with_before(searched);
        }
        assert_eq!(found, [2001, 1001, 1]);
        assert!(rounds > 4, "{rounds}");
        assert_eq!(log.tail(&EventFilter::default().with_text("rare")).unwrap().searched_to, None);
    }
}
