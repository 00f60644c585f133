//! Who is asked: listed, added, removed, and with which token.

use car_agentdns::SourceKind;
use car_connectors::ErrorKind;
use car_connectors::discovery::{NewSource, SourceStatus};
use car_connectors::store::Secret;

use crate::discovery_support::write_sources;
use crate::support::Place;

fn told(sources: &[SourceStatus]) -> Vec<String> {
    let told = |source: &SourceStatus| {
        let token = if source.has_token { " token" } else { "" };
        format!("{} {} {}{token}", source.kind.as_str(), source.name, source.from.as_str())
    };
    sources.iter().map(told).collect()
}

#[tokio::test]
async fn keeps_the_official_registry_until_it_is_removed() {
    let place = Place::new();
    let manager = place.manager().await;
    assert_eq!(told(&manager.sources().await.unwrap()), ["registry official default"]);
    let work = NewSource::new(SourceKind::Registry, "https://registry.example.com/base");
    let work = work.with_before("official").with_token(Secret::new("s3cret"));
    let added = manager.add_source(work).await.unwrap();
    assert_eq!((added.name.as_str(), added.has_token, added.services), ("registry.example.com", true, None));
    let root = NewSource::new(SourceKind::Root, "https://root.example.com").with_name("root");
    manager.add_source(root).await.unwrap();
    let catalog = NewSource::new(SourceKind::Catalog, "acme.example");
    manager.add_source(catalog).await.unwrap();
    let expected = [
        "registry registry.example.com file token",
        "registry official file",
        "catalog acme.example file",
        "root root file",
    ];
    assert_eq!(told(&manager.sources().await.unwrap()), expected);
    let file = std::fs::read_to_string(place.home().sources_path()).unwrap();
    assert!(!file.contains("s3cret"), "{file}");
    for name in ["official", "acme.example", "root", "registry.example.com"] {
        manager.remove_source(name).await.unwrap();
    }
    assert!(manager.sources().await.unwrap().is_empty(), "nobody is asked any more");
    let secrets = std::fs::read_to_string(place.home().secrets_path()).unwrap();
    assert!(!secrets.contains("s3cret"), "{secrets}");
}

#[tokio::test]
async fn removes_the_official_registry_that_nobody_named() {
    let place = Place::new();
    let manager = place.manager().await;
    manager.remove_source("official").await.unwrap();
    assert!(manager.sources().await.unwrap().is_empty());
    manager.add_source(NewSource::new(SourceKind::Root, "https://root.example.com")).await.unwrap();
    assert_eq!(told(&manager.sources().await.unwrap()), ["root root.example.com file"]);
}

#[tokio::test]
async fn refuses_what_is_no_source_and_changes_nothing() {
    let place = Place::new();
    let manager = place.manager().await;
    let registry = |url: &str| NewSource::new(SourceKind::Registry, url);
    for (new, kind, expected) in [
        (registry("registry.example.com"), ErrorKind::InvalidInput, "an http or https URL"),
        (
            registry("https://ada:s3cret@example.com"),
            ErrorKind::InvalidInput,
            "without user name and password",
        ),
        (registry("https://a.example").with_name("a b"), ErrorKind::InvalidInput, "expected a name"),
        (registry("https://a.example").with_name("official"), ErrorKind::Duplicate, "official"),
        (registry("https://a.example").with_before("b"), ErrorKind::NotFound, "there is no source \"b\""),
        (
            registry("https://a.example").with_token(Secret::new("s3cret\r\nx: y")),
            ErrorKind::InvalidInput,
            "expected a token of visible ASCII characters, found another one at place 7",
        ),
        (
            NewSource::new(SourceKind::Catalog, "a.example").with_token(Secret::new("s3cret")),
            ErrorKind::InvalidInput,
            "is read without a token",
        ),
        (
            NewSource::new(SourceKind::Local, "https://a.example"),
            ErrorKind::InvalidInput,
            "expected a registry",
        ),
    ] {
        let error = manager.add_source(new).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(expected) && error.hint().is_some(), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        assert_eq!(told(&manager.sources().await.unwrap()), ["registry official default"]);
    }
    for name in ["nobody", ""] {
        assert_eq!(manager.remove_source(name).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(manager.set_source_token(name, None).await.unwrap_err().kind(), ErrorKind::NotFound);
    }
    let error = manager.set_source_token("official", Some(Secret::new("t"))).await.unwrap_err();
    assert!(error.to_string().contains("is read without a token"), "{error}");
}

#[tokio::test]
async fn binds_a_token_to_the_place_that_it_was_given_for() {
    let place = Place::new();
    write_sources(&place, &[("root", "one", "https://one.example")]);
    let manager = place.manager().await;
    manager.set_source_token("one", Some(Secret::new("t"))).await.unwrap();
    assert!(manager.sources().await.unwrap()[0].has_token);
    write_sources(&place, &[("root", "one", "https://two.example")]);
    assert!(!manager.sources().await.unwrap()[0].has_token);
    write_sources(&place, &[("root", "one", "https://one.example/other/path")]);
    assert!(manager.sources().await.unwrap()[0].has_token);
    manager.set_source_token("one", None).await.unwrap();
    assert!(!manager.sources().await.unwrap()[0].has_token);
}

#[tokio::test]
async fn leaves_what_a_variable_names_to_the_variable() {
    let place = Place::new();
    let options = place.options().with_variables(|name| {
        (name == "CAR_MCP_REGISTRY").then(|| "https://a.example https://b.example".to_owned())
    });
    let manager = car_connectors::ConnectorManager::load(options.unwrap()).await.unwrap();
    assert_eq!(
        told(&manager.sources().await.unwrap()),
        ["registry a.example variable", "registry b.example variable"]
    );
    let error = manager.remove_source("a.example").await.unwrap_err();
    assert!(error.hint().unwrap().contains("CAR_MCP_REGISTRY"), "{error}");
    manager.set_source_token("a.example", Some(Secret::new("t"))).await.unwrap();
    assert!(manager.sources().await.unwrap()[0].has_token);
}
