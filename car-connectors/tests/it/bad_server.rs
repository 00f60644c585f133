//! Servers that misbehave: each gets one clear error that says the next step, and nothing is kept.

use std::fmt::Write as _;

use car_connectors::{ConnectorManager, ErrorKind, NewConnector};
use car_testkit::double::{Config, Double};
use car_testkit::hostile::{Hostile, Mode, Stage};
use tokio::task::JoinSet;

use crate::support::{ERAS, Place, call, echo, named, ready, server, short_limits, shown, soon, told};

/// Long enough for any of them to do its worst on a busy machine.
const AMPLE: u64 = 20_000;

/// Long enough to see that one does not answer.
const SHORT: u64 = 500;

async fn add(mode: Mode, stage: Stage) -> (Mode, String) {
    let (place, server) = (Place::new(), Hostile::start_at(mode, stage, 0).await.unwrap());
    let is_endless = matches!(mode, Mode::Silent | Mode::Trickle | Mode::EndlessStream);
    let patience = if is_endless { SHORT } else { AMPLE };
    let options = place.options().with_limits(short_limits(patience));
    let manager = ConnectorManager::load(options).await.unwrap();
    let outcome = manager.add(NewConnector::remote("Docs", server.url())).await;
    let kept = manager.list().await.unwrap().len();
    assert_eq!(server.elsewhere().requests(), 0, "{mode}: nothing goes to another origin");
    let text = match outcome {
        Ok(status) => format!("added, {:?} tools", status.tool_count),
        Err(error) => {
            assert_eq!(error.connector(), Some("docs"), "{mode}");
            assert!(error.hint().is_some(), "{mode}: {error}");
            assert_eq!(kept, usize::from(error.is_auth_required()), "{mode}");
            told(&error, &place).replace(&server.elsewhere_url(), "[elsewhere]")
        }
    };
    (mode, text)
}

async fn table(stage: Stage) -> String {
    let mut adding = JoinSet::new();
    for mode in Mode::ALL.iter().filter(|mode| **mode != Mode::EndlessStream) {
        adding.spawn(add(*mode, stage));
    }
    let mut told = adding.join_all().await;
    told.sort_by_key(|(mode, _)| Mode::ALL.iter().position(|other| other == mode));
    told.into_iter().fold(String::new(), |mut table, (mode, text)| {
        writeln!(table, "[{mode}] {text}").unwrap();
        table
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_bad_from_the_start_is_not_added() {
    insta::assert_snapshot!(table(Stage::Connect).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_list_is_bad_is_not_added() {
    insta::assert_snapshot!(table(Stage::List).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_never_stops_talking_is_given_up() {
    for stage in [Stage::Connect, Stage::List] {
        let (_, text) = add(Mode::EndlessStream, stage).await;
        assert!(text.starts_with("timed_out: the server did not answer in time"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_not_added() {
    let (place, mut server) = (Place::new(), server(ERAS[0]).await);
    server.stop().await;
    let manager = place.manager().await;
    let error = manager.add(NewConnector::remote("Docs", server.url())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert_eq!(error.hint(), Some("check the URL and that the server is running"));
    let error = manager.add(NewConnector::remote("Docs", "http://no-such-host.invalid/mcp")).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unreachable);
    // A server that speaks no TLS where it is asked to.
    server.restart().await.unwrap();
    let secure = server.url().replace("http://", "https://");
    let error = manager.add(NewConnector::remote("Docs", secure)).await.unwrap_err();
    insta::assert_snapshot!(told(&error, &place), @r"
    unreachable: the server cannot be reached
      because TLS handshake with https://127.0.0.1:[port] failed
      because received corrupt message of type InvalidContentType
      connector docs
      hint check the URL and that the server is running
    ");
    assert!(manager.list().await.unwrap().is_empty());
    assert_eq!(place.manifest(), "");
}

#[tokio::test]
async fn an_answer_over_the_cap_is_an_error_and_the_cap_can_be_set() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        ready(&place, &server, &["large"]).await.close().await;
        let small = ConnectorManager::load(place.options().with_max_body_bytes(20_000)).await.unwrap();
        let error = call(&small, "docs", "large", r#"{"bytes":30000}"#).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Peer, "the server's answer is too large")
        );
        call(&place.manager().await, "docs", "large", r#"{"bytes":30000}"#).await.unwrap();
    }
}

#[tokio::test]
async fn only_the_tool_with_an_invalid_schema_is_set_aside() {
    for era in ERAS {
        let place = Place::new();
        let mut config = Config::default();
        (config.era, config.broken_schema, config.broken_header) = (era, true, true);
        let server = Double::start(config).await.unwrap();
        let manager = ready(&place, &server, &["echo"]).await;
        let listing = manager.tools("docs").await.unwrap();
        let aside = listing.set_aside.iter().find(|aside| aside.name.as_deref() == Some("broken_schema"));
        let reason = &aside.expect("it is set aside").reason;
        assert!(reason.starts_with("input schema: the schema is not usable"), "{reason}");
        assert!(listing.tools.len() > 10 && listing.tools.iter().all(|tool| tool.name != "broken_schema"));
        assert_eq!(manager.status("docs").await.unwrap().tool_count, Some(listing.tools.len()));
        let error = manager.enable_tools("docs", &named(&["add", "broken_schema"])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Peer);
        assert_eq!(error.to_string(), format!("the tool \"broken_schema\" cannot be used: {reason}"));
        assert_eq!(shown(&manager), ["mcp_docs_echo"]);
        echo(&manager, "docs").await.unwrap();
        // All that can be used, without the one that cannot.
        manager.enable_tools("docs", &car_connectors::ToolSelection::All).await.unwrap();
        assert!(!place.manifest().contains("broken_schema"));
    }
}

#[tokio::test]
async fn an_enabled_tool_that_has_become_unusable_says_why() {
    let place = Place::new();
    let mut config = Config::default();
    config.broken_schema = true;
    let server = Double::start(config).await.unwrap();
    ready(&place, &server, &["echo"]).await.close().await;
    place.write("connectors.json", &place.manifest().replace("\"echo\"", "\"broken_schema\",\"echo\""));
    let manager = place.manager().await;
    let error = call(&manager, "docs", "broken_schema", "{}").await.unwrap_err();
    assert!(error.to_string().contains("cannot be used: input schema"), "{error}");
    assert_eq!(crate::support::logged(&manager), ["broken_schema: not_routed"]);
    assert_eq!(server.ledger().method("tools/call"), 0);
    echo(&manager, "docs").await.unwrap();
}

#[tokio::test]
async fn a_call_that_is_lost_says_that_the_tool_may_have_run() {
    let (place, server) = (Place::new(), Hostile::start_at(Mode::Hangup, Stage::Call, 0).await.unwrap());
    let manager = place.manager().await;
    manager.add(NewConnector::remote("Docs", server.url())).await.unwrap();
    manager.enable_tools("docs", &named(&["echo"])).await.unwrap();
    let error = soon(echo(&manager, "docs")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert_eq!(error.hint(), Some("the tool may have run: check before you call it again"));
    assert_eq!(server.ledger().method("tools/call"), 1, "it is not sent again");
}
