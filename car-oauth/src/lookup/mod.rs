//! Looking a document up in one place after another.

mod document;
mod text;

use std::fmt;

use url::Url;

pub(crate) use document::Document;
pub(crate) use text::{cleaned, shown};

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
        self.0.push((shown(url), why.into()));
    }

    /// Returns the places, each with why what was there did not serve.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(url, why)| (url.as_str(), why.as_str()))
    }

    /// Adds the places of another look-up.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().cloned());
        self
    }

    /// Returns whether nothing was tried.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
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

/// The places where a document may be, in order, and those behind us.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    current: Url,
    rest: std::vec::IntoIter<Url>,
    tried: Tried,
}

impl Places {
    pub(crate) fn new(first: Url, rest: Vec<Url>) -> Self {
        Self { current: first, rest: rest.into_iter(), tried: Tried::default() }
    }

    pub(crate) const fn current(&self) -> &Url {
        &self.current
    }

    /// Leaves the current place; the error is that there is no other.
    pub(crate) fn leave(mut self, why: impl Into<String>) -> Result<Self, Tried> {
        self.tried.add(self.current.as_str(), why);
        match self.rest.next() {
            Some(next) => {
                self.current = next;
                Ok(self)
            }
            None => Err(self.tried),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_every_place_and_why_it_did_not_serve() {
        let url = |text: &str| Url::parse(text).unwrap();
        let places = Places::new(url("https://h.example/a"), vec![url("https://h.example/b?key=secret")]);
        let places = places.leave("404").unwrap();
        assert_eq!(places.current().path(), "/b");
        let tried = places.leave("not JSON: HTML page").unwrap_err();
        assert_eq!(tried.to_string(), "https://h.example/a (404), https://h.example/b (not JSON: HTML page)");
        assert_eq!(tried.iter().count(), 2);
        assert!(!tried.is_empty());
    }
}
