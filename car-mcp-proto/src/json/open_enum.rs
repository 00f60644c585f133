//! Enumerations that keep a value they do not know.

/// Defines a string enumeration that stays open: the values of the specification are constants, and a value that a
/// later revision adds is kept and sent on as it came.
macro_rules! open_enum {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $( $(#[$value_attribute:meta])* $constant:ident = $wire:literal, )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            $( $(#[$value_attribute])* pub const $constant: Self = Self(std::borrow::Cow::Borrowed($wire)); )*

            /// Every value that the specification names.
            pub const KNOWN: &'static [Self] = &[$(Self::$constant),*];

            /// Returns the value as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns whether the specification names this value.
            pub fn is_known(&self) -> bool {
                matches!(&*self.0, $($wire)|*)
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $( $wire => Self::$constant, )*
                    other => Self(std::borrow::Cow::Owned(other.to_owned())),
                }
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                match &*value {
                    $( $wire => Self::$constant, )*
                    _ => Self(std::borrow::Cow::Owned(value)),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&*self.0, formatter)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ValueVisitor;
                impl serde::de::Visitor<'_> for ValueVisitor {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str(concat!("a string (", stringify!($name), ")"))
                    }

                    fn visit_str<E>(self, value: &str) -> Result<$name, E> {
                        Ok(value.into())
                    }
                }
                deserializer.deserialize_str(ValueVisitor)
            }
        }
    };
}
