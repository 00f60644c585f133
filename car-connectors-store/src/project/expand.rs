//! `${VARIABLE}` and `${VARIABLE:-default}` in the texts of a project's file.
//!
//! A `$` that no `{` follows is a plain `$`. What a variable holds is not expanded again.

use std::path::Path;

use super::value::LONGEST_STRING;
use crate::{Connector, ProjectOrigin, StdioCommand};

/// Says why a text cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// A variable is not set, and the text has no default for it.
    #[error("the variable {variable} is not set")]
    Unset {
        /// The variable.
        variable: String,
    },
    /// A `${` is not followed by a name and `}`.
    #[error("expected ${{NAME}} or ${{NAME:-default}}, found {found:?}")]
    Malformed {
        /// The text from `${` on, its first characters.
        found: String,
    },
    /// What came out is longer than anything that is used.
    #[error("the text is longer than {limit} bytes when its variables are in place")]
    TooLong {
        /// The most bytes that are used.
        limit: usize,
    },
}

/// Says why a connector of a project cannot be used now, and which of its fields is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// A text cannot be expanded.
    #[error("{field} cannot be used: {error}")]
    Text {
        /// The field, such as `url` or `env.HOME`.
        field: String,
        /// Why; it is part of this error's own text.
        error: ExpandError,
    },
    /// The folder to start in is not there.
    #[error("cwd cannot be used: there is no folder {folder}")]
    NoFolder {
        /// The folder.
        folder: String,
    },
}

/// One piece of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    Literal(&'a str),
    Variable { name: &'a str, default: Option<&'a str> },
}

/// How much of a malformed text an error shows.
const SHOWN_CHARS: usize = 20;

/// Takes a text apart.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, ExpandError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        let malformed = || ExpandError::Malformed { found: from.chars().take(SHOWN_CHARS).collect() };
        let end = from.find('}').ok_or_else(malformed)?;
        let inner = &from[2..end];
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        if !is_name(name) || default.is_some_and(|default| default.contains("${")) {
            return Err(malformed());
        }
        if !before.is_empty() {
            pieces.push(Piece::Literal(before));
        }
        pieces.push(Piece::Variable { name, default });
        rest = &from[end + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    Ok(pieces)
}

/// Tells whether a text is a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    !text.starts_with(|first: char| first.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|one| one.is_ascii_alphanumeric() || one == '_')
}

/// Puts the variables of a text in place. A default stands in for a variable that is not set or empty.
///
/// # Errors
/// Names the variable that is not set.
pub fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, ExpandError> {
    let mut expanded = String::with_capacity(text.len());
    for piece in pieces(text)? {
        match piece {
            Piece::Literal(literal) => expanded.push_str(literal),
            Piece::Variable { name, default } => match (lookup(name), default) {
                (Some(value), None) => expanded.push_str(&value),
                (Some(value), Some(_)) if !value.is_empty() => expanded.push_str(&value),
                (_, Some(default)) => expanded.push_str(default),
                (None, None) => return Err(ExpandError::Unset { variable: name.to_owned() }),
            },
        }
        if expanded.len() > LONGEST_STRING {
            return Err(ExpandError::TooLong { limit: LONGEST_STRING });
        }
    }
    Ok(expanded)
}

impl Connector {
    /// Returns the connector as it is used: the variables of one that comes from a project's file are in place, and its
    /// local server has a folder to start in, the project's where the file names none. Any other is returned as it is.
    ///
    /// Headers keep their variables, because what they hold is secret; that these are set is checked. `has_folder` tells
    /// whether a folder is there.
    ///
    /// # Errors
    /// Names the field, and the variable that is not set or the folder that is not there.
    pub fn expanded(
        &self,
        lookup: &dyn Fn(&str) -> Option<String>,
        has_folder: &dyn Fn(&Path) -> bool,
    ) -> Result<Self, Unusable> {
        let Some(project) = &self.project else { return Ok(self.clone()) };
        let text = |field: &str, text: &str| {
            expand(text, lookup).map_err(|error| Unusable::Text { field: field.to_owned(), error })
        };
        for (name, value) in &project.headers {
            drop(text(&format!("the header {name}"), value)?);
        }
        let mut connector = self.clone();
        connector.url = text("url", &self.url)?;
        if let Some(stdio) = &mut connector.stdio {
            expand_command(stdio, project, &text)?;
            let folder = stdio.cwd.as_deref().unwrap_or(&project.folder);
            if !has_folder(Path::new(folder)) {
                return Err(Unusable::NoFolder { folder: folder.to_owned() });
            }
        }
        Ok(connector)
    }
}

fn expand_command(
    stdio: &mut StdioCommand,
    project: &ProjectOrigin,
    text: &dyn Fn(&str, &str) -> Result<String, Unusable>,
) -> Result<(), Unusable> {
    stdio.command = text("command", &stdio.command)?;
    for (place, argument) in stdio.args.iter_mut().enumerate() {
        *argument = text(&format!("args[{place}]"), argument)?;
    }
    for (name, value) in &mut stdio.env {
        *value = text(&format!("env.{name}"), value)?;
    }
    let cwd = text("cwd", stdio.cwd.as_deref().unwrap_or("."))?;
    let folder = Path::new(&project.folder);
    // Joining "." would leave a dot at the end of what is shown.
    let folder = if cwd == "." { folder.to_owned() } else { folder.join(cwd) };
    stdio.cwd = Some(folder.to_string_lossy().into_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "A" => Some("one".to_owned()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${A}".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn puts_variables_and_defaults_in_place_once() {
        for (text, expected) in [
            ("plain $5 } {", "plain $5 } {"),
            ("${A}/${A}", "one/one"),
            ("${A:-two}", "one"),
            ("${B:-two}", "two"),
            ("${B:-}", ""),
            ("${EMPTY:-two}", "two"),
            ("x${EMPTY}y", "xy"),
            ("${NESTED}", "${A}"),
            ("$A", "$A"),
        ] {
            assert_eq!(expand(text, &lookup).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn names_a_variable_that_is_not_set_and_a_text_that_is_malformed() {
        assert_eq!(expand("${B}", &lookup).unwrap_err().to_string(), "the variable B is not set");
        for text in ["${A", "${}", "${1A}", "${A B}", "${A:-${B}}", "${A-x}"] {
            assert!(matches!(expand(text, &lookup), Err(ExpandError::Malformed { .. })), "{text}");
        }
        let long = |_: &str| Some("x".repeat(LONGEST_STRING));
        assert!(matches!(expand("${A}x", &long), Err(ExpandError::TooLong { .. })));
    }

    #[test]
    fn expands_every_text_of_a_command_and_names_the_one_that_cannot_be() {
        let mut command = StdioCommand::new("${A}", ["${A}"]);
        command.env.insert("E".to_owned(), "${A}".to_owned());
        command.cwd = Some("sub".to_owned());
        let mut connector = Connector::local("x", "X", command);
        assert_eq!(connector.expanded(&lookup, &|_| true).unwrap(), connector, "a user's own is left alone");
        connector.project = Some(ProjectOrigin::new("/p/.car/connectors.toml", "/p"));
        let stdio = connector.expanded(&lookup, &|_| true).unwrap().stdio.unwrap();
        assert_eq!(
            (stdio.command.as_str(), stdio.args[0].as_str(), stdio.env["E"].as_str()),
            ("one", "one", "one")
        );
        assert_eq!(Path::new(stdio.cwd.as_deref().unwrap()), Path::new("/p").join("sub"));
        let told = connector.expanded(&lookup, &|_| false).unwrap_err().to_string();
        assert!(told.starts_with("cwd cannot be used: there is no folder /p"), "{told}");
        connector.stdio.as_mut().unwrap().env.insert("F".to_owned(), "${GONE}".to_owned());
        let told = connector.expanded(&lookup, &|_| true).unwrap_err().to_string();
        assert_eq!(told, "env.F cannot be used: the variable GONE is not set");
    }

    proptest! {
        #[test]
        fn takes_any_text_apart_without_losing_anything(text in "[$\\{}:\\-A_1 ]{0,24}") {
            if let Ok(pieces) = pieces(&text) {
                let written: String = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Literal(literal) => (*literal).to_owned(),
                        Piece::Variable { name, default: None } => format!("${{{name}}}"),
                        Piece::Variable { name, default: Some(default) } => format!("${{{name}:-{default}}}"),
                    })
                    .collect();
                prop_assert_eq!(written, text);
            }
        }
    }
}
