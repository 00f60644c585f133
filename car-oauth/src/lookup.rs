//! Looking a document up in one place after another.

use std::fmt;

/// What came back from one place.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a document, or none")]
pub enum Fetched<'a> {
    /// A body with status 200.
    Document(&'a [u8]),
    /// Nothing there: a status of the 400s.
    Absent {
        /// The status.
        status: u16,
    },
}

/// How a look-up stands after an answer.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "found, going on, or over")]
pub enum Lookup<T, N> {
    /// It was there.
    Found(T),
    /// Look in the next place.
    Next(N),
    /// It was nowhere.
    Missing(Tried),
}

/// Where was looked, and what was there instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried(Vec<(String, String)>);

impl Tried {
    /// Adds a place, and why what was there did not serve.
    pub fn add(&mut self, url: &str, why: impl Into<String>) {
        self.0.push((url.to_owned(), why.into()));
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (url, why)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{url} ({why})")?;
        }
        Ok(())
    }
}
