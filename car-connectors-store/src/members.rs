//! JSON objects that keep what they do not understand: every member, its order and its bytes.

use std::{borrow::Cow, fmt, path::Path};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor},
    ser::SerializeMap as _,
};
use serde_json::value::RawValue;

use crate::StoreError;

/// The members of an object as they stand in a file.
struct Borrowed<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Borrowed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Borrowed<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                while let Some(name) = map.next_key::<BorrowedName<'de>>()? {
                    if members.iter().any(|(known, _)| *known == name.0) {
                        // One of the two would be lost at the next write.
                        return Err(A::Error::custom(format!("member {:?} appears twice", name.0)));
                    }
                    members.push((name.0, map.next_value()?));
                }
                Ok(Borrowed(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A member's name, borrowed from the file unless it holds escapes.
#[derive(Deserialize)]
struct BorrowedName<'a>(#[serde(borrow)] Cow<'a, str>);

/// A place in a file, for errors that name it.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
}

impl<'a> Source<'a> {
    /// Parses a part of the text; an error names the line and column in the whole.
    pub(crate) fn parse<T: Deserialize<'a>>(self, part: &'a str) -> Result<T, StoreError> {
        serde_json::from_str(part).map_err(|error| {
            let message = error.to_string();
            // The library ends its text with the position in the part, which would contradict ours.
            let end = message.rfind(" at line ").unwrap_or(message.len());
            let (line, column) = self.position(part);
            let column = if error.line() <= 1 { column + error.column().max(1) - 1 } else { error.column() };
            self.malformed(line + error.line().max(1) - 1, column, &message[..end])
        })
    }

    /// Says that the part is wrong where it begins.
    pub(crate) fn refuse(self, part: &'a str, message: &str) -> StoreError {
        let (line, column) = self.position(part);
        self.malformed(line, column, message)
    }

    fn malformed(self, line: usize, column: usize, message: &str) -> StoreError {
        StoreError::Malformed { path: self.path.to_owned(), line, column, message: message.to_owned() }
    }

    /// Returns the line and column where a part of the text begins, both counted from one.
    fn position(self, part: &str) -> (usize, usize) {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
        (line, column)
    }
}

/// An object while it is read.
pub(crate) struct Reader<'a> {
    source: Source<'a>,
    part: &'a str,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: Source<'a>, part: &'a str) -> Result<Self, StoreError> {
        Ok(Self { source, part, members: source.parse::<Borrowed<'a>>(part)?.0 })
    }

    /// Returns the bytes of a member; `null` is as good as absent.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        let (_, raw) = self.members.iter().find(|(known, _)| known == name)?;
        (raw.get() != "null").then(|| raw.get())
    }

    /// Returns a member's value if it is there.
    pub(crate) fn optional<T: Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.raw(name).map(|part| self.source.parse(part)).transpose()
    }

    /// Returns the value of a member that must be there.
    pub(crate) fn required<T: Deserialize<'a>>(&self, name: &str) -> Result<T, StoreError> {
        self.optional(name)?
            .ok_or_else(|| self.source.refuse(self.part, &format!("expected member {name:?}, found none")))
    }

    /// Returns the name and the bytes of every member.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(name, raw)| (&**name, raw.get()))
    }

    /// Returns what to keep so that the object can be written back.
    pub(crate) fn into_members(self) -> Members {
        Members(self.members.into_iter().map(|(name, raw)| (name.into_owned(), raw.to_owned())).collect())
    }
}

/// Every member of an object as it was read; the known ones are overlaid when it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members(Vec<(String, Box<RawValue>)>);

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        let pair = |(name, raw): &(String, Box<RawValue>)| (name.clone(), raw.get().to_owned());
        self.0.iter().map(pair).eq(other.0.iter().map(pair))
    }
}

impl Members {
    /// Returns a member as it was read or set.
    pub(crate) fn raw(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, raw)| &**raw)
    }

    /// Puts a member in its place, or at the end; `None` removes it.
    pub(crate) fn set(&mut self, name: &str, raw: Option<Box<RawValue>>) {
        let place = self.0.iter().position(|(known, _)| known == name);
        match (place, raw) {
            (Some(place), Some(raw)) => self.0[place].1 = raw,
            (Some(place), None) => drop(self.0.remove(place)),
            (None, Some(raw)) => self.0.push((name.to_owned(), raw)),
            (None, None) => {}
        }
    }

    /// Starts the object as it will be written.
    pub(crate) fn writer(&self) -> Writer {
        Writer(self.0.iter().map(|(name, raw)| (name.clone(), Node::Raw(raw.clone()))).collect())
    }
}

/// An object while it is made ready to be written.
pub(crate) struct Writer(Vec<(String, Node)>);

/// A value that is written: bytes that are passed on, or something laid out anew.
pub(crate) enum Node {
    Raw(Box<RawValue>),
    Object(Writer),
    Array(Vec<Writer>),
}

impl Writer {
    /// Sets a known member, unless what was read already says the same: then its bytes stay.
    pub(crate) fn set<T: Serialize + DeserializeOwned + PartialEq>(&mut self, name: &str, value: &T) {
        if let Some((_, Node::Raw(raw))) = self.0.iter().find(|(known, _)| known == name)
            && serde_json::from_str::<T>(raw.get()).is_ok_and(|read| read == *value)
        {
            return;
        }
        let raw = serde_json::value::to_raw_value(value).expect("strings, numbers and lists are always JSON");
        self.place(name, Some(Node::Raw(raw)));
    }

    /// Sets a known member that is left out while it is empty, unless it was written out before.
    pub(crate) fn set_unless_empty<T>(&mut self, name: &str, value: &T)
    where
        T: Serialize + DeserializeOwned + PartialEq + Default,
    {
        let read = self.0.iter().find(|(known, _)| known == name);
        let was_empty = matches!(read, None | Some((_, Node::Raw(_))))
            && read.is_none_or(|(_, node)| matches!(node, Node::Raw(raw) if raw.get() == "null"));
        if !(was_empty && *value == T::default()) {
            self.set(name, value);
        }
    }

    /// Sets, or with `None` removes, a member that is an object or a list of them. A `null` stays one.
    pub(crate) fn place(&mut self, name: &str, node: Option<Node>) {
        let place = self.0.iter().position(|(known, _)| known == name);
        match (place, node) {
            (Some(place), Some(node)) => self.0[place].1 = node,
            (Some(place), None) if matches!(&self.0[place].1, Node::Raw(raw) if raw.get() == "null") => {}
            (Some(place), None) => drop(self.0.remove(place)),
            (None, Some(node)) => self.0.push((name.to_owned(), node)),
            (None, None) => {}
        }
    }

    /// Starts an object of objects.
    pub(crate) fn of_objects(objects: impl Iterator<Item = (String, Self)>) -> Self {
        Self(objects.map(|(name, object)| (name, Node::Object(object))).collect())
    }

    /// Moves a member to the front, where a person looks for a version.
    pub(crate) fn move_to_front(&mut self, name: &str) {
        if let Some(place) = self.0.iter().position(|(known, _)| known == name) {
            self.0[..=place].rotate_right(1);
        }
    }
}

impl Serialize for Writer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, node) in &self.0 {
            map.serialize_entry(name, node)?;
        }
        map.end()
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
            Self::Array(array) => array.serialize(serializer),
        }
    }
}
