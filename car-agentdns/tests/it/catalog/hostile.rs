//! Domains that mean no good, or are out of order.

use std::net::IpAddr;
use std::sync::Arc;

use car_agentdns::Error;
use car_agentdns::catalog::{CatalogClient, read};
use car_http::{Resolver, Resolving};
use car_testkit::catalog::{CARD, CATALOG, Domain, Page, WELL_KNOWN, card, catalog, entry};
use serde_json::{Value, json};
use url::Url;

use super::{NOW, client, identifiers, list, reasons};

/// Answers every name with this machine, as a resolver does that an attacker owns.
struct Loopback;

impl Resolver for Loopback {
    fn resolve<'a>(&'a self, _host: &'a str) -> Resolving<'a> {
        Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) })
    }
}

fn good(domain: &Domain) -> Value {
    entry("good", CARD, json!({ "data": card("good", "Good.", &domain.url("/mcp")) }))
}

fn nested(name: &str, url: &str) -> Value {
    entry(name, CATALOG, json!({ "url": url }))
}

#[tokio::test]
async fn a_catalog_that_names_itself_is_read_once() {
    let domain = Domain::start().await.unwrap();
    domain.put(
        WELL_KNOWN,
        Page::json(&catalog([nested("self", WELL_KNOWN), nested("other", "/other.json"), good(&domain)])),
    );
    domain.put(
        "/other.json",
        Page::json(&catalog([nested("back", WELL_KNOWN), nested("self", "/other.json#again")])),
    );
    let listed = list(&domain).await.unwrap();
    assert_eq!(identifiers(&listed), ["agentdns://127.0.0.1/mcp/good"]);
    assert_eq!(domain.ledger().requests(), 2);
    assert_eq!(listed.set_aside.len(), 3);
    assert!(listed.set_aside.iter().all(|one| one.reason == "it was read already"), "{:?}", listed.set_aside);
}

#[tokio::test]
async fn a_chain_and_a_bush_of_catalogs_are_cut() {
    let chain = Domain::start().await.unwrap();
    for depth in 1..10 {
        chain.put(&format!("/{depth}"), Page::json(&catalog([nested("next", &format!("/{}", depth + 1))])));
    }
    let listed = client().list(&chain.url("/1"), NOW).await.unwrap();
    assert_eq!(chain.ledger().requests(), 4);
    assert_eq!(
        reasons(&listed.set_aside),
        ["urn:air:127.0.0.1:mcp:next: catalogs are nested more than 4 deep"]
    );

    let bush = Domain::start().await.unwrap();
    let many = (0..100).map(|number| nested(&format!("n{number}"), &format!("/{number}")));
    bush.put(WELL_KNOWN, Page::json(&catalog(many)));
    for number in 0..100 {
        bush.put(&format!("/{number}"), Page::json(&catalog([])));
    }
    let listed = list(&bush).await.unwrap();
    assert_eq!(bush.ledger().requests(), 32);
    assert_eq!(listed.set_aside.len(), 100 - 31);
}

#[tokio::test]
async fn a_document_that_is_none_costs_itself() {
    let other = Domain::start().await.unwrap();
    for (page, expected) in [
        (Page::text("<html></html>"), "expected a JSON object"),
        (Page::text(vec![0xff, 0xfe]), "expected UTF-8"),
        (Page::text(vec![b' '; 1024 * 1024 + 1]), "larger than 1048576 bytes"),
        (
            Page::json(&json!({ "specVersion": "2.0", "entries": [] })),
            "expected a catalog of version 1, found \"2.0\"",
        ),
        (Page::redirect(&other.url("/catalog.json")), "sends its callers to"),
        (Page::redirect("/nested.json"), "sends its callers to"),
        (Page::status(500), "status 500"),
        (Page::status(401), "wants a token"),
        (Page::status(404), "/nested.json does not know of a catalog or card"),
    ] {
        let domain = Domain::start().await.unwrap();
        domain.put("/nested.json", page.clone());
        let error = client().list(&domain.url("/nested.json"), NOW).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        domain.put(WELL_KNOWN, Page::json(&catalog([nested("bad", "/nested.json"), good(&domain)])));
        let listed = list(&domain).await.unwrap();
        assert_eq!(identifiers(&listed), ["agentdns://127.0.0.1/mcp/good"]);
        let told = reasons(&listed.set_aside);
        assert!(told.len() == 1 && told[0].contains(expected), "{told:?}");
    }
    assert_eq!(other.ledger().requests(), 0);
}

#[tokio::test]
async fn one_catalog_that_never_comes_does_not_keep_the_others() {
    let domain = Domain::start().await.unwrap();
    domain.put("/never.json", Page::never());
    domain.put("/fine.json", Page::json(&catalog([good(&domain)])));
    domain.put(
        WELL_KNOWN,
        Page::json(&catalog([nested("never", "/never.json"), nested("fine", "/fine.json")])),
    );
    let pass_time = async {
        domain.asked("/never.json").await;
        domain.asked("/fine.json").await;
        tokio::time::pause();
    };
    let (listed, ()) = tokio::join!(list(&domain), pass_time);
    let listed = listed.unwrap();
    assert_eq!(identifiers(&listed), ["agentdns://127.0.0.1/mcp/good"]);
    assert!(reasons(&listed.set_aside)[0].contains("did not answer within"), "{:?}", listed.set_aside);
}

#[tokio::test]
async fn a_service_stays_listed_whose_card_cannot_be_read() {
    let domain = Domain::start().await.unwrap();
    let bare = |name: &str| entry(name, CARD, json!({ "url": format!("/cards/{name}") }));
    domain.put("/cards/html", Page::text("<html></html>"));
    domain.put("/cards/never", Page::never());
    domain.put(WELL_KNOWN, Page::json(&catalog([bare("gone"), bare("html"), bare("never")])));
    let pass_time = async {
        for name in ["gone", "html", "never"] {
            domain.asked(&format!("/cards/{name}")).await;
        }
        tokio::time::pause();
    };
    let (listed, ()) = tokio::join!(list(&domain), pass_time);
    let listed = listed.unwrap();
    assert_eq!(
        identifiers(&listed),
        ["gone", "html", "never"].map(|name| format!("agentdns://127.0.0.1/mcp/{name}"))
    );
    let told = reasons(&listed.set_aside);
    for (told, expected) in
        told.iter().zip(["does not know of a catalog or card", "expected a JSON object", "within"])
    {
        assert!(told.contains("its card cannot be used: ") && told.contains(expected), "{told}");
    }
    assert_eq!(told.len(), 3);
    for entry in &listed.entries {
        assert!(entry.card.is_none() && entry.service.reference.is_some());
    }
}

#[tokio::test]
async fn a_domain_that_never_answers_is_given_up() {
    let domain = Domain::start().await.unwrap();
    domain.put(WELL_KNOWN, Page::never());
    let pass_time = async {
        domain.asked(WELL_KNOWN).await;
        tokio::time::pause();
    };
    let (listed, ()) = tokio::join!(list(&domain), pass_time);
    assert!(matches!(listed, Err(Error::TimedOut { .. })), "{listed:?}");
}

#[tokio::test]
async fn a_public_catalog_leads_nobody_into_this_machine() {
    let domain = Domain::start().await.unwrap();
    let port = domain.name().rsplit(':').next().unwrap().to_owned();
    let entry = entry("trap", CARD, json!({ "url": format!("https://cards.acme.example:{port}/card") }));
    let url = Url::parse("https://acme.example/.well-known/ai-catalog.json").unwrap();
    let listed = read(&catalog([entry]).to_string(), &url, NOW).unwrap();
    let http = car_http::Client::builder().resolver(Arc::new(Loopback));
    let error = CatalogClient::new(&http).complete(&listed.entries[0], NOW).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert_eq!(domain.ledger().connections(), 0);
    // The user's own word opens the way: then there is a connection, and no TLS on the other side.
    let allowed = CatalogClient::new(&http).allow_private(true).complete(&listed.entries[0], NOW).await;
    assert!(allowed.is_err());
    assert_eq!(domain.ledger().connections(), 1);
}

#[tokio::test]
async fn places_that_cannot_be_asked_are_the_callers_to_mend() {
    for place in ["", "http://acme.example", "ftp://acme.example", "https://u:s3cret@acme.example", "a b"] {
        let error = client().list(place, NOW).await.unwrap_err();
        assert!(matches!(error, Error::InvalidBase { .. }), "{place}: {error}");
        assert!(!error.to_string().contains("s3cret"));
        assert!(client().card(place, NOW).await.is_err());
    }
}
