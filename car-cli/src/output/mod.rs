//! Standard output and error: one screen, tables for people, JSON for programs.

mod content;
mod plain;
mod screen;
mod table;
mod wait;

pub(crate) use content::describe as describe_content;
pub(crate) use plain::plain;
pub(crate) use screen::Screen;
pub(crate) use wait::Wait;
