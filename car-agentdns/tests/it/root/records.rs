//! What a root's records become: within bounds, and set aside with a reason where they cannot be used.

use car_agentdns::root::Resolved;
use car_agentdns::{Protocol, Provenance, ServiceKind, SourceKind};
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

use super::limit;

const PUBLIC: &str = "https://root.example.com/";

fn read(root: &str, most: usize, body: &str) -> Resolved {
    let provenance = Provenance::new(SourceKind::Root, root, 1, 300);
    Resolved::from_json(body.as_bytes(), limit(most), &Url::parse(root).unwrap(), &provenance).unwrap()
}

/// Reads one record; returns why it was set aside.
fn reason(root: &str, record: &Value) -> Result<String, String> {
    let read = read(root, 10, &json!({ "services": [record] }).to_string());
    match (&read.services[..], &read.set_aside[..]) {
        ([service], []) => Ok(service.offers.len().to_string()),
        ([], [aside]) => Err(aside.reason.clone()),
        _ => panic!("one record became {read:?}"),
    }
}

#[test]
fn fills_in_what_is_not_said() {
    let read =
        read(PUBLIC, 10, r#"{"services":[{"identifier":"AgentDNS://a.example/b/c","more":[{}]}],"next":1}"#);
    let service = &read.services[0];
    assert_eq!(service.identifier.to_string(), "agentdns://a.example/b/c");
    assert_eq!((service.name.as_str(), service.description.as_str()), ("c", ""));
    assert_eq!((&service.kind, service.protocol.as_str()), (&ServiceKind::Server, "unknown"));
    assert_eq!(service.publisher.name, "a.example");
    assert!(service.pricing.is_none() && service.offers.is_empty() && service.reference.is_none());
}

#[test]
fn keeps_words_that_it_does_not_know() {
    let record = json!({ "identifier": "agentdns://a/b", "kind": "Oracle", "protocol": "gRPC", "name": " \u{1b}[2J\nx " });
    let service = read(PUBLIC, 10, &json!({ "services": [record] }).to_string()).services.remove(0);
    assert_eq!(service.kind, ServiceKind::Other("oracle".to_owned()));
    assert_eq!(service.protocol, Protocol::Other("grpc".to_owned()));
    assert_eq!(service.name, " [2J x", "nothing in it moves a terminal's cursor");
}

#[test]
fn sets_aside_a_record_that_is_wrong_and_keeps_the_others() {
    let good = r#"{"identifier":"agentdns://a/good"}"#;
    for (bad, name, expected) in [
        ("7", None, "expected a record, found something else"),
        ("null", None, "expected a record, found something else"),
        (r#"["agentdns://a/b"]"#, None, "expected a record, found something else"),
        ("{}", None, "missing field `identifier`"),
        (r#"{"identifier":7}"#, None, "invalid type: integer `7`, expected a string"),
        (r#"{"identifier":"agentdns://a/b","name":7}"#, Some("agentdns://a/b"), "invalid type: integer `7`"),
        (r#"{"identifier":"agentdns://a/b","tags":"x"}"#, Some("agentdns://a/b"), "expected a sequence"),
        (
            r#"{"identifier":"agentdns://a/b","capabilities":[{}]}"#,
            Some("agentdns://a/b"),
            "missing field `name`",
        ),
        (
            r#"{"identifier":"agentdns://a/b","pricing":{"model":"free","price":"0"}}"#,
            Some("agentdns://a/b"),
            "expected f64",
        ),
        (
            r#"{"identifier":"https://a/b"}"#,
            Some("https://a/b"),
            "expected a name that begins with agentdns://",
        ),
        (r#"{"identifier":"agentdns://a/b@1"}"#, Some("agentdns://a/b@1"), "a version is not part of a name"),
        (r#"{"identifier":"agentdns://local/b"}"#, Some("agentdns://local/b"), "on this machine"),
        (good, Some("agentdns://a/good"), "it is there twice"),
    ] {
        let read = read(
            PUBLIC,
            10,
            &format!(r#"{{"services":[{good},{bad},{{"identifier":"agentdns://a/last"}}]}}"#),
        );
        assert_eq!(read.services.len(), 2, "{bad}");
        assert_eq!(read.set_aside.len(), 1, "{bad}");
        assert_eq!(read.set_aside[0].name.as_deref(), name, "{bad}");
        assert!(read.set_aside[0].reason.contains(expected), "{bad}: {}", read.set_aside[0].reason);
    }
}

#[test]
fn takes_no_endpoint_of_a_public_root_that_is_private_or_not_encrypted() {
    let record =
        |endpoint: &str| json!({ "identifier": "agentdns://a/b", "protocol": "mcp", "endpoint": endpoint });
    let here = "http://127.0.0.1:8080/";
    for (endpoint, from_public, from_private) in [
        ("https://a.example/mcp", Ok("1"), Ok("1")),
        ("https://a.example/mcp?x=1", Ok("1"), Ok("1")),
        ("http://a.example.com/mcp", Err("expected https, found http"), Ok("1")),
        ("https://127.0.0.1/mcp", Err("private network"), Ok("1")),
        ("https://0x7f.1/mcp", Err("private network"), Ok("1")),
        ("https://[::ffff:10.0.0.1]/mcp", Err("private network"), Ok("1")),
        ("https://169.254.169.254/latest", Err("private network"), Ok("1")),
        ("https://vault.internal/mcp", Err("private network"), Ok("1")),
        ("https://printer/mcp", Err("private network"), Ok("1")),
        ("http://localhost:3000/mcp", Err("expected https"), Ok("1")),
        ("https://ada@a.example/mcp", Err("user name or a password"), Err("user name or a password")),
        ("https://ada:pw@a.example/mcp", Err("user name or a password"), Err("user name or a password")),
        ("https://a.example/mcp#x", Err("fragment"), Err("fragment")),
        ("file:///etc/passwd", Err("found file"), Err("found file")),
        ("javascript:alert(1)", Err("found javascript"), Err("found javascript")),
        ("/mcp", Err("no URL"), Err("no URL")),
        ("", Err("no URL"), Err("no URL")),
    ] {
        for (root, expected) in [(PUBLIC, from_public), (here, from_private)] {
            match (reason(root, &record(endpoint)), expected) {
                (Ok(offers), Ok(expected)) => assert_eq!(offers, expected, "{endpoint} from {root}"),
                (Err(found), Err(expected)) => {
                    assert!(found.contains(expected), "{endpoint} from {root}: {found}")
                }
                (found, _) => panic!("{endpoint} from {root}: {found:?}"),
            }
        }
    }
    let error = reason(PUBLIC, &record("https://ada:s3cret@a.example/mcp")).unwrap_err();
    assert!(!error.contains("s3cret"));
    assert!(reason(PUBLIC, &record(&format!("https://a.example/{}", "x".repeat(3_000)))).is_err());
}

#[test]
fn cuts_what_is_too_long_and_counts_what_is_too_much() {
    let record = json!({
        "identifier": "agentdns://a/b",
        "name": "n".repeat(10_000),
        "description": "ä".repeat(10_000),
        "kind": "k".repeat(10_000),
        "version": "v".repeat(10_000),
        "publisher": "p".repeat(10_000),
        "tags": vec!["t".repeat(1_000); 1_000],
        "capabilities": vec![json!({ "name": "c".repeat(1_000), "description": "d".repeat(5_000) }); 300],
    });
    let service = read(PUBLIC, 10, &json!({ "services": [record] }).to_string()).services.remove(0);
    assert_eq!(service.name.len(), 200);
    assert_eq!(service.description.chars().count(), 4_000);
    assert_eq!(service.kind.as_str().len(), 64);
    assert_eq!(service.version.unwrap().len(), 255);
    assert_eq!(service.publisher.name.len(), 200);
    assert_eq!((service.tags.len(), service.tags[0].len()), (50, 100));
    assert_eq!(service.capabilities.len(), 200);
    assert_eq!((service.capabilities[0].name.len(), service.capabilities[0].description.len()), (200, 1_000));

    let many: Vec<_> = (0..30).map(|n| json!({ "identifier": format!("agentdns://a/n{n}") })).collect();
    let few = read(PUBLIC, 10, &json!({ "services": many }).to_string());
    assert_eq!((few.services.len(), few.set_aside.len(), few.left_out), (10, 0, 20));
    let bad = read(PUBLIC, 10, &format!("{{\"services\":[{}7]}}", "7,".repeat(300_000)));
    assert_eq!((bad.services.len(), bad.set_aside.len(), bad.left_out), (0, 100, 299_901));
    let long = read(
        PUBLIC,
        10,
        &format!(
            "{{\"services\":[\"{}\",{{\"identifier\":{{\"x\":\"{}\"}}}}]}}",
            "x".repeat(9_000),
            "y".repeat(9_000)
        ),
    );
    assert!(long.set_aside.iter().all(|aside| aside.reason.len() < 1_000));
}

#[test]
fn says_that_a_document_is_no_answer() {
    let root = Url::parse(PUBLIC).unwrap();
    let provenance = Provenance::new(SourceKind::Root, PUBLIC, 1, 300);
    for body in [
        "",
        "<html>",
        "[]",
        "null",
        "{}",
        r#"{"services":{}}"#,
        r#"{"services":null}"#,
        r#"[[{}]]"#,
        r#"{"services":[{]}"#,
        r#"{"services":[]"#,
    ] {
        let error = Resolved::from_json(body.as_bytes(), limit(1), &root, &provenance).unwrap_err();
        assert!(
            error.to_string().starts_with("expected an object with a list `services`, found "),
            "{error}"
        );
    }
    assert!(Resolved::from_json(b"{\"services\":[\"\xff\"]}", limit(1), &root, &provenance).is_err());
}

#[test]
fn bears_what_is_nested_deeply() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let first = read(
        PUBLIC,
        10,
        &format!(r#"{{"services":[{deep},{{"identifier":"agentdns://a/b","more":{deep}}}]}}"#),
    );
    assert_eq!((first.services.len(), first.set_aside.len()), (1, 1));
}

proptest! {
    #[test]
    fn bears_any_text(body in any::<String>()) {
        let root = Url::parse(PUBLIC).unwrap();
        let provenance = Provenance::new(SourceKind::Root, PUBLIC, 1, 300);
        let _any = Resolved::from_json(body.as_bytes(), limit(1), &root, &provenance);
    }

    #[test]
    fn never_gives_what_the_contract_forbids(
        names in prop::collection::vec("(agentdns://)?[a-c]{1,2}/[a-c ]{1,2}", 0..12),
        endpoints in prop::collection::vec("https?://(a\\.example|10\\.0\\.0\\.1|u@a\\.b)/", 12),
        most in 1_usize..6,
    ) {
        let records: Vec<_> = names.iter().zip(&endpoints)
            .map(|(name, endpoint)| json!({ "identifier": name, "endpoint": endpoint, "protocol": "mcp" }))
            .collect();
        let read = read(PUBLIC, most, &json!({ "services": records }).to_string());
        prop_assert!(read.services.len() <= most);
        prop_assert_eq!(read.services.len() + read.set_aside.len() + read.left_out, records.len());
        let unique: std::collections::HashSet<_> = read.services.iter().map(|one| &one.identifier).collect();
        prop_assert_eq!(unique.len(), read.services.len());
        for service in &read.services {
            let offer = format!("{:?}", service.offers);
            prop_assert!(offer.contains("https://a.example/"), "{}", offer);
        }
    }
}
