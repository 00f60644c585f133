//! One hangs, one crashes in a loop, one answers garbage: the others do not notice, and the list says what is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use car_connectors::store::StdioCommand;
use car_connectors::{ConnectorManager, ConnectorState, NewConnector, ToolSelection};
use car_testkit::hostile::{Hostile, Mode, Stage};

use crate::local::stdio_server;
use crate::support::{ERAS, Place, call, echo, named, raw, ready, server, short_limits, soon};

/// Calls in each phase; the phases take turns, so that whatever else the machine does falls on both.
const CALLS: usize = 60;
const TURNS: usize = 5;

/// How much longer a call may take with bad neighbours, at the median. They take a core's time of their own, so it is not
/// one; a single wait for one of them would be a hundred and more.
const MOST: u32 = 8;

/// The manager of a person with one good connector and three bad ones, whose tools were fine when they were enabled.
async fn neighbours(place: &Place) -> (ConnectorManager, [Hostile; 2]) {
    let hanging = Hostile::start_at(Mode::Silent, Stage::Call, 0).await.unwrap();
    let garbage = Hostile::start_at(Mode::NotJson, Stage::Call, 0).await.unwrap();
    let options = place.options().with_limits(short_limits(2_000));
    let manager = ConnectorManager::load(options).await.unwrap();
    manager.add(NewConnector::remote("Hanging", hanging.url())).await.unwrap();
    manager.add(NewConnector::remote("Garbage", garbage.url())).await.unwrap();
    let command = StdioCommand::new(stdio_server(), ["--mode", "exits-on-call"]);
    manager.add(NewConnector::local("Crashing", command)).await.unwrap();
    for slug in ["hanging", "garbage", "crashing"] {
        manager.enable_tools(slug, &ToolSelection::All).await.unwrap();
    }
    (manager, [hanging, garbage])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_neighbours_do_not_slow_the_others() {
    let (place, good) = (Place::new(), server(ERAS[0]).await);
    drop(ready(&place, &good, &["echo"]).await);
    let (manager, _servers) = neighbours(&place).await;
    echo(&manager, "docs").await.unwrap();
    let (noise, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let failures: Arc<[AtomicU32; 3]> = Arc::default();
    let mut calling = tokio::task::JoinSet::new();
    for (place, slug) in ["hanging", "garbage", "crashing"].into_iter().enumerate() {
        let (manager, noise, stop, failures) =
            (manager.clone(), Arc::clone(&noise), Arc::clone(&stop), Arc::clone(&failures));
        calling.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                if noise.load(Ordering::Relaxed) {
                    let tool = if slug == "crashing" { "pids" } else { "echo" };
                    let outcome = call(&manager, slug, tool, r#"{"message":"hi"}"#).await;
                    assert!(outcome.is_err(), "{slug}");
                    failures[place].fetch_add(1, Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    let (mut quiet, mut noisy) = (Vec::new(), Vec::new());
    for turn in 0..2 * TURNS {
        let is_noisy = turn % 2 == 1;
        noise.store(is_noisy, Ordering::Relaxed);
        let times = if is_noisy { &mut noisy } else { &mut quiet };
        let before: Vec<u32> = failures.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        for _ in 0..CALLS {
            let began = Instant::now();
            echo(&manager, "docs").await.unwrap();
            times.push(began.elapsed());
        }
        if is_noisy {
            // The hanging one is called all the while; the others have failed meanwhile.
            soon(async {
                while failures
                    .iter()
                    .zip(&before)
                    .skip(1)
                    .any(|(now, before)| now.load(Ordering::Relaxed) == *before)
                {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
            .await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (quiet, noisy) = (median(quiet), median(noisy));
    assert!(noisy <= quiet * MOST, "a call took {noisy:?} beside bad neighbours, and {quiet:?} without");
    calling.shutdown().await;
}

#[tokio::test]
async fn the_list_says_what_is_wrong_with_each_and_what_to_do() {
    let place = Place::new();
    let (manager, servers) = neighbours(&place).await;
    for _ in 0..2 {
        call(&manager, "crashing", "pids", "{}").await.unwrap_err();
    }
    // The third is not made at all.
    let error = call(&manager, "crashing", "pids", "{}").await.unwrap_err();
    assert!(error.to_string().contains("next try in"), "{error}");
    let crashing = manager.status("crashing").await.unwrap();
    assert_eq!(crashing.state, ConnectorState::Failed);
    let (wrong, next) = (crashing.last_error.unwrap(), crashing.next_action.unwrap());
    assert!(wrong.contains("tried") && wrong.contains("next try in"), "{wrong}");
    assert!(next.contains("`car logs crashing`") && next.contains("`car refresh crashing`"), "{next}");

    // A program that starts now finds the servers gone, or as they are.
    manager.close().await;
    drop(servers);
    let manager = place.manager().await;
    soon(manager.connect_enabled()).await.unwrap();
    for slug in ["hanging", "garbage"] {
        let status = manager.status(slug).await.unwrap();
        assert_eq!(status.state, ConnectorState::Failed, "{slug}");
        let (wrong, next) = (status.last_error.unwrap(), status.next_action.unwrap());
        assert!(wrong.contains("cannot be reached"), "{wrong}");
        assert!(next.contains("check the URL") && next.contains(&format!("`car refresh {slug}`")), "{next}");
        // What was agreed to is offered all the same: it may be back at the next call.
        assert!(manager.offering().await.unwrap().tools.iter().any(|tool| tool.connector == slug));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_of_one_that_hangs_from_the_start_wait_once_between_them() {
    let (place, hanging) = (Place::new(), Hostile::start_at(Mode::Silent, Stage::Call, 0).await.unwrap());
    let manager = place.manager().await;
    let added = manager.add(NewConnector::remote("Docs", hanging.url())).await.unwrap();
    manager.enable_tools(&added.slug, &named(&["echo"])).await.unwrap();
    manager.close().await;
    let silent = Hostile::start_at(Mode::Silent, Stage::Connect, 0).await.unwrap();
    place.write("connectors.json", &place.manifest().replace(&hanging.url(), &silent.url()));
    let options = place.options().with_limits(short_limits(500));
    let manager = ConnectorManager::load(options).await.unwrap();
    let (arguments, options) = (raw(r#"{"message":"hi"}"#), car_connectors::CallOptions::new());
    let calls = (0..20).map(|_| manager.call_tool("docs", "echo", &arguments, &options));
    let outcomes = soon(futures_util::future::join_all(calls)).await;
    let paused = outcomes
        .iter()
        .filter(|outcome| outcome.as_ref().is_err_and(|error| error.to_string().contains("next try in")));
    // One of them found it out for all.
    assert_eq!(paused.count(), outcomes.len() - 1, "{outcomes:?}");
}
