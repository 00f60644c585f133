//! Enabled tools that are not what a person agreed to, as they are shown before anybody agrees anew.

use car_connectors::ChangedTool;
use car_connectors::store::{difference, visible};

/// Describes every changed tool with all that differs.
pub(super) fn text(slug: &str, tools: &[ChangedTool]) -> String {
    tools.iter().map(|tool| one(slug, tool)).collect::<Vec<_>>().join("\n\n")
}

/// Describes one tool, member by member: `-` before, `+` now. What cannot be seen in its texts is written out, as a
/// server that means ill would hide what it says there.
fn one(slug: &str, tool: &ChangedTool) -> String {
    let mut lines = vec![format!("{slug}/{} is not what you agreed to:", visible(&tool.name))];
    for changed in &tool.differences {
        lines.push(format!("  {}", visible(&changed.member)));
        let text = |side: &Option<String>| side.as_deref().map(ended).unwrap_or_default();
        let shown = difference(&text(&changed.before), &text(&changed.now));
        lines.extend(shown.into_iter().map(|line| format!("    {line}")));
    }
    lines.join("\n")
}

/// Ends a text with a line break, so that its last line differs only where its words do.
fn ended(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}
