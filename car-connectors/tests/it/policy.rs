//! The policy: what it denies names its rule and where that stands, is on record, and never leaves.

use car_connectors::engine::EventFilter;
use car_connectors::{ConnectorManager, ErrorKind};

use crate::support::{ERAS, Place, call, echo, ready, server};

const RULES: [(&str, &str); 4] = [
    ("# ours\ndeny_connector = ['docs']", "deny_connector \"docs\" at [policy]:2:19"),
    ("deny_tool = ['docs/echo']", "deny_tool \"docs/echo\" at [policy]:1:14"),
    (
        "[[deny_tool_param]]\ntool = 'docs/*'\nparameter = '/message'\npattern = 'h*'",
        "deny_tool_param \"docs/* /message\" at [policy]:1:1",
    ),
    ("deny_tool = [", "broken_policy at [policy]:1:14"),
];

#[tokio::test]
async fn a_denied_call_names_the_rule_and_its_place_and_never_leaves() {
    for era in ERAS {
        for (policy, rule) in RULES {
            let (place, server) = (Place::new(), server(era).await);
            let manager = ready(&place, &server, &["echo"]).await;
            place.write("policy.toml", policy);
            let requests = server.ledger().requests();
            // Once with a session, once in a program that has dialed nobody.
            for manager in [manager, place.manager().await] {
                denied(&place, &manager, rule).await;
            }
            assert_eq!(server.ledger().requests(), requests, "{rule}");
        }
    }
}

async fn denied(place: &Place, manager: &ConnectorManager, rule: &str) {
    let error = echo(manager, "docs").await.unwrap_err();
    assert!(error.is_denied() && error.kind() == ErrorKind::Denied, "{error}");
    let policy = place.home().policy_path().display().to_string();
    let text = error.to_string().replace(&policy, "[policy]");
    assert!(text.starts_with(&format!("\"mcp_docs_echo\" is denied by {rule}")), "{text}");
    assert_eq!(error.hint(), Some("`car policy explain docs/echo` shows every rule that matters"));
    let page = manager.event_log().tail(&EventFilter::default()).unwrap();
    let record = page.records.last().unwrap();
    assert_eq!((record.verdict.as_deref(), record.who.as_deref()), (Some("deny"), Some("test")));
    assert_eq!((record.connector.as_deref(), record.tool.as_deref()), (Some("docs"), Some("echo")));
    assert_eq!(record.canonical.as_deref(), Some("mcp_docs_echo"));
    let place = rule.split(" at ").nth(1).unwrap().replace("[policy]", &policy);
    assert!(record.rule_location.as_deref().is_some_and(|location| location.starts_with(&place)));
    assert!(manager.event_log().verify().unwrap().problem.is_none());
}

#[tokio::test]
async fn a_denied_tool_that_is_not_enabled_is_said_to_be_denied() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = ready(&place, &server, &[]).await;
    place.write("policy.toml", "deny_connector = ['docs']");
    assert!(echo(&manager, "docs").await.unwrap_err().is_denied());
}

#[tokio::test]
async fn other_arguments_of_a_tool_with_a_denied_parameter_are_allowed() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    ready(&place, &server, &["echo"]).await.close().await;
    place.write("policy.toml", RULES[2].0);
    let manager = place.manager().await;
    call(&manager, "docs", "echo", r#"{"message":"other"}"#).await.unwrap();
    assert!(echo(&manager, "docs").await.unwrap_err().is_denied());
}
