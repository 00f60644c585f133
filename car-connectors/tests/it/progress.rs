//! Progress of a call, and calls that are given up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use car_connectors::CallOptions;

use crate::support::{ERAS, Place, logged, raw, ready, server, soon};

#[tokio::test]
async fn progress_is_told_in_order() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["progress"]).await;
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let options = CallOptions::new()
            .with_progress(move |progress| sink.lock().unwrap().push((progress.progress, progress.total)));
        manager.call_tool("docs", "progress", &raw(r#"{"steps":3}"#), &options).await.unwrap();
        assert_eq!(*told.lock().unwrap(), [(1.0, Some(3.0)), (2.0, Some(3.0)), (3.0, Some(3.0))]);
    }
}

#[tokio::test]
async fn progress_keeps_a_call_alive_beyond_its_limit() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["progress"]).await;
        // Fifty reports, ten milliseconds apart.
        let options = CallOptions::new().with_timeout(Duration::from_millis(300)).with_progress(|_| {});
        manager.call_tool("docs", "progress", &raw(r#"{"steps":50}"#), &options).await.unwrap();
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled_at_the_server_and_on_record() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["sleep"]).await;
        let (arguments, options) = (raw(r#"{"ms":60000}"#), CallOptions::new());
        let calling = manager.call_tool("docs", "sleep", &arguments, &options);
        let arrived = async {
            while server.ledger().method("tools/call") == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            outcome = calling => panic!("it cannot have ended: {outcome:?}"),
            () = soon(arrived) => {}
        }
        assert_eq!(logged(&manager), ["sleep: allow", "sleep: cancelled"]);
        soon(async {
            while server.ledger().cancelled() == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}
