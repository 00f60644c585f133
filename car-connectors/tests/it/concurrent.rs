//! Many changes at once: whatever the order, manifest, registry and sessions agree in the end.

use car_connectors::{ConnectorManager, Error, ErrorKind, NewConnector, ToolSelection};
use car_testkit::double::Double;
use tokio::task::JoinSet;

use crate::support::{ERAS, Place, echo, named, server, shown};

const CONNECTORS: u64 = 8;
const CHANGES: u64 = 100;

/// Numbers that look random and are the same in every run, so that a failure can be looked at.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

async fn change(manager: ConnectorManager, url: String, connector: u64, what: u64) -> Result<(), Error> {
    let slug = format!("c{connector}");
    match what {
        0..=2 => manager.add(NewConnector::remote(slug, url)).await.map(drop),
        3 => manager.remove(&slug).await,
        4 => manager.refresh(&slug).await.map(drop),
        5 => manager.enable_tools(&slug, &named(&["echo", "add"])).await.map(drop),
        6 => manager.enable_tools(&slug, &ToolSelection::All).await.map(drop),
        7 => manager.disable_tools(&slug, &named(&["echo"])).await.map(drop),
        8 => manager.tools(&slug).await.map(drop),
        _ => echo(&manager, &slug).await.map(drop),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_never_cross() {
    for (era, seed) in [(ERAS[0], 1), (ERAS[1], 2), (ERAS[0], 3), (ERAS[1], 4)] {
        let (place, server) = (Place::new(), server(era).await);
        let (manager, mut dice, mut changes) = (place.manager().await, Dice(seed), JoinSet::new());
        for _ in 0..CHANGES {
            let (connector, what) = (dice.roll(CONNECTORS), dice.roll(10));
            let (manager, url) = (manager.clone(), server.url());
            changes.spawn(async move { (what, change(manager, url, connector, what).await) });
        }
        while let Some(done) = changes.join_next().await {
            let (what, outcome) = done.unwrap();
            if let Err(error) = outcome {
                let is_expected = matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::Duplicate | ErrorKind::NotEnabled
                );
                assert!(is_expected, "change {what}: {error:?}");
            }
        }
        agrees(&place, &manager, &server).await;
    }
}

/// Compares what the manager holds with what a fresh one makes of the same files.
async fn agrees(place: &Place, manager: &ConnectorManager, server: &Double) {
    let listed = manager.list().await.unwrap();
    let enabled: usize = listed.iter().map(|connector| connector.enabled_count).sum();
    assert_eq!(shown(manager).len(), enabled);
    let fresh = ConnectorManager::load_and_connect(place.options()).await.unwrap();
    assert_eq!(shown(&fresh), shown(manager));
    for connector in &listed {
        assert_eq!(connector.state.as_str(), "ready", "{connector:?}");
        let calls = server.ledger().method("tools/call");
        let outcome = echo(manager, &connector.slug).await;
        let is_enabled = shown(manager).contains(&format!("mcp_{}_echo", connector.slug));
        assert_eq!(outcome.is_ok(), is_enabled);
        assert_eq!(server.ledger().method("tools/call") - calls, u64::from(is_enabled));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_come_together_dial_once() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        crate::support::ready(&place, &server, &["echo"]).await.close().await;
        let manager = place.manager().await;
        let lists = server.ledger().method("tools/list");
        let mut calls = JoinSet::new();
        for _ in 0..16 {
            let manager = manager.clone();
            calls.spawn(async move { echo(&manager, "docs").await.map(drop) });
        }
        while let Some(done) = calls.join_next().await {
            done.unwrap().unwrap();
        }
        assert_eq!(server.ledger().method("tools/list") - lists, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_that_add_the_same_name_at_once_one_is_told() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = place.manager().await;
    let add = || manager.add(NewConnector::remote("Docs", server.url()));
    let (one, other) = tokio::join!(add(), add());
    let told = if one.is_err() { &one } else { &other }.as_ref().unwrap_err();
    assert_eq!(told.kind(), ErrorKind::Duplicate);
    assert_ne!(one.is_ok(), other.is_ok());
    assert_eq!(manager.list().await.unwrap().len(), 1);
}
