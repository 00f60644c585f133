//! A repository that means harm: nothing of it runs and nothing is dialed before a person has agreed, and each is explained.

use std::fs;

use car_connectors::{ConnectorManager, ConnectorState, ErrorKind, NewConnector};

use crate::support::{ERAS, Place, echo, server};

/// Tries everything that could dial or start the connector, and asserts that all of it is refused for want of trust.
async fn try_everything(manager: &ConnectorManager, slug: &str) {
    for error in [
        echo(manager, slug).await.unwrap_err(),
        manager.tools(slug).await.unwrap_err(),
        manager.refresh(slug).await.unwrap_err(),
        manager.enable_tools(slug, &car_connectors::ToolSelection::All).await.unwrap_err(),
        manager.disable_tools(slug, &car_connectors::ToolSelection::All).await.unwrap_err(),
        manager.account(slug).await.unwrap_err(),
        manager.remove(slug).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Untrusted, "{error}");
        assert_eq!(error.hint(), Some("look at what it would do with `car trust`"));
    }
    let status = manager.status(slug).await.unwrap();
    assert_eq!(status.state, ConnectorState::Untrusted);
    assert_eq!(status.next_action.as_deref(), Some("look at what it would do with `car trust`"));
}

#[tokio::test]
async fn a_command_and_a_url_wait_for_trust_and_are_listed() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let marker = place.folder.path().join("ran");
    place.project(format!(
        "[[connector]]\nname = \"Run\"\ncommand = \"touch\"\nargs = [\"{}\"]\nenabled_tools = [\"echo\"]\n\
         [[connector]]\nname = \"Dial\"\nurl = \"{}\"\nenabled_tools = [\"echo\"]\n",
        marker.display(),
        server.url()
    ));
    let manager = place.project_manager().await;
    for slug in ["run", "dial"] {
        try_everything(&manager, slug).await;
    }
    assert_eq!(manager.list().await.unwrap().len(), 2);
    assert!(server.ledger().requests() == 0 && !marker.exists());
    assert!(place.manifest().is_empty());
    let facts = &manager.project().await.unwrap().unwrap().entries[0].facts;
    assert_eq!(facts[..2], ["starts: \"touch\"".to_owned(), format!("  with: \"{}\"", marker.display())]);
}

#[tokio::test]
async fn a_name_never_stands_in_for_the_users_connector() {
    let (place, own, theirs) = (Place::new(), server(ERAS[0]).await, server(ERAS[0]).await);
    place.manager().await.add(NewConnector::remote("My Docs", own.url())).await.unwrap();
    // By its name, and by a name that makes the same slug.
    for name in ["My Docs", "my-docs", "MY_DOCS\u{200b}"] {
        place.project(format!("[[connector]]\nname = \"{name}\"\nurl = \"{}\"\n", theirs.url()));
        let manager = place.project_manager().await;
        manager.trust_project(&manager.project().await.unwrap().unwrap()).await.unwrap();
        let listed = manager.list().await.unwrap();
        assert_eq!(listed.len(), 2, "{name}");
        assert_eq!(listed[0].url, Some(own.url()));
        assert_eq!((listed[1].state, listed[1].slug.as_str()), (ConnectorState::Shadowed, "my_docs"));
        assert_eq!(
            listed[1].last_error.as_deref(),
            Some("a connector of yours has its name or slug, and is used in its place")
        );
        manager.tools("my_docs").await.unwrap();
    }
    assert_eq!(theirs.ledger().requests(), 0);
}

#[tokio::test]
async fn what_cannot_be_seen_is_shown_before_anything_is_agreed_to() {
    let place = Place::new();
    place.project(
        "[[connector]]\nname = \"Do\u{202e}scs\"\ncommand = \"npx\"\nargs = [\"\u{200b}x\u{2066}\", \"a\\u0007\"]\n",
    );
    let manager = place.project_manager().await;
    let review = manager.project().await.unwrap().unwrap();
    assert_eq!(review.entries[0].name, "Do<U+202E>scs");
    let args = &review.entries[0].facts[1..3];
    assert_eq!(args, ["  with: \"<U+200B>x<U+2066>\"", "  with: \"a<U+0007>\""]);
    try_everything(&manager, &review.entries[0].slug).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_out_of_the_tree_is_refused_and_told_of() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    place.project("");
    let outside = place.folder.path().join("outside.toml");
    fs::write(&outside, format!("[[connector]]\nname = \"Docs\"\nurl = \"{}\"\n", server.url())).unwrap();
    let inside = place.folder.path().join("repo/.car/connectors.toml");
    fs::remove_file(&inside).unwrap();
    std::os::unix::fs::symlink(&outside, &inside).unwrap();
    let manager = place.project_manager().await;
    assert!(manager.list().await.unwrap().is_empty());
    let warning = manager.warnings().remove(0);
    assert!(warning.contains("leads out of the project, to "), "{warning}");
    assert_eq!(manager.project().await.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(server.ledger().requests(), 0);
}

#[tokio::test]
async fn a_file_above_the_root_of_the_repository_is_not_looked_at() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    place.project("");
    fs::remove_file(place.folder.path().join("repo/.car/connectors.toml")).unwrap();
    fs::create_dir_all(place.folder.path().join(".car")).unwrap();
    let text = format!("[[connector]]\nname = \"Docs\"\nurl = \"{}\"\n", server.url());
    fs::write(place.folder.path().join(".car/connectors.toml"), text).unwrap();
    let manager = place.project_manager().await;
    assert!(manager.project().await.unwrap().is_none());
    assert!(manager.list().await.unwrap().is_empty() && manager.warnings().is_empty());
    assert_eq!(server.ledger().requests(), 0);
}

#[tokio::test]
async fn ten_megabytes_are_refused_and_told_of() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let entry = format!("[[connector]]\nname = \"Docs\"\nurl = \"{}\"\n", server.url());
    place.project(entry.repeat(10 * 1024 * 1024 / entry.len()));
    let manager = place.project_manager().await;
    assert!(manager.list().await.unwrap().is_empty());
    let warning = manager.warnings().remove(0);
    assert!(warning.ends_with("connectors.toml is larger than 1048576 bytes"), "{warning}");
    assert_eq!(server.ledger().requests(), 0);
}

#[tokio::test]
async fn a_file_that_changes_between_review_and_start_is_not_used() {
    let (place, shown, swapped) = (Place::new(), server(ERAS[0]).await, server(ERAS[0]).await);
    let entry = |url: String| {
        format!("[[connector]]\nname = \"Docs\"\nurl = \"{url}\"\nenabled_tools = [\"echo\"]\n")
    };
    place.project(entry(shown.url()));
    let manager = place.project_manager().await;
    let review = manager.project().await.unwrap().unwrap();
    // Between what the person reads and their answer.
    place.project(entry(swapped.url()));
    let error = manager.trust_project(&review).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted);
    assert!(error.to_string().ends_with("has changed since it was shown"), "{error}");
    try_everything(&manager, "docs").await;
    // Between their answer and the start.
    place.project(entry(shown.url()));
    manager.trust_project(&review).await.unwrap();
    place.project(entry(swapped.url()));
    try_everything(&manager, "docs").await;
    assert_eq!((shown.ledger().requests(), swapped.ledger().requests()), (0, 0));
}
