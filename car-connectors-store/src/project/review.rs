//! What a person is shown before they trust a project's file: everything, whole, and with nothing that cannot be seen.

use similar::{ChangeTag, TextDiff};

use super::visible;
use crate::Connector;

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 2;

/// Describes what a connector of a project would contact or start, one fact a line, as `label: value`.
///
/// Texts are quoted, whole, and what cannot be seen in them is written out. Variables are as the file has them.
#[must_use]
pub fn describe(connector: &Connector) -> Vec<String> {
    let mut lines = Vec::new();
    if !connector.url.is_empty() {
        lines.push(format!("contacts: {}", quoted(&connector.url)));
    }
    if let Some(stdio) = &connector.stdio {
        lines.push(format!("starts: {}", quoted(&stdio.command)));
        lines.extend(stdio.args.iter().map(|argument| format!("  with: {}", quoted(argument))));
        lines.push(format!("  in: {}", quoted(stdio.cwd.as_deref().unwrap_or("."))));
        lines.extend(
            stdio.env.iter().map(|(name, value)| format!("  env: {}={}", visible(name), quoted(value))),
        );
    }
    if let Some(project) = &connector.project {
        let headers = project.headers.iter();
        lines.extend(headers.map(|(name, value)| format!("sends: {}: {}", visible(name), quoted(value))));
    }
    if let Some(oauth) = &connector.oauth {
        lines.extend(oauth.scopes.iter().map(|scope| format!("asks for: {}", quoted(scope))));
    }
    if let Some(project) = &connector.project {
        lines.extend(project.disabled_tools.iter().map(|tool| format!("leaves out: {}", quoted(tool))));
        let seconds = |label: &str, time: Option<f64>| time.map(|time| format!("{label}: {time} s"));
        lines.extend(seconds("connects within", project.startup_timeout_sec));
        lines.extend(seconds("waits without progress for", project.tool_timeout_sec));
    }
    match connector.enabled_tools.as_slice() {
        [] => lines.push("enables: no tool".to_owned()),
        tools => lines.extend(tools.iter().map(|tool| format!("enables: {}", quoted(tool)))),
    }
    lines
}

/// Puts a text in quotes that it cannot end itself: else one argument could look like two.
fn quoted(text: &str) -> String {
    format!("\"{}\"", visible(text).replace('\\', r"\\").replace('"', "\\\""))
}

/// Shows the lines that differ between two contents, `-` before and `+` now, with what is around them.
#[must_use]
pub fn difference(before: &str, now: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(before, now);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        if !lines.is_empty() {
            lines.push("  …".to_owned());
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.value();
            lines.push(format!("{sign} {}", visible(line.strip_suffix('\n').unwrap_or(line))));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StdioCommand;

    #[test]
    fn shows_a_whole_command_with_what_cannot_be_seen() {
        let long = "x".repeat(5000);
        let mut command = StdioCommand::new("ev\u{202e}il", [long.as_str(), "a\\\" \"b\u{200b}\n"]);
        command.env.insert("A".to_owned(), "${HOME}".to_owned());
        let lines = describe(&Connector::local("x", "X", command));
        let expected = [
            "starts: \"ev<U+202E>il\"".to_owned(),
            format!("  with: \"{long}\""),
            r#"  with: "a\\\" \"b<U+200B><U+000A>""#.to_owned(),
            "  in: \".\"".to_owned(),
            "  env: A=\"${HOME}\"".to_owned(),
            "enables: no tool".to_owned(),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn shows_what_changed_and_what_is_around_it() {
        let before = "a\nb\nc\nd\ne\nf\n";
        let now = "a\nb\nc\nd\nE\u{202e}\nf\n";
        assert_eq!(difference(before, now), ["  c", "  d", "- e", "+ E<U+202E>", "  f"]);
        assert!(difference(now, now).is_empty());
    }
}
