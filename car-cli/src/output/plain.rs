//! Text from servers, made harmless for a terminal.

use std::borrow::Cow;

/// Returns the text without what a terminal would obey: escape sequences, and marks that reorder what is read.
///
/// A server's words are data. On a terminal they could otherwise move the cursor, rewrite lines above, or set the
/// clipboard.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    match text.contains(is_harmful) {
        true => Cow::Owned(text.replace(is_harmful, "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

fn is_harmful(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        // Marks that change the direction of writing can make one name look like another.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_what_a_terminal_would_obey() {
        assert_eq!(plain("a\u{1b}[2Jb\u{9b}c\u{202e}d\r"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}");
        assert!(matches!(plain("two\nlines\tand ümläuts"), Cow::Borrowed(_)));
    }
}
