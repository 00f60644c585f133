//! Several processes on one state folder: this test binary starts itself.

use std::env;
use std::path::Path;
use std::process::{Child, Command};

use car_connectors::store::{Home, SecretMode};
use car_connectors::{ConnectorManager, ManagerOptions, NewConnector};

use crate::support::{ERAS, Place, server};

/// Tell the other half of the test where to work, with which server, and under which name.
const FOLDER: &str = "CAR_CONNECTORS_TEST_FOLDER";
const SERVER: &str = "CAR_CONNECTORS_TEST_SERVER";
const WORKER: &str = "CAR_CONNECTORS_TEST_WORKER";

/// What one process adds.
const EACH: usize = 50;

fn start(home: &Home, url: &str, worker: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "processes::worker_adds_connectors", "--include-ignored"])
        .env(FOLDER, home.path())
        .env(SERVER, url)
        .env(WORKER, worker)
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_each_add_fifty_connectors_make_a_hundred() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let children = ["left", "right"].map(|worker| start(&place.home(), &server.url(), worker));
    for mut child in children {
        let ended = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
        assert!(ended.success());
    }
    let listed = place.manager().await.list().await.unwrap();
    assert_eq!(listed.len(), 2 * EACH);
    assert!(listed.iter().all(|connector| connector.tool_count.is_some()));
}

#[tokio::test]
#[ignore = "the other half of two_processes_that_each_add_fifty_connectors_make_a_hundred"]
async fn worker_adds_connectors() {
    let (Some(folder), Ok(url), Ok(worker)) = (env::var_os(FOLDER), env::var(SERVER), env::var(WORKER))
    else {
        return;
    };
    let home = Home::resolve(Some(Path::new(&folder)), |_| None).unwrap();
    let options = ManagerOptions::new(home).with_secrets(SecretMode::File);
    let manager = ConnectorManager::load(options).await.unwrap();
    let mut adding = tokio::task::JoinSet::new();
    for number in 0..EACH {
        let (manager, new) =
            (manager.clone(), NewConnector::remote(format!("{worker} {number}"), url.as_str()));
        adding.spawn(async move { manager.add(new).await.map(drop) });
    }
    while let Some(added) = adding.join_next().await {
        added.unwrap().unwrap();
    }
}
