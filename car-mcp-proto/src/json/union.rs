//! Unions told apart by the value of one member, without buffering where that member comes first.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Error as _};

use super::{MemberSource, RawJson};

/// Gives back the members that came before the tag, then the rest of the input.
pub(crate) struct Replayed<'de, S> {
    early: std::vec::IntoIter<(Cow<'de, str>, RawJson)>,
    value: Option<RawJson>,
    rest: S,
}

impl<'de, S: MemberSource<'de>> Replayed<'de, S> {
    /// Reads until the tag. Returns its value, if it was found, and all other members.
    pub(crate) fn until_tag(tag: &str, mut rest: S) -> Result<(Option<String>, Self), S::Error> {
        let mut early = Vec::new();
        let mut found = None;
        while let Some(name) = rest.next_name()? {
            if *name == *tag {
                found = Some(rest.next_value()?);
                break;
            }
            early.push((name, rest.next_value()?));
        }
        Ok((found, Self { early: early.into_iter(), value: None, rest }))
    }
}

impl<'de, S: MemberSource<'de>> MemberSource<'de> for Replayed<'de, S> {
    type Error = S::Error;

    fn next_name(&mut self) -> Result<Option<Cow<'de, str>>, S::Error> {
        match self.early.next() {
            Some((name, value)) => {
                self.value = Some(value);
                Ok(Some(name))
            }
            None => self.rest.next_name(),
        }
    }

    fn next_value<T: DeserializeOwned>(&mut self) -> Result<T, S::Error> {
        match self.value.take() {
            Some(value) => value.parse().map_err(S::Error::custom),
            None => self.rest.next_value(),
        }
    }
}

/// Defines a union of objects told apart by one member. A value with an unknown tag is kept whole.
macro_rules! tagged_union {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident by $tag:literal {
            $( $(#[$variant_attribute:meta])* $variant:ident($type:ty) = $wire:literal, )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_attribute])* $variant($type), )*
            /// A kind that this release does not know, kept as it came.
            Unknown {
                /// The value of the tag.
                tag: String,
                /// Every other member.
                members: $crate::json::Members,
            },
        }

        impl $crate::json::FromMembers for $name {
            const EXPECTED: &'static str = concat!("an object (", stringify!($name), ") with a `", $tag, "`");

            fn from_members<'de, S: $crate::json::MemberSource<'de>>(source: S) -> Result<Self, S::Error> {
                let (tag, mut source) = $crate::json::Replayed::until_tag($tag, source)?;
                let tag = tag.ok_or_else(|| <S::Error as serde::de::Error>::missing_field($tag))?;
                match &*tag {
                    $( $wire => <$type as $crate::json::FromMembers>::from_members(source).map(Self::$variant), )*
                    _ => {
                        use $crate::json::MemberSource as _;
                        let mut members = $crate::json::Members::new();
                        while let Some(name) = source.next_name()? {
                            members.push(name.into(), source.next_value()?);
                        }
                        Ok(Self::Unknown { tag, members })
                    }
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map($crate::json::ObjectVisitor::new())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(value) => value.serialize(serializer), )*
                    Self::Unknown { tag, members } => {
                        use serde::ser::SerializeMap as _;
                        let mut map = serializer.serialize_map(Some(members.len() + 1))?;
                        map.serialize_entry($tag, tag)?;
                        for (name, value) in members.iter() {
                            map.serialize_entry(name, value)?;
                        }
                        map.end()
                    }
                }
            }
        }

        $( impl From<$type> for $name {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        } )*
    };
}
