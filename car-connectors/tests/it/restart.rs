//! Servers that are stopped and started again between two calls.

use std::time::Duration;

use car_connectors::mcp::proto::RawJson;
use car_connectors::mcp::proto::tool::Tool;
use car_connectors::mcp::server::{Offer, ServerTool};
use car_connectors::store::SecretMode;
use car_connectors::{ConnectorManager, ErrorKind, NewConnector, ToolSelection};
use car_testkit::everything::{Everything, Options};
use tokio::task::JoinSet;

use crate::support::{ERAS, Place, call, echo, ready, server, shown};

#[tokio::test]
async fn a_call_after_a_restart_succeeds_without_the_user_doing_anything() {
    for era in ERAS {
        let (place, mut server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["echo"]).await;
        for _ in 0..3 {
            echo(&manager, "docs").await.unwrap();
            server.restart().await.unwrap();
        }
        echo(&manager, "docs").await.unwrap();
        assert_eq!(manager.status("docs").await.unwrap().state.as_str(), "ready");
    }
}

#[tokio::test]
async fn calls_fail_while_the_server_is_away_and_succeed_when_it_is_back() {
    for era in ERAS {
        let (place, mut server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["echo"]).await;
        server.stop().await;
        for _ in 0..2 {
            let error = echo(&manager, "docs").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        }
        let status = manager.status("docs").await.unwrap();
        assert_eq!((status.state.as_str(), status.connected), ("failed", true));
        assert_eq!(
            shown(&manager),
            ["mcp_docs_echo"],
            "it is still offered: it may be back at the next call"
        );
        server.restart().await.unwrap();
        echo(&manager, "docs").await.unwrap();
        assert_eq!(manager.status("docs").await.unwrap().state.as_str(), "ready");
    }
}

#[tokio::test]
async fn one_that_was_away_when_everybody_was_dialed_is_dialed_when_it_is_called() {
    for era in ERAS {
        let (place, mut server) = (Place::new(), server(era).await);
        ready(&place, &server, &["echo"]).await.close().await;
        server.stop().await;
        let options = place.options().with_secrets(SecretMode::File);
        let manager = ConnectorManager::load_and_connect(options).await.unwrap();
        assert_eq!(manager.list().await.unwrap()[0].state.as_str(), "failed");
        assert!(shown(&manager).is_empty());
        server.restart().await.unwrap();
        // It is left alone for a moment after it failed, unless a person wants it tried.
        let error = echo(&manager, "docs").await.unwrap_err();
        assert!(error.to_string().contains("next try in 1 s") && error.is_transient(), "{error}");
        manager.refresh("docs").await.unwrap();
        echo(&manager, "docs").await.unwrap();
    }
}

#[tokio::test]
async fn one_that_is_back_is_dialed_again_when_its_pause_is_over() {
    let (place, mut server) = (Place::new(), server(ERAS[0]).await);
    ready(&place, &server, &["echo"]).await.close().await;
    server.stop().await;
    let manager = place.manager().await;
    assert!(echo(&manager, "docs").await.is_err());
    let before = server.ledger().requests();
    server.restart().await.unwrap();
    let mut refused = 0;
    while let Err(error) = echo(&manager, "docs").await {
        assert!(error.hint().unwrap().contains("`car refresh docs` tries at once"), "{error:?}");
        assert_eq!(server.ledger().requests(), before, "nobody was contacted");
        refused += 1;
        assert!(refused < 1_000, "it is not tried again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(refused > 0);
    let status = manager.status("docs").await.unwrap();
    assert_eq!((status.state.as_str(), status.last_error), ("ready", None));
}

#[tokio::test]
async fn a_manager_that_was_closed_dials_again() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["echo"]).await;
        manager.close().await;
        assert_eq!(manager.status("docs").await.unwrap().state.as_str(), "not_connected");
        echo(&manager, "docs").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_comes_while_its_connector_is_dialed_finds_its_tool() {
    /// So many take longer to register than the next call takes to come.
    const TOOLS: usize = 400;
    let (place, server) = (Place::new(), Everything::start(Options::default()).await.unwrap());
    server.server().replace(many_tools(TOOLS));
    let manager = place.manager().await;
    manager.add(NewConnector::remote("many", server.url())).await.unwrap();
    manager.enable_tools("many", &ToolSelection::All).await.unwrap();
    manager.close().await;

    let manager = place.manager().await;
    let (mut dialing, mut calls) = (JoinSet::new(), JoinSet::new());
    let dialed = manager.clone();
    dialing.spawn(async move { dialed.connect_enabled().await.unwrap() });
    while dialing.try_join_next().is_none() {
        let manager = manager.clone();
        calls.spawn(async move { drop(call(&manager, "many", "tool_0", "{}").await.unwrap()) });
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(calls.len() > 1, "no call came while the connector was dialed");
    while let Some(called) = calls.join_next().await {
        called.unwrap();
    }
}

fn many_tools(count: usize) -> Offer {
    let tool = |number| {
        let schema = RawJson::from_text(r#"{"type":"object"}"#).unwrap();
        ServerTool::forwarded(Tool::new(format!("tool_{number}"), schema), |_, _| async {
            Ok(RawJson::from_text(r#"{"content":[]}"#).unwrap())
        })
    };
    let mut offer = Offer::new();
    offer.tools = (0..count).map(tool).collect();
    offer
}
