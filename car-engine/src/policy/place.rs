//! Places in the text of a policy: where a rule is put, and what goes with one that is removed.

use std::ops::Range;

/// Returns how the text ends its lines.
pub(super) fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Puts an entry after the last one of a list, whose brackets are at both ends of `list`.
pub(super) fn insert_last(text: &mut String, entries: &[Range<usize>], list: Range<usize>, entry: &str) {
    let Some(last) = entries.last() else {
        // What stands between the brackets is white space and comments; a comment ends with its line.
        return text.insert_str(list.start + 1, entry);
    };
    let (mut end, has_comma) = after_comma(text, last.end);
    if !has_comma {
        text.insert(last.end, ',');
        end = last.end + 1;
    }
    let close = list.end + usize::from(!has_comma);
    match text[end..close].find('\n') {
        Some(at) => {
            let line = text[..last.start].rfind('\n').map_or(0, |at| at + 1);
            let indent = indent(&text[line..]).to_owned();
            text.insert_str(end + at + 1, &format!("{indent}{entry},{}", newline(text)));
        }
        None => text.insert_str(end, &format!(" {entry}")),
    }
}

/// Removes one entry of a list with its comma, and its line where it has one to itself.
pub(super) fn remove_element(text: &mut String, entries: &[Range<usize>], which: usize) {
    let Range { start, end } = entries[which].clone();
    let (after, has_comma) = after_comma(text, end);
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[after..].find('\n').map_or(text.len(), |at| after + at + 1);
    let rest = text[after..line_end].trim();
    if text[line..start].trim().is_empty() && (rest.is_empty() || rest.starts_with('#')) {
        text.replace_range(line..line_end, "");
    } else if has_comma {
        let spaces = text[after..].len() - text[after..].trim_start_matches([' ', '\t']).len();
        text.replace_range(start..after + spaces, "");
    } else {
        // The last one without a comma: the one before it gives up its own, where nothing but that is between them.
        let before = which.checked_sub(1).map_or(start, |before| entries[before].end);
        let between = text[before..start].trim();
        let start = if between == "," || between.is_empty() { before } else { start };
        text.replace_range(start..end, "");
    }
}

/// Removes whole lines, and one of the two empty ones that would come together then.
pub(super) fn remove_lines(text: &mut String, place: Range<usize>) {
    let start = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
    let mut end = text[place.end..].find('\n').map_or(text.len(), |at| place.end + at + 1);
    let before = &text[..start];
    let is_after_gap = before.is_empty() || before.ends_with("\n\n") || before.ends_with("\n\r\n");
    if is_after_gap {
        let blank = ["\r\n", "\n"].iter().find(|blank| text[end..].starts_with(**blank));
        end += blank.map_or(0, |blank| blank.len());
    }
    text.replace_range(start..end, "");
    // A gap at the end of the file separates nothing any more.
    let kept = text.trim_end_matches(['\r', '\n']).len();
    if start == text.len() && kept > 0 {
        let newline = newline(text);
        text.truncate(kept);
        text.push_str(newline);
    }
}

/// Returns where the comma after an entry ends, if there is one; else where the entry does.
fn after_comma(text: &str, end: usize) -> (usize, bool) {
    let rest = &text[end..];
    let comma = rest.len() - rest.trim_start().len();
    if rest[comma..].starts_with(',') { (end + comma + 1, true) } else { (end, false) }
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}
