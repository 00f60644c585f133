//! The life of a connector, from being added to being removed.

use car_connectors::{ConnectorState, ErrorKind, NewConnector, ToolSelection};

use crate::support::{ERAS, Place, call, echo, logged, named, ready, server, shown};

#[tokio::test]
async fn a_connector_lives_from_add_to_remove_in_both_eras() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let manager = place.manager().await;
        let added = manager.add(NewConnector::remote("My Docs", server.url())).await.unwrap();
        assert_eq!((added.slug.as_str(), added.connected, added.enabled_count), ("my_docs", true, 0));
        assert_eq!(added.state, ConnectorState::Ready);

        let requests = server.ledger().requests();
        let listed = manager.list().await.unwrap();
        assert_eq!((listed.len(), listed[0].tool_count), (1, added.tool_count));
        assert_eq!(server.ledger().requests(), requests, "a list contacts nobody");

        let tools = manager.tools("my_docs").await.unwrap();
        assert_eq!(Some(tools.tools.len()), added.tool_count);
        assert!(tools.set_aside.is_empty() && tools.tools.iter().all(|tool| !tool.enabled));
        assert!(shown(&manager).is_empty(), "what was discovered is not registered");

        let views = manager.enable_tools("my_docs", &named(&["echo"])).await.unwrap();
        let echoing = views.iter().find(|tool| tool.name == "echo").unwrap();
        assert!(echoing.enabled && echoing.canonical == "mcp_my_docs_echo");
        assert_eq!(shown(&manager), ["mcp_my_docs_echo"]);
        let outcome = echo(&manager, "my_docs").await.unwrap();
        assert!(outcome.raw.get().contains("\"hi\"") && !outcome.is_error);

        let left = manager.disable_tools("my_docs", &named(&["echo"])).await.unwrap();
        assert!(!left.is_empty() && left.iter().all(|tool| !tool.enabled));
        let calls = server.ledger().method("tools/call");
        let refused = echo(&manager, "my_docs").await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotEnabled);
        assert_eq!(server.ledger().method("tools/call"), calls);
        assert!(shown(&manager).is_empty());

        manager.remove("my_docs").await.unwrap();
        assert!(manager.list().await.unwrap().is_empty());
        assert_eq!(echo(&manager, "my_docs").await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(logged(&manager), ["echo: allow", "echo: ok", "echo: not_routed"]);
    }
}

#[tokio::test]
async fn a_tool_that_was_never_enabled_is_refused_logged_and_never_sent() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        ready(&place, &server, &[]).await.close().await;
        let requests = server.ledger().requests();
        // Once with a session and a list at hand, once in a program that has dialed nobody.
        for manager in [ready_again(&place).await, place.manager().await] {
            let before = server.ledger().requests();
            let error = echo(&manager, "docs").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotEnabled);
            assert_eq!(error.hint(), Some("enable it with `car enable docs echo`"));
            assert_eq!(server.ledger().requests(), before);
        }
        assert!(server.ledger().requests() > requests, "the first of them had dialed");
        assert_eq!(server.ledger().method("tools/call"), 0);
        assert_eq!(logged(&place.manager().await), ["echo: not_routed", "echo: not_routed"]);
    }
}

async fn ready_again(place: &Place) -> car_connectors::ConnectorManager {
    let manager = place.manager().await;
    manager.tools("docs").await.unwrap();
    manager
}

#[tokio::test]
async fn what_is_enabled_is_remembered_and_dialed_when_it_is_first_called() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        ready(&place, &server, &["echo", "add"]).await.close().await;
        let manager = place.manager().await;
        let requests = server.ledger().requests();
        let status = manager.status("docs").await.unwrap();
        assert_eq!((status.state, status.enabled_count), (ConnectorState::NotConnected, 2));
        assert!(status.tool_count.is_some_and(|count| count > 2), "the list says so without asking");
        assert_eq!(server.ledger().requests(), requests);
        echo(&manager, "docs").await.unwrap();
        assert_eq!(shown(&manager), ["mcp_docs_add", "mcp_docs_echo"]);
        assert_eq!(manager.status("docs").await.unwrap().state, ConnectorState::Ready);
    }
}

#[tokio::test]
async fn everything_is_enabled_and_disabled_at_once() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = ready(&place, &server, &[]).await;
    let views = manager.enable_tools("docs", &ToolSelection::All).await.unwrap();
    assert!(views.iter().all(|tool| tool.enabled));
    assert_eq!(shown(&manager).len(), views.len());
    manager.disable_tools("docs", &ToolSelection::All).await.unwrap();
    assert!(shown(&manager).is_empty());
}

#[tokio::test]
async fn disabling_needs_no_server() {
    let (place, mut server) = (Place::new(), server(ERAS[0]).await);
    ready(&place, &server, &["echo", "add"]).await.close().await;
    server.stop().await;
    let manager = place.manager().await;
    manager.disable_tools("docs", &named(&["echo"])).await.unwrap();
    assert_eq!(manager.status("docs").await.unwrap().enabled_count, 1);
    let error = manager.disable_tools("docs", &named(&["echo"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotEnabled);
    assert_eq!(error.hint(), Some("the enabled tools are: add"));
}

#[tokio::test]
async fn what_is_not_there_is_named_with_what_is() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = place.manager().await;
    for error in [
        manager.remove("docs").await.unwrap_err(),
        manager.refresh("docs").await.unwrap_err(),
        manager.status("docs").await.unwrap_err(),
        manager.tools("docs").await.unwrap_err(),
        manager.enable_tools("docs", &ToolSelection::All).await.unwrap_err(),
        manager.disable_tools("docs", &ToolSelection::All).await.unwrap_err(),
        echo(&manager, "docs").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.to_string(), "there is no connector \"docs\"");
    }
    manager.add(NewConnector::remote("Docs", server.url())).await.unwrap();
    let error = manager.remove("dosc").await.unwrap_err();
    assert_eq!(error.hint(), Some("the connectors are: docs"));
    let error = manager.enable_tools("docs", &named(&["echo", "ecko"])).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no tool \"ecko\"");
    assert!(error.hint().is_some_and(|hint| hint.starts_with("the tools are: echo, add")));
    assert_eq!(manager.status("docs").await.unwrap().enabled_count, 0, "all or none");
}

#[tokio::test]
async fn a_refresh_that_fails_changes_nothing() {
    for era in ERAS {
        let (place, mut server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["echo"]).await;
        let before = place.manifest();
        server.stop().await;
        let error = manager.refresh("docs").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        assert_eq!(place.manifest(), before);
        let status = manager.status("docs").await.unwrap();
        assert_eq!(status.state, ConnectorState::Failed);
        assert!(status.last_error.is_some());
        assert_eq!(status.next_action.as_deref(), Some("check the URL and that the server is running"));
        server.restart().await.unwrap();
        echo(&manager, "docs").await.unwrap();
        assert_eq!(manager.status("docs").await.unwrap().state, ConnectorState::Ready);
        assert_eq!(manager.refresh("docs").await.unwrap().state, ConnectorState::Ready);
    }
}

#[tokio::test]
async fn a_refresh_sees_new_tools_and_a_call_says_that_one_is_gone() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &[]).await;
        let before = manager.status("docs").await.unwrap().tool_count;
        server.change_tools();
        let after = manager.refresh("docs").await.unwrap().tool_count;
        assert_eq!(after, before.map(|count| count + 1));
        manager.enable_tools("docs", &named(&["extra"])).await.unwrap();
        call(&manager, "docs", "extra", "{}").await.unwrap();
        server.change_tools();
        manager.refresh("docs").await.unwrap();
        assert!(shown(&manager).is_empty(), "a tool that is gone is not shown");
        let listing = manager.tools("docs").await.unwrap();
        assert_eq!(listing.set_aside[0].name.as_deref(), Some("extra"));
        let error = call(&manager, "docs", "extra", "{}").await.unwrap_err();
        assert!(error.to_string().ends_with("the server does not offer it any more"), "{error}");
        manager.disable_tools("docs", &named(&["extra"])).await.unwrap();
    }
}
