//! Asking a domain and a server, over real HTTP.

use car_agentdns::Verification;
use car_testkit::catalog::{
    CARD, CATALOG, Domain, Page, WELL_KNOWN, card, catalog, entry, older_card, oldest_card,
};
use serde_json::json;

use super::{NOW, client, identifiers, list, reasons, urls};

#[tokio::test]
async fn lists_everything_that_a_domain_has() {
    let domain = Domain::with_everything().await.unwrap();
    let listed = list(&domain).await.unwrap();
    assert_eq!(
        identifiers(&listed),
        ["search", "plans", "notes", "guide", "mail"].map(|name| format!("agentdns://127.0.0.1/mcp/{name}"))
    );
    assert_eq!(reasons(&listed.set_aside), [""; 0]);
    let endpoint = domain.url("/mcp");
    for listed in &listed.entries {
        let service = &listed.service;
        assert_eq!(
            service.publisher.verification,
            Verification::None,
            "it is no domain, and there is no TLS"
        );
        // The card of a service that its entry describes is not fetched before it is wanted.
        let is_read = !["plans", "guide"].contains(&service.identifier.name());
        assert_eq!(listed.card.is_some(), is_read, "{}", service.identifier);
        if is_read {
            assert_eq!(urls(&service.offers), [endpoint.as_str()], "{}", service.identifier);
        }
    }
    let plans = &listed.entries[1];
    assert_eq!(domain.ledger().seen().iter().filter(|seen| seen.path == "/cards/plans").count(), 0);
    let plans = client().complete(plans, NOW + 1).await.unwrap();
    assert_eq!(urls(&plans.service.offers), [endpoint.as_str()]);
    assert_eq!((plans.service.name.as_str(), plans.service.provenance.fetched_at), ("Plans", NOW + 1));
    assert!(plans.card.is_some());
}

#[tokio::test]
async fn takes_a_domain_a_url_and_a_redirect_within_the_origin() {
    let domain = Domain::start().await.unwrap();
    let one = entry("one", CARD, json!({ "data": card("one", "One.", &domain.url("/mcp")) }));
    domain.put("/moved.json", Page::json(&catalog([one])));
    domain.put(WELL_KNOWN, Page::redirect("/moved.json"));
    for place in [domain.name(), domain.url(""), domain.url("/moved.json?a=b")] {
        let listed = client().list(&place, NOW).await.unwrap();
        assert_eq!(identifiers(&listed), ["agentdns://127.0.0.1/mcp/one"], "{place}");
    }
}

#[tokio::test]
async fn believes_a_catalog_as_long_as_it_says_and_no_longer_than_a_day() {
    for (header, expected) in
        [(None, 3_600), (Some("max-age=60"), 60), (Some("max-age=9999999"), 86_400), (Some("no-store"), 0)]
    {
        let domain = Domain::start().await.unwrap();
        let one = entry("one", CARD, json!({ "data": card("one", "One.", &domain.url("/mcp")) }));
        let mut page = Page::json(&catalog([one]));
        if let Some(header) = header {
            page = page.with_header(car_http::header::CACHE_CONTROL, header);
        }
        domain.put(WELL_KNOWN, page);
        let listed = list(&domain).await.unwrap();
        assert_eq!(listed.entries[0].service.provenance.ttl_seconds, expected, "{header:?}");
    }
}

#[tokio::test]
async fn finds_a_servers_card_at_any_of_its_places() {
    for (path, document) in [
        ("/v1/mcp/server-card", card("search", "Finds.", "https://acme.example/mcp")),
        ("/.well-known/mcp/server-card.json", older_card("search", "Finds.", "/v1/mcp")),
        (
            "/.well-known/mcp.json",
            json!({ "name": "search", "description": "Finds.", "endpoint": "/v1/mcp" }),
        ),
        ("/.well-known/mcp", oldest_card("search", "/v1/mcp")),
        ("/.well-known/mcp-server.json", older_card("search", "Finds.", "/v1/mcp")),
    ] {
        let domain = Domain::start().await.unwrap();
        domain.put("/.well-known/mcp.json", Page::text("<html>not found</html>"));
        domain.put(path, Page::json(&document));
        let found = client().card(&domain.url("/v1/mcp"), NOW).await.unwrap().expect(path);
        assert_eq!(found.service.identifier.to_string(), "agentdns://127.0.0.1/search", "{path}");
        assert_eq!(found.service.publisher.verification, Verification::None);
        assert_eq!(found.service.name, "search", "{path}");
        assert_eq!(found.service.offers.len(), 1, "{path}");
    }
}

#[tokio::test]
async fn a_server_without_a_card_is_no_error() {
    let domain = Domain::start().await.unwrap();
    domain.put("/mcp/server-card", Page::status(401));
    domain.put("/.well-known/mcp", Page::json(&json!({ "hello": "world" })));
    assert!(client().card(&domain.url("/mcp"), NOW).await.unwrap().is_none());
    assert_eq!(domain.ledger().requests(), 5);
}

#[tokio::test]
async fn asks_for_catalogs_and_cards_by_their_types() {
    let domain = Domain::with_everything().await.unwrap();
    list(&domain).await.unwrap();
    for seen in domain.ledger().seen() {
        let accept = seen.headers["accept"].to_str().unwrap();
        assert!(
            accept.contains(CARD) && accept.contains(CATALOG) && accept.contains("application/json"),
            "{accept}"
        );
        assert_eq!(seen.authorization(), None);
    }
}
