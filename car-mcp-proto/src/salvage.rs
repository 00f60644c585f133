//! Reads a page of a list of which some entries are wrong: those are set aside, the others are kept.
//!
//! ```text
//! text ─▶ Incoming<Outcome<ListToolsResult>>            ─▶ every entry is right: the fast way, nearly always
//!           └ fails ─▶ Incoming<Outcome<Salvaged<ListToolsResult>>> ─▶ result + what was set aside, and why
//! ```
//!
//! One tool without a schema must not cost a person the other ninety-nine. What only decorates an entry (a title,
//! pictures) and cannot be read is left out, rather than the entry set aside for it.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};

use crate::json::{FromMembers, MemberSource, Members, ObjectVisitor, RawJson, Rest, ResultMembers};

/// A result that is one page of a list.
pub trait ListResult {
    /// The list's name on the wire.
    const LIST: &'static str;
    /// The members of an entry that can be left out without changing what it does.
    const DECORATION: &'static [&'static str];
    /// An entry.
    type Entry: DeserializeOwned;

    /// Tells whether an entry that could be read can also be used.
    ///
    /// # Errors
    /// Returns the reason why it cannot.
    fn check(entry: &Self::Entry) -> Result<(), String>;
}

/// Says which entry of a list was set aside, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// The entry's name, where it has one that can be read.
    pub name: Option<String>,
    /// Why it cannot be used.
    pub reason: String,
}

impl SetAside {
    /// Returns a note of an entry that was set aside.
    pub fn new(name: Option<String>, reason: impl Into<String>) -> Self {
        Self { name, reason: reason.into() }
    }
}

/// Holds a page without the entries that are wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Salvaged<R> {
    /// The page with the entries that can be used.
    pub result: R,
    /// The others.
    pub set_aside: Vec<SetAside>,
}

impl<R> Salvaged<R>
where
    Self: DeserializeOwned,
{
    /// Reads the text of a result.
    ///
    /// # Errors
    /// Fails where more than an entry is wrong: the list is missing or no list, or the text is not JSON.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl<R: ListResult + ResultMembers> FromMembers for Salvaged<R> {
    const EXPECTED: &'static str = R::EXPECTED;

    fn from_members<'de, S: MemberSource<'de>>(source: S) -> Result<Self, S::Error> {
        let mut set_aside = Vec::new();
        let sieve =
            Sieve { source, list: R::LIST, sift: sift::<R>, in_list: false, set_aside: &mut set_aside };
        let result = R::from_members(sieve)?;
        Ok(Self { result, set_aside })
    }
}

impl<R: ListResult + ResultMembers> ResultMembers for Salvaged<R> {
    const NAMES: &'static [&'static str] = R::NAMES;

    fn restore(&mut self, rest: Rest) {
        self.result.restore(rest);
    }
}

impl<'de, R: ListResult + ResultMembers> Deserialize<'de> for Salvaged<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor::new())
    }
}

/// Reads the entries of a list one by one, so that one which fails does not fail the list.
struct Sieve<'a, S> {
    source: S,
    list: &'static str,
    sift: fn(RawJson) -> Result<RawJson, SetAside>,
    in_list: bool,
    set_aside: &'a mut Vec<SetAside>,
}

impl<'de, S: MemberSource<'de>> MemberSource<'de> for Sieve<'_, S> {
    type Error = S::Error;

    fn next_name(&mut self) -> Result<Option<Cow<'de, str>>, S::Error> {
        let name = self.source.next_name()?;
        self.in_list = name.as_deref() == Some(self.list);
        Ok(name)
    }

    fn next_value<T: DeserializeOwned>(&mut self) -> Result<T, S::Error> {
        if !self.in_list {
            return self.source.next_value();
        }
        let entries: Option<Vec<RawJson>> = self.source.next_value()?;
        let mut kept = Vec::new();
        for entry in entries.unwrap_or_default() {
            match (self.sift)(entry) {
                Ok(entry) => kept.push(entry),
                Err(set_aside) => self.set_aside.push(set_aside),
            }
        }
        // The good entries are read once more, now as the list that the result's own type wants. Pages that come
        // here are rare, and this keeps the one reader of each type the only one.
        RawJson::from_value(&kept).and_then(|list| list.parse()).map_err(S::Error::custom)
    }
}

/// Returns an entry that can be read and used, without what decorates it where only that is wrong.
fn sift<R: ListResult>(text: RawJson) -> Result<RawJson, SetAside> {
    let Err(reason) = usable::<R>(&text) else { return Ok(text) };
    let Ok(mut members) = text.parse::<Members>() else { return Err(SetAside::new(None, reason)) };
    for name in R::DECORATION {
        members.remove(name);
    }
    match RawJson::from_value(&members) {
        Ok(plain) if usable::<R>(&plain).is_ok() => Ok(plain),
        _ => Err(SetAside::new(name_of(&members), reason)),
    }
}

fn usable<R: ListResult>(text: &RawJson) -> Result<(), String> {
    let entry: R::Entry = text.parse().map_err(|error| error.to_string())?;
    R::check(&entry)
}

/// Returns what an entry is called: its `name`, else its URI.
fn name_of(members: &Members) -> Option<String> {
    ["name", "uri", "uriTemplate"].iter().find_map(|key| members.member(key)?.parse().ok())
}
