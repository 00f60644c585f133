//! A call that a person has to agree to, made by an MCP client.

use std::sync::Arc;

use car_connectors::mcp::{CallOptions, Session};
use car_testkit::double::Era;
use serde_json::json;

use super::stage::{self, Person};
use crate::approvals::{LONG, asking};
use crate::support::Running;

#[tokio::test]
async fn a_call_of_an_mcp_client_is_held_too() {
    for era in [Era::Modern, Era::Legacy] {
        let (daemon, mut owner, _server) = asking(LONG).await;
        let secret =
            owner.get("connectors.tokens.add", json!({"name": "ci", "scope": "call"})).await["secret"]
                .as_str()
                .unwrap()
                .to_owned();
        let client = Arc::new(offered(&daemon, &secret, era).await);
        for (answer, words) in [("once", "aloud"), ("deny", "refused by owner")] {
            let calling = Arc::clone(&client);
            let called = tokio::spawn(async move {
                stage::call(&calling, "mcp_docs_echo", r#"{"message":"aloud"}"#, &CallOptions::default())
                    .await
            });
            let asked = owner.told("connectors.approval_requested").await;
            assert_eq!(
                (&asked["caller"], &asked["canonical"]),
                (&json!("token:ci"), &json!("mcp_docs_echo"))
            );
            owner.get("connectors.approvals.answer", json!({"id": asked["id"], "answer": answer})).await;
            let result = called.await.unwrap();
            assert!(stage::text(&result).contains(words), "{result}");
            assert_eq!(result["isError"] == true, answer == "deny", "{result}");
        }
    }
}

/// Connects a client once the endpoint offers the tool, which was enabled a moment ago.
async fn offered(daemon: &Running, token: &str, era: Era) -> Session {
    loop {
        let client = stage::connect(daemon, "/mcp", token, era, &Person::new()).await.unwrap();
        if client.list_tools().await.unwrap().items.iter().any(|tool| tool.name == "mcp_docs_echo") {
            return client;
        }
    }
}
