//! The methods of the legacy revisions, whichever way their messages travel.

use std::sync::Arc;

use serde_json::{Value, json};

use super::session::Session;
use super::{VERSIONS, is_known};
use crate::double::calls::{self, Begun};
use crate::double::modern::server_info;
use crate::double::offers::{self, Refused};
use crate::double::state::State;
use crate::double::tools::tools;
use crate::reply;
use crate::sse::EventLog;

/// The older code for a resource that does not exist.
const RESOURCE_NOT_FOUND: i64 = -32002;

/// Whether the answer needs a stream, because something is sent before it.
pub(super) fn needs_stream(message: &Value) -> bool {
    const TOOLS: [&str; 5] = ["progress", "elicit", "sample", "roots", "drop_stream"];
    message["method"] == "tools/call" && TOOLS.iter().any(|tool| message["params"]["name"] == *tool)
}

/// Whether the tool wants its stream cut before the answer.
pub(super) fn drops_stream(message: &Value) -> bool {
    message["method"] == "tools/call" && message["params"]["name"] == "drop_stream"
}

/// Takes a message that has no answer: a notification, or the client's answer to a question.
pub(super) fn take(state: &State, session: &Session, message: Value) {
    match message["method"].as_str() {
        None => session.take_answer(message),
        Some("notifications/cancelled") => {
            if session.cancel(&message["params"]["requestId"]) {
                state.ledger.note_cancelled();
            }
        }
        Some(_) => {}
    }
}

/// Answers a request; `log` takes what is sent before the answer. `None`: it was cancelled, so there is none.
pub(super) async fn answer(
    state: &Arc<State>,
    session: &Arc<Session>,
    log: Option<&EventLog>,
    message: &Value,
) -> Option<Value> {
    let id = &message["id"];
    let mut cancelled = session.started(id);
    let outcome = tokio::select! {
        outcome = method(state, session, log, message) => Some(outcome),
        _ = cancelled.wait_for(|cancelled| *cancelled) => None,
    };
    session.finished(id);
    Some(match outcome? {
        Ok(result) => reply::result(id, &result),
        Err((code, text, data)) => reply::error(Some(id), code, &text, data),
    })
}

async fn method(
    state: &Arc<State>,
    session: &Arc<Session>,
    log: Option<&EventLog>,
    message: &Value,
) -> Result<Value, Refused> {
    let params = &message["params"];
    match message["method"].as_str().unwrap_or_default() {
        "initialize" => initialize(session, params),
        "ping" | "logging/setLevel" => Ok(json!({})),
        "tools/list" => {
            let all = tools(&state.config, state.has_extra_tool());
            offers::tools_page(&all, state.config.page_size, params)
        }
        "tools/call" => call(state, session, log, params).await,
        "resources/list" => Ok(offers::resources()),
        "resources/templates/list" => Ok(offers::templates()),
        "resources/read" => offers::read(params["uri"].as_str().unwrap_or_default(), RESOURCE_NOT_FOUND),
        "resources/subscribe" | "resources/unsubscribe" => {
            session.watch(message["method"] == "resources/subscribe" && params["uri"] == "test://watched");
            Ok(json!({}))
        }
        "prompts/list" => Ok(offers::prompts()),
        "prompts/get" => offers::prompt(params),
        "completion/complete" => Ok(offers::completion(params)),
        other => Err((-32601, format!("no method {other}"), None)),
    }
}

fn initialize(session: &Session, params: &Value) -> Result<Value, Refused> {
    let Some(wanted) = params["protocolVersion"].as_str() else {
        return Err((-32602, "initialize must name a protocol version".to_owned(), None));
    };
    let version = if is_known(wanted) { wanted } else { VERSIONS[0] };
    session.agree(version, params["capabilities"].clone());
    Ok(json!({
        "protocolVersion": version,
        "capabilities": {
            "tools": { "listChanged": true },
            "resources": { "subscribe": true },
            "prompts": {},
            "completions": {},
            "logging": {},
        },
        "serverInfo": server_info(),
        "instructions": "Tools to try a client with.",
    }))
}

async fn call(
    state: &Arc<State>,
    session: &Arc<Session>,
    log: Option<&EventLog>,
    params: &Value,
) -> Result<Value, Refused> {
    let name = params["name"].as_str().unwrap_or_default();
    match calls::begin(name, &params["arguments"], state.has_extra_tool()) {
        Begun::Done(result) => Ok(result),
        Begun::Wait(time, result) => {
            tokio::time::sleep(time).await;
            Ok(result)
        }
        Begun::Progress(steps) => Ok(progress(log, &params["_meta"]["progressToken"], steps).await),
        Begun::Ask(question) => {
            let Some(log) = log.filter(|_| session.declared(question.capability)) else {
                return Ok(calls::tool_error(&format!("this client does not offer {}", question.capability)));
            };
            Ok(match session.ask(log, question.method, &question.params).await {
                Ok(answer) => calls::finish(question.method, &answer),
                Err(text) => calls::tool_error(&text),
            })
        }
        Begun::ChangeTools(result) => {
            state.change_tools();
            Ok(result)
        }
        Begun::DropStream(result) => Ok(result),
        Begun::Unknown => Err((-32602, format!("no tool {name}"), None)),
    }
}

async fn progress(log: Option<&EventLog>, token: &Value, steps: u64) -> Value {
    for step in 1..=steps {
        tokio::time::sleep(calls::PROGRESS_PACE).await;
        if let (Some(log), false) = (log, token.is_null()) {
            let params = json!({ "progressToken": token, "progress": step, "total": steps });
            log.push(&json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params }));
        }
    }
    calls::text(&format!("Done in {steps} steps."))
}
