//! Names of services: what is none and what is said of it, order, and that each has one spelling.

use std::collections::{BTreeSet, HashSet};

use car_agentdns::{NameError, ServiceIdentifier};
use proptest::prelude::*;

fn read(text: &str) -> ServiceIdentifier {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn reads_organization_categories_and_name() {
    let table: &[(&str, &str, &[&str], &str)] = &[
        ("agentdns://example.com/send", "example.com", &[], "send"),
        ("agentdns://example.com/office/mail/send", "example.com", &["office", "mail"], "send"),
        ("AgentDNS://io.github.ann/tools/demo_2", "io.github.ann", &["tools"], "demo_2"),
        ("agentdns://local/files", "local", &[], "files"),
        ("agentdns://-/_/...", "-", &["_"], "..."),
        ("agentdns://EXAMPLE.com/Send", "EXAMPLE.com", &[], "Send"),
    ];
    for (text, organization, category, name) in table {
        let read = read(text);
        assert_eq!(read.organization(), *organization, "{text}");
        assert_eq!(read.category(), *category, "{text}");
        assert_eq!(read.name(), *name, "{text}");
        assert_eq!(read.to_string(), format!("agentdns://{}", &text[11..]));
    }
}

#[test]
fn says_what_is_wrong_with_what_is_no_name() {
    let allowed = "expected letters, digits, `-`, `_` and `.` in segment";
    let table = [
        ("", "expected a name that begins with agentdns://, found \"\"".to_owned()),
        (
            "example.com/mail/send",
            "expected a name that begins with agentdns://, found \"example.com\"".to_owned(),
        ),
        (
            "https://a.example/b",
            "expected a name that begins with agentdns://, found \"https://a.e\"".to_owned(),
        ),
        ("agentdns:/a/b", "expected a name that begins with agentdns://, found \"agentdns:/a\"".to_owned()),
        ("agentdns:a/b", "expected a name that begins with agentdns://, found \"agentdns:a/\"".to_owned()),
        (" agentdns://a/b", "expected a name that begins with agentdns://, found \" agentdns:/\"".to_owned()),
        ("agentdñs://a/b", "expected a name that begins with agentdns://, found \"agentdñs://\"".to_owned()),
        (
            "\u{1b}[2J\u{202e}",
            "expected a name that begins with agentdns://, found \"\\u{1b}[2J\\u{202e}\"".to_owned(),
        ),
        ("agentdns://", "expected segment 1 to have characters, found none".to_owned()),
        ("agentdns:///a/b", "expected segment 1 to have characters, found none".to_owned()),
        ("agentdns://a//b", "expected segment 2 to have characters, found none".to_owned()),
        ("agentdns://a/b//c", "expected segment 3 to have characters, found none".to_owned()),
        ("agentdns://a/b/", "expected segment 3 to have characters, found none".to_owned()),
        ("agentdns://a/", "expected segment 2 to have characters, found none".to_owned()),
        ("agentdns://a", "expected an organization and a name, found 1 segment".to_owned()),
        ("agentdns://./b", "expected segment 1 to be a word, found \".\"".to_owned()),
        ("agentdns://a/../b", "expected segment 2 to be a word, found \"..\"".to_owned()),
        ("agentdns://a/b/..", "expected segment 3 to be a word, found \"..\"".to_owned()),
        (
            "agentdns://a/b%2Fc",
            format!("{allowed} 2, found '%' at character 2; names are not percent-encoded"),
        ),
        ("agentdns://%61/b", format!("{allowed} 1, found '%' at character 1; names are not percent-encoded")),
        ("agentdns://a/b c", format!("{allowed} 2, found ' ' at character 2")),
        ("agentdns://a/b ", format!("{allowed} 2, found ' ' at character 2")),
        ("agentdns://a/b\tc", format!("{allowed} 2, found '\\t' at character 2")),
        ("agentdns://a/b\n", format!("{allowed} 2, found '\\n' at character 2")),
        ("agentdns://a/\0", format!("{allowed} 2, found '\\0' at character 1")),
        ("agentdns://a/löschen", format!("{allowed} 2, found 'ö' at character 2")),
        ("agentdns://аpple/b", format!("{allowed} 1, found 'а' at character 1")),
        ("agentdns://a\\b/c", format!("{allowed} 1, found '\\\\' at character 2")),
        (
            "agentdns://a/b@1.0",
            format!("{allowed} 2, found '@' at character 2; a version is not part of a name"),
        ),
        (
            "agentdns://a/b?q=1",
            format!("{allowed} 2, found '?' at character 2; a name has no query and no fragment"),
        ),
        (
            "agentdns://a/b#f",
            format!("{allowed} 2, found '#' at character 2; a name has no query and no fragment"),
        ),
        ("agentdns://a:443/b", format!("{allowed} 1, found ':' at character 2; a name has no port")),
        ("agentdns://a/b:c", format!("{allowed} 2, found ':' at character 2")),
        ("agentdns://ada@a/b", format!("{allowed} 1, found '@' at character 4; a name has no user")),
        ("agentdns://ada:pw@a/b", format!("{allowed} 1, found ':' at character 4; a name has no port")),
        ("agentdns://[::1]/b", format!("{allowed} 1, found '[' at character 1")),
        ("agentdns://a/{b}", format!("{allowed} 2, found '{{' at character 1")),
    ];
    for (text, expected) in table {
        let error = ServiceIdentifier::parse(text).map(|read| read.to_string()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text:?}");
    }
}

#[test]
fn has_a_longest_segment_and_a_longest_whole() {
    let longest = "x".repeat(ServiceIdentifier::MAX_SEGMENT);
    for text in [
        format!("agentdns://{longest}/b"),
        format!("agentdns://a/{longest}/b"),
        format!("agentdns://a/{longest}"),
    ] {
        assert_eq!(read(&text).to_string(), text);
        let error = ServiceIdentifier::parse(&text.replace(&longest, &format!("{longest}x"))).unwrap_err();
        assert!(matches!(error, NameError::SegmentTooLong { found: 201, .. }), "{error}");
        assert!(error.to_string().starts_with("expected at most 200 characters in segment "), "{error}");
    }
    // Eleven for the scheme, then "a", then pairs of a slash and a letter: 1,023 with 506 pairs.
    let whole = format!("agentdns://a{}", "/b".repeat(506));
    assert_eq!(whole.len(), ServiceIdentifier::MAX);
    assert_eq!(read(&whole).category().len(), 505);
    let error = ServiceIdentifier::parse(&format!("{whole}c")).unwrap_err();
    assert_eq!(error.to_string(), "expected at most 1024 characters, found 1025");
    let made = ServiceIdentifier::new("a", vec!["b"; 505], "bc").unwrap_err();
    assert_eq!(made, error);
    assert_eq!(ServiceIdentifier::new("a", vec!["b"; 505], "b").unwrap().to_string(), whole);
}

#[test]
fn is_made_only_of_parts_that_can_be_read_again() {
    let error = |organization, category: &[&str], name| {
        ServiceIdentifier::new(organization, category.iter().copied(), name).unwrap_err()
    };
    assert_eq!(error("a/b", &[], "c"), NameError::Character { segment: 1, place: 2, character: '/' });
    assert_eq!(error("a", &["b", ""], "c"), NameError::EmptySegment { segment: 3 });
    assert_eq!(error("a", &["b"], ".."), NameError::DotSegment { segment: 3, found: ".." });
    assert_eq!(
        ServiceIdentifier::local(["disk"], "files").unwrap().to_string(),
        "agentdns://local/disk/files"
    );
    assert!(read("agentdns://local/files").is_local());
    assert!(!read("agentdns://local.example/files").is_local());
}

#[test]
fn stands_together_with_what_it_belongs_to() {
    let ordered = [
        "agentdns://a/y",
        "agentdns://a/z",
        "agentdns://a/b/c",
        "agentdns://a/b/c/a",
        "agentdns://a/c/a",
        "agentdns://a.b/a",
        "agentdns://b/a",
    ];
    let sorted: BTreeSet<_> = ordered.iter().rev().map(|text| read(text)).collect();
    assert_eq!(sorted.iter().map(ToString::to_string).collect::<Vec<_>>(), ordered);
}

#[test]
fn is_one_whatever_the_case_of_its_scheme_and_two_by_any_other() {
    let texts = ["agentdns://a/b", "AGENTDNS://a/b", "AgentDns://a/b", "agentdns://A/b", "agentdns://a/B"];
    let names: HashSet<_> = texts.iter().map(|text| read(text)).collect();
    assert_eq!(names.len(), 3);
}

#[test]
fn is_its_text_in_json() {
    let name: ServiceIdentifier = serde_json::from_str("\"AgentDNS://example.com/m\\u0061il\"").unwrap();
    assert_eq!(serde_json::to_string(&name).unwrap(), "\"agentdns://example.com/mail\"");
    for (json, expected) in [
        ("\"agentdns://a\"", "expected an organization and a name, found 1 segment"),
        ("7", "expected a name that begins with agentdns://"),
        ("null", "expected a name that begins with agentdns://"),
    ] {
        let error = serde_json::from_str::<ServiceIdentifier>(json).unwrap_err().to_string();
        assert!(error.contains(expected), "{json}: {error}");
    }
}

/// A segment that there may be.
fn segment() -> impl Strategy<Value = String> {
    "[A-Za-z0-9._-]{1,24}".prop_filter("dots are no word", |text| text != "." && text != "..")
}

fn name() -> impl Strategy<Value = ServiceIdentifier> {
    (segment(), prop::collection::vec(segment(), 0..6), segment()).prop_map(
        |(organization, category, name)| ServiceIdentifier::new(organization, category, name).unwrap(),
    )
}

/// Text that is nearly a name, and often one.
fn nearly() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        any::<String>().prop_map(|rest| format!("agentdns://{rest}")),
        "(agentdns|AgentDNS|agentdn):?/{1,3}[a-z./%@:?# -]{0,40}",
        "AGENTDNS://[A-Za-z0-9._-]{1,3}(/[A-Za-z0-9._-]{0,3}){0,5}",
    ]
}

proptest! {
    #[test]
    fn is_read_as_it_is_shown(name in name()) {
        prop_assert_eq!(ServiceIdentifier::parse(&name.to_string()), Ok(name));
    }

    #[test]
    fn is_shown_as_it_was_read_up_to_the_case_of_its_scheme(text in nearly()) {
        if let Ok(name) = ServiceIdentifier::parse(&text) {
            let shown = name.to_string();
            prop_assert_eq!(&shown[..11], "agentdns://");
            prop_assert!(text[..11].eq_ignore_ascii_case("agentdns://"));
            prop_assert_eq!(&shown[11..], &text[11..]);
        }
    }

    #[test]
    fn is_made_of_parts_just_where_it_is_read_from_text(
        parts in prop::collection::vec("[a-z.%/ é]{0,3}", 2..5)
    ) {
        let made = ServiceIdentifier::new(&parts[0], &parts[1..parts.len() - 1], &parts[parts.len() - 1]);
        let read = ServiceIdentifier::parse(&format!("agentdns://{}", parts.join("/")));
        match parts.iter().any(|part| part.contains('/')) {
            // A slash in a part would make two of it.
            true => prop_assert!(made.is_err()),
            false => prop_assert_eq!(made, read),
        }
    }
}
