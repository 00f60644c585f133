//! What a server says of itself, in any of the shapes that cards have had. They are told apart by their members, as paths and
//! media types are shared.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::members::Members;
use super::naming;
use super::remote::{Around, one, usable};
use crate::registry::plans;
use crate::service::{Capability, Offer, Transport};

/// How many capabilities are kept: more than any model is given at once.
const MAX_CAPABILITIES: usize = 256;

/// What tools are called where they are listed by the server only.
const DYNAMIC: &str = "dynamic";

/// A card.
#[derive(Debug, Default)]
pub(super) struct Card {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) version: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) capabilities: Vec<Capability>,
    pub(super) offers: Vec<Offer>,
    /// As a `server.json`, with nothing in it that may not be used.
    pub(super) server_json: Option<Box<RawValue>>,
    /// What may not be used, in words.
    pub(super) faults: Vec<String>,
}

impl Card {
    /// Returns what it is called, for people: its title, or the last part of its name.
    pub(super) fn shown_name(&self) -> &str {
        self.title.as_deref().unwrap_or_else(|| naming::last_part(&self.name))
    }

    /// Keeps a `server.json` with the ways to have the server, as they are for whoever adds it.
    fn keep(&mut self, server_json: Box<RawValue>) {
        match plans(server_json.get()) {
            Ok(plans) => self.offers = plans.into_iter().map(|plan| plan.offer).collect(),
            Err(fault) => self.faults.push(fault),
        }
        self.server_json = Some(server_json);
    }
}

/// Reads the card of a server.
pub(super) fn server(raw: &str, around: Around<'_>) -> Result<Card, String> {
    let members = Members::read(raw)?;
    if let Some(info) = members.object("serverInfo") {
        return with_server_info(&members, &info, around);
    }
    let has = |name: &str| members.raw(name).is_some();
    if has("server_name") {
        return with_endpoints(&members, around);
    }
    match (has("name"), has("remotes") || has("packages"), has("endpoint"), has("version") || has("$schema"))
    {
        (true, false, true, _) => with_one_endpoint(&members, around),
        (true, true, _, _) | (true, _, _, true) => like_server_json(&members, raw, around),
        _ => Err("expected the card of a server, found something else".to_owned()),
    }
}

/// Reads the card of an agent (A2A): what it says it can do. Where it is spoken with is not used.
pub(super) fn agent(raw: &str) -> Result<Card, String> {
    let members = Members::read(raw)?;
    let name = members.word(&["name"]).ok_or("expected the name of an agent, found none")?;
    let mut card = Card {
        title: Some(name.clone()),
        name,
        description: members.text(&["description"]),
        version: members.word(&["version"]),
        ..Card::default()
    };
    for skill in members.objects("skills") {
        let description = skill.text(&["description"]).unwrap_or_default();
        card.capabilities.extend(skill.word(&["name", "id"]).map(|name| Capability::new(name, description)));
    }
    Ok(card)
}

/// SEP-2127, and every `server.json`.
fn like_server_json(members: &Members<'_>, raw: &str, around: Around<'_>) -> Result<Card, String> {
    let mut card = Card {
        name: members.word(&["name"]).ok_or("expected a name, found none")?,
        title: members.word(&["title"]),
        description: members.text(&["description"]),
        version: members.word(&["version"]),
        capabilities: tools(members),
        ..Card::default()
    };
    let remotes = members.items("remotes");
    let (mut as_read, mut kept): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for remote in &remotes {
        let Ok(mut value) = serde_json::from_str::<Value>(remote.get()) else { continue };
        as_read.push(value.clone());
        if let Some((_, url)) = usable(remote.get(), around, &mut card.faults) {
            value["url"] = Value::String(url);
            kept.push(value);
        }
    }
    let text = raw.trim_start_matches('\u{feff}');
    let server_json = match as_read == kept {
        true => RawValue::from_string(text.to_owned()),
        false => serde_json::from_str(text).and_then(|mut whole: Value| {
            whole["remotes"] = Value::Array(kept);
            serde_json::value::to_raw_value(&whole)
        }),
    };
    card.keep(server_json.map_err(|error| format!("expected JSON: {error}"))?);
    Ok(card)
}

/// SEP-1649: the version beside `serverInfo` is that of the card.
fn with_server_info(members: &Members<'_>, info: &Members<'_>, around: Around<'_>) -> Result<Card, String> {
    let name = info.word(&["name"]).ok_or("expected the name of a server, found none")?;
    let mut card = Card {
        name,
        title: info.word(&["title"]),
        description: members.text(&["description"]).or_else(|| info.text(&["description"])),
        version: info.word(&["version"]),
        capabilities: tools(members),
        ..Card::default()
    };
    let mut found = Vec::new();
    for remote in members.items("remotes") {
        found.extend(usable(remote.get(), around, &mut card.faults));
    }
    if found.is_empty()
        && let Some(transport) = members.object("transport")
    {
        let word = transport.word(&["type"]).unwrap_or_default();
        let url = transport.url(&["endpoint", "url"]);
        found.extend(url.and_then(|url| one(&word, &url, around, &mut card.faults)));
    }
    Ok(completed(card, found, around))
}

/// What `/.well-known/mcp` had.
fn with_endpoints(members: &Members<'_>, around: Around<'_>) -> Result<Card, String> {
    let mut card = Card {
        name: members.word(&["server_name"]).ok_or("expected the name of a server, found none")?,
        description: members.text(&["description", "server_description"]),
        version: members.word(&["server_version"]),
        capabilities: tools(members),
        ..Card::default()
    };
    let mut found = Vec::new();
    if let Some(endpoints) = members.object("endpoints") {
        for (member, word) in [("streamable_http", "streamable-http"), ("sse", "sse")] {
            let url = endpoints.url(&[member]);
            found.extend(url.and_then(|url| one(word, &url, around, &mut card.faults)));
        }
    }
    Ok(completed(card, found, around))
}

/// What `/.well-known/mcp.json` had: one endpoint.
fn with_one_endpoint(members: &Members<'_>, around: Around<'_>) -> Result<Card, String> {
    let mut card = Card {
        name: members.word(&["name"]).ok_or("expected a name, found none")?,
        description: members.text(&["description"]),
        version: members.word(&["version"]),
        capabilities: tools(members),
        ..Card::default()
    };
    let url = members.url(&["endpoint"]);
    let found = url.and_then(|url| one("streamable-http", &url, around, &mut card.faults));
    Ok(completed(card, found.into_iter().collect(), around))
}

/// Writes an older card as a `server.json`. One that names no endpoint has that which was asked for it.
fn completed(mut card: Card, mut found: Vec<(Transport, String)>, around: Around<'_>) -> Card {
    if found.is_empty()
        && card.faults.is_empty()
        && let Some(endpoint) = around.endpoint
    {
        found.extend(one("streamable-http", endpoint, around, &mut card.faults));
    }
    let organization = naming::organization(around.url).unwrap_or_default();
    let remotes = found.iter().map(|(transport, url)| json!({ "type": transport.as_str(), "url": url }));
    let mut document = json!({
        "name": format!("{organization}/{}", naming::slug(&card.name)),
        "description": card.description.as_deref().unwrap_or_default(),
        "remotes": remotes.collect::<Vec<_>>(),
    });
    if let Some(version) = &card.version {
        document["version"] = Value::String(version.clone());
    }
    card.keep(serde_json::value::to_raw_value(&document).expect("texts are always JSON"));
    card
}

/// Reads `tools`: names, or objects with them, or only the word that there are some.
fn tools(members: &Members<'_>) -> Vec<Capability> {
    let listed = members.list("tools").unwrap_or_default();
    let read = listed.into_iter().take(MAX_CAPABILITIES).filter_map(|item| match Members::read(item.get()) {
        Ok(tool) => {
            Some(Capability::new(tool.word(&["name"])?, tool.text(&["description"]).unwrap_or_default()))
        }
        Err(_) => serde_json::from_str::<String>(item.get()).ok().map(|name| Capability::new(name, "")),
    });
    read.filter(|tool| !tool.name.is_empty() && tool.name != DYNAMIC).collect()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn read(text: &str) -> Result<Card, String> {
        let url = Url::parse("https://acme.example/.well-known/x.json").unwrap();
        server(text, Around { url: &url, is_private: false, endpoint: Some("https://acme.example/asked") })
    }

    fn urls(card: &Card) -> Vec<&str> {
        fn url(offer: &Offer) -> &str {
            if let Offer::Remote { url, .. } = offer { url } else { "package" }
        }
        card.offers.iter().map(url).collect()
    }

    #[test]
    fn reads_the_card_of_every_generation() {
        let sep_2127 = r#"{"$schema":"https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json",
            "name":"example.acme/search","version":"1.2.0","title":"Search","description":"Finds pages.","remotes":[
            {"type":"streamable-http","url":"https://acme.example/mcp","headers":[{"name":"X-Key","isSecret":true}]}]}"#;
        let sep_1649 = r#"{"version":"1.0","protocolVersion":"x","serverInfo":{"name":"search","title":"Search",
            "version":"1.2.0"},"description":"Finds pages.","transport":{"type":"streamableHttp","endpoint":"/mcp"},
            "tools":["dynamic",{"name":"find","description":"Finds."},"open"],"authentication":{"required":true}}"#;
        let hybrid = r#"{"serverInfo":{"name":"search","version":"1.2.0","description":"Finds pages."},
            "transport":{"type":"sse","endpoint":"/sse"},"remotes":[{"type":"http","url":"https://acme.example/mcp"}]}"#;
        let with_endpoints = r#"{"mcp_version":"x","server_name":"search","server_version":"1.2.0","description":"Finds pages.",
            "endpoints":{"streamable_http":"https://acme.example/mcp","websocket":"wss://acme.example"}}"#;
        let with_one = r#"{"name":"search","version":"1.2.0","description":"Finds pages.","icon":"x","endpoint":"/mcp"}"#;
        for text in [sep_2127, sep_1649, hybrid, with_endpoints, with_one] {
            let card = read(text).unwrap();
            assert_eq!(card.version.as_deref(), Some("1.2.0"), "{text}");
            assert_eq!(card.description.as_deref(), Some("Finds pages."), "{text}");
            assert_eq!(urls(&card), ["https://acme.example/mcp"], "{text}");
            assert_eq!(card.faults, [""; 0], "{text}");
            let plan = plans(card.server_json.as_ref().unwrap().get()).unwrap().remove(0);
            assert_eq!((Some(&plan.offer), plan.obstacle), (card.offers.first(), None), "{text}");
            let server_json: Value = serde_json::from_str(card.server_json.unwrap().get()).unwrap();
            assert_eq!(server_json["remotes"][0]["url"], "https://acme.example/mcp", "{text}");
            assert!(server_json["name"].as_str().unwrap().contains('/'), "{text}");
            assert_eq!(server_json["version"], "1.2.0", "{text}");
        }
        assert_eq!(read(sep_2127).unwrap().server_json.unwrap().get(), sep_2127);
        let names: Vec<String> =
            read(sep_1649).unwrap().capabilities.into_iter().map(|tool| tool.name).collect();
        assert_eq!(names, ["find", "open"]);
    }

    #[test]
    fn takes_the_endpoint_that_was_asked_where_a_card_names_none() {
        assert_eq!(urls(&read(r#"{"serverInfo":{"name":"s"}}"#).unwrap()), ["https://acme.example/asked"]);
        let refused =
            read(r#"{"serverInfo":{"name":"s"},"transport":{"type":"sse","endpoint":"http://10.0.0.1/"}}"#)
                .unwrap();
        assert_eq!((urls(&refused).len(), refused.faults.len()), (0, 1));
    }

    #[test]
    fn leaves_out_what_may_not_be_named() {
        let text = r#"{"name":"a/b","version":"1","other":[1],"remotes":[
            {"type":"streamable-http","url":"https://10.0.0.1/mcp"},
            {"type":"streamable-http","url":"http://acme.example/mcp"},
            {"type":"streamable-http","url":"https://{tenant}.internal/mcp"},
            {"type":"websocket","url":"wss://acme.example/mcp"},
            {"type":"sse","url":"https://{tenant}.acme.example:{port}/sse"},
            {"type":"sse","url":"{base}/sse"}, 7, {"type":"sse"}]}"#;
        let card = read(text).unwrap();
        assert_eq!(urls(&card), ["https://{tenant}.acme.example:{port}/sse", "{base}/sse"]);
        assert_eq!(card.faults.len(), 4, "{:?}", card.faults);
        let server_json: Value = serde_json::from_str(card.server_json.unwrap().get()).unwrap();
        assert_eq!(server_json["remotes"].as_array().unwrap().len(), 2);
        assert_eq!(server_json["other"][0], 1);
    }

    #[test]
    fn tells_a_card_from_anything_else() {
        for text in
            ["", "<html>", "[]", "{}", r#"{"name":"x"}"#, r#"{"version":"1"}"#, r#"{"serverInfo":{}}"#]
        {
            assert!(read(text).is_err(), "{text}");
        }
        let packaged = r#"{"name":"a/b","version":"1","packages":[{"registryType":"npm","identifier":"x"}]}"#;
        assert_eq!(urls(&read(packaged).unwrap()), ["package"]);
    }

    #[test]
    fn reads_what_an_agent_can_do() {
        let text = r#"{"name":"Planner","description":"Plans trips.","url":"https://a","version":"3","skills":[
            {"id":"plan","name":"Plan a trip","description":"Day by day."},{"id":"book"},7]}"#;
        let card = agent(text).unwrap();
        let names: Vec<&str> = card.capabilities.iter().map(|skill| skill.name.as_str()).collect();
        assert_eq!(names, ["Plan a trip", "book"]);
        assert!(agent("{}").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}|\\{(\"(name|version|remotes|serverInfo|transport|endpoint|url|type)\":(\"[a-z:/{}]{0,9}\"|\\{\\}|\\[\\]|7),?){0,6}\\}") {
            drop((read(&text), agent(&text)));
        }
    }
}
