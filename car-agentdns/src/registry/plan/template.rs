//! Texts with places in them.

use std::fmt;

/// A text with places for inputs. It is shown with `{keys}` in these places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Input { key: String, is_secret: bool },
}

impl Template {
    /// Returns whether a secret is in it.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Input { is_secret: true, .. }))
    }

    /// Returns the keys of the inputs in it, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Input { key, .. } => Some(key.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Fills the text, or returns the name of the input for which there is no value.
    ///
    /// # Errors
    /// The key of the input that is missing.
    pub fn render<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Result<String, String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Input { key, .. } => text.push_str(value(key).ok_or_else(|| key.clone())?),
            }
        }
        Ok(text)
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        let mut template = Self::default();
        template.push_text(&text.into());
        template
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Texts that touch are one: two templates with the same text are the same.
    pub(super) fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    pub(super) fn push_input(&mut self, key: String, is_secret: bool) {
        self.0.push(Piece::Input { key, is_secret });
    }

    /// Returns whether it begins with what somebody gives.
    pub(super) fn begins_with_input(&self) -> bool {
        matches!(self.0.first(), Some(Piece::Input { .. }))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => formatter.write_str(text)?,
                Piece::Input { key, .. } => write!(formatter, "{{{key}}}")?,
            }
        }
        Ok(())
    }
}

/// A part of a text that may have `{names}` in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Text(&'a str),
    /// What is between braces. As text it is what it was, braces included.
    Name {
        name: &'a str,
        whole: &'a str,
    },
}

/// Splits a text at its `{names}`. There is no nesting and no escaping: a brace that does not close is text.
pub(super) fn split(mut text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    // Where the text that is not yet a part goes on: an opening brace may turn out to be none.
    let mut from = 0;
    while let Some(open) = text[from..].find('{').map(|place| from + place) {
        let end = text[open + 1..].find(['{', '}']).map(|place| open + 1 + place);
        match end {
            Some(end) if text[end..].starts_with('}') && end > open + 1 => {
                if open > 0 {
                    parts.push(Part::Text(&text[..open]));
                }
                parts.push(Part::Name { name: &text[open + 1..end], whole: &text[open..=end] });
                text = &text[end + 1..];
                from = 0;
            }
            Some(end) => from = if text[end..].starts_with('{') { end } else { end + 1 },
            None => break,
        }
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_names_and_leaves_other_braces() {
        let shown = |text: &str| -> String {
            let parts = split(text);
            let words = parts.iter().map(|part| match part {
                Part::Text(text) => format!("[{text}]"),
                Part::Name { name, .. } => format!("<{name}>"),
            });
            words.collect()
        };
        for (text, expected) in [
            ("", ""),
            ("plain", "[plain]"),
            ("Bearer {token}", "[Bearer ]<token>"),
            ("{a}{b}-{a}", "<a><b>[-]<a>"),
            ("{", "[{]"),
            ("}{", "[}{]"),
            ("{}x{a}", "[{}x]<a>"),
            ("{{a}}", "[{]<a>[}]"),
            (r#"{"k":{"n":1}}"#, r#"[{"k":]<"n":1>[}]"#),
            ("ä{ö}ü", "[ä]<ö>[ü]"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn is_rendered_by_whoever_has_the_values() {
        let mut template = Template::text("Bearer ");
        template.push_text("");
        template.push_input("token".to_owned(), true);
        assert_eq!(template.to_string(), "Bearer {token}");
        assert!(template.is_secret());
        assert_eq!(template.render(|key| (key == "token").then_some("s3cret")).unwrap(), "Bearer s3cret");
        assert_eq!(template.render(|_| None).unwrap_err(), "token");
    }
}
