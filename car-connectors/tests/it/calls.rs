//! Calls: what is refused before anything leaves, and many at once.

use std::time::{Duration, Instant};

use car_connectors::{CallOptions, ErrorKind, NewConnector};
use car_testkit::double::{Answers, Config, Double};
use car_testkit::hostile::{Hostile, Mode, Stage};

use crate::support::{ERAS, Place, call, echo, logged, named, raw, ready, server, short_limits, soon};

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused_with_their_path_before_anything_leaves() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["echo"]).await;
        let requests = server.ledger().requests();
        let error = call(&manager, "docs", "echo", r#"{"message":5}"#).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArguments);
        assert_eq!(
            error.to_string(),
            "the arguments of \"mcp_docs_echo\" do not fit: /message: expected string, found integer"
        );
        assert_eq!(error.connector(), Some("docs"));
        let error = call(&manager, "docs", "echo", "[]").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArguments);
        assert_eq!(server.ledger().requests(), requests);
        assert_eq!(logged(&manager), ["echo: invalid_arguments", "echo: invalid_arguments"]);
    }
}

#[tokio::test]
async fn a_tool_that_fails_is_a_result_and_arguments_go_byte_for_byte() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = ready(&place, &server, &["fail", "echo", "structured"]).await;
    assert!(call(&manager, "docs", "fail", "{}").await.unwrap().is_error);
    let weather = call(&manager, "docs", "structured", r#"{"city":"Ulm"}"#).await.unwrap();
    assert!(weather.structured_content.is_some_and(|data| data.get().contains("Sunny in Ulm")));
    call(&manager, "docs", "echo", r#"{ "message" : "\u00e9" }"#).await.unwrap();
    let sent = server.ledger().seen().pop().unwrap().body;
    assert!(sent.contains(r#"{ "message" : "\u00e9" }"#), "{sent}");
    assert_eq!(logged(&manager)[1], "fail: tool_error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_calls_in_flight_do_not_wait_for_each_other() {
    for era in ERAS {
        for answers in [Answers::Json, Answers::Sse] {
            let place = Place::new();
            let mut config = Config::default();
            (config.era, config.answers) = (era, answers);
            let server = Double::start(config).await.unwrap();
            let manager = ready(&place, &server, &["sleep"]).await;
            let started = Instant::now();
            let mut calls = tokio::task::JoinSet::new();
            for _ in 0..64 {
                let manager = manager.clone();
                calls.spawn(async move { call(&manager, "docs", "sleep", r#"{"ms":200}"#).await });
            }
            while let Some(done) = calls.join_next().await {
                done.unwrap().unwrap();
            }
            let took = started.elapsed();
            // One after the other they would take thirteen seconds.
            assert!(took < Duration::from_secs(1), "{took:?} in {era:?} with {answers:?}");
            assert!(manager.event_log().verify().unwrap().problem.is_none());
        }
    }
}

#[tokio::test]
async fn a_call_that_is_slow_leaves_its_connector_as_it_was() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["sleep", "echo"]).await;
        let options = CallOptions::new().with_timeout(Duration::from_millis(50));
        let slow = manager.call_tool("docs", "sleep", &raw(r#"{"ms":60000}"#), &options).await;
        let error = slow.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.is_transient());
        let status = manager.status("docs").await.unwrap();
        assert_eq!((status.state.as_str(), status.last_error), ("ready", None));
        echo(&manager, "docs").await.unwrap();
        assert_eq!(logged(&manager), ["sleep: allow", "sleep: timeout", "echo: allow", "echo: ok"]);
    }
}

#[tokio::test]
async fn a_call_under_way_survives_a_refresh_and_a_removal() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["sleep"]).await;
        let calling = call(&manager, "docs", "sleep", r#"{"ms":300}"#);
        let goodbyes = || server.ledger().seen().iter().filter(|seen| seen.http_method == "DELETE").count();
        let meanwhile = async {
            while server.ledger().method("tools/call") == 0 {
                tokio::task::yield_now().await;
            }
            manager.refresh("docs").await.unwrap();
            manager.remove("docs").await.unwrap();
            goodbyes()
        };
        let (called, before) = tokio::join!(calling, soon(meanwhile));
        called.unwrap();
        // The session that was called says goodbye after the call; the one that was not, at once.
        let sessions = usize::from(era == car_testkit::double::Era::Legacy);
        assert_eq!((before, goodbyes()), (sessions, 2 * sessions));
    }
}

#[tokio::test]
async fn a_connector_that_hangs_delays_no_other() {
    let place = Place::new();
    let good = server(ERAS[0]).await;
    let bad = Hostile::start_at(Mode::Silent, Stage::List, 0).await.unwrap();
    ready(&place, &good, &["echo"]).await.close().await;
    let entry = format!(
        r#","connectors":[{{"slug":"bad","name":"Bad","url":"{}","enabled_tools":["echo"]}},"#,
        bad.url()
    );
    let manifest = place.manifest().replacen("\"connectors\"", "\"x\":0\"connectors\"", 1);
    let at = manifest.find("\"x\":0\"connectors\"").unwrap();
    let open = at + manifest[at..].find('[').unwrap();
    let manifest = format!("{}{}{}", &manifest[..at], entry.trim_start_matches(','), &manifest[open + 1..]);
    place.write("connectors.json", &manifest);

    // Dialing everybody ends with the limit, and the good one is ready then.
    let options = place.options().with_limits(short_limits(300));
    let manager = car_connectors::ConnectorManager::load_and_connect(options).await.unwrap();
    let states: Vec<_> = manager.list().await.unwrap().into_iter().map(|one| one.state.as_str()).collect();
    assert_eq!(states, ["failed", "ready"]);

    // With ample limits the bad one hangs for good; nobody else notices.
    let manager = place.manager().await;
    let hanging = tokio::time::timeout(Duration::from_secs(60), manager.tools("bad"));
    let hanging = std::pin::pin!(hanging);
    let work = async {
        while bad.ledger().method("tools/list") < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(manager.list().await.unwrap()[0].state.as_str(), "connecting");
        echo(&manager, "docs").await.unwrap();
        manager.tools("docs").await.unwrap();
        manager.refresh("docs").await.unwrap();
        let other = NewConnector::remote("Other", good.url());
        manager.add(other).await.unwrap();
        manager.enable_tools("other", &named(&["echo"])).await.unwrap();
        manager.remove("other").await.unwrap();
        // Nor does its own removal wait.
        manager.remove("bad").await.unwrap();
    };
    tokio::select! {
        _ = hanging => panic!("it cannot have answered"),
        () = soon(work) => {}
    }
    assert_eq!(manager.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_dial_that_is_given_up_leaves_no_trace() {
    let (place, bad) = (Place::new(), Hostile::start(Mode::Silent).await.unwrap());
    let entry = format!(r#"{{"connectors":[{{"slug":"bad","name":"Bad","url":"{}"}}]}}"#, bad.url());
    place.write("connectors.json", &entry);
    let manager = place.manager().await;
    assert!(tokio::time::timeout(Duration::from_millis(100), manager.tools("bad")).await.is_err());
    assert_eq!(manager.status("bad").await.unwrap().state.as_str(), "not_connected");
}
