//! The manifest on disk.

use std::fs;

use car_connectors_store::{Connector, ManifestStore, StdioCommand, StoreError};

use crate::home;

fn remote(slug: &str) -> Connector {
    Connector::remote(slug, slug.to_uppercase(), format!("https://{slug}.example.com/mcp"))
}

#[test]
fn an_absent_manifest_is_empty_and_reading_makes_nothing() {
    let (_folder, home) = home();
    assert!(ManifestStore::new(&home).read().unwrap().connectors().is_empty());
    assert!(!home.path().exists());
}

#[test]
fn keeps_what_was_added_and_forgets_what_was_removed() {
    let (_folder, home) = home();
    let store = ManifestStore::new(&home);
    store
        .update(|manifest| {
            manifest.add(remote("a"))?;
            manifest.add(Connector::local("b", "B", StdioCommand::new("server", ["--fast"])))?;
            manifest.add(remote("c"))
        })
        .unwrap();
    let gone = store.update(|manifest| Ok::<_, StoreError>(manifest.remove("a"))).unwrap();
    assert_eq!(gone.unwrap().url, "https://a.example.com/mcp");
    store
        .update(|manifest| {
            manifest.connector_mut("b").unwrap().enabled_tools.push("go".to_owned());
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let manifest = store.read().unwrap();
    assert_eq!(manifest.connectors().iter().map(|c| &*c.slug).collect::<Vec<_>>(), ["b", "c"]);
    let b = manifest.connector("b").unwrap();
    assert_eq!(b.enabled_tools, ["go"]);
    assert_eq!(b.stdio.as_ref().unwrap().args, ["--fast"]);
}

#[test]
fn refuses_a_second_connector_with_the_same_slug_and_writes_nothing() {
    let (_folder, home) = home();
    let store = ManifestStore::new(&home);
    store.update(|manifest| manifest.add(remote("a"))).unwrap();
    let before = fs::read(store.path()).unwrap();
    let error = store
        .update(|manifest| {
            manifest.add(remote("b"))?;
            manifest.add(remote("a"))
        })
        .unwrap_err();
    assert_eq!(error.to_string(), "connector \"a\" already exists");
    assert_eq!(fs::read(store.path()).unwrap(), before);
}

#[test]
fn leaves_the_file_alone_when_nothing_changed() {
    let (_folder, home) = home();
    fs::create_dir(home.path()).unwrap();
    fs::write(home.manifest_path(), r#"{"connectors":[]}"#).unwrap();
    let store = ManifestStore::new(&home);
    store.update(|_| Ok::<_, StoreError>(())).unwrap();
    assert_eq!(fs::read_to_string(store.path()).unwrap(), r#"{"connectors":[]}"#);
}

#[test]
fn tells_without_reading_whether_it_changed() {
    let (_folder, home) = home();
    let (store, elsewhere) = (ManifestStore::new(&home), ManifestStore::new(&home));
    assert_eq!(store.stamp().unwrap(), None);
    let mut stamps = vec![None];
    for slug in ["a", "b", "c", "d"] {
        elsewhere.update(|manifest| manifest.add(remote(slug))).unwrap();
        let stamp = store.stamp().unwrap();
        assert!(!stamps.contains(&stamp), "{slug}");
        stamps.push(stamp);
    }
    elsewhere.update(|_| Ok::<_, StoreError>(())).unwrap();
    assert_eq!(store.stamp().unwrap(), *stamps.last().unwrap(), "nothing was changed");
    // As long as before, in another file of the same name.
    let text = fs::read_to_string(store.path()).unwrap().replace("\"D\"", "\"E\"");
    elsewhere
        .update(|manifest| {
            manifest.connector_mut("d").unwrap().name = "E".to_owned();
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(fs::read_to_string(store.path()).unwrap(), text);
    assert!(!stamps.contains(&store.stamp().unwrap()));
}

#[test]
fn keeps_whether_prompts_and_resources_are_passed_on() {
    let (_folder, home) = home();
    let store = ManifestStore::new(&home);
    store.update(|manifest| manifest.add(remote("a"))).unwrap();
    assert!(!fs::read_to_string(store.path()).unwrap().contains("shares_"), "left out where it is not so");
    let share = |prompts, resources| {
        store
            .update(|manifest| {
                let connector = manifest.connector_mut("a").unwrap();
                (connector.shares_prompts, connector.shares_resources) = (prompts, resources);
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let read = store.read().unwrap();
        let connector = read.connector("a").unwrap();
        (connector.shares_prompts, connector.shares_resources)
    };
    for (prompts, resources) in [(true, false), (true, true), (false, true), (false, false)] {
        assert_eq!(share(prompts, resources), (prompts, resources));
    }
    fs::write(store.path(), r#"{"connectors":[{"slug":"a","name":"A","shares_prompts":"yes"}]}"#).unwrap();
    let error = store.read().unwrap_err().to_string();
    assert!(error.contains("expected a boolean"), "{error}");
}

#[test]
fn a_damaged_manifest_is_reported_with_its_place_and_never_touched() {
    let (_folder, home) = home();
    fs::create_dir(home.path()).unwrap();
    let damaged = [
        ("", 1, 1),
        ("{\n  \"connectors\": [\n    {\"slug\": \"a\",,}\n  ]\n}", 3, 18),
        ("{\"version\":1,\n \"connectors\": [{\"slug\":\"a\",\"name\":\"A\",\"url\":\n   5}]}", 3, 4),
        ("{\"connectors\":[{\"name\":\"A\"}]}", 1, 16),
        ("{\"connectors\":[],\"connectors\":[]}", 1, 30),
        ("{\"connectors\":[{\"slug\":\"a\",\"name\":\"A\"},\n{\"slug\":\"a\",\"name\":\"A\"}]}", 2, 1),
        ("[]", 1, 1),
        ("{\"version\":0}", 1, 12),
    ];
    for (content, expected_line, expected_column) in damaged {
        fs::write(home.manifest_path(), content).unwrap();
        let store = ManifestStore::new(&home);
        let read = store.read().unwrap_err();
        let changed = store.update(|manifest| manifest.add(remote("new"))).unwrap_err();
        for error in [read, changed] {
            let StoreError::Malformed { path, line, column, message } = error else { panic!("{error:?}") };
            assert_eq!(path, home.manifest_path());
            let near = column.abs_diff(expected_column) <= 2;
            assert!(line == expected_line && near, "{content:?}: {line}:{column}: {message}");
        }
        assert_eq!(fs::read_to_string(home.manifest_path()).unwrap(), content);
    }
}

#[test]
fn names_the_place_of_bytes_that_are_not_text() {
    let (_folder, home) = home();
    fs::create_dir(home.path()).unwrap();
    fs::write(home.manifest_path(), b"{\n \"a\": \"\xff\"}").unwrap();
    let error = ManifestStore::new(&home).read().unwrap_err();
    assert!(matches!(error, StoreError::Malformed { line: 2, column: 8, .. }), "{error:?}");
}

#[test]
fn a_newer_manifest_is_refused_and_never_touched() {
    let (_folder, home) = home();
    fs::create_dir(home.path()).unwrap();
    let content = r#"{"version":2,"connectors":{"shape":"of the future"}}"#;
    fs::write(home.manifest_path(), content).unwrap();
    let store = ManifestStore::new(&home);
    assert!(matches!(store.read(), Err(StoreError::NewerVersion { found: 2, known: 1, .. })));
    assert!(store.update(|manifest| manifest.add(remote("new"))).is_err());
    assert_eq!(fs::read_to_string(home.manifest_path()).unwrap(), content);
}

#[test]
fn leftovers_of_a_crash_are_ignored_and_removed() {
    let (_folder, home) = home();
    let store = ManifestStore::new(&home);
    store.update(|manifest| manifest.add(remote("a"))).unwrap();
    let leftover = home.path().join(".connectors.json.Ab3xY9.tmp");
    fs::write(&leftover, "{\"connec").unwrap();
    assert_eq!(store.read().unwrap().connectors().len(), 1);
    store.update(|manifest| manifest.add(remote("b"))).unwrap();
    assert!(!leftover.exists());
    let mut names: Vec<_> =
        fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["connectors.json", "connectors.json.lock"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &std::path::Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_can_read_what_is_written() {
        let (_folder, home) = home();
        let store = ManifestStore::new(&home);
        store.update(|manifest| manifest.add(remote("a"))).unwrap();
        assert_eq!(mode(home.path()), 0o700);
        assert_eq!(mode(store.path()), 0o600);
        fs::set_permissions(store.path(), fs::Permissions::from_mode(0o644)).unwrap();
        store.update(|manifest| manifest.add(remote("b"))).unwrap();
        assert_eq!(mode(store.path()), 0o600);
    }

    #[test]
    fn a_linked_manifest_stays_a_link() {
        let (folder, home) = home();
        fs::create_dir(home.path()).unwrap();
        let elsewhere = folder.path().join("dotfiles.json");
        symlink("../dotfiles.json", home.manifest_path()).unwrap();
        let store = ManifestStore::new(&home);
        store.update(|manifest| manifest.add(remote("a"))).unwrap();
        assert!(fs::symlink_metadata(store.path()).unwrap().file_type().is_symlink());
        assert!(fs::read_to_string(elsewhere).unwrap().contains("\"a\""));
    }

    #[test]
    fn a_chain_of_links_without_end_is_an_error() {
        let (_folder, home) = home();
        fs::create_dir(home.path()).unwrap();
        symlink("connectors.json", home.manifest_path()).unwrap();
        let store = ManifestStore::new(&home);
        let error = store.update(|manifest| manifest.add(remote("a"))).unwrap_err();
        assert!(matches!(error, StoreError::Io { action: "follow", .. }), "{error:?}");
    }

    #[test]
    fn a_state_folder_that_cannot_be_written_is_one_clear_error() {
        // A file where the folder should be refuses everybody, the superuser included.
        let (folder, home) = home();
        fs::write(folder.path().join("state"), "not a folder").unwrap();
        let store = ManifestStore::new(&home);
        let error = store.update(|manifest| manifest.add(remote("a"))).unwrap_err();
        assert!(error.to_string().contains(&*home.path().to_string_lossy()), "{error}");
        assert_eq!(fs::read_to_string(home.path()).unwrap(), "not a folder");
    }
}
