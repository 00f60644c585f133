//! What is listed, for whom, and who is told when it changes.

use std::time::Duration;

use car_connectors::mcp::client::{Event, EventStream};
use car_connectors::mcp::proto::Members;
use car_connectors::mcp::proto::subscription::SubscriptionFilter;
use car_connectors::mcp::{CallOptions, Session};
use car_connectors::store::{AccessFile, NewAccessToken, Scope, SecretMode};
use car_connectors::{ConnectorManager, ManagerOptions, ToolSelection};
use car_testkit::double::Era;
use serde_json::json;

use super::stage::{PAIRS, PATIENCE, Person, Stage, add, call, connect, everything, text, try_call};
use crate::support::{Running, home};

/// How long a change is waited for before it is made once more: a stream that is only being opened has not heard of it. Longer
/// than a server is left alone between two looks at its lists, or a change that is taken back would never be seen.
const AGAIN: Duration = Duration::from_secs(3);

/// Makes a change until it is told of.
async fn heard(events: &mut EventStream, wanted: &Event, change: impl AsyncFn()) {
    let hearing = async {
        loop {
            change().await;
            let told = async { while events.next().await.unwrap() != *wanted {} };
            if tokio::time::timeout(AGAIN, told).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, hearing).await.expect("the event never came");
}

/// Listens to everything.
fn listen(client: &Session) -> EventStream {
    let mut filter = SubscriptionFilter::new();
    filter.tools_list_changed = Some(true);
    filter.prompts_list_changed = Some(true);
    filter.resources_list_changed = Some(true);
    filter.resource_subscriptions = Some(vec!["test://watched-resource".to_owned()]);
    client.events(filter)
}

async fn tool_names(client: &Session) -> Vec<String> {
    client.list_tools().await.unwrap().items.iter().map(|tool| tool.name.clone()).collect()
}

#[tokio::test]
async fn clients_hear_of_what_another_process_changes() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let client = stage.client(front, &Person::new()).await;
        let mut events = listen(&client);
        assert!(tool_names(&client).await.contains(&"mcp_all_echo".to_owned()));
        let options = ManagerOptions::new(home(&stage.daemon.folder)).with_secrets(SecretMode::File);
        let other = ConnectorManager::load(options).await.unwrap();
        let echo = ToolSelection::Named(vec!["echo".to_owned()]);
        let change = async || {
            if other.disable_tools("all", &echo).await.is_err() {
                other.enable_tools("all", &echo).await.unwrap();
            }
        };
        heard(&mut events, &Event::ToolsChanged, change).await;
        other.enable_tools("all", &ToolSelection::All).await.unwrap();
        let add = ToolSelection::Named(vec!["add".to_owned()]);
        other.disable_tools("all", &add).await.unwrap();
        let gone = async {
            while tool_names(&client).await.contains(&"mcp_all_add".to_owned()) {
                events.next().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("the tool never went");
        assert!(tool_names(&client).await.contains(&"mcp_all_echo".to_owned()), "{front:?} {behind:?}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_for_the_next_request() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let client = stage.client(front, &Person::new()).await;
        let person = Person::new();
        let alone = connect(&stage.daemon, "/connectors/all/mcp", &stage.daemon.token, front, &person);
        let alone = alone.await.unwrap();
        let mut person = stage.daemon.connect().await;
        let echo = json!({"slug": "all", "tools": ["echo"]});
        for _ in 0..5 {
            person.get("connectors.disable_tools", echo.clone()).await;
            let refused =
                try_call(&client, "mcp_all_echo", r#"{"message":"gone"}"#, &CallOptions::new()).await;
            refused.expect_err("the tool was switched off before");
            let refused = try_call(&alone, "echo", r#"{"message":"gone"}"#, &CallOptions::new()).await;
            refused.expect_err("the tool was switched off before");
            person.get("connectors.enable_tools", echo.clone()).await;
            let called = call(&client, "mcp_all_echo", r#"{"message":"back"}"#, &CallOptions::new()).await;
            assert!(text(&called).contains("back"), "{front:?} {behind:?}: {called}");
            let called = call(&alone, "echo", r#"{"message":"back"}"#, &CallOptions::new()).await;
            assert!(text(&called).contains("back"), "{front:?} {behind:?}, alone: {called}");
        }
    }
}

#[tokio::test]
async fn clients_hear_of_what_a_server_changes() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let client = stage.client(front, &Person::new()).await;
        let mut events = listen(&client);
        let options = CallOptions::new();
        let prompts =
            async || drop(call(&client, "mcp_all_test_trigger_prompt_change", "{}", &options).await);
        heard(&mut events, &Event::PromptsChanged, prompts).await;
        let updated = Event::ResourceUpdated { uri: "test://watched-resource".to_owned() };
        let resource =
            async || drop(call(&client, "mcp_all_test_trigger_resource_update", "{}", &options).await);
        heard(&mut events, &updated, resource).await;
    }
}

#[tokio::test]
async fn a_visitor_with_a_list_sees_no_other_connector() {
    let (one, other) = (everything(Era::Both).await, everything(Era::Both).await);
    let folder = tempfile::tempdir().unwrap();
    add(&folder, "one", one.url()).await;
    add(&folder, "other", other.url()).await;
    let mut new = NewAccessToken::new("limited", Scope::Call);
    new.connectors = Some(vec!["other".to_owned()]);
    let (_, token) = AccessFile::new(&home(&folder)).add(new, 0).unwrap();
    let daemon = Running::start_in(folder).await;
    for era in [Era::Modern, Era::Legacy] {
        let all = connect(&daemon, "/mcp", &daemon.token, era, &Person::new()).await.unwrap();
        let names = tool_names(&all).await;
        for tool in ["mcp_one_echo", "mcp_other_echo"] {
            assert!(names.iter().any(|name| name == tool), "{era:?} {tool}");
        }
        let limited = connect(&daemon, "/mcp", token.expose(), era, &Person::new()).await.unwrap();
        let names = tool_names(&limited).await;
        assert!(!names.is_empty() && names.iter().all(|name| name.starts_with("mcp_other_")), "{names:?}");
        let prompts = limited.list_prompts().await.unwrap();
        assert!(prompts.items.iter().all(|prompt| prompt.name.starts_with("mcp_other_")));
        let hi = r#"{"message":"hi"}"#;
        call(&limited, "mcp_other_echo", hi, &CallOptions::new()).await;
        let unseen = try_call(&limited, "mcp_one_echo", hi, &CallOptions::new()).await.unwrap_err();
        let unknown = try_call(&limited, "mcp_none_echo", hi, &CallOptions::new()).await.unwrap_err();
        assert_eq!(unseen.to_string(), unknown.to_string().replace("none", "one"));
        let no_prompt =
            limited.get_prompt_raw("mcp_one_greeting", &Members::new(), &CallOptions::new()).await;
        no_prompt.unwrap_err();
        connect(&daemon, "/connectors/other/mcp", token.expose(), era, &Person::new()).await.unwrap();
        for path in ["/connectors/one/mcp", "/connectors/none/mcp"] {
            connect(&daemon, path, token.expose(), era, &Person::new()).await.unwrap_err();
        }
    }
}
