//! A proposal as a person reads it before they agree: whole, and every word of a stranger as text.

use car_connectors::agentdns::{Lifecycle, Offer};
use car_connectors::discovery::{Asked, Change, Proposal, Way};
use car_connectors::store::visible;

use crate::publisher::published;

/// Describes what would be added. `chosen` is the way that is taken, counted from zero.
pub(super) fn text(proposal: &Proposal, chosen: Option<usize>) -> String {
    let mut lines = facts(proposal);
    for (place, way) in proposal.ways.iter().enumerate() {
        lines.push(String::new());
        lines.extend(described(place, way, chosen == Some(place)));
    }
    if proposal.ways.is_empty() {
        lines.push("\nno way to have it is named".to_owned());
    }
    if !proposal.changes.is_empty() {
        lines.push("\nchanged since you agreed to it:".to_owned());
        lines.extend(proposal.changes.iter().map(|change| format!("  {}", changed(change))));
    }
    if !proposal.notes.is_empty() {
        lines.push(String::new());
        lines.extend(proposal.notes.iter().map(|note| format!("note: {}", line(note))));
    }
    lines.join("\n")
}

/// Returns a stranger's text on one line, with what cannot be seen written out.
pub(super) fn line(text: &str) -> String {
    visible(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

/// Describes what has changed.
pub(super) fn changed(change: &Change) -> String {
    format!("{}: was {}, is {}", change.what.as_str(), line(&change.before), line(&change.now))
}

/// Returns a way's kind as `--way` takes it.
pub(super) fn kind(offer: &Offer) -> &str {
    match offer {
        Offer::Package { registry_type, .. } => registry_type,
        Offer::Connected { .. } => "connected",
        _ => "remote",
    }
}

fn facts(proposal: &Proposal) -> Vec<String> {
    let service = &proposal.service;
    let source = format!(
        "{} ({}), {}",
        service.provenance.source,
        service.provenance.kind.as_str(),
        proposal.source_url
    );
    let status = match &service.lifecycle {
        Lifecycle::Deprecated { message: None } => Some("deprecated".to_owned()),
        Lifecycle::Deprecated { message: Some(message) } => Some(format!("deprecated: {message}")),
        _ => None,
    };
    let cost = service.pricing.as_ref().map(|pricing| {
        let price = pricing.price.map(|price| format!(" {price}")).unwrap_or_default();
        let currency = pricing.currency.as_ref().map(|currency| format!(" {currency}")).unwrap_or_default();
        format!("{}{price}{currency}, says its record", pricing.model)
    });
    let facts = [
        ("service", Some(proposal.reference.clone())),
        ("called", Some(service.name.clone())),
        ("says", Some(service.description.clone()).filter(|text| !text.is_empty())),
        ("publisher", Some(published(service))),
        ("source", Some(source)),
        ("version", service.version.clone()),
        ("status", status),
        ("costs", cost),
        ("known", proposal.is_known.then(|| "you agreed to it before".to_owned())),
    ];
    let filled = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    filled.map(|(name, value)| format!("{name:<10}{}", line(&value))).collect()
}

fn described(place: usize, way: &Way, is_chosen: bool) -> Vec<String> {
    let taken = if is_chosen { ", which is taken" } else { "" };
    let mut lines = vec![format!("way {}: {}{taken}", place + 1, line(kind(&way.offer)))];
    lines.extend(contacted(way).map(|what| format!("  {what}")));
    let label = if matches!(way.offer, Offer::Package { .. }) { "with" } else { "header" };
    lines.extend(way.shown_values.iter().map(|value| format!("  {label} {}", visible(value))));
    lines.extend(way.inputs.iter().map(|asked| format!("  asks for {}", asks(asked))));
    lines.extend(way.warnings.iter().map(|warning| format!("  warning: {}", line(warning))));
    lines.extend(way.obstacle.iter().map(|obstacle| format!("  cannot be added: {}", line(obstacle))));
    lines
}

/// Returns the endpoint, or the whole command line on one line.
fn contacted(way: &Way) -> Option<String> {
    let (verb, words) = match way.offer {
        Offer::Package { .. } => ("starts", way.shown.iter().map(|word| quoted(word)).collect::<Vec<_>>()),
        _ => ("contacts", way.shown.iter().map(|part| visible(part).into_owned()).collect()),
    };
    (!words.is_empty()).then(|| format!("{verb} {}", words.join(" ")))
}

/// Returns a word of a command line so that it can be told from the next. No shell reads it.
fn quoted(word: &str) -> String {
    let shown = visible(word);
    let is_plain =
        !shown.is_empty() && !shown.contains(|one: char| one.is_whitespace() || "'\"\\".contains(one));
    // What may be left out stands in brackets, with what is in it.
    match is_plain || (shown.starts_with('[') && shown.ends_with(']')) {
        true => shown.into_owned(),
        false => format!("'{}'", shown.replace('\'', "'\\''")),
    }
}

/// Describes an input.
pub(super) fn asks(asked: &Asked) -> String {
    let mut marks = Vec::new();
    if asked.is_secret {
        marks.push("secret".to_owned());
    }
    if !asked.is_required {
        marks.push("optional".to_owned());
    }
    if asked.is_repeated {
        marks.push("may be given several times".to_owned());
    }
    if asked.format != "string" {
        marks.push(line(&asked.format));
    }
    if !asked.choices.is_empty() {
        marks.push(format!("one of {}", line(&asked.choices.join(", "))));
    }
    if let Some(default) = &asked.default {
        marks.push(format!("else {}", line(default)));
    } else if let Some(example) = &asked.placeholder {
        marks.push(format!("such as {}", line(example)));
    }
    let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join("; ")) };
    let what = asked.description.as_ref().map(|what| format!(": {}", line(what))).unwrap_or_default();
    format!("{}{marks}{what}", line(&asked.key))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn tells_the_words_of_a_command_line_apart() {
        for (word, expected) in [
            ("npx", "npx"),
            ("@x/y@1.0.0", "@x/y@1.0.0"),
            ("--flag={key}", "--flag={key}"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("[--flag {key}]", "[--flag {key}]"),
            ("a\u{202e}b", "a<U+202E>b"),
            ("a\nb", "a<U+000A>b"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
