//! The client and the reference root, over real HTTP.

use car_agentdns::{
    Bearer, BearerError, Error, Limit, Offer, Protocol, ServiceKind, SourceKind, Transport, Verification,
};
use car_testkit::root::{ReferenceRoot, RootConfig};

use super::{NOW, limit, need, root};

#[tokio::test]
async fn finds_services_by_need_best_first() {
    let server = ReferenceRoot::start(RootConfig::default()).await.unwrap();
    let root = root(&server.url(), None);
    for (asked, expected) in [
        ("open an issue in my bug tracker", "agentdns://ticketry.example/development/issues"),
        ("send an e-mail with an attachment", "agentdns://harbor.example/office/mail/send"),
        ("translate a text", "agentdns://lexikon.example/language/translation"),
        ("book a flight", "agentdns://voyager.example/travel/flights"),
        ("what will the weather be: rain?", "agentdns://nimbus.example/weather/forecast"),
        ("run an SQL query on our database", "agentdns://granary.example/data/postgres"),
    ] {
        let found = root.resolve(&need(asked), limit(3), NOW).await.unwrap();
        assert_eq!(found.services[0].identifier.to_string(), expected, "{asked}");
        assert!(found.services.len() <= 3, "{asked}");
        assert!(found.set_aside.is_empty(), "{:?}", found.set_aside);
    }
    let none = root.resolve(&need("xyzzy plugh"), Limit::DEFAULT, NOW).await.unwrap();
    assert!(none.services.is_empty());
}

#[tokio::test]
async fn makes_one_record_of_what_the_root_says() {
    let server = ReferenceRoot::start(RootConfig::default()).await.unwrap();
    let root = root(&format!("{}/", server.url()), None);
    let name = "agentdns://harbor.example/office/mail/send".parse().unwrap();
    let mail = root.get(&name, NOW).await.unwrap().unwrap();
    assert_eq!(mail.identifier, name);
    assert_eq!((mail.name.as_str(), mail.version.as_deref()), ("Harbor Mail", Some("2.3.0")));
    assert_eq!((&mail.kind, &mail.protocol), (&ServiceKind::Server, &Protocol::Mcp));
    assert_eq!(mail.tags, ["mail", "email", "inbox"]);
    assert_eq!(mail.capabilities[0].name, "send_message");
    assert_eq!(mail.pricing.as_ref().unwrap().price, Some(4.0));
    assert_eq!(mail.publisher.name, "Harbor Office");
    assert_eq!(mail.publisher.verification, Verification::Root);
    let url = "https://mcp.harbor.example/mail".to_owned();
    assert_eq!(mail.offers, [Offer::Remote { transport: Transport::StreamableHttp, url }]);
    assert_eq!(mail.reference.as_deref(), Some("agentdns://harbor.example/office/mail/send"));
    assert_eq!(mail.provenance.kind, SourceKind::Root);
    assert_eq!(mail.provenance.source, server.url());
    assert_eq!((mail.provenance.fetched_at, mail.provenance.ttl_seconds), (NOW, 300));
}

#[tokio::test]
async fn offers_nothing_to_add_where_it_is_no_mcp_or_nowhere() {
    let server = ReferenceRoot::start(RootConfig::default()).await.unwrap();
    let root = root(&server.url(), None);
    for (name, protocol) in [
        ("agentdns://voyager.example/travel/hotels", "anp"),
        ("agentdns://pantry.example/food/recipes", "grpc"),
        ("agentdns://hearth.example/home/lights", "mcp"),
    ] {
        let service = root.get(&name.parse().unwrap(), NOW).await.unwrap().unwrap();
        assert_eq!(service.protocol.as_str(), protocol);
        assert!(service.offers.is_empty() && service.reference.is_none(), "{name}");
    }
}

#[tokio::test]
async fn asks_for_one_service_by_its_name_and_takes_no_other() {
    let server = ReferenceRoot::start(RootConfig::default()).await.unwrap();
    let root = root(&server.url(), None);
    let unknown = "agentdns://harbor.example/office/mail".parse().unwrap();
    assert_eq!(root.get(&unknown, NOW).await.unwrap(), None);
    let by_need =
        root.resolve(&need("agentdns://tally.example/finance/stocks"), limit(10), NOW).await.unwrap();
    assert_eq!(by_need.services.len(), 1);
    assert_eq!(server.ledger().requests(), 2);
    let local = "agentdns://local/disk/files".parse().unwrap();
    assert_eq!(root.get(&local, NOW).await.unwrap(), None);
    assert_eq!(server.ledger().requests(), 2, "nobody is asked for what is on this machine");
}

#[tokio::test]
async fn gives_no_more_than_are_wanted() {
    let server = ReferenceRoot::start(RootConfig::default()).await.unwrap();
    let root = root(&server.url(), None);
    for number in [1, 2, 5] {
        let found =
            root.resolve(&need("find books, files, papers, hotels and trains"), limit(number), NOW).await;
        assert_eq!(found.unwrap().services.len(), number);
    }
}

#[tokio::test]
async fn shows_its_token_to_a_root_that_wants_one() {
    let mut config = RootConfig::default();
    config.token = Some("s3cret".to_owned());
    config.max_age = 7;
    let server = ReferenceRoot::start(config).await.unwrap();
    for token in [None, Some("s3cres"), Some("s3cret1"), Some("S3CRET")] {
        let error = root(&server.url(), token).resolve(&need("mail"), limit(1), NOW).await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized { status: 401, .. }), "{token:?}: {error}");
        assert!(error.is_unauthorized() && !error.is_transient());
        assert!(!format!("{error:?}").contains("s3cre"));
    }
    let right = root(&server.url(), Some("s3cret"));
    let found = right.resolve(&need("mail"), limit(1), NOW).await.unwrap();
    assert_eq!(found.services[0].provenance.ttl_seconds, 7);
    assert!(!format!("{right:?}").contains("s3cret"));
    let last = server.ledger().seen().pop().unwrap();
    assert_eq!(last.authorization(), Some("Bearer s3cret"));
    assert_eq!(server.ledger().requests(), 5);
}

#[test]
fn takes_no_token_that_would_begin_another_header() {
    let error = Bearer::new("s3cret\r\nx-evil: 1").unwrap_err();
    assert_eq!(error, BearerError::Character { place: 7 });
    assert!(!error.to_string().contains("s3cret"));
}
