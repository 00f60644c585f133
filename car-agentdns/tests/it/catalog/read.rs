//! What a document says, without asking anybody.

use car_agentdns::catalog::{Listed, read, read_card};
use car_agentdns::{Protocol, ServiceKind, SourceKind, Verification};
use car_testkit::catalog::{CARD, CATALOG, card, catalog};
use serde_json::{Value, json};
use url::Url;

use super::{NOW, identifiers, reasons, urls};

const ACME: &str = "https://acme.example/.well-known/ai-catalog.json";

fn listed(url: &str, entries: &[Value]) -> Listed {
    read(&catalog(entries.iter().cloned()).to_string(), &Url::parse(url).unwrap(), NOW).unwrap()
}

fn inline(identifier: &str, name: &str) -> Value {
    let card = card(name, "Does it.", "https://acme.example/mcp");
    json!({ "identifier": identifier, "type": CARD, "data": card })
}

#[test]
fn a_domain_speaks_for_itself_at_its_own_place_and_for_nobody_else() {
    let own = "urn:air:acme.example:mcp:search";
    let other = "urn:air:other.example:mcp:search";
    for (url, identifier, expected) in [
        (ACME, own, Verification::TlsDomain),
        (ACME, other, Verification::None),
        (ACME, "urn:x:search", Verification::None),
        ("https://acme.example/eve/catalog.json", own, Verification::None),
        ("https://acme.example:8443/.well-known/ai-catalog.json", own, Verification::None),
        ("https://eve.example/.well-known/ai-catalog.json", own, Verification::None),
        ("http://acme.example/.well-known/ai-catalog.json", own, Verification::None),
    ] {
        let listed = listed(url, &[inline(identifier, "search")]);
        assert_eq!(listed.entries[0].service.publisher.verification, expected, "{url} {identifier}");
    }
}

#[test]
fn a_listed_server_is_a_whole_record_with_its_card() {
    let mut entry = inline("urn:air:acme.example:mcp:search", "search");
    entry["displayName"] = json!("Acme Search");
    entry["tags"] = json!(["web", "pages"]);
    let card = entry["data"].to_string();
    let listed = listed(ACME, &[entry]);
    let service = &listed.entries[0].service;
    assert_eq!(service.identifier.to_string(), "agentdns://acme.example/mcp/search");
    assert_eq!((service.name.as_str(), service.description.as_str()), ("Acme Search", "Does it."));
    assert_eq!((service.tags.len(), service.version.as_deref()), (2, Some("1.2.0")));
    assert_eq!(urls(&service.offers), ["https://acme.example/mcp"]);
    assert_eq!(service.reference.as_deref(), Some("agentdns://acme.example/mcp/search"));
    assert_eq!((service.provenance.kind, service.provenance.fetched_at), (SourceKind::Catalog, NOW));
    assert_eq!(service.provenance.source, "https://acme.example");
    assert_eq!(listed.entries[0].card.as_ref().unwrap().get(), card);
}

#[test]
fn entries_that_name_no_publisher_are_named_by_their_title_and_no_two_the_same() {
    let titled = |identifier: &str, title: &str| json!({ "identifier": identifier, "type": CARD, "displayName": title, "url": "/card" });
    let listed = listed(
        ACME,
        &[
            titled("https://acme.example/a", "Search"),
            titled("https://acme.example/b", "search"),
            titled("https://acme.example/b", "search"),
            titled("日本", "日本"),
            json!({ "identifier": "urn:x:mail", "type": CARD, "url": "/card" }),
        ],
    );
    assert_eq!(
        identifiers(&listed),
        [
            "agentdns://acme.example/search",
            "agentdns://acme.example/https-acme-example-b",
            "agentdns://acme.example/mail"
        ]
    );
    assert_eq!(
        reasons(&listed.set_aside),
        [
            "https://acme.example/b: it is listed twice in the same version",
            "日本: it cannot be named: expected segment 2 to have characters, found none"
        ]
    );
}

#[test]
fn of_several_versions_the_newest_is_kept() {
    let version = |version: &str, updated: &str| {
        let mut entry = inline("urn:air:acme.example:mcp:search", "search");
        (entry["version"], entry["updatedAt"]) = (json!(version), json!(updated));
        entry
    };
    for (versions, expected) in [
        ([("1.9.0", "2026-01-01"), ("1.10.0", "2025-01-01"), ("1.2.0", "2026-02-01")], "1.10.0"),
        ([("spring", "2026-03-01"), ("summer", "2026-06-01"), ("winter", "2025-12-01")], "summer"),
    ] {
        let entries: Vec<Value> = versions.iter().map(|(one, updated)| version(one, updated)).collect();
        let listed = listed(ACME, &entries);
        assert_eq!(listed.entries.len(), 1);
        assert_eq!(listed.entries[0].service.version.as_deref(), Some(expected));
        assert_eq!(listed.set_aside, []);
    }
    let twice = listed(ACME, &[version("1", "x"), version("1", "x")]);
    assert_eq!(
        reasons(&twice.set_aside),
        ["urn:air:acme.example:mcp:search: it is listed twice in the same version"]
    );
}

#[test]
fn a_public_catalog_names_nothing_in_a_private_network() {
    let with = |url: &str| {
        let card = card("x", "X.", url);
        json!({ "identifier": "urn:air:acme.example:x", "type": CARD, "data": card })
    };
    let at = |url: &str| json!({ "identifier": "urn:air:acme.example:x", "type": CARD, "url": url });
    let nested = |url: &str| json!({ "identifier": "urn:air:acme.example:x", "type": CATALOG, "url": url });
    for url in
        ["https://169.254.169.254/x", "https://10.0.0.1/x", "https://[::1]/x", "https://vault.internal/x"]
    {
        for entry in [with(url), at(url), nested(url)] {
            let listed = listed(ACME, &[entry]);
            assert!(listed.entries.is_empty(), "{url}");
            assert_eq!(
                reasons(&listed.set_aside),
                ["urn:air:acme.example:x: it names a place in a private network"],
                "{url}"
            );
        }
    }
    for entry in [with("http://acme.example/x"), at("http://acme.example/x"), at("file:///etc/passwd")] {
        assert_eq!(
            reasons(&listed(ACME, &[entry]).set_aside),
            ["urn:air:acme.example:x: it names a place that is not https"]
        );
    }
    let inside = listed("https://catalog.internal/c.json", &[with("https://10.0.0.1/x")]);
    assert_eq!(urls(&inside.entries[0].service.offers), ["https://10.0.0.1/x"]);
}

#[test]
fn catalogs_in_catalogs_are_read_four_deep() {
    let mut document = catalog([inline("urn:air:acme.example:mcp:d5", "d5")]);
    for depth in (1..5).rev() {
        let inner = json!({ "identifier": format!("urn:air:acme.example:c{depth}"), "type": CATALOG, "data": document });
        document = catalog([inner, inline(&format!("urn:air:acme.example:mcp:d{depth}"), "x")]);
    }
    let listed = read(&document.to_string(), &Url::parse(ACME).unwrap(), NOW).unwrap();
    let mut names = identifiers(&listed);
    names.sort();
    assert_eq!(names, [1, 2, 3, 4].map(|depth| format!("agentdns://acme.example/mcp/d{depth}")));
    assert!(listed.services().all(|service| service.publisher.verification == Verification::TlsDomain));
    assert_eq!(reasons(&listed.set_aside), ["urn:air:acme.example:c4: catalogs are nested more than 4 deep"]);
}

#[test]
fn an_agent_is_listed_and_cannot_be_added() {
    let agent = json!({ "name": "Guide", "description": "Guides.", "skills": [{ "id": "lead", "description": "Leads." }] });
    let entry = json!({ "identifier": "urn:air:acme.example:a2a:guide", "type": "application/a2a-agent-card+json", "data": agent });
    let listed = listed(ACME, &[entry]);
    let service = &listed.entries[0].service;
    assert_eq!((&service.kind, &service.protocol), (&ServiceKind::Agent, &Protocol::A2a));
    assert_eq!((service.reference.as_deref(), service.offers.len()), (None, 0));
    assert_eq!((service.name.as_str(), service.capabilities[0].name.as_str()), ("Guide", "lead"));
}

#[test]
fn no_more_than_two_thousand_entries_are_read() {
    let one = |number: usize| json!({ "identifier": format!("urn:air:acme.example:s{number}"), "type": CARD, "url": "/c" });
    let many: Vec<Value> = (0..2_100).map(one).collect();
    let listed = listed(ACME, &many);
    assert_eq!(listed.entries.len(), 2_000);
    assert_eq!(reasons(&listed.set_aside), ["-: 100 more entries are not read"]);
}

#[test]
fn a_card_is_known_by_its_own_word_only() {
    let text = card("search", "Finds.", "https://acme.example/mcp").to_string();
    let url = Url::parse("https://acme.example/mcp/server-card").unwrap();
    let listed = read_card(&text, &url, NOW).unwrap();
    assert_eq!(listed.service.identifier.to_string(), "agentdns://acme.example/search");
    assert_eq!(listed.service.publisher.verification, Verification::None);
    assert_eq!(listed.card.unwrap().get(), text);
    assert!(read_card("{}", &url, NOW).is_err());
    let private = card("search", "Finds.", "https://10.0.0.1/mcp").to_string();
    assert_eq!(read_card(&private, &url, NOW).unwrap_err(), "it names a place in a private network");
}

proptest::proptest! {
    #[test]
    fn no_document_makes_it_panic(text in "\\PC{0,80}|\\{\"specVersion\":\"1.0\",\"entries\":\\[(\\{\"(identifier|type|url|data)\":(\"[a-z:/.]{0,9}\"|\\{\\}|7)\\},?){0,3}\\]\\}") {
        drop(read(&text, &Url::parse(ACME).unwrap(), NOW));
    }
}
