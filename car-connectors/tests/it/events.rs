//! Events: what happened, in order, whoever made it happen.

use std::time::Duration;

use car_connectors::{ConnectorEvent, ConnectorEvents, ConnectorState, NewConnector};

use crate::support::{ERAS, Place, named, ready, server};

async fn next(events: &mut ConnectorEvents) -> String {
    let event = tokio::time::timeout(Duration::from_secs(5), events.next()).await.expect("an event");
    match event.expect("the manager is there") {
        ConnectorEvent::Added { slug } => format!("{slug} added"),
        ConnectorEvent::Removed { slug } => format!("{slug} removed"),
        ConnectorEvent::ToolsChanged { slug } => format!("{slug} tools"),
        ConnectorEvent::StateChanged { slug, state } => format!("{slug} {}", state.as_str()),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn events_tell_what_happened_in_order() {
    for era in ERAS {
        let (place, mut server) = (Place::new(), server(era).await);
        let manager = place.manager().await;
        let mut events = manager.subscribe();
        manager.add(NewConnector::remote("Docs", server.url())).await.unwrap();
        manager.enable_tools("docs", &named(&["echo"])).await.unwrap();
        manager.disable_tools("docs", &named(&["echo"])).await.unwrap();
        manager.close().await;
        manager.refresh("docs").await.unwrap();
        server.stop().await;
        assert!(manager.refresh("docs").await.is_err());
        manager.remove("docs").await.unwrap();
        for expected in [
            "docs added",
            "docs ready",
            "docs tools",
            "docs tools",
            "docs not_connected",
            "docs connecting",
            "docs ready",
            "docs failed",
            "docs removed",
        ] {
            assert_eq!(next(&mut events).await, expected);
        }
    }
}

#[tokio::test]
async fn what_another_process_changes_is_followed_at_the_next_look() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = ready(&place, &server, &["echo"]).await;
    let mut events = manager.subscribe();
    // A manager of its own stands for another process: they share nothing but the files.
    let other = place.manager().await;
    other.enable_tools("docs", &named(&["add"])).await.unwrap();
    other.disable_tools("docs", &named(&["echo"])).await.unwrap();
    assert_eq!(crate::support::shown(&manager), ["mcp_docs_echo"]);
    manager.list().await.unwrap();
    assert_eq!(crate::support::shown(&manager), ["mcp_docs_add"]);
    other.remove("docs").await.unwrap();
    other.add(NewConnector::remote("Other", server.url())).await.unwrap();
    let listed = manager.list().await.unwrap();
    assert_eq!((listed.len(), listed[0].state), (1, ConnectorState::NotConnected));
    assert!(crate::support::shown(&manager).is_empty());
    for expected in ["docs tools", "docs removed", "other added"] {
        assert_eq!(next(&mut events).await, expected);
    }
}

#[tokio::test]
async fn a_connector_that_another_process_moved_is_not_called_at_its_old_place() {
    let (place, old, new) = (Place::new(), server(ERAS[0]).await, server(ERAS[0]).await);
    let manager = ready(&place, &old, &["echo"]).await;
    let moved = place.manifest().replace(&old.url(), &new.url());
    place.write("connectors.json", &moved);
    let calls = old.ledger().requests();
    crate::support::echo(&manager, "docs").await.unwrap();
    assert_eq!((old.ledger().requests(), new.ledger().method("tools/call")), (calls, 1));
}
