//! The client of a registry: API v0.1, or v0 where that is all there is.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use car_http::{AddressPolicy, ClientBuilder, header};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::entry::{Entry, Status};
use super::mirror::{Mirror, Reading};
use super::plan::encoded;
use super::reference::{RegistryName, RegistryReference};
use crate::ask::Bearer;
use crate::error::{Error, SetAside};
use crate::web::{Answer, Bounds, Web};

/// How long one request may take. A page has a hundred entries; a person may be waiting.
const REQUEST: Duration = Duration::from_secs(10);
/// The largest answer, in bytes: a full page of the largest entries that are published.
const MAX_BODY: usize = 8 * 1_024 * 1_024;
/// How many entries are asked for at a time: the most that registries give.
const PAGE: usize = 100;
/// How many pages a reading may have. A registry that always has another page is left.
const MAX_PAGES: usize = 2_000;
/// The longest cursor that is sent back, in bytes: a name, a version and what is between them, several times.
const MAX_CURSOR: usize = 2_048;
/// How many names are asked for one by one, where their newest version was deleted.
const MAX_PROMOTED: usize = 50;
/// The longest `ETag` that is kept, in bytes.
const MAX_ETAG: usize = 256;
/// The APIs, newest first. Both mean the same today.
const APIS: [&str; 2] = ["v0.1", "v0"];

/// An MCP Registry at a base URL.
#[derive(Clone, Debug)]
pub struct RegistryClient {
    web: Web,
}

/// How a mirror was brought up to date.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Synced {
    /// How many pages were read.
    pub pages: usize,
    /// How many entries were new or changed.
    pub changed: usize,
    /// Whether the registry said that nothing has changed (304).
    pub is_unchanged: bool,
    /// Why it was not read to its end, if it was not. What was read is kept, and the next time goes on from there.
    pub stopped: Option<Error>,
}

/// An answer of a registry, kept to be used when the registry cannot be asked, and to ask whether it is still so.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cached {
    /// The entry.
    pub entry: Entry,
    /// The answer's `ETag`, if it has one.
    pub etag: Option<String>,
    /// The answer as it came, for [`Cached::from_text`].
    pub text: String,
}

impl Cached {
    /// Reads an answer that was kept, which has to be about the version that is meant.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn from_text(text: String, etag: Option<String>, meant: &RegistryReference) -> Result<Self, String> {
        let entry = Entry::from_json(&text)?;
        let is_meant = meant.version.as_ref().is_none_or(|version| *version == entry.version);
        if entry.name != meant.name || !is_meant {
            return Err(format!("expected {meant}, found {}@{}", entry.name, entry.version));
        }
        Ok(Self { entry, etag, text })
    }
}

/// A page of a list. Entries are read one by one, so that a bad one costs itself only.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    servers: Vec<&'a RawValue>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default, alias = "next_cursor", rename = "nextCursor")]
    next_cursor: Option<String>,
}

/// What a page came to.
struct Read {
    entries: Vec<Result<Entry, SetAside>>,
    next: Option<String>,
}

impl RegistryClient {
    /// Makes the client of a registry. Nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::InvalidBase`] and [`Error::Settings`].
    pub fn new(http: &ClientBuilder, base: &str, bearer: Option<Bearer>) -> Result<Self, Error> {
        Ok(Self { web: Web::new(http, base, bearer, AddressPolicy::Any)? })
    }

    /// Returns the base URL, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        self.web.place()
    }

    /// Brings a mirror up to date, page by page, for as long as `budget` allows: the first time the whole list, later what
    /// has changed. `now` is in seconds since 1970.
    ///
    /// A reading that was stopped goes on where it was, and it may have been stopped in an earlier process. It is stopped
    /// by the first error, also by a registry that is asked too often: the caller asks later again.
    ///
    /// # Cancel safety
    /// What has been read is in the mirror after every page.
    pub async fn sync(&self, mirror: &mut Mirror, now: u64, budget: Duration) -> Synced {
        let mut synced = Synced::default();
        let until = Instant::now() + budget;
        let mut gone = Vec::new();
        if let Err(error) = self.read_pages(mirror, now, until, &mut synced, &mut gone).await {
            synced.stopped = Some(error);
        }
        // Also when it was stopped: the pages that deleted them are not read again.
        for name in gone.iter().take(MAX_PROMOTED) {
            match self.within(until, budget, self.versions(name)).await {
                Ok(entries) => {
                    for entry in entries {
                        synced.changed += usize::from(mirror.take(entry));
                    }
                }
                // Nothing is left of it.
                Err(Error::NotFound { .. }) => {}
                Err(error) => {
                    synced.stopped.get_or_insert(error);
                    break;
                }
            }
        }
        synced
    }

    async fn read_pages(
        &self,
        mirror: &mut Mirror,
        now: u64,
        until: Instant,
        synced: &mut Synced,
        gone: &mut Vec<RegistryName>,
    ) -> Result<(), Error> {
        let budget = until.saturating_duration_since(Instant::now());
        let mut reading = mirror.begin(now);
        let mut cursors = HashSet::new();
        loop {
            let known = reading.etag.as_deref().filter(|_| reading.cursor.is_none());
            let answer = match self.within(until, budget, self.list(&reading.query(), known)).await {
                // A cursor, or a time, that the registry does not take.
                Err(error @ Error::Refused { status: 400 | 410 | 422, .. }) => {
                    mirror.give_up();
                    return Err(error);
                }
                answer => answer?,
            };
            if answer.status == 304 {
                synced.is_unchanged = true;
                mirror.finish(&reading, reading.etag.clone());
                return Ok(());
            }
            let page = self.page(&answer)?;
            synced.pages += 1;
            reading.pages += 1;
            let names = take(mirror, &page, gone);
            synced.changed += names.changed;
            let Some(next) = page.next.filter(|_| !page.entries.is_empty()) else {
                let is_only = reading.cursor.is_none();
                if is_only && reading.updated_since.is_none() && names.are_all {
                    synced.changed += mirror.keep_only(&names.seen);
                }
                mirror.finish(&reading, etag(&answer).filter(|_| is_only));
                return Ok(());
            };
            if let Err(error) = self.check_next(&reading, &next, &mut cursors) {
                mirror.give_up();
                return Err(error);
            }
            reading.cursor = Some(next);
            mirror.turn(&reading);
        }
    }

    /// A registry that goes in circles, or on for ever, is left.
    fn check_next(&self, reading: &Reading, next: &str, cursors: &mut HashSet<String>) -> Result<(), Error> {
        let fault = if reading.cursor.as_deref() == Some(next) || !cursors.insert(next.to_owned()) {
            "the next page begins where one before it did".to_owned()
        } else if next.len() > MAX_CURSOR {
            format!("expected a cursor of at most {MAX_CURSOR} bytes, found {}", next.len())
        } else if reading.pages >= MAX_PAGES {
            format!("expected at most {MAX_PAGES} pages, found more")
        } else {
            return Ok(());
        };
        Err(self.web.malformed(fault))
    }

    /// Asks the registry itself for names that contain a text, in any case: the newest version of each. Deleted ones are
    /// not among them.
    ///
    /// # Errors
    /// Says why there is no answer.
    pub async fn search(&self, text: &str, limit: usize) -> Result<Vec<Entry>, Error> {
        // A whole page, as some registries send every version.
        let query = format!("limit={PAGE}&version=latest&search={}", encoded(text));
        let answer = self.list(&query, None).await?;
        // Some registries search descriptions too, send every version, or do not search at all.
        let mut found = Mirror::new(self.base());
        for entry in self.page(&answer)?.entries.into_iter().flatten() {
            if entry.name.as_str().to_lowercase().contains(&text.to_lowercase()) {
                found.take(entry);
            }
        }
        let entries = found.entries().filter(|entry| entry.status != Status::Deleted);
        Ok(entries.take(limit).cloned().collect())
    }

    /// Asks for all versions of a name, newest first as the registry has them. Deleted ones are among them, and say so.
    ///
    /// # Errors
    /// [`Error::NotFound`], and why there is no answer.
    pub async fn versions(&self, name: &RegistryName) -> Result<Vec<Entry>, Error> {
        let path = format!("servers/{}/versions?include_deleted=true", encoded(name.as_str()));
        let answer = self.ask(&path, None).await.map_err(|error| named(error, name.to_string()))?;
        let entries = self.page(&answer)?.entries.into_iter().flatten();
        Ok(entries.filter(|entry| entry.name == *name).collect())
    }

    /// Asks for one version: the one named, or the newest.
    ///
    /// # Errors
    /// [`Error::NotFound`], and why there is no answer.
    pub async fn version(&self, reference: &RegistryReference) -> Result<Entry, Error> {
        self.version_cached(reference, None).await.map(|cached| cached.entry)
    }

    /// Asks for one version, as [`RegistryClient::version`] does, or whether it is still as it was known. What comes back
    /// is to be kept; where there is no answer, the caller may go on with what it has, and say how old that is.
    ///
    /// # Errors
    /// As [`RegistryClient::version`].
    pub async fn version_cached(
        &self,
        reference: &RegistryReference,
        known: Option<&Cached>,
    ) -> Result<Cached, Error> {
        let version = reference.version.as_deref().map_or_else(|| "latest".to_owned(), encoded);
        let path = format!("servers/{}/versions/{version}", encoded(reference.name.as_str()));
        let known_etag = known.and_then(|known| known.etag.as_deref());
        let answer =
            self.ask(&path, known_etag).await.map_err(|error| named(error, reference.to_string()))?;
        if let (304, Some(known)) = (answer.status, known) {
            return Ok(known.clone());
        }
        let text = self.text(&answer)?.to_owned();
        Cached::from_text(text, etag(&answer), reference).map_err(|reason| self.web.malformed(reason))
    }

    async fn list(&self, query: &str, etag: Option<&str>) -> Result<Answer, Error> {
        self.ask(&format!("servers?{query}"), etag).await
    }

    /// Asks the newest API and, if that is not there, the older one.
    async fn ask(&self, path: &str, etag: Option<&str>) -> Result<Answer, Error> {
        let bounds = Bounds { total: REQUEST, body: MAX_BODY };
        let [newest, older] = APIS;
        match self.web.get(&format!("{newest}/{path}"), etag, bounds).await {
            // The answer may be meant for the path or for what was asked for: only the older API tells.
            Err(error @ Error::NotFound { .. }) => {
                match self.web.get(&format!("{older}/{path}"), etag, bounds).await {
                    Ok(answer) => Ok(answer),
                    Err(_) => Err(error),
                }
            }
            answer => answer,
        }
    }

    /// Waits for an answer until the whole budget is spent.
    async fn within<T>(
        &self,
        until: Instant,
        budget: Duration,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let late = Err(Error::TimedOut { place: self.web.place().to_owned(), after: budget });
        tokio::time::timeout_at(until, answer).await.unwrap_or(late)
    }

    fn text<'a>(&self, answer: &'a Answer) -> Result<&'a str, Error> {
        str::from_utf8(&answer.body).map_err(|error| self.web.malformed(error.to_string()))
    }

    fn page(&self, answer: &Answer) -> Result<Read, Error> {
        let page: Page<'_> = serde_json::from_str(self.text(answer)?).map_err(|error| {
            self.web.malformed(format!("expected a list of servers, found something else: {error}"))
        })?;
        let next = page.metadata.and_then(|metadata| metadata.next_cursor).filter(|next| !next.is_empty());
        let read = |entry: &RawValue| {
            Entry::from_json(entry.get())
                .map_err(|reason| SetAside::new(name_of(entry.get()).as_deref(), reason))
        };
        Ok(Read { entries: page.servers.into_iter().map(read).collect(), next })
    }
}

/// What taking a page came to.
struct Taken {
    changed: usize,
    seen: BTreeSet<RegistryName>,
    /// Whether every entry of the page could be used.
    are_all: bool,
}

/// Takes the entries of a page. Names whose newest version was deleted go to `gone`.
fn take(mirror: &mut Mirror, page: &Read, gone: &mut Vec<RegistryName>) -> Taken {
    let mut taken = Taken { changed: 0, seen: BTreeSet::new(), are_all: true };
    for entry in &page.entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(aside) => {
                taken.are_all = false;
                mirror.put_aside(aside.clone());
                continue;
            }
        };
        let is_there = |mirror: &Mirror| mirror.entry(&entry.name).map(|held| held.status != Status::Deleted);
        let was_there = is_there(mirror) == Some(true);
        taken.changed += usize::from(mirror.take(entry.clone()));
        if was_there && is_there(mirror) == Some(false) && !gone.contains(&entry.name) {
            gone.push(entry.name.clone());
        }
        taken.seen.insert(entry.name.clone());
    }
    taken
}

impl Reading {
    /// Returns the query of the next page. The filters are the same on all pages.
    fn query(&self) -> String {
        let mut query = format!("limit={PAGE}&version=latest");
        if let Some(since) = &self.updated_since {
            // With it come deleted ones, so it is not asked for them. An old version may have changed too.
            query = format!("limit={PAGE}&updated_since={}", encoded(since));
        }
        if let Some(cursor) = &self.cursor {
            query.push_str("&cursor=");
            query.push_str(&encoded(cursor));
        }
        query
    }
}

fn named(error: Error, what: String) -> Error {
    match error {
        Error::NotFound { place, .. } => Error::NotFound { place, what },
        other => other,
    }
}

fn etag(answer: &Answer) -> Option<String> {
    let etag = answer.headers.get(header::ETAG)?.to_str().ok()?;
    (etag.len() <= MAX_ETAG).then(|| etag.to_owned())
}

/// Returns what an entry that cannot be used calls itself.
fn name_of(text: &str) -> Option<String> {
    if text.len() > Entry::MAX_BYTES {
        return None;
    }
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    let server = document.get("server").unwrap_or(&document);
    Some(super::server_json::one_line(server.get("name")?.as_str()?, RegistryName::MAX))
}
