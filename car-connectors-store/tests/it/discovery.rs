//! Where services are looked for, what was agreed to, and what can be fetched again.

use std::fs;
use std::sync::Arc;

use car_connectors_store::{
    CacheFiles, Connector, Embeddings, EntryName, KnownService, KnownServices, ManifestStore, Origin, Secret,
    SecretMode, SecretStore, Source, SourceKind, SourceToken, SourcesFile, StoreError,
};

use crate::home;

fn registry(name: &str) -> Source {
    Source::new(name, SourceKind::Registry, format!("https://{name}.example.com"))
}

#[test]
fn keeps_sources_in_their_order_and_says_nothing_before_there_is_a_file() {
    let (_folder, home) = home();
    let file = SourcesFile::new(&home);
    assert!(file.read().unwrap().is_default);
    file.add(&registry("b"), None).unwrap();
    file.add(&registry("c"), None).unwrap();
    file.add(&registry("a"), Some("b")).unwrap();
    file.set_embeddings(Some(&Embeddings::new("http://localhost:11434", "small"))).unwrap();
    let read = file.read().unwrap();
    assert_eq!(read.sources, [registry("a"), registry("b"), registry("c")]);
    assert_eq!(read.embeddings.unwrap().model, "small");
    assert_eq!(file.remove("b").unwrap(), registry("b"));
    file.set_embeddings(None).unwrap();
    let read = file.read().unwrap();
    assert_eq!(read.sources, [registry("a"), registry("c")]);
    assert_eq!(read.embeddings, None);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn refuses_sources_that_cannot_be_and_writes_nothing() {
    let (_folder, home) = home();
    let file = SourcesFile::new(&home);
    file.add(&registry("a"), None).unwrap();
    let before = fs::read(file.path()).unwrap();
    let mut secret = registry("b");
    secret.url = "https://ada:s3cret@example.com".to_owned();
    let told = file.add(&secret, None).unwrap_err().to_string();
    assert_eq!(
        told,
        "source \"b\" is not usable: expected a URL without user name and password, found one with them"
    );
    assert!(matches!(file.add(&registry("a"), None), Err(StoreError::DuplicateSource { .. })));
    assert!(
        matches!(file.add(&registry("b"), Some("x")), Err(StoreError::UnknownSource { name }) if name == "x")
    );
    assert!(matches!(file.remove("x"), Err(StoreError::UnknownSource { .. })));
    assert!(file.add(&registry("a b"), None).unwrap_err().to_string().contains("expected a name"));
    assert!(file.set_embeddings(Some(&Embeddings::new("x", "m"))).is_err());
    assert_eq!(fs::read(file.path()).unwrap(), before);
}

#[test]
fn never_overwrites_a_file_of_sources_that_it_does_not_understand() {
    let (_folder, home) = home();
    let file = SourcesFile::new(&home);
    fs::create_dir_all(home.path()).unwrap();
    let text = "# mine\n[[source]]\nname = \"a\"\nkind = \"web\"\n";
    fs::write(file.path(), text).unwrap();
    let error = file.add(&registry("b"), None).unwrap_err();
    assert!(matches!(error, StoreError::Malformed { line: 4, column: 8, .. }), "{error}");
    assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
    fs::write(file.path(), b"# mine\n# \xff\n").unwrap();
    assert!(matches!(file.read(), Err(StoreError::Malformed { line: 2, column: 3, .. })));
}

#[test]
fn binds_a_token_to_the_origin_it_was_given_for() {
    let (_folder, home) = home();
    let store = SecretStore::new(&home, SecretMode::File);
    let name = EntryName::source("work");
    assert!(SourceToken::load(&store, &name).unwrap().is_none());
    let token = SourceToken::new("https://r.example.com/v1", Secret::new("s3cret \"quoted\"")).unwrap();
    token.save(&store, &name).unwrap();
    let token = SourceToken::load(&store, &name).unwrap().unwrap();
    assert_eq!(token.for_url("https://r.example.com/v2").unwrap().expose(), "s3cret \"quoted\"");
    assert!(token.for_url("https://other.example.com/").is_none());
    store.set(&name, &Secret::new("s3cret")).unwrap();
    let error = SourceToken::load(&store, &name).unwrap_err();
    assert!(matches!(&error, StoreError::Keychain { .. }), "{error}");
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[test]
fn caches_until_it_is_removed() {
    let (_folder, home) = home();
    let cache = CacheFiles::new(&home);
    let key = "https://registry.example.com/../mirror?x";
    assert_eq!(cache.read(key).unwrap(), None);
    cache.remove(key).unwrap();
    cache.clear().unwrap();
    cache.write(key, b"one").unwrap();
    cache.write(key, b"two").unwrap();
    cache.write("other", b"").unwrap();
    assert_eq!(cache.read(key).unwrap().unwrap(), b"two");
    assert_eq!(cache.path(key).parent().unwrap(), home.cache_path());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(home.cache_path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
    cache.remove(key).unwrap();
    assert_eq!(cache.read(key).unwrap(), None);
    assert_eq!(cache.read("other").unwrap().unwrap(), b"");
    cache.clear().unwrap();
    assert_eq!(cache.read("other").unwrap(), None);
}

#[test]
fn leaves_a_cache_file_that_is_too_large_unread() {
    let (_folder, home) = home();
    let cache = CacheFiles::new(&home);
    cache.write("key", b"").unwrap();
    // A hole: it takes no space on the disk.
    fs::OpenOptions::new().write(true).open(cache.path("key")).unwrap().set_len(1 << 28).unwrap();
    assert!(matches!(cache.read("key"), Err(StoreError::TooLarge { .. })));
    cache.remove("key").unwrap();
}

#[test]
fn remembers_what_was_agreed_to_with_members_it_does_not_know() {
    let (_folder, home) = home();
    let known = KnownServices::new(&home);
    assert_eq!(known.get("r").unwrap(), None);
    assert!(!known.forget("r").unwrap());
    fs::create_dir_all(home.path()).unwrap();
    fs::write(
        home.known_services_path(),
        r#"{"version":1,"of":"later","services":[{"reference":"r","identifier":"agentdns://a/b","colour":"red"}]}"#,
    )
    .unwrap();
    let mut service = KnownService::new("r", "agentdns://a/b");
    (service.standing, service.agreed_at) = ("ab".repeat(32), 1_800_000_000);
    known.agree(service).unwrap();
    known.agree(KnownService::new("s", "agentdns://a/c")).unwrap();
    assert_eq!(known.get("r").unwrap().unwrap().agreed_at, 1_800_000_000);
    assert_eq!(known.all().unwrap().len(), 2);
    let text = fs::read_to_string(home.known_services_path()).unwrap();
    assert!(text.contains("\"colour\": \"red\"") && text.contains("\"of\": \"later\""), "{text}");
    assert!(known.forget("r").unwrap());
    assert_eq!(known.all().unwrap().len(), 1);
    fs::write(home.known_services_path(), r#"{"version":2}"#).unwrap();
    assert!(matches!(known.agree(KnownService::new("t", "x")), Err(StoreError::NewerVersion { .. })));
    assert_eq!(fs::read_to_string(home.known_services_path()).unwrap(), r#"{"version":2}"#);
}

#[test]
fn keeps_where_a_connector_was_found() {
    let (_folder, home) = home();
    let store = ManifestStore::new(&home);
    let mut connector = Connector::remote("a", "A", "https://a.example.com/mcp");
    let mut origin = Origin::new("io.github.ann/demo", "agentdns://io.github.ann/demo");
    (origin.version, origin.fetched_at) = (Some("1.4.0".to_owned()), 1_800_000_000);
    connector.origin = Some(origin.clone());
    store.update(|manifest| manifest.add(connector)).unwrap();
    assert_eq!(store.read().unwrap().connector("a").unwrap().origin, Some(origin));
    let text = fs::read_to_string(store.path())
        .unwrap()
        .replace("\"version\": \"1.4.0\"", "\"version\": \"1.5.0\", \"x\": 1");
    fs::write(store.path(), &text).unwrap();
    store
        .update(|manifest| {
            manifest.connector_mut("a").unwrap().origin.as_mut().unwrap().publisher =
                "io.github.ann".to_owned();
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let text = fs::read_to_string(store.path()).unwrap();
    assert!(text.contains("\"x\": 1") && text.contains("1.5.0") && text.contains("io.github.ann"), "{text}");
}

#[test]
fn two_writers_of_sources_lose_nothing() {
    let (_folder, home) = home();
    let file = Arc::new(SourcesFile::new(&home));
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let file = Arc::clone(&file);
            scope.spawn(move || {
                for number in 0..8 {
                    file.add(&registry(&format!("s{writer}-{number}")), None).unwrap();
                }
            });
        }
    });
    assert_eq!(file.read().unwrap().sources.len(), 32);
}
