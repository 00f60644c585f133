//! What a person agreed to, on disk: calls that need not be asked about, and how tools were.

use std::fs;
use std::thread;

use car_connectors_store::{Grant, GrantsFile, Pin, PinFiles, StoreError};
use serde_json::value::RawValue;

use crate::home;

const NOW: u64 = 1_800_000_000;

fn definition(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[test]
fn a_grant_is_of_one_caller_one_tool_and_one_rule() {
    let (_folder, home) = home();
    let file = GrantsFile::new(&home);
    assert!(file.all().unwrap().is_empty());
    let grant = file.add(Grant::new("owner", "docs", "search", "ask docs.*", NOW)).unwrap();
    assert!(!grant.id.is_empty());
    let asked = ["owner", "docs", "search", "ask docs.*"];
    let covers = |[caller, connector, tool, rule]: [&str; 4]| {
        GrantsFile::new(&home).covers(caller, connector, tool, rule).unwrap()
    };
    assert!(covers(asked));
    for place in 0..asked.len() {
        let mut other = asked;
        other[place] = "other";
        assert!(!covers(other), "{other:?}");
    }

    let again = file.add(Grant::new("owner", "docs", "search", "ask docs.*", NOW + 1)).unwrap();
    assert_eq!(file.all().unwrap(), std::slice::from_ref(&again), "the same call once");
    let other = file.add(Grant::new("page", "mail", "send", "ask mail.send", NOW)).unwrap();
    assert!(!file.remove(&grant.id).unwrap(), "it was replaced");
    assert_eq!(GrantsFile::new(&home).remove_connector("docs").unwrap(), 1);
    assert_eq!(file.all().unwrap(), std::slice::from_ref(&other), "seen at once");
    assert!(file.remove(&other.id).unwrap() && file.all().unwrap().is_empty());
}

#[test]
fn broken_grants_are_reported_and_never_touched() {
    let (_folder, home) = home();
    let file = GrantsFile::new(&home);
    file.add(Grant::new("owner", "docs", "search", "ask docs.*", NOW)).unwrap();
    let whole = fs::read_to_string(home.grants_path()).unwrap();
    for broken in [&whole[..whole.len() / 2], "", "[]", r#"{"version":9,"grants":[]}"#] {
        fs::write(home.grants_path(), broken).unwrap();
        let error = file.add(Grant::new("a", "b", "c", "d", NOW)).unwrap_err().to_string();
        assert!(error.contains("grants.json"), "{error}");
        assert!(file.all().is_err() && file.remove("x").is_err());
        assert_eq!(fs::read_to_string(home.grants_path()).unwrap(), broken);
    }
}

#[test]
fn many_grants_at_once_are_all_kept_with_what_a_newer_release_added() {
    let (_folder, home) = home();
    let file = GrantsFile::new(&home);
    file.add(Grant::new("owner", "docs", "search", "ask", NOW)).unwrap();
    let text = fs::read_to_string(home.grants_path()).unwrap();
    let text = text.replacen("\"tool\"", "\"until\": {\"day\": 3}, \"tool\"", 1);
    fs::write(home.grants_path(), text.replacen('{', "{\"extra\": true,", 1)).unwrap();
    thread::scope(|scope| {
        for thread in 0..4 {
            let file = GrantsFile::new(&home);
            scope.spawn(move || {
                for each in 0..10 {
                    file.add(Grant::new("owner", "docs", &format!("{thread}-{each}"), "ask", NOW)).unwrap();
                }
            });
        }
    });
    assert_eq!(file.all().unwrap().len(), 41);
    let read: serde_json::Value = serde_json::from_slice(&fs::read(home.grants_path()).unwrap()).unwrap();
    assert_eq!((&read["extra"], &read["grants"][0]["until"]["day"]), (&true.into(), &3.into()));
}

#[test]
fn a_pin_keeps_the_servers_own_bytes() {
    const TEXT: &str = r#"{"name":"search",  "n": 1.0e2,"é":"\u00e9"}"#;
    let (_folder, home) = home();
    let files = PinFiles::new(&home);
    assert!(files.read("docs").unwrap().tools.is_empty());
    assert_eq!(files.stamp("docs").unwrap(), None);
    files
        .update("docs", "server-1", |pins| {
            pins.tools.insert("search".to_owned(), Pin::new("abc", definition(TEXT), NOW));
        })
        .unwrap();
    let stamp = files.stamp("docs").unwrap().unwrap();
    let pins = PinFiles::new(&home).read("docs").unwrap();
    assert_eq!(pins.server, "server-1");
    let pin = &pins.tools["search"];
    assert_eq!((pin.hash.as_str(), pin.definition.get(), pin.agreed_at), ("abc", TEXT, NOW));

    let count = files.update("docs", "server-1", |pins| pins.tools.len()).unwrap();
    assert_eq!((count, files.stamp("docs").unwrap().as_ref()), (1, Some(&stamp)), "nothing to write");
    let count = files.update("docs", "server-2", |pins| pins.tools.len()).unwrap();
    assert_eq!(count, 0, "another server has none of them");
    assert_ne!(files.stamp("docs").unwrap(), Some(stamp));
    assert!(files.read("docs").unwrap().tools.is_empty());
    files.remove("docs").unwrap();
    files.remove("docs").unwrap();
    assert_eq!(files.stamp("docs").unwrap(), None);
    #[cfg(unix)]
    assert_eq!(fs::read_dir(home.pins_path()).unwrap().count(), 0, "nothing is left of it, no lock either");
}

#[test]
fn broken_pins_are_reported_with_their_place_and_never_touched() {
    let (_folder, home) = home();
    let files = PinFiles::new(&home);
    fs::create_dir_all(home.pins_path()).unwrap();
    let path = home.pins_path().join("docs.json");
    for (broken, words) in [
        ("{\"server\":\"s\",\n\"tools\":{\"a\":{\"sha256\":5}}}", "line 2, column 24"),
        ("{\"server\":\"s\",\"tools\":{\"a\":{}}}", "expected member \"sha256\", found none"),
        ("{\"tools\":{}}", "expected member \"server\", found none"),
        ("{\"version\":2}", "expected at most 1"),
        ("{\"server\":", "EOF"),
        ("", "EOF"),
    ] {
        fs::write(&path, broken).unwrap();
        for error in [files.read("docs").map(drop), files.update("docs", "s", |_| ())] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("docs.json"), "{error}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(files.read("docs"), Err(StoreError::Malformed { .. })));
}

#[test]
fn what_a_newer_release_wrote_beside_a_pin_survives() {
    let (_folder, home) = home();
    let files = PinFiles::new(&home);
    fs::create_dir_all(home.pins_path()).unwrap();
    let path = home.pins_path().join("docs.json");
    let text = r#"{"signed":  [1],"server":"s","tools":{"a":{"sha256":"h","definition":{},"agreed_at":1,"by":"ada"}}}"#;
    fs::write(&path, text).unwrap();
    let add = |pins: &mut car_connectors_store::Pins| {
        pins.tools.insert("b".to_owned(), Pin::new("x", definition("{}"), NOW));
    };
    files.update("docs", "s", add).unwrap();
    let read: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!((&read["signed"][0], &read["tools"]["a"]["by"]), (&1.into(), &"ada".into()));
    assert_eq!(read["tools"]["b"]["sha256"], "x");
}

#[test]
fn a_slug_out_of_an_edited_file_leads_nowhere_else() {
    let (_folder, home) = home();
    let files = PinFiles::new(&home);
    for slug in ["", "../secrets", "a/b", "a\\b", ".", "a.b", "a:b"] {
        assert!(files.read(slug).is_err() && files.remove(slug).is_err(), "{slug:?}");
        assert!(files.update(slug, "s", |_| ()).is_err(), "{slug:?}");
    }
    assert!(!home.path().exists());
}

#[cfg(unix)]
#[test]
fn both_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, home) = home();
    GrantsFile::new(&home).add(Grant::new("owner", "docs", "search", "ask", NOW)).unwrap();
    PinFiles::new(&home).update("docs", "s", |_| ()).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.grants_path()), 0o600);
    assert_eq!(mode(&home.pins_path()), 0o700);
    assert_eq!(mode(&home.pins_path().join("docs.json")), 0o600);
}
