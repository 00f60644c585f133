//! One catalog, as it stands: `specVersion` and entries, of either generation.

use serde_json::value::RawValue;

use super::members::Members;
use crate::error::SetAside;

/// The version of the specification that is read; any minor version of it.
const MAJOR: u64 = 1;

/// How many tags are kept.
const MAX_TAGS: usize = 32;

/// A catalog.
pub(super) struct Document<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) set_aside: Vec<SetAside>,
}

/// An entry: something, and where more of it is.
pub(super) struct Entry<'a> {
    pub(super) identifier: String,
    pub(super) kind: Kind,
    pub(super) content: Content<'a>,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) version: Option<String>,
    pub(super) updated_at: Option<String>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Server,
    Agent,
    Catalog,
}

/// Where the rest of an entry is.
pub(super) enum Content<'a> {
    Url(String),
    Here(&'a RawValue),
}

/// Reads a catalog, at most `room` entries of it.
pub(super) fn read(text: &str, room: usize) -> Result<Document<'_>, String> {
    let members = Members::read(text)?;
    check_version(members.raw("specVersion"))?;
    let entries = members.list("entries").ok_or("expected a list of entries, found none")?;
    let mut document = Document { entries: Vec::new(), set_aside: Vec::new() };
    if entries.len() > room {
        let reason = format!("{} more entries are not read", entries.len() - room);
        document.set_aside.push(SetAside::new(None, reason));
    }
    for raw in entries.into_iter().take(room) {
        match entry(raw.get()) {
            Ok(entry) => document.entries.push(entry),
            Err((name, reason)) => document.set_aside.push(SetAside::new(name.as_deref(), reason)),
        }
    }
    Ok(document)
}

/// `"1.0"`; some write it as a number.
fn check_version(raw: Option<&RawValue>) -> Result<(), String> {
    let found = raw.map(|raw| raw.get().trim_matches('"')).ok_or("expected a specVersion, found none")?;
    let major = found.split('.').next().and_then(|major| major.parse::<u64>().ok());
    let shown: String = found.chars().take(20).collect();
    match major {
        Some(MAJOR) => Ok(()),
        Some(_) => Err(format!("expected a catalog of version {MAJOR}, found {shown:?}")),
        None => Err(format!("expected a specVersion such as \"1.0\", found {shown:?}")),
    }
}

fn entry(text: &str) -> Result<Entry<'_>, (Option<String>, String)> {
    let members = Members::read(text).map_err(|reason| (None, reason))?;
    let identifier = members.word(&["identifier"]);
    let name = members.word(&["displayName"]);
    let wrong = |reason: &str| (identifier.clone().or_else(|| name.clone()), reason.to_owned());
    let word = members.word(&["type", "mediaType"]).ok_or_else(|| wrong("expected a type, found none"))?;
    let kind =
        kind(&word).ok_or_else(|| wrong(&format!("it is no server, agent or catalog, but {word:?}")))?;
    let content = match (members.raw("url"), members.raw("data")) {
        (Some(_), None) => {
            let url = members.url(&["url"]);
            Content::Url(url.ok_or_else(|| wrong("expected a url that can be read, found another one"))?)
        }
        (None, Some(data)) => Content::Here(data),
        (Some(_), Some(_)) => return Err(wrong("expected one of url and data, found both")),
        (None, None) => return Err(wrong("expected one of url and data, found neither")),
    };
    let Some(identifier) = identifier else { return Err(wrong("expected an identifier, found none")) };
    let mut tags = members.words("tags");
    tags.truncate(MAX_TAGS);
    Ok(Entry {
        identifier,
        kind,
        content,
        name,
        description: members.text(&["description"]),
        tags,
        version: members.word(&["version"]),
        updated_at: members.word(&["updatedAt"]),
    })
}

/// Reads a media type, whose parameters say nothing that matters here.
fn kind(media_type: &str) -> Option<Kind> {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/mcp-server-card+json" | "application/mcp-server+json" => Some(Kind::Server),
        "application/a2a-agent-card+json" => Some(Kind::Agent),
        "application/ai-catalog+json" => Some(Kind::Catalog),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_generations() {
        let text = r#"{"specVersion":"1.3","host":{"displayName":"Acme"},"new":true,"entries":[
            {"identifier":"urn:air:acme.example:mcp:a","type":"application/mcp-server-card+json; charset=utf-8","url":"https://a"},
            {"identifier":"b","mediaType":"application/mcp-server+json","displayName":"B","metadata":{},"data":{}},
            {"identifier":"c","type":"application/AI-Catalog+json","mediaType":"text/plain","data":{},"extensions":{}},
            {"identifier":"d","type":"application/a2a-agent-card+json","url":"https://d","tags":["x",7],"version":"2"}]}"#;
        let document = read(text, 100).unwrap();
        let kinds: Vec<Kind> = document.entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [Kind::Server, Kind::Server, Kind::Catalog, Kind::Agent]);
        assert_eq!(document.entries[1].name.as_deref(), Some("B"));
        assert_eq!(document.entries[3].tags, ["x"]);
        assert_eq!(document.set_aside, []);
    }

    #[test]
    fn says_what_makes_a_catalog_unusable() {
        for (text, expected) in [
            ("<html>", "expected a JSON object"),
            ("{}", "expected a specVersion, found none"),
            (r#"{"specVersion":"2.0","entries":[]}"#, "expected a catalog of version 1, found \"2.0\""),
            (r#"{"specVersion":"new","entries":[]}"#, "expected a specVersion such as"),
            (r#"{"specVersion":["1.0"],"entries":[]}"#, "expected a specVersion such as"),
            (r#"{"specVersion":"1.0"}"#, "expected a list of entries"),
            (r#"{"specVersion":"1.0","entries":{}}"#, "expected a list of entries"),
        ] {
            let told = read(text, 100).err().unwrap();
            assert!(told.contains(expected), "{text}: {told}");
        }
        assert!(read(r#"{"specVersion":1.0,"entries":[]}"#, 100).is_ok());
    }

    #[test]
    fn one_bad_entry_costs_one_entry() {
        let text = r#"{"specVersion":"1.0","entries":[7,
            {"identifier":"a","type":"application/mcp-server-card+json"},
            {"identifier":"b","type":"application/mcp-server-card+json","url":"https://b","data":{}},
            {"identifier":"c","type":"application/agent-skills+zip","url":"https://c"},
            {"identifier":"d","url":"https://d"},
            {"type":"application/mcp-server-card+json","url":"https://e","displayName":"E"},
            {"identifier":"f","type":"application/mcp-server-card+json","url":7},
            {"identifier":"g","type":"application/mcp-server-card+json","url":"https://g"}]}"#;
        let document = read(text, 100).unwrap();
        assert_eq!(document.entries.len(), 1);
        let told: Vec<(Option<&str>, &str)> =
            document.set_aside.iter().map(|one| (one.name.as_deref(), one.reason.as_str())).collect();
        assert_eq!(told[0], (None, "expected a JSON object, found something else"));
        assert_eq!(told[1], (Some("a"), "expected one of url and data, found neither"));
        assert_eq!(told[2], (Some("b"), "expected one of url and data, found both"));
        assert_eq!(
            told[3],
            (Some("c"), "it is no server, agent or catalog, but \"application/agent-skills+zip\"")
        );
        assert_eq!(told[4], (Some("d"), "expected a type, found none"));
        assert_eq!(told[5], (Some("E"), "expected an identifier, found none"));
        assert_eq!(told[6], (Some("f"), "expected a url that can be read, found another one"));
    }

    #[test]
    fn reads_no_more_than_there_is_room_for() {
        let one = r#"{"identifier":"a","type":"application/mcp-server-card+json","url":"https://a"}"#;
        let text = format!(r#"{{"specVersion":"1.0","entries":[{one},{one},{one}]}}"#);
        let document = read(&text, 2).unwrap();
        assert_eq!(document.entries.len(), 2);
        assert_eq!(document.set_aside[0].reason, "1 more entries are not read");
    }
}
