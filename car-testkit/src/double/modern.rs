//! The 2026-07-28 revision: every request stands alone.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::calls::{self, Begun, Question};
use super::config::Answers;
use super::modern_check::{self, Refusal};
use super::offers;
use super::state::{Change, State};
use super::tools::tools;
use crate::reply::{self, Reply};
use crate::sse;

/// The revision spoken here.
pub(super) const VERSION: &str = "2026-07-28";
/// Events that may wait for a slow reader before the tool waits too.
const EVENTS_AHEAD: usize = 16;
/// The state that a question carries to its retry. A real server would sign it.
const REQUEST_STATE: &str = "state/of+the=call";

/// Who is told how a call goes; closed when the client has gone.
type Sink = mpsc::Sender<Bytes>;

pub(super) async fn post(state: &Arc<State>, headers: &HeaderMap, message: Value) -> Reply {
    let Some(id) = message.get("id").cloned() else { return reply::empty(StatusCode::ACCEPTED) };
    match answer(state, headers, &id, &message).await {
        Ok(reply) => reply,
        Err((status, code, text, data)) => reply::json(status, &reply::error(Some(&id), code, &text, data)),
    }
}

async fn answer(
    state: &Arc<State>,
    headers: &HeaderMap,
    id: &Value,
    message: &Value,
) -> Result<Reply, Refusal> {
    modern_check::envelope(headers, message)?;
    let params = &message["params"];
    let result = match message["method"].as_str().unwrap_or_default() {
        "server/discover" => lasting(state, discover()),
        "tools/list" => {
            let all = tools(&state.config, state.has_extra_tool());
            lasting(state, offers::tools_page(&all, state.config.page_size, params).map_err(ordinary)?)
        }
        "tools/call" => return call(state, headers, id, params).await,
        "resources/list" => lasting(state, offers::resources()),
        "resources/templates/list" => lasting(state, offers::templates()),
        "resources/read" => {
            let uri = params["uri"].as_str().unwrap_or_default();
            lasting(state, offers::read(uri, -32602).map_err(ordinary)?)
        }
        "prompts/list" => lasting(state, offers::prompts()),
        "prompts/get" => complete(offers::prompt(params).map_err(ordinary)?),
        "completion/complete" => complete(offers::completion(params)),
        "subscriptions/listen" => return Ok(listen(state, id, params)),
        method => return Err((StatusCode::NOT_FOUND, -32601, format!("no method {method}"), None)),
    };
    Ok(respond(state, id, &result))
}

fn respond(state: &State, id: &Value, result: &Value) -> Reply {
    let message = reply::result(id, result);
    match state.config.answers {
        Answers::Json => reply::json(StatusCode::OK, &message),
        Answers::Sse => reply::events(stream::iter([sse::event(None, &message)])),
    }
}

async fn call(state: &Arc<State>, headers: &HeaderMap, id: &Value, params: &Value) -> Result<Reply, Refusal> {
    let name = params["name"].as_str().unwrap_or_default();
    let arguments = &params["arguments"];
    let listed = tools(&state.config, state.has_extra_tool());
    if let Some(tool) = listed.iter().find(|tool| tool["name"] == name) {
        modern_check::mirrored(headers, &tool["inputSchema"], arguments)?;
    }
    let result = match calls::begin(name, arguments, state.has_extra_tool()) {
        Begun::Done(result) => result,
        Begun::Wait(time, result) => {
            // Dropped with this future when the client closes the connection, which is how it cancels.
            let mut cancelled = NoticeCancel { state, armed: true };
            tokio::time::sleep(time).await;
            cancelled.armed = false;
            result
        }
        Begun::Progress(steps) => {
            let token = params["_meta"]["progressToken"].clone();
            return Ok(streamed(state, |sink| progress(sink, id.clone(), token, steps)));
        }
        Begun::Ask(question) => return ask(id, params, &question),
        Begun::ChangeTools(result) => {
            state.change_tools();
            result
        }
        // In this revision a lost stream is a lost request.
        Begun::DropStream(_) => return Ok(reply::events(stream::iter([Bytes::from_static(b": lost\n\n")]))),
        Begun::Unknown => return Err(ordinary((-32602, format!("no tool {name}"), None))),
    };
    Ok(respond(state, id, &complete(result)))
}

/// Counts a cancellation when it is dropped before the call is done.
struct NoticeCancel<'a> {
    state: &'a State,
    armed: bool,
}

impl Drop for NoticeCancel<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.state.ledger.note_cancelled();
        }
    }
}

/// Runs `work` until it is done or the client closes the stream.
fn streamed<W>(state: &Arc<State>, work: impl FnOnce(Sink) -> W) -> Reply
where
    W: Future<Output = ()> + Send + 'static,
{
    let (sink, events) = mpsc::channel(EVENTS_AHEAD);
    let (gone, state, work) = (sink.clone(), Arc::clone(state), work(sink));
    tokio::spawn(async move {
        tokio::select! {
            () = work => {}
            () = gone.closed() => state.ledger.note_cancelled(),
        }
    });
    reply::events(drain(events))
}

fn drain(events: mpsc::Receiver<Bytes>) -> impl Stream<Item = Bytes> + Send + 'static {
    stream::unfold(events, |mut events| async move { events.recv().await.map(|event| (event, events)) })
}

async fn progress(sink: Sink, id: Value, token: Value, steps: u64) {
    for step in 1..=steps {
        tokio::time::sleep(calls::PROGRESS_PACE).await;
        if token.is_null() {
            continue;
        }
        let params = json!({ "progressToken": token, "progress": step, "total": steps });
        send(&sink, &notification("notifications/progress", params)).await;
    }
    send(&sink, &reply::result(&id, &complete(calls::text(&format!("Done in {steps} steps."))))).await;
}

/// Answers with the question, or, when the retry brings its answer, with the result.
fn ask(id: &Value, params: &Value, question: &Question) -> Result<Reply, Refusal> {
    let declared = &params["_meta"]["io.modelcontextprotocol/clientCapabilities"][question.capability];
    if !declared.is_object() {
        let data = json!({ "requiredCapabilities": { question.capability: {} } });
        let text = format!("this tool needs the client capability {}", question.capability);
        return Err((StatusCode::BAD_REQUEST, -32021, text, Some(data)));
    }
    if params.get("requestState").is_some_and(|state| state != REQUEST_STATE) {
        return Err(ordinary((-32602, "the request state is not the one that was given".to_owned(), None)));
    }
    let answer = &params["inputResponses"]["answer"];
    let result = if answer.is_object() && params.get("requestState").is_some() {
        complete(calls::finish(question.method, answer))
    } else {
        json!({
            "resultType": "input_required",
            "inputRequests": { "answer": { "method": question.method, "params": question.params } },
            "requestState": REQUEST_STATE,
        })
    };
    Ok(reply::json(StatusCode::OK, &reply::result(id, &result)))
}

fn listen(state: &Arc<State>, id: &Value, params: &Value) -> Reply {
    let wanted = &params["notifications"];
    let tools = wanted["toolsListChanged"] == true;
    let watched = wanted["resourceSubscriptions"]
        .as_array()
        .is_some_and(|uris| uris.iter().any(|uri| uri == "test://watched"));
    let meta = json!({ "io.modelcontextprotocol/subscriptionId": id });
    let mut granted = json!({});
    if tools {
        granted["toolsListChanged"] = json!(true);
    }
    if watched {
        granted["resourceSubscriptions"] = json!(["test://watched"]);
    }
    let mut changes = state.changes.subscribe();
    let id = id.clone();
    let (sink, events) = mpsc::channel(EVENTS_AHEAD);
    tokio::spawn(async move {
        let params = json!({ "_meta": meta, "notifications": granted });
        send(&sink, &notification("notifications/subscriptions/acknowledged", params)).await;
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = sink.closed() => return,
            };
            match change {
                Ok(Change::Tools) if tools => {
                    send(&sink, &notification("notifications/tools/list_changed", json!({ "_meta": meta })))
                        .await;
                }
                Ok(Change::Resource) if watched => {
                    let params = json!({ "_meta": meta, "uri": "test://watched" });
                    send(&sink, &notification("notifications/resources/updated", params)).await;
                }
                Ok(Change::Tools | Change::Resource) => {}
                Ok(Change::End) | Err(_) => break,
            }
        }
        send(&sink, &reply::result(&id, &json!({ "resultType": "complete", "_meta": meta }))).await;
    });
    reply::events(drain(events))
}

async fn send(sink: &Sink, message: &Value) {
    // An error means that the client has gone; whoever runs the work notices it.
    let _gone = sink.send(sse::event(None, message)).await;
}

fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

fn discover() -> Value {
    json!({
        "supportedVersions": [VERSION],
        "capabilities": {
            "tools": { "listChanged": true },
            "resources": { "subscribe": true },
            "prompts": {},
            "completions": {},
        },
        "instructions": "Tools to try a client with.",
    })
}

/// A finished result, signed with who we are.
fn complete(mut result: Value) -> Value {
    result["resultType"] = json!("complete");
    result["_meta"]["io.modelcontextprotocol/serverInfo"] = server_info();
    result
}

/// A finished result that may be kept for a while.
fn lasting(state: &State, result: Value) -> Value {
    let mut result = complete(result);
    result["ttlMs"] = json!(state.config.ttl_ms);
    result["cacheScope"] = json!("public");
    result
}

pub(super) fn server_info() -> Value {
    json!({ "name": "double-server", "title": "Double", "version": env!("CARGO_PKG_VERSION") })
}

/// A refusal that has no HTTP status of its own.
fn ordinary((code, message, data): offers::Refused) -> Refusal {
    (StatusCode::OK, code, message, data)
}
