//! The manifest's text: what it migrates, and what it keeps.

use std::path::Path;

use car_connectors_store::{Connector, Manifest};
use proptest::prelude::*;

const LEGACY: &str = include_str!("../data/connectors-0.60.json");

fn parse(text: &str) -> Manifest {
    Manifest::from_json(Path::new("connectors.json"), text).unwrap()
}

#[test]
fn a_manifest_of_0_60_loads_with_everything_kept() {
    let manifest = parse(LEGACY);
    let [linear, docs, files] = manifest.connectors() else { panic!("three connectors") };
    let oauth = linear.oauth.as_ref().unwrap();
    assert_eq!((&*oauth.client_id, oauth.has_client_secret), ("client-42", true));
    assert_eq!(oauth.scopes, ["read", "write"]);
    assert_eq!(linear.enabled_tools, ["list_issues", "create_issue"]);
    assert_eq!(docs.secret_headers, ["Authorization", "X-Api-Key"]);
    assert!(docs.extra("x-note").unwrap().get().contains("12345678901234567890123"));
    assert_eq!(files.stdio.as_ref().unwrap().env["LOG"], "debug");
    assert_eq!(files.url, "");
}

#[test]
fn writing_a_manifest_of_0_60_adds_the_version_and_changes_nothing_else() {
    let mut before: serde_json::Value = serde_json::from_str(LEGACY).unwrap();
    let written = parse(LEGACY).to_json();
    before["version"] = 1.into();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), before);
    assert!(written.starts_with("{\n  \"version\": 1,\n  \"connectors\""));
    // What we do not know stays byte for byte, even a number that no machine type holds.
    assert!(written.contains(r#"{"owner": "platform",  "budget": 12345678901234567890123, "ratio": 1.10}"#));
    assert_eq!(parse(&written).to_json(), written);
}

#[test]
fn a_change_touches_only_what_it_changes() {
    let text = r#"{"version":1,"connectors":[{"new":[1,2],"slug":"a","name":"A","url":"u","later":{"x":1.0}}],"z":"é"}"#;
    let mut manifest = parse(text);
    manifest.connector_mut("a").unwrap().enabled_tools = vec!["t".to_owned()];
    let written = manifest.to_json();
    let order: Vec<usize> = ["new", "slug", "name", "url", "later", "enabled_tools", "\"z\""]
        .iter()
        .map(|name| written.find(name).unwrap())
        .collect();
    assert!(order.is_sorted(), "{written}");
    assert!(written.contains("[1,2]") && written.contains(r#"{"x":1.0}"#));
}

#[test]
fn unknown_members_can_be_read_and_set_but_not_passed_off_as_known_ones() {
    let mut connector = Connector::remote("a", "A", "u");
    let raw = |text: &str| Some(serde_json::value::RawValue::from_string(text.to_owned()).unwrap());
    connector.set_extra("timeout_seconds", raw("30"));
    connector.set_extra("slug", raw("\"b\""));
    assert_eq!(connector.extra("timeout_seconds").unwrap().get(), "30");
    assert_eq!(connector.slug, "a");
    connector.set_extra("timeout_seconds", None);
    assert!(connector.extra("timeout_seconds").is_none());
}

/// Any JSON, with members that may look like ours.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map("[a-zé\"\\\\]{1,8}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn unknown() -> impl Strategy<Value = Vec<(String, serde_json::Value)>> {
    prop::collection::btree_map("x-[\\PC&&[^\u{0}]]{1,8}", json(), 0..5)
        .prop_map(|map| map.into_iter().collect())
}

fn connector(slug: usize) -> impl Strategy<Value = serde_json::Value> {
    let tools = prop::collection::vec("\\PC{0,10}", 0..4);
    ("\\PC{0,10}", "\\PC{0,10}", tools, unknown(), any::<bool>()).prop_map(
        move |(name, url, tools, unknown, local)| {
            let mut object = serde_json::json!({"slug": format!("s{slug}"), "name": name});
            object["enabled_tools"] = tools.into();
            if local {
                object["stdio"] = serde_json::json!({"command": name, "args": [url], "x-inner": null});
            } else {
                object["url"] = url.into();
            }
            object.as_object_mut().unwrap().extend(unknown);
            object
        },
    )
}

proptest! {
    #[test]
    fn decode_then_encode_is_the_identity_with_unknown_members(
        connectors in (connector(0), connector(1), connector(2)),
        unknown in unknown(),
    ) {
        let mut value = serde_json::json!({"version": 1, "connectors": [connectors.0, connectors.1, connectors.2]});
        value.as_object_mut().unwrap().extend(unknown);
        let manifest = parse(&value.to_string());
        let written = manifest.to_json();
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
        let again = parse(&written);
        prop_assert_eq!(again.to_json(), written);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}|[\\[\\]{}\":,a-z0-9 \n]{0,60}") {
        Manifest::from_json(Path::new("x"), &text).ok();
    }
}
