//! What a client is told of a call that brings nothing.

use car_connectors::mcp::proto::Members;
use car_connectors::mcp::{CallOptions, Error};
use car_connectors::store::{AccessFile, NewAccessToken, Scope};
use car_mcp_http::http_client::{Client, HeaderName, HeaderValue, Method, Request, Target};
use car_testkit::double::{Config, Double, Era};
use serde_json::{Value, json};

use super::stage::{Person, Stage, add, call, connect, text, try_call};
use crate::support::{Running, home};

const ERAS: [Era; 2] = [Era::Modern, Era::Legacy];
const HI: &str = r#"{"message":"hi"}"#;

#[tokio::test]
async fn a_visitor_who_may_only_look_is_told_which_scope_calls_need() {
    let stage = Stage::new(Era::Both).await;
    let access = AccessFile::new(&home(&stage.daemon.folder));
    let (_, token) = access.add(NewAccessToken::new("looks", Scope::Read), 0).unwrap();
    for era in ERAS {
        let client = connect(&stage.daemon, "/mcp", token.expose(), era, &Person::new()).await.unwrap();
        assert!(!client.list_tools().await.unwrap().items.is_empty());
        let outcomes = [
            try_call(&client, "mcp_all_echo", HI, &CallOptions::new()).await.map(drop),
            client
                .get_prompt_raw("mcp_all_test_simple_prompt", &Members::new(), &CallOptions::new())
                .await
                .map(drop),
            client.read_resource_raw("test://static-text", &CallOptions::new()).await.map(drop),
        ];
        for outcome in outcomes {
            let Err(Error::Refused { error, .. }) = outcome else { panic!("{era:?}: {outcome:?}") };
            let data: Value = error.data.unwrap().parse().unwrap();
            assert_eq!((error.code, data), (-32001, json!({"needed": "call", "has": "read"})), "{era:?}");
        }
    }
}

#[tokio::test]
async fn a_model_reads_why_a_call_was_denied_and_what_to_do() {
    let stage = Stage::new(Era::Both).await;
    let policy = "deny_tool = [\"mcp_all_echo\"]\n";
    std::fs::write(home(&stage.daemon.folder).policy_path(), policy).unwrap();
    for era in ERAS {
        let client = stage.client(era, &Person::new()).await;
        let denied = call(&client, "mcp_all_echo", HI, &CallOptions::new()).await;
        assert_eq!(denied["isError"], true, "{era:?}: {denied}");
        for part in ["deny_tool", "policy.toml:1", "whoever runs this daemon"] {
            assert!(text(&denied).contains(part), "{era:?}: expected {part} in {denied}");
        }
        let wrong = call(&client, "mcp_all_add", r#"{"a":"one","b":2}"#, &CallOptions::new()).await;
        assert_eq!(wrong["isError"], true, "{era:?}");
        assert!(text(&wrong).contains("/a"), "{era:?}: {wrong}");
    }
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_of_the_request() {
    let stage = Stage::new(Era::Both).await;
    for era in ERAS {
        let client = stage.client(era, &Person::new()).await;
        let outcome = try_call(&client, "mcp_all_none", "{}", &CallOptions::new()).await;
        let Err(Error::Refused { error, .. }) = outcome else { panic!("{era:?}: {outcome:?}") };
        assert_eq!(error.code, -32602, "{era:?}");
    }
}

#[tokio::test]
async fn a_servers_own_error_passes_through() {
    let stage = Stage::new(Era::Modern).await;
    for (era, code) in [(Era::Modern, -32021), (Era::Legacy, -32600)] {
        let client = stage.client(era, &Person::who_can("{}")).await;
        let outcome = try_call(&client, "mcp_all_test_missing_capability", "{}", &CallOptions::new()).await;
        let Err(Error::Refused { error, .. }) = outcome else { panic!("{era:?}: {outcome:?}") };
        let data: Value = error.data.unwrap().parse().unwrap();
        assert_eq!((error.code, data), (code, json!({"requiredCapabilities": {"sampling": {}}})), "{era:?}");
        let outcome = client.read_resource_raw("test://none", &CallOptions::new()).await;
        let Err(Error::Refused { error, .. }) = outcome else { panic!("{era:?}: {outcome:?}") };
        assert_eq!(error.code, if era == Era::Legacy { -32002 } else { -32602 }, "{era:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_named() {
    let mut double = Double::start(Config::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    add(&folder, "double", &double.url()).await;
    let daemon = Running::start_in(folder).await;
    let client = connect(&daemon, "/mcp", &daemon.token, Era::Modern, &Person::new()).await.unwrap();
    call(&client, "mcp_double_echo", HI, &CallOptions::new()).await;
    double.stop().await;
    let away = call(&client, "mcp_double_echo", HI, &CallOptions::new()).await;
    assert_eq!(away["isError"], true);
    assert!(text(&away).starts_with("double: "), "{away}");
}

/// A modern client that writes its own messages.
struct Wire {
    client: Client,
    url: Target,
    token: String,
}

impl Wire {
    fn new(daemon: &Running, token: &str) -> Self {
        let url = Target::parse(&format!("{}/mcp", daemon.url)).unwrap();
        Self { client: Client::new().unwrap(), url, token: format!("Bearer {token}") }
    }

    async fn call(&self, tool: &str, more: &Value) -> Value {
        let mut params = json!({"name": tool, "arguments": {}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "wire", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
        }});
        for (name, value) in more.as_object().unwrap() {
            params[name] = value.clone();
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
        let mut request = Request::new(Method::POST, self.url.clone()).with_body(body);
        for (name, value) in [
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", tool),
            ("authorization", &self.token),
        ] {
            let name = HeaderName::from_static(name);
            request = request.with_header(name, HeaderValue::from_str(value).unwrap());
        }
        let body = self.client.send(request).await.unwrap().into_body().collect(1 << 20).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}

#[tokio::test]
async fn answers_are_taken_once_and_from_whom_they_were_asked() {
    for behind in ERAS {
        let mut config = Config::default();
        config.era = behind;
        let double = Double::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        add(&folder, "double", &double.url()).await;
        let access = AccessFile::new(&home(&folder));
        let (_, other) = access.add(NewAccessToken::new("other", Scope::Call), 0).unwrap();
        let daemon = Running::start_in(folder).await;
        let wire = Wire::new(&daemon, &daemon.token);
        let asked = wire.call("mcp_double_elicit", &json!({})).await["result"].clone();
        assert_eq!(asked["resultType"], "input_required", "{behind:?}: {asked}");
        let (key, question) = asked["inputRequests"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(question["params"]["message"], "Who are you?");
        // The server's own key, where it has one.
        assert_eq!(key, if behind == Era::Modern { "answer" } else { "question-1" });
        let answer = json!({"requestState": asked["requestState"],
            "inputResponses": {key: {"action": "accept", "content": {"name": "Eve"}}}});
        let stolen = Wire::new(&daemon, other.expose()).call("mcp_double_elicit", &answer).await;
        assert_eq!(stolen["error"]["code"], -32602, "{behind:?}: {stolen}");
        let unfit = json!({"requestState": asked["requestState"], "inputResponses": {key: 7}});
        let again = wire.call("mcp_double_elicit", &unfit).await["result"].clone();
        assert_eq!(again["resultType"], "input_required", "{behind:?}: {again}");
        let late = wire.call("mcp_double_elicit", &answer).await;
        assert!(text(&late["result"]).contains("call again"), "{behind:?}: {late}");
        let answer = json!({"requestState": again["requestState"],
            "inputResponses": {key: {"action": "accept", "content": {"name": "Ada"}}}});
        let greeted = wire.call("mcp_double_elicit", &answer).await;
        assert_eq!(text(&greeted["result"]), "Hello, Ada!", "{behind:?}: {greeted}");
        let twice = wire.call("mcp_double_elicit", &answer).await;
        assert!(text(&twice["result"]).contains("call again"), "{behind:?}: {twice}");
        // A modern server is sent the call once more with the answers: that is a round, and not another call.
        let rounds = if behind == Era::Legacy { 1 } else { 2 };
        assert_eq!(double.ledger().method("tools/call"), rounds, "{behind:?}");
    }
}
