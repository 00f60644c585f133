//! What a card says against what the server itself said: a difference is told, and stops nothing.

use std::fmt;

use super::naming::{last_part, slug};
use crate::service::Service;

/// How many tools are named that a server does not have.
const MAX_NAMED: usize = 10;

/// What a server said when it was connected to.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a caller gives what it knows; a field more is a decision of theirs"
)]
pub struct Live<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is called, for people.
    pub title: Option<&'a str>,
    /// Its version.
    pub version: Option<&'a str>,
    /// The names of its tools, if all of them are known.
    pub tools: Option<&'a [&'a str]>,
}

/// A difference between a card and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// What differs: `name`, `version` or `tool`.
    pub what: &'static str,
    /// What the card says.
    pub said: String,
    /// What the server says; nothing for a tool that it does not have.
    pub found: Option<String>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, said, found } = self;
        match found {
            Some(found) => write!(formatter, "its card says {what} {said:?}, the server says {found:?}"),
            None => write!(formatter, "its card says {what} {said:?}, the server has none"),
        }
    }
}

/// Returns where a card differs from the server. The server's own word counts; a card may be older, or somebody else's.
#[must_use]
pub fn mismatches(card: &Service, live: &Live<'_>) -> Vec<Mismatch> {
    let mut found = Vec::new();
    if !is_called(card, live) {
        let live = live.title.unwrap_or(live.name).to_owned();
        found.push(Mismatch { what: "name", said: card.name.clone(), found: Some(live) });
    }
    if let (Some(said), Some(live)) = (&card.version, live.version)
        && said.trim_start_matches('v') != live.trim_start_matches('v')
    {
        found.push(Mismatch { what: "version", said: said.clone(), found: Some(live.to_owned()) });
    }
    if let Some(tools) = live.tools {
        let missing = card.capabilities.iter().filter(|said| !tools.contains(&said.name.as_str()));
        let missing = missing.map(|said| Mismatch { what: "tool", said: said.name.clone(), found: None });
        found.extend(missing.take(MAX_NAMED));
    }
    found
}

/// A card's name is a title, a reverse-DNS name or a short one: any that agrees will do.
fn is_called(card: &Service, live: &Live<'_>) -> bool {
    let said = [slug(&card.name), slug(last_part(&card.name)), slug(card.identifier.name())];
    let live = [Some(live.name), Some(last_part(live.name)), live.title];
    live.into_iter().flatten().map(slug).any(|live| said.contains(&live))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Capability, Provenance, SourceKind};

    fn card() -> Service {
        let identifier = "agentdns://acme.example/mcp/search".parse().unwrap();
        let mut card =
            Service::new(identifier, "Acme Search", Provenance::new(SourceKind::Catalog, "c", 0, 0));
        card.version = Some("1.2.0".to_owned());
        card.capabilities = vec![Capability::new("find", ""), Capability::new("open", "")];
        card
    }

    #[test]
    fn finds_nothing_where_any_name_agrees() {
        let tools = ["find", "open", "more"];
        for (name, title, version, tools) in [
            ("acme-search", None, Some("1.2.0"), Some(&tools[..])),
            ("search", None, None, None),
            ("example.acme/search", None, Some("v1.2.0"), None),
            ("x", Some("ACME Search"), None, None),
        ] {
            assert_eq!(mismatches(&card(), &Live { name, title, version, tools }), [], "{name}");
        }
    }

    #[test]
    fn tells_what_differs() {
        let live =
            Live { name: "other", title: Some("Other"), version: Some("2.0.0"), tools: Some(&["find"]) };
        let told: Vec<String> = mismatches(&card(), &live).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "its card says name \"Acme Search\", the server says \"Other\"",
                "its card says version \"1.2.0\", the server says \"2.0.0\"",
                "its card says tool \"open\", the server has none",
            ]
        );
    }
}
