//! Which era a server lives in, and what it takes to find out.

use std::time::{Duration, Instant};

use car_mcp::proto::Era;
use car_mcp::proto::negotiate::EraPreference;

use crate::server::{call, client, connect, told, transport};

#[tokio::test]
async fn each_server_is_spoken_with_in_its_era() {
    for (mode, era) in [
        ("good", Era::Modern),
        ("banner", Era::Modern),
        ("legacy", Era::Legacy),
        ("exits-on-probe", Era::Legacy),
        ("refuses-and-exits", Era::Legacy),
    ] {
        let session = connect(mode).await;
        assert_eq!(session.version().era(), era, "{mode}");
        assert_eq!(call(&session, "echo", r#"{"text":"hi"}"#).await.unwrap(), "hi", "{mode}");
        assert!(session.list_tools().await.unwrap().items.iter().any(|tool| tool.name == "echo"), "{mode}");
    }
}

#[tokio::test]
async fn silence_to_the_probe_is_an_answer() {
    let start = Instant::now();
    let transport = transport("silent-probe").probe_timeout(Duration::from_millis(100)).build();
    let session = client().connect(transport).await.unwrap();
    assert_eq!(session.version().era(), Era::Legacy);
    assert!(start.elapsed() >= Duration::from_millis(100));
    assert_eq!(call(&session, "echo", r#"{"text":"hi"}"#).await.unwrap(), "hi");
}

#[tokio::test]
async fn a_preference_is_kept() {
    let session = client().era(EraPreference::Legacy).connect(transport("good").build()).await.unwrap();
    assert_eq!(session.version().era(), Era::Legacy);
    assert_eq!(call(&session, "echo", r#"{"text":"hi"}"#).await.unwrap(), "hi");
    for mode in ["legacy", "exits-on-probe", "refuses-and-exits"] {
        let error = client().era(EraPreference::Modern).connect(transport(mode).build()).await.unwrap_err();
        assert!(told(&error).contains("found one of an earlier era"), "{mode}: {}", told(&error));
    }
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let error = client().connect(transport("dies").build()).await.unwrap_err();
    let told = told(&error);
    assert!(
        told.contains("exit status: 3") && told.contains("its last words: no API key: set API_KEY"),
        "{told}"
    );
    assert!(error.is_transient());
}
