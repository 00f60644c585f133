//! A front end signs a person in: the browser and the address that it comes back to are the front end's.

use car_testkit::authority::{Authority, AuthorityConfig, ProtectionConfig};
use car_testkit::double::{Config, Double};
use car_testkit::location_of;
use serde_json::{Map, Value, json};

use crate::support::Running;

const CALLBACK: &str = "https://front.example/callback";

#[tokio::test]
async fn adds_a_server_that_wants_a_sign_in_and_signs_in() {
    let authority = Authority::start(AuthorityConfig::default()).await.unwrap();
    let mut config = Config::default();
    config.protection = Some(authority.protection(ProtectionConfig::default()));
    let server = Double::start(config).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;

    let wanted = json!({"name": "Docs", "url": server.url(), "redirect_uri": CALLBACK});
    let begun = front.get("connectors.authenticate", wanted.clone()).await;
    assert_eq!(begun["slug"], "docs");
    let listed = front.get("connectors.list", json!({})).await;
    assert_eq!(listed["connectors"][0]["state"], "needs_sign_in");
    let other = json!({"name": "Docs", "url": "https://elsewhere.example/mcp", "redirect_uri": CALLBACK});
    let refused = front.ask("connectors.authenticate", other).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("another URL"), "{refused}");

    let page = begun["authorize_url"].as_str().unwrap().parse().unwrap();
    let ended_at: url::Url = location_of(&page).await.unwrap().parse().unwrap();
    let came: Map<String, Value> = ended_at
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    assert!(came.contains_key("iss"), "without it nobody knows who answers: {came:?}");
    let mut foreign = came.clone();
    foreign["state"] = json!("another");
    let refused = front.ask("connectors.complete_authentication", Value::Object(foreign)).await;
    assert_eq!(refused["error"]["data"]["kind"], "sign_in_failed");
    let connector = front.get("connectors.complete_authentication", Value::Object(came)).await;
    assert_eq!(connector["slug"], "docs");

    front.get("connectors.enable_tools", json!({"slug": "docs", "tools": "all"})).await;
    let call = json!({"slug": "docs", "tool": "echo", "arguments": {"message": "hi"}});
    assert!(front.get("connectors.call_tool", call.clone()).await["raw"].to_string().contains("hi"));
    assert_eq!(front.get("connectors.sign_out", json!({"slug": "docs"})).await["revoked"], true);
    assert_eq!(front.ask("connectors.call_tool", call).await["error"]["data"]["kind"], "auth_required");
}

#[tokio::test]
async fn the_daemons_own_address_takes_the_answer_and_tells_the_front_ends() {
    let authority = Authority::start(AuthorityConfig::default()).await.unwrap();
    let mut config = Config::default();
    config.protection = Some(authority.protection(ProtectionConfig::default()));
    let server = Double::start(config).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    let begun = front.get("connectors.authenticate", json!({"name": "Docs", "url": server.url()})).await;
    assert_eq!(begun["redirect_uri"], format!("{}/oauth/callback", daemon.url), "{begun}");
    let page = begun["authorize_url"].as_str().unwrap().parse().unwrap();
    let ended_at = location_of(&page).await.unwrap();
    let path = ended_at.strip_prefix(&daemon.url).unwrap();

    let unknown = daemon.fetch("GET", "/oauth/callback?state=another&code=c", None, "").await;
    assert_eq!(unknown.status, 400);
    let answer = daemon.fetch("GET", path, None, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.body.contains("signed in") && answer.head.contains("content-security-policy"),
        "{answer:?}"
    );
    let told = front.told("connectors.sign_in_completed").await;
    assert_eq!((&told["slug"], &told["error"]), (&json!("docs"), &Value::Null), "{told}");
    let again = daemon.fetch("GET", path, None, "").await;
    assert_eq!(again.status, 400, "an answer is good once");
    let code = ended_at.split(['?', '&']).find_map(|part| part.strip_prefix("code=")).unwrap();
    assert!(!answer.body.contains(code) && !again.body.contains(code));
}

#[tokio::test]
async fn what_an_authorization_server_refuses_is_shown_as_text() {
    let authority = Authority::start(AuthorityConfig::default()).await.unwrap();
    let mut config = Config::default();
    config.protection = Some(authority.protection(ProtectionConfig::default()));
    let server = Double::start(config).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    let begun = front.get("connectors.authenticate", json!({"name": "Docs", "url": server.url()})).await;
    let state = begun["state"].as_str().unwrap();
    let path = format!(
        "/oauth/callback?state={state}&iss={}&error=access_denied&error_description=%3Cb%3Eno%3C%2Fb%3E",
        url::form_urlencoded::byte_serialize(authority.issuer().as_bytes()).collect::<String>()
    );
    let answer = daemon.fetch("GET", &path, None, "").await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.body.contains("Not signed in") && !answer.body.contains("<b>"), "{answer:?}");
    let told = front.told("connectors.sign_in_completed").await;
    assert!(told["error"].is_string(), "{told}");
}
