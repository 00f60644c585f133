//! A rule `ask` holds a call, whichever way it comes, until a person has answered or the time is over.

use std::time::Duration;

use car_server::DaemonOptions;
use car_testkit::double::{Config, Double};
use serde_json::{Value, json};

use crate::support::{FrontEnd, Running};

/// A daemon whose one connector `docs` has the tool `echo` enabled, behind a rule that asks.
pub(crate) async fn asking(patience: Duration) -> (Running, FrontEnd, Double) {
    let server = Double::start(Config::default()).await.unwrap();
    let mut options = DaemonOptions::new();
    options.patience = patience;
    let daemon = Running::start_with(tempfile::tempdir().unwrap(), options).await;
    let mut owner = daemon.connect().await;
    owner.get("connectors.add", json!({"name": "docs", "url": server.url()})).await;
    owner.get("connectors.enable_tools", json!({"slug": "docs", "tools": ["echo"]})).await;
    let rule = json!({"kind": "ask", "subject": "docs/echo", "reason": "it is read aloud"});
    let rules = owner.get("connectors.policy.add", rule).await;
    assert_eq!(rules["rules"][0]["kind"], "ask");
    (daemon, owner, server)
}

pub(crate) const LONG: Duration = Duration::from_secs(60);

fn call(message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": "held", "method": "connectors.call_tool",
        "params": {"slug": "docs", "tool": "echo", "arguments": {"message": message}}})
}

/// Returns the answer to the call that was held.
async fn held(front: &mut FrontEnd) -> Value {
    loop {
        let message = front.read().await.unwrap();
        if message["id"] == "held" {
            return message;
        }
    }
}

#[tokio::test]
async fn a_call_over_a_websocket_goes_on_by_each_answer() {
    let (daemon, mut owner, server) = asking(LONG).await;
    let (mut caller, mut page) = (daemon.connect().await, daemon.connect().await);
    page.get("connectors.approvals.list", json!({})).await;
    for (answer, goes_on) in [("once", true), ("deny", false), ("session", true)] {
        let before = server.ledger().method("tools/call");
        caller.send(call("12345678901234567890").to_string()).await;
        let asked = page.told("connectors.approval_requested").await;
        assert_eq!(asked["arguments_text"], r#"{"message":"12345678901234567890"}"#);
        assert_eq!(
            (&asked["caller"], &asked["connector"], &asked["tool"]),
            (&json!("owner"), &json!("docs"), &json!("echo"))
        );
        assert_eq!(
            (&asked["rule"]["kind"], &asked["rule"]["reason"]),
            (&json!("ask"), &json!("it is read aloud"))
        );
        let listed = owner.get("connectors.approvals.list", json!({})).await;
        assert_eq!(listed["pending"][0], asked);
        assert_eq!(server.ledger().method("tools/call"), before, "nothing leaves before somebody agreed");
        let said = json!({"id": asked["id"], "answer": answer});
        assert_eq!(owner.get("connectors.approvals.answer", said.clone()).await["settled"], true);
        assert_eq!(owner.get("connectors.approvals.answer", said).await["settled"], false);
        let outcome = if goes_on { "granted" } else { "refused" };
        let settled = page.told("connectors.approval_settled").await;
        assert_eq!(settled, json!({"id": asked["id"], "outcome": outcome}));
        let answer = held(&mut caller).await;
        assert_eq!(answer["error"].is_null(), goes_on, "{answer}");
        if !goes_on {
            let data = &answer["error"]["data"];
            assert_eq!((&data["kind"], &data["rule"]["kind"]), (&json!("denied"), &json!("ask")));
            assert!(data["rule"]["location"].as_str().unwrap().contains("policy.toml:"), "{answer}");
            assert!(data["rule"]["reason"].as_str().unwrap().contains("refused by owner"), "{answer}");
        }
        assert_eq!(server.ledger().method("tools/call") - before, u64::from(goes_on));
    }
    // It was agreed to until the daemon stops, so nobody is asked.
    caller.send(call("again").to_string()).await;
    assert!(held(&mut caller).await["error"].is_null());
    let grants = owner.get("connectors.approvals.grants", json!({})).await;
    assert_eq!(grants["grants"][0]["is_for_good"], false);
    let noted = owner.get("connectors.events.tail", json!({"outcome": "allow"})).await;
    let notes: Vec<&str> =
        noted["events"].as_array().unwrap().iter().filter_map(|event| event["note"].as_str()).collect();
    assert!(notes[0].starts_with("approved once by owner"), "{notes:?}");
    assert_eq!(notes.len(), 3, "{notes:?}");
    let id = grants["grants"][0]["id"].clone();
    assert_eq!(owner.get("connectors.approvals.revoke", json!({"id": id})).await["revoked"], true);
    caller.send(call("once more").to_string()).await;
    page.told("connectors.approval_requested").await;
}

#[tokio::test]
async fn what_is_agreed_to_for_good_outlives_the_daemon() {
    let (daemon, mut owner, _server) = asking(LONG).await;
    let mut caller = daemon.connect().await;
    caller.send(call("hi").to_string()).await;
    let asked = owner.told("connectors.approval_requested").await;
    owner.get("connectors.approvals.answer", json!({"id": asked["id"], "answer": "always"})).await;
    assert!(held(&mut caller).await["error"].is_null());
    let folder = daemon.stop().await;
    let daemon = Running::start_in(folder).await;
    let mut caller = daemon.connect().await;
    let grants = caller.get("connectors.approvals.grants", json!({})).await;
    assert_eq!(grants["grants"][0]["is_for_good"], true);
    caller.send(call("hi again").to_string()).await;
    assert!(held(&mut caller).await["error"].is_null());
}

#[tokio::test]
async fn nobody_answers_and_the_call_is_refused_in_time() {
    let (daemon, mut owner, server) = asking(Duration::from_millis(300)).await;
    let mut caller = daemon.connect().await;
    caller.send(call("hi").to_string()).await;
    let asked = owner.told("connectors.approval_requested").await;
    let settled = owner.told("connectors.approval_settled").await;
    assert_eq!(settled, json!({"id": asked["id"], "outcome": "expired"}));
    let answer = held(&mut caller).await;
    assert_eq!(answer["error"]["data"]["kind"], "denied");
    assert!(answer["error"]["message"].as_str().unwrap().contains("nobody answered"), "{answer}");
    assert_eq!(server.ledger().method("tools/call"), 0);
}

#[tokio::test]
async fn a_caller_that_goes_takes_its_question_with_it() {
    let (daemon, mut owner, server) = asking(LONG).await;
    let mut caller = daemon.connect().await;
    caller.send(call("hi").to_string()).await;
    let asked = owner.told("connectors.approval_requested").await;
    drop(caller);
    let settled = owner.told("connectors.approval_settled").await;
    assert_eq!(settled, json!({"id": asked["id"], "outcome": "withdrawn"}));
    let late = json!({"id": asked["id"], "answer": "always"});
    assert_eq!(owner.get("connectors.approvals.answer", late).await["settled"], false);
    assert_eq!(owner.get("connectors.approvals.grants", json!({})).await["grants"], json!([]));
    assert_eq!(server.ledger().method("tools/call"), 0);
    let cancelled = owner.get("connectors.events.tail", json!({"outcome": "cancelled"})).await;
    assert_eq!(cancelled["events"].as_array().unwrap().len(), 1, "{cancelled}");
}

#[tokio::test]
async fn rules_come_and_go_and_every_denial_says_why() {
    let (daemon, mut owner, server) = asking(LONG).await;
    let mut other = daemon.connect().await;
    other.get("connectors.list", json!({})).await;
    let deny = json!({"kind": "deny_connector", "subject": "docs", "reason": "not this week"});
    owner.get("connectors.policy.add", deny).await;
    other.told("connectors.policy_changed").await;
    owner.send(call("hi").to_string()).await;
    let answer = held(&mut owner).await;
    let rule = answer["error"]["data"]["rule"].clone();
    assert_eq!(
        (&rule["kind"], &rule["subject"], &rule["reason"]),
        (&json!("deny_connector"), &json!("docs"), &json!("not this week"))
    );
    let explained = owner.get("connectors.policy.explain", json!({"slug": "docs", "tool": "echo"})).await;
    assert_eq!((&explained["verdict"], &explained["rule"]), (&json!("deny"), &rule));
    assert_eq!(
        explained["rules"].as_array().unwrap().len(),
        2,
        "the rule that asks matters too: {explained}"
    );
    owner.get("connectors.policy.remove", json!({"kind": "deny_connector", "subject": "docs"})).await;
    let none =
        owner.ask("connectors.policy.remove", json!({"kind": "deny_connector", "subject": "docs"})).await;
    assert_eq!(none["error"]["data"]["kind"], "not_found");
    owner.get("connectors.policy.remove", json!({"kind": "ask", "subject": "docs/echo"})).await;
    // A rule for one caller is for nobody else.
    owner
        .get(
            "connectors.policy.add",
            json!({"kind": "deny_tool", "subject": "docs/echo", "caller": "token:*"}),
        )
        .await;
    owner.send(call("hi").to_string()).await;
    assert!(held(&mut owner).await["error"].is_null());
    let theirs = json!({"slug": "docs", "tool": "echo", "caller": "token:ci"});
    assert_eq!(owner.get("connectors.policy.explain", theirs).await["verdict"], "deny");
    let unfit = owner.ask("connectors.policy.add", json!({"kind": "deny_tool", "subject": ""})).await;
    assert_eq!(unfit["error"]["code"], -32602, "{unfit}");
    assert!(unfit["error"]["message"].as_str().unwrap().contains("subject: expected"), "{unfit}");
    assert_eq!(server.ledger().method("tools/call"), 1);
}
