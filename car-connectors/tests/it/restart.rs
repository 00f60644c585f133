//! Servers that are stopped and started again between two calls.

use car_connectors::store::SecretMode;
use car_connectors::{ConnectorManager, ErrorKind};

use crate::support::{ERAS, Place, echo, ready, server, shown};

#[tokio::test]
#[ignore = "car-http hands out idle connections that the server has closed"]
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
        echo(&manager, "docs").await.unwrap();
    }
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
