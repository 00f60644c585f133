//! Tokens that let programs use the daemon, on disk.

use std::fs;
use std::thread;

use car_connectors_store::{AccessFile, NewAccessToken, Scope, StoreError};

use crate::home;

const NOW: u64 = 1_800_000_000;

fn new(name: &str) -> NewAccessToken {
    NewAccessToken::new(name, Scope::Call)
}

#[test]
fn a_token_is_shown_once_and_found_by_its_text_alone() {
    let (_folder, home) = home();
    let file = AccessFile::new(&home);
    assert!(file.tokens().unwrap().all().is_empty());
    let mut wanted = new("laptop");
    wanted.connectors = Some(vec!["docs".to_owned()]);
    wanted.expires_at = Some(NOW + 60);
    let (token, secret) = file.add(wanted, NOW).unwrap();
    let (other, other_secret) = file.add(new("other"), NOW).unwrap();
    assert_ne!(secret.expose(), other_secret.expose());
    assert!(secret.expose().starts_with("car_") && secret.expose().len() == 47, "32 bytes in base64");

    let text = fs::read_to_string(home.access_path()).unwrap();
    assert!(!text.contains(&secret.expose()[4..]), "only a hash is kept: {text}");

    // Another reader, as in another process.
    let tokens = AccessFile::new(&home).tokens().unwrap();
    assert_eq!(tokens.find(secret.expose()), Some(&token));
    assert_eq!(tokens.find(other_secret.expose()), Some(&other));
    assert_eq!(tokens.get(&token.id), Some(&token));
    assert_eq!((token.name.as_str(), token.scope, token.created_at), ("laptop", Scope::Call, NOW));
    assert_eq!(token.connectors.as_deref(), Some(&["docs".to_owned()][..]));
    assert!(!token.has_ended(NOW + 59) && token.has_ended(NOW + 60) && !other.has_ended(u64::MAX));
    for wrong in ["", "car_", &secret.expose()[..46], &secret.expose().to_lowercase(), &token.id, "laptop"] {
        assert_eq!(tokens.find(wrong), None, "{wrong:?}");
    }
}

#[test]
fn a_token_revoked_elsewhere_is_gone_at_the_next_look() {
    let (_folder, home) = home();
    let file = AccessFile::new(&home);
    let secrets: Vec<_> = ["a", "b", "c"].map(|name| file.add(new(name), NOW).unwrap()).into();
    assert_eq!(file.tokens().unwrap().all().len(), 3);
    let elsewhere = AccessFile::new(&home);
    assert_eq!(elsewhere.revoke("a").unwrap().as_ref(), Some(&secrets[0].0), "by its name");
    assert_eq!(elsewhere.revoke(&secrets[1].0.id).unwrap().as_ref(), Some(&secrets[1].0), "by its id");
    assert_eq!(elsewhere.revoke("a").unwrap(), None);
    let tokens = file.tokens().unwrap();
    let found: Vec<_> = secrets.iter().map(|(_, secret)| tokens.find(secret.expose()).is_some()).collect();
    assert_eq!(found, [false, false, true]);
    fs::remove_file(home.access_path()).unwrap();
    assert!(file.tokens().unwrap().all().is_empty());
}

#[test]
fn what_cannot_be_a_token_is_refused_and_nothing_is_written() {
    let (_folder, home) = home();
    let file = AccessFile::new(&home);
    let long = "x".repeat(65);
    for name in ["", "two words", "a/b", "a:b", "é", "line\n", &long] {
        let error = file.add(new(name), NOW).unwrap_err();
        assert!(matches!(error, StoreError::UnfitToken { .. }), "{name:?}: {error}");
    }
    let mut nothing = new("nothing");
    nothing.connectors = Some(Vec::new());
    let mut over = new("over");
    over.expires_at = Some(NOW);
    for (wanted, words) in [(nothing, "found an empty list"), (over, "expected an end after")] {
        let error = file.add(wanted, NOW).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(!home.access_path().exists());

    let (first, _) = file.add(new(&long[..64]), NOW).unwrap();
    let before = fs::read(home.access_path()).unwrap();
    for taken in [&long[..64], &first.id] {
        let error = file.add(new(taken), NOW).unwrap_err();
        assert_eq!(error.to_string(), format!("token {taken:?} already exists"));
    }
    assert_eq!(fs::read(home.access_path()).unwrap(), before);
}

#[test]
fn a_broken_file_is_reported_lets_nobody_in_and_is_never_touched() {
    let (_folder, home) = home();
    let file = AccessFile::new(&home);
    let (_, secret) = file.add(new("laptop"), NOW).unwrap();
    let whole = fs::read_to_string(home.access_path()).unwrap();
    for (broken, words) in [
        (whole.replace("\"call\"", "\"everything\""), "unknown variant `everything`"),
        (whole.replace("\"sha256\": \"", "\"sha256\": \"+"), "expected 64 hexadecimal digits"),
        (whole.replace("\"version\": 1", "\"version\": 2"), "version 2, expected at most 1"),
        (whole[..whole.len() / 2].to_owned(), "EOF while parsing"),
        (String::new(), "EOF while parsing"),
        (" ".repeat(3 << 20), "is larger than"),
    ] {
        fs::write(home.access_path(), &broken).unwrap();
        let errors = [
            file.tokens().unwrap_err(),
            file.add(new("more"), NOW).unwrap_err(),
            file.revoke("laptop").unwrap_err(),
        ];
        for error in errors {
            let error = error.to_string();
            assert!(error.contains(words) && error.contains("access.json"), "{error}");
        }
        assert_eq!(fs::read_to_string(home.access_path()).unwrap(), broken);
    }
    fs::write(home.access_path(), whole).unwrap();
    assert!(file.tokens().unwrap().find(secret.expose()).is_some());
}

#[test]
fn what_a_newer_release_added_survives() {
    let (_folder, home) = home();
    let file = AccessFile::new(&home);
    file.add(new("laptop"), NOW).unwrap();
    let text = fs::read_to_string(home.access_path()).unwrap();
    let text = text.replacen("\"version\": 1", "\"version\": 1, \"theme\": \"dark\"", 1).replacen(
        "\"name\": \"laptop\"",
        "\"name\": \"laptop\", \"icon\": [1]",
        1,
    );
    fs::write(home.access_path(), text).unwrap();
    file.add(new("second"), NOW).unwrap();
    let read: serde_json::Value = serde_json::from_slice(&fs::read(home.access_path()).unwrap()).unwrap();
    assert_eq!((&read["theme"], &read["tokens"][0]["icon"][0]), (&"dark".into(), &1.into()));
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, home) = home();
    AccessFile::new(&home).add(new("laptop"), NOW).unwrap();
    assert_eq!(home.access_path().metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn many_that_add_at_once_lose_nothing_and_one_name_is_given_once() {
    let (_folder, home) = home();
    let file = AccessFile::new(&home);
    let added: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let file = AccessFile::new(&home);
                scope.spawn(move || {
                    let mine = (0..10).map(|each| file.add(new(&format!("t{thread}-{each}")), NOW));
                    assert!(mine.collect::<Result<Vec<_>, _>>().is_ok());
                    usize::from(file.add(new("the-one"), NOW).is_ok())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((added, file.tokens().unwrap().all().len()), (1, 41));
}
