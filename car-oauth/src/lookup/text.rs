//! Text of a peer, made fit to be shown to a person.

/// The longest URL that is shown whole: it fits on two lines of a terminal.
const LONGEST_SHOWN_URL: usize = 200;

/// Returns the text on one line without what could move a cursor or turn the reading direction round, and cut after
/// that many characters. Blanks at both ends are gone.
pub(crate) fn cleaned(text: &str, longest: usize) -> String {
    let mut clean = String::new();
    // One more than fits is looked at, so that a cut shows; what is left out may be long, so that is bounded too.
    let fit = text.chars().take(longest.saturating_mul(4)).map(|character| match character {
        '\n' | '\r' | '\t' => ' ',
        other => other,
    });
    let mut length = 0;
    for character in fit.filter(|character| !is_unfit(*character)) {
        if character == ' ' && (clean.is_empty() || clean.ends_with(' ')) {
            continue;
        }
        if length == longest {
            clean.push('…');
            return clean;
        }
        clean.push(character);
        length += 1;
    }
    clean.truncate(clean.trim_end().len());
    clean
}

/// Control characters, and those that a reader cannot see: direction marks, joiners, separators, tags.
fn is_unfit(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns a URL as it may stand in an error or a log: cut where it is long, and without what may be a secret, which
/// are its user and password, its query and its fragment.
pub(crate) fn shown(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let url = &url[..end];
    let Some((scheme, rest)) = url.split_once("://") else { return cleaned(url, LONGEST_SHOWN_URL) };
    let authority = rest.find(['/', '\\']).unwrap_or(rest.len());
    let host = rest[..authority].rfind('@').map_or(0, |at| at + 1);
    cleaned(&format!("{scheme}://{}", &rest[host..]), LONGEST_SHOWN_URL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_what_could_mislead_a_reader() {
        for (text, wanted) in [
            ("ada@example.com", "ada@example.com"),
            ("a\u{1b}[31mred", "a[31mred"),
            ("user\u{202e}moc.elpmaxe", "usermoc.elpmaxe"),
            ("two\r\nlines", "two lines"),
            ("  much   room\t", "much room"),
            ("zero\u{200b}width\u{feff}", "zerowidth"),
            ("", ""),
        ] {
            assert_eq!(cleaned(text, 40), wanted);
        }
    }

    #[test]
    fn cuts_where_it_is_long() {
        assert_eq!(cleaned("éclair", 6), "éclair");
        assert_eq!(cleaned("éclairs", 6), "éclair…");
        assert_eq!(cleaned(&"a".repeat(1_000_000), 3), "aaa…");
    }

    #[test]
    fn shows_no_secret_of_a_url() {
        for (url, wanted) in [
            ("https://h.example/mcp?token=s3cret", "https://h.example/mcp"),
            ("https://ada:s3cret@h.example/mcp#x", "https://h.example/mcp"),
            ("https://ada:p@ss@h.example", "https://h.example"),
            ("https://h.example/@ada", "https://h.example/@ada"),
            ("javascript:alert(1)", "javascript:alert(1)"),
        ] {
            assert_eq!(shown(url), wanted);
        }
        assert!(shown(&format!("https://{}", "a".repeat(5_000))).chars().count() <= LONGEST_SHOWN_URL + 1);
    }
}
