//! JSON as this crate reads and writes it: raw text that is only passed on, objects that keep what they do not
//! know, enumerations that stay open, and unions told apart by a tag.
//!
//! serde's own `flatten` and `untagged` buffer their input, which costs a second parse and breaks raw JSON. The
//! macros here write the visitors instead: known members are typed, the others are kept as raw text, in order.

#[macro_use]
mod object;
#[macro_use]
mod open_enum;
#[macro_use]
mod union;
mod raw;

pub(crate) use object::{FromMembers, MapMembers, MemberSource, ObjectVisitor, Rest, ResultMembers};
pub use raw::{Members, RawJson};
pub(crate) use union::Replayed;
