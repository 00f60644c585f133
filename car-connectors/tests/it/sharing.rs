//! Prompts, resources and completion, passed on where the user shares them.

use std::collections::BTreeSet;
use std::time::Duration;

use car_connectors::engine::EventFilter;
use car_connectors::{CallOptions, ConnectorEvent, ConnectorManager, ErrorKind, NewConnector};
use car_mcp_proto::completion::CompleteParams;
use car_mcp_proto::{Members, RawJson};
use car_testkit::double::Era;
use car_testkit::everything::{Everything, Options};

use crate::support::{ERAS, Place, soon};

const WATCHED: &str = "test://watched-resource";

async fn start(era: Era) -> Everything {
    let mut options = Options::default();
    options.era = era;
    Everything::start(options).await.unwrap()
}

async fn ready(place: &Place, server: &Everything) -> ConnectorManager {
    let manager = ConnectorManager::load(place.options().with_listening()).await.unwrap();
    manager.add(NewConnector::remote("Docs", server.url())).await.unwrap();
    manager
}

fn completion(reference: &str, argument: &str) -> CompleteParams {
    let text = format!(r#"{{"ref":{reference},"argument":{argument}}}"#);
    RawJson::from_text(text).unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_is_shared_is_offered_and_passed_on_and_nothing_else_is() {
    for era in ERAS {
        let (place, server) = (Place::new(), start(era).await);
        let manager = ready(&place, &server).await;
        let (none, options) = (Members::new(), CallOptions::new().with_caller("token:ci"));
        let refused = manager.get_prompt("docs", "test_simple_prompt", &none, &options).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotEnabled);
        assert_eq!(refused.hint(), Some("pass them on with `car enable docs --prompts`"));
        let refused = manager.read_resource("docs", "test://static-text", &options).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotEnabled);
        let offering = manager.offering().await.unwrap();
        assert!(offering.prompts.is_empty() && offering.resources.is_empty());

        let status = manager.share("docs", Some(true), None).await.unwrap();
        assert_eq!((status.shares_prompts, status.shares_resources), (true, false));
        let offering = manager.offering().await.unwrap();
        let prompt = offering.prompts.iter().find(|prompt| prompt.name == "test_simple_prompt").unwrap();
        assert_eq!(prompt.canonical, "mcp_docs_test_simple_prompt");
        assert!(prompt.completes && offering.resources.is_empty());
        let result = manager.get_prompt("docs", "test_simple_prompt", &none, &options).await.unwrap();
        assert!(result.as_str().contains("\"messages\""), "{}", result.as_str());

        let status = manager.share("docs", Some(false), Some(true)).await.unwrap();
        assert_eq!((status.shares_prompts, status.shares_resources), (false, true));
        let offering = manager.offering().await.unwrap();
        assert!(offering.prompts.is_empty());
        assert_eq!(offering.owner_of(WATCHED), Some("docs"));
        assert_eq!(offering.owner_of("test://template/7/data"), Some("docs"));
        assert_eq!(offering.owner_of("other://thing"), None);
        let text = manager.read_resource("docs", "test://static-text", &options).await.unwrap();
        assert!(text.as_str().contains("static text resource"), "{}", text.as_str());
        let text = manager.read_resource("docs", "test://template/7/data", &options).await.unwrap();
        assert!(text.as_str().contains("Data for ID: 7"), "{}", text.as_str());
        let refused = manager.get_prompt("docs", "test_simple_prompt", &none, &options).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotEnabled);

        let records = manager.event_log().tail(&EventFilter::default()).unwrap().records;
        let reads: Vec<_> = records
            .iter()
            .filter(|record| record.method.as_deref() == Some("resources/read"))
            .map(|record| (record.who.as_deref(), record.connector.as_deref()))
            .collect();
        assert_eq!(reads, [(Some("token:ci"), Some("docs")); 4], "a decision and an end for each");
    }
}

#[tokio::test]
async fn completion_is_for_what_is_shared() {
    for era in ERAS {
        let (place, server) = (Place::new(), start(era).await);
        let manager = ready(&place, &server).await;
        manager.share("docs", Some(true), Some(false)).await.unwrap();
        let prompt = completion(
            r#"{"type":"ref/prompt","name":"test_prompt_with_arguments"}"#,
            r#"{"name":"arg1","value":""}"#,
        );
        manager.complete("docs", &prompt, &CallOptions::new()).await.unwrap();
        let template = completion(
            r#"{"type":"ref/resource","uri":"test://template/{id}/data"}"#,
            r#"{"name":"id","value":"1"}"#,
        );
        let refused = manager.complete("docs", &template, &CallOptions::new()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotEnabled);
    }
}

#[tokio::test]
async fn a_connector_that_is_denied_passes_nothing_on() {
    let (place, server) = (Place::new(), start(ERAS[0]).await);
    let manager = ready(&place, &server).await;
    manager.share("docs", Some(true), Some(true)).await.unwrap();
    place.write("policy.toml", "deny_connector = [\"docs\"]\n");
    let denied = manager.read_resource("docs", "test://static-text", &CallOptions::new()).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied);
    assert!(denied.to_string().contains("deny_connector"), "{denied}");
    let none = Members::new();
    let denied =
        manager.get_prompt("docs", "test_simple_prompt", &none, &CallOptions::new()).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_watched_resource_that_changes_is_told_of_and_others_are_not() {
    for era in ERAS {
        let (place, server) = (Place::new(), start(era).await);
        let manager = ready(&place, &server).await;
        let mut events = manager.subscribe();
        manager.share("docs", None, Some(true)).await.unwrap();
        manager.watch_resources(BTreeSet::from([WATCHED.to_owned(), "other://thing".to_owned()]));
        // The stream opens on its own: the resource changes until that has been heard.
        let heard = async {
            loop {
                server.server().resource_updated("test://static-text");
                server.server().resource_updated(WATCHED);
                let next = tokio::time::timeout(Duration::from_millis(100), async {
                    loop {
                        if let Some(ConnectorEvent::ResourceUpdated { slug, uri }) = events.next().await {
                            break (slug, uri);
                        }
                    }
                });
                if let Ok(heard) = next.await {
                    break heard;
                }
            }
        };
        assert_eq!(soon(heard).await, ("docs".to_owned(), WATCHED.to_owned()));
    }
}

#[tokio::test]
async fn prompts_that_come_are_offered_once_the_server_has_told() {
    for era in ERAS {
        let (place, server) = (Place::new(), start(era).await);
        let manager = ready(&place, &server).await;
        manager.enable_tools("docs", &crate::support::named(&["test_trigger_prompt_change"])).await.unwrap();
        manager.share("docs", Some(true), None).await.unwrap();
        let has_extra = || async {
            manager.offering().await.unwrap().prompts.iter().any(|prompt| prompt.name == "extra")
        };
        assert!(!has_extra().await);
        let mut calls = 0;
        tokio::time::timeout(Duration::from_secs(20), async {
            // The stream opens on its own: the prompt comes and goes until it was seen.
            while !has_extra().await {
                if calls % 2 == 0 {
                    crate::support::call(&manager, "docs", "test_trigger_prompt_change", "{}").await.unwrap();
                }
                calls += 1;
                tokio::time::sleep(Duration::from_millis(700)).await;
            }
        })
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn what_is_shared_is_listed_again_after_a_restart() {
    let (place, server) = (Place::new(), start(ERAS[0]).await);
    let manager = ready(&place, &server).await;
    manager.share("docs", Some(true), Some(true)).await.unwrap();
    manager.close().await;
    let manager = place.manager().await;
    assert!(manager.offering().await.unwrap().prompts.is_empty(), "nobody was asked yet");
    manager.connect_enabled().await.unwrap();
    let offering = manager.offering().await.unwrap();
    assert!(!offering.prompts.is_empty() && !offering.resources.is_empty() && !offering.templates.is_empty());
}
