//! JSON objects from strangers: a member of another type is as good as none, and every text is bounded.

use std::collections::HashMap;

use serde_json::value::RawValue;

/// The longest text that is kept, in characters: a description of some paragraphs.
const MAX_TEXT_CHARS: usize = 2_000;

/// The longest name, title or version that is kept, in characters.
const MAX_WORD_CHARS: usize = 200;

/// The longest URL that is kept, in bytes: what browsers and servers take.
const MAX_URL_BYTES: usize = 2_048;

/// How many tags, remotes or the like are read of one list.
const MAX_ITEMS: usize = 64;

/// The members of an object.
pub(super) struct Members<'a>(HashMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    /// Reads an object.
    pub(super) fn read(text: &'a str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text).map(Self).map_err(|error| format!("expected JSON: {error}")),
            false => Err("expected a JSON object, found something else".to_owned()),
        }
    }

    /// Returns a member as it stands; `null` is as good as none.
    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied().filter(|raw| raw.get() != "null")
    }

    /// Returns the first of these members that is a text with anything in it, on as many lines as it has.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| text(self.raw(name)?, MAX_TEXT_CHARS))
    }

    /// Returns the first of these members that is a text with anything in it, as one line.
    pub(super) fn word(&self, names: &[&str]) -> Option<String> {
        let text = names.iter().find_map(|name| text(self.raw(name)?, MAX_WORD_CHARS))?;
        Some(text.replace(['\n', '\t'], " "))
    }

    /// Returns the first of these members that is a text, as a URL: whole or not at all.
    pub(super) fn url(&self, names: &[&str]) -> Option<String> {
        let url: String = names.iter().find_map(|name| serde_json::from_str(self.raw(name)?.get()).ok())?;
        let url = url.trim();
        let is_clean = !url.is_empty() && url.len() <= MAX_URL_BYTES && !url.chars().any(char::is_control);
        is_clean.then(|| url.to_owned())
    }

    /// Returns a member that is an object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Members::read(self.raw(name)?.get()).ok()
    }

    /// Returns the items of a member that is a list, some of them if there are many.
    pub(super) fn items(&self, name: &str) -> Vec<&'a RawValue> {
        let mut items = self.list(name).unwrap_or_default();
        items.truncate(MAX_ITEMS);
        items
    }

    /// Returns all items of a member that is a list.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    /// Returns the items of a list that are objects.
    pub(super) fn objects(&self, name: &str) -> impl Iterator<Item = Members<'a>> {
        self.items(name).into_iter().filter_map(|item| Members::read(item.get()).ok())
    }

    /// Returns the items of a list that are texts, each as one line.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        let words = self.items(name).into_iter().filter_map(|item| text(item, MAX_WORD_CHARS));
        words.map(|word| word.replace(['\n', '\t'], " ")).collect()
    }
}

/// Returns a text without blanks around it and without control characters, shortened.
fn text(raw: &RawValue, most: usize) -> Option<String> {
    let text: String = serde_json::from_str(raw.get()).ok()?;
    let visible = |one: char| if one.is_control() && !matches!(one, '\n' | '\t') { ' ' } else { one };
    let text: String = text.trim().chars().map(visible).take(most).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_member_of_another_type_for_none_and_bounds_the_rest() {
        let long = "x".repeat(5_000);
        let text = format!(
            r#"{{"a":7,"b":null,"c":" c\u001b[2J\nd ","d":"{long}","e":["x",7,"y\u0007"],"f":{{"g":"h"}}}}"#
        );
        let members = Members::read(&text).unwrap();
        assert_eq!(members.text(&["a", "b", "c"]).unwrap(), "c [2J\nd");
        assert_eq!(members.word(&["c"]).unwrap(), "c [2J d");
        assert_eq!(members.text(&["d"]).unwrap().len(), MAX_TEXT_CHARS);
        assert_eq!(members.url(&["d"]), None);
        assert_eq!(members.words("e"), ["x", "y "]);
        assert!(members.words("a").is_empty() && members.object("e").is_none());
        assert_eq!(members.object("f").unwrap().word(&["g"]).unwrap(), "h");
        for text in ["", "[]", "{", "7", "nul", "{\"a\":}"] {
            assert!(Members::read(text).is_err(), "{text}");
        }
    }
}
