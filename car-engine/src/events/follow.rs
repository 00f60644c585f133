//! Reading the log: its end, or from a position on.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    str::FromStr,
};

use super::{chain::LONGEST_LINE, log::EventLog, record::EventRecord, tail};
use crate::EngineError;

/// How many records one page has where the filter does not say.
const USUAL_LIMIT: usize = 1000;

/// Which records are wanted. Everything that is set must fit.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EventFilter {
    /// The server's name for the tool, or its canonical name.
    pub tool: Option<String>,
    /// The connector's slug.
    pub connector: Option<String>,
    /// Who asked.
    pub who: Option<String>,
    /// What was decided, or how the call ended.
    pub outcome: Option<String>,
    /// A text that any member of the record contains, whatever the case of its letters.
    pub text: Option<String>,
    /// Only records with smaller numbers, for paging back.
    pub before: Option<u64>,
    /// The earliest time, RFC 3339 in UTC; a beginning such as `2026-07-28` is enough.
    pub since: Option<String>,
    /// The most records; a thousand where none is given.
    pub limit: Option<usize>,
}

impl EventFilter {
    /// Wants the last records, whatever they are about.
    #[must_use]
    pub fn last(limit: usize) -> Self {
        Self { limit: Some(limit), ..Self::default() }
    }

    /// Adds a tool.
    #[must_use]
    pub fn with_tool(mut self, tool: impl Into<String>) -> Self {
        self.tool = Some(tool.into());
        self
    }

    /// Adds a connector.
    #[must_use]
    pub fn with_connector(mut self, connector: impl Into<String>) -> Self {
        self.connector = Some(connector.into());
        self
    }

    /// Adds an earliest time.
    #[must_use]
    pub fn with_since(mut self, since: impl Into<String>) -> Self {
        self.since = Some(since.into());
        self
    }

    fn fits(&self, record: &EventRecord) -> bool {
        let same =
            |wanted: &Option<String>, found: &[&Option<String>]| wanted.is_none() || found.contains(&wanted);
        same(&self.tool, &[&record.tool, &record.canonical])
            && same(&self.connector, &[&record.connector])
            && self.since.as_ref().is_none_or(|since| record.time >= *since)
    }
}

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
    /// Lines that are no records; `verify` says more about them.
    pub unreadable: usize,
}

impl EventLog {
    /// Returns the last records that fit, and the position after them, from which [`follow`](Self::follow) goes on.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] when a file cannot be read. A log that is not there is empty.
    pub fn tail(&self, filter: &EventFilter) -> Result<EventPage, EngineError> {
        let limit = filter.limit.unwrap_or(USUAL_LIMIT);
        let mut page = EventPage::default();
        for file in tail::files(&self.folder)?.into_iter().rev() {
            let mut part = EventPage::default();
            let offset = self.read_file(file, 0, usize::MAX, filter, &mut part)?;
            if page.next == EventPosition::default() {
                page.next = EventPosition { file, offset };
            }
            page.unreadable += part.unreadable;
            part.records.append(&mut page.records);
            page.records = part.records;
            if page.records.len() >= limit {
                page.records.drain(..page.records.len() - limit);
                break;
            }
        }
        Ok(page)
    }

    /// Returns the records that fit and were written after a position, oldest first.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] when a file cannot be read.
    pub fn follow(&self, from: EventPosition, filter: &EventFilter) -> Result<EventPage, EngineError> {
        let limit = filter.limit.unwrap_or(USUAL_LIMIT);
        let mut page = EventPage { next: from, ..EventPage::default() };
        for file in tail::files(&self.folder)?.into_iter().filter(|file| *file >= from.file) {
            let start = if file == from.file { from.offset } else { 0 };
            let offset = self.read_file(file, start, limit - page.records.len(), filter, &mut page)?;
            page.next = EventPosition { file, offset };
            if page.records.len() >= limit {
                break;
            }
        }
        Ok(page)
    }

    /// Reads whole lines of one file, and returns where it stopped.
    fn read_file(
        &self,
        file: u64,
        start: u64,
        limit: usize,
        filter: &EventFilter,
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
        let (mut offset, mut line, full) = (start, Vec::new(), page.records.len().saturating_add(limit));
        while page.records.len() < full {
            line.clear();
            let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(failed)?;
            let is_whole = line.ends_with(b"\n") || read as u64 == LONGEST_LINE;
            if read == 0 || !is_whole {
                // The end, or a record that is being written just now.
                break;
            }
            offset += read as u64;
            match serde_json::from_slice::<EventRecord>(&line) {
                Ok(record) if filter.fits(&record) => page.records.push(record),
                Ok(_) => {}
                Err(_) => page.unreadable += 1,
            }
        }
        Ok(offset)
    }
}
