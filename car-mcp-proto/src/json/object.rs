//! Objects whose known members are typed and whose unknown members are kept.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};

use super::Members;
use crate::result::ResultType;

/// Gives the members of one object, one after the other.
///
/// It is narrower than serde's `MapAccess` (values are owned), which lets an object be read partly from the input
/// and partly from members that had to be set aside while the union's tag was looked for.
pub(crate) trait MemberSource<'de> {
    type Error: serde::de::Error;

    fn next_name(&mut self) -> Result<Option<Cow<'de, str>>, Self::Error>;
    fn next_value<T: DeserializeOwned>(&mut self) -> Result<T, Self::Error>;
}

/// Builds a type from the members of an object.
pub(crate) trait FromMembers: Sized {
    /// What the type is called in messages: "expected a tool, found …".
    const EXPECTED: &'static str;

    fn from_members<'de, S: MemberSource<'de>>(source: S) -> Result<Self, S::Error>;
}

/// An object that can be the result of a request.
///
/// What says which kind of result it is may stand anywhere in it, so whoever decides (`Outcome`) reads those members
/// itself, and gives them back here once the object turns out to be this one.
pub(crate) trait ResultMembers: FromMembers {
    /// The members that the type names.
    const NAMES: &'static [&'static str];

    fn restore(&mut self, rest: Rest);
}

/// Holds the members of a result that every kind of result has.
#[derive(Default)]
pub(crate) struct Rest {
    pub(crate) result_type: Option<ResultType>,
    pub(crate) meta: Option<Members>,
    pub(crate) unknown: Members,
}

/// Reads members straight from serde's map access.
pub(crate) struct MapMembers<A>(pub(crate) A);

impl<'de, A: MapAccess<'de>> MemberSource<'de> for MapMembers<A> {
    type Error = A::Error;

    fn next_name(&mut self) -> Result<Option<Cow<'de, str>>, A::Error> {
        Ok(self.0.next_key::<Name<'de>>()?.map(|name| name.0))
    }

    fn next_value<T: DeserializeOwned>(&mut self) -> Result<T, A::Error> {
        self.0.next_value()
    }
}

/// Visits an object and builds `T` from its members.
pub(crate) struct ObjectVisitor<T>(PhantomData<T>);

impl<T> ObjectVisitor<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: FromMembers> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_members(MapMembers(map))
    }
}

/// Holds a member's name, borrowed from the input unless it was written with escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a member's name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Defines an object of the protocol.
///
/// Each member is one of these:
///
/// - `req`: must be there;
/// - `lst`: a list that must be there, where `null` counts as empty, because that is how Go writes an empty slice;
/// - `opt`: an `Option`; absent and `null` are the same, left out when `None`;
/// - `any`: an optional JSON value, for which `null` is a value;
/// - `dft`: the type's default when absent or `null`, always written.
///
/// A `tag` clause adds a member with a fixed value, which is how members of a union name themselves. The struct gets
/// a `new` that takes the `req` and `lst` members, the constant `MEMBERS`, and an `unknown` list for everything else
/// that the peer sent. Where a member is repeated the last one counts; repeated unknown members are all kept.
macro_rules! open_object {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident $(tag $tag:literal = $tag_value:literal)? {
            $( $(#[$member_attribute:meta])* $kind:ident $member:ident : $type:ty = $wire:literal, )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$member_attribute])* pub $member: open_object!(@type $kind $type), )*
            /// What the peer sent beside the members above, kept as it was.
            pub unknown: $crate::json::Members,
        }

        open_object!(@new $name [] [] $( $kind $member $type, )*);

        impl $name {
            /// The members that this type names, as they stand on the wire. Every other one goes into `unknown`.
            pub const MEMBERS: &'static [&'static str] = &[$($tag,)? $($wire,)*];
        }

        impl $crate::json::ResultMembers for $name {
            const NAMES: &'static [&'static str] = Self::MEMBERS;

            fn restore(&mut self, rest: $crate::json::Rest) {
                $( open_object!(@restore $member self.$member, rest); )*
                self.unknown = rest.unknown;
            }
        }

        impl $crate::json::FromMembers for $name {
            const EXPECTED: &'static str = concat!("an object (", stringify!($name), ")");

            fn from_members<'de, S: $crate::json::MemberSource<'de>>(mut source: S) -> Result<Self, S::Error> {
                $( let mut $member: Option<open_object!(@type $kind $type)> = None; )*
                let mut unknown = $crate::json::Members::new();
                while let Some(name) = source.next_name()? {
                    match &*name {
                        $( $tag => { source.next_value::<serde::de::IgnoredAny>()?; } )?
                        $( $wire => $member = open_object!(@read $kind source), )*
                        _ => unknown.push(name.into(), source.next_value()?),
                    }
                }
                Ok(Self {
                    $( $member: open_object!(@finish $kind $member $wire S), )*
                    unknown,
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map($crate::json::ObjectVisitor::new())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $( map.serialize_entry($tag, $tag_value)?; )?
                $( open_object!(@write $kind map self.$member, $wire); )*
                for (name, value) in self.unknown.iter() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    };

    (@type req $type:ty) => { $type };
    (@type lst $type:ty) => { $type };
    (@type dft $type:ty) => { $type };
    (@type opt $type:ty) => { Option<$type> };
    (@type any $type:ty) => { Option<$type> };

    (@read req $source:ident) => { Some($source.next_value()?) };
    (@read lst $source:ident) => { Some($source.next_value::<Option<_>>()?.unwrap_or_default()) };
    (@read dft $source:ident) => { $source.next_value::<Option<_>>()? };
    (@read opt $source:ident) => { Some($source.next_value()?) };
    (@read any $source:ident) => { Some(Some($source.next_value()?)) };

    (@finish req $member:ident $wire:literal $source:ident) => {
        $member.ok_or_else(|| <$source::Error as serde::de::Error>::missing_field($wire))?
    };
    (@finish lst $member:ident $wire:literal $source:ident) => {
        open_object!(@finish req $member $wire $source)
    };
    (@finish dft $member:ident $wire:literal $source:ident) => { $member.unwrap_or_default() };
    (@finish opt $member:ident $wire:literal $source:ident) => { $member.flatten() };
    (@finish any $member:ident $wire:literal $source:ident) => { $member.flatten() };

    (@write req $map:ident $value:expr, $wire:literal) => { $map.serialize_entry($wire, &$value)?; };
    (@write lst $map:ident $value:expr, $wire:literal) => { $map.serialize_entry($wire, &$value)?; };
    (@write dft $map:ident $value:expr, $wire:literal) => { $map.serialize_entry($wire, &$value)?; };
    (@write opt $map:ident $value:expr, $wire:literal) => {
        if let Some(value) = &$value {
            $map.serialize_entry($wire, value)?;
        }
    };

    (@write any $map:ident $value:expr, $wire:literal) => {
        open_object!(@write opt $map $value, $wire)
    };

    (@restore meta $place:expr, $rest:ident) => { $place = $rest.meta; };
    (@restore result_type $place:expr, $rest:ident) => { $place = $rest.result_type; };
    (@restore $other:ident $place:expr, $rest:ident) => {};

    // `new` takes the required members in order; the rest start empty.
    (@new $name:ident [$($taken:ident $taken_type:ty,)*] [$($empty:ident,)*] req $member:ident $type:ty, $($rest:tt)*) => {
        open_object!(@new $name [$($taken $taken_type,)* $member $type,] [$($empty,)*] $($rest)*);
    };
    (@new $name:ident [$($taken:ident $taken_type:ty,)*] [$($empty:ident,)*] lst $member:ident $type:ty, $($rest:tt)*) => {
        open_object!(@new $name [$($taken $taken_type,)* $member $type,] [$($empty,)*] $($rest)*);
    };
    (@new $name:ident [$($taken:ident $taken_type:ty,)*] [$($empty:ident,)*] opt $member:ident $type:ty, $($rest:tt)*) => {
        open_object!(@new $name [$($taken $taken_type,)*] [$($empty,)* $member,] $($rest)*);
    };
    (@new $name:ident [$($taken:ident $taken_type:ty,)*] [$($empty:ident,)*] any $member:ident $type:ty, $($rest:tt)*) => {
        open_object!(@new $name [$($taken $taken_type,)*] [$($empty,)* $member,] $($rest)*);
    };
    (@new $name:ident [$($taken:ident $taken_type:ty,)*] [$($empty:ident,)*] dft $member:ident $type:ty, $($rest:tt)*) => {
        open_object!(@new $name [$($taken $taken_type,)*] [$($empty,)* $member,] $($rest)*);
    };
    (@new $name:ident [] [$($empty:ident,)*]) => {
        impl $name {
            /// Returns an object with every member empty.
            pub fn new() -> Self {
                Self { $($empty: Default::default(),)* unknown: $crate::json::Members::new() }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
    };
    (@new $name:ident [$($taken:ident $taken_type:ty,)+] [$($empty:ident,)*]) => {
        impl $name {
            /// Returns an object with the members that must be there, every other one empty.
            pub fn new($($taken: impl Into<$taken_type>,)+) -> Self {
                Self {
                    $($taken: $taken.into(),)+
                    $($empty: Default::default(),)*
                    unknown: $crate::json::Members::new(),
                }
            }
        }
    };
}
