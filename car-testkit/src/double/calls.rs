//! What each tool does, apart from how each era carries it out.

use std::time::Duration;

use serde_json::{Value, json};

/// The start of a call. Each era finishes it with its own means.
pub(super) enum Begun {
    /// Answered at once.
    Done(Value),
    /// Answered with `then` after a wait.
    Wait(Duration, Value),
    /// Reports progress this many times, then answers.
    Progress(u64),
    /// Needs something from the client first.
    Ask(Question),
    /// Changes the list of tools, then answers.
    ChangeTools(Value),
    /// Loses its stream before it answers.
    DropStream(Value),
    /// Is no tool of this server.
    Unknown,
}

/// What a tool asks the client.
pub(super) struct Question {
    pub(super) method: &'static str,
    /// The client capability without which it must not be asked.
    pub(super) capability: &'static str,
    pub(super) params: Value,
}

/// Between two progress reports: long enough to be apart on the wire, short enough for a test.
pub(super) const PROGRESS_PACE: Duration = Duration::from_millis(10);

pub(super) fn begin(name: &str, arguments: &Value, has_extra: bool) -> Begun {
    match name {
        "echo" => required(arguments, "message", Value::as_str, |message| Begun::Done(text(message))),
        "add" => match (arguments["a"].as_f64(), arguments["b"].as_f64()) {
            (Some(a), Some(b)) => Begun::Done(text(&(a + b).to_string())),
            _ => Begun::Done(tool_error("a and b must be numbers")),
        },
        "sleep" => required(arguments, "ms", Value::as_u64, |ms| {
            Begun::Wait(Duration::from_millis(ms), text(&format!("Slept {ms} ms.")))
        }),
        "fail" => Begun::Done(tool_error("This tool always fails.")),
        "progress" => required(arguments, "steps", Value::as_u64, Begun::Progress),
        "structured" => required(arguments, "city", Value::as_str, |city| Begun::Done(weather(city))),
        "large" => required(arguments, "bytes", Value::as_u64, |bytes| {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(64 * 1024 * 1024);
            Begun::Done(text(&"x".repeat(bytes)))
        }),
        "content" => Begun::Done(every_kind()),
        "regional" => required(arguments, "region", Value::as_str, |region| {
            Begun::Done(text(&format!("Ran in {region}.")))
        }),
        "elicit" => Begun::Ask(elicit()),
        "sample" => Begun::Ask(sample()),
        "roots" => Begun::Ask(Question { method: "roots/list", capability: "roots", params: json!({}) }),
        "change_tools" => Begun::ChangeTools(text("The list of tools has changed.")),
        "drop_stream" => Begun::DropStream(text("Fetched after the stream was lost.")),
        "broken_schema" | "broken_header" => Begun::Done(text("A strict client would not have called this.")),
        "extra" if has_extra => Begun::Done(text("Here for now.")),
        _ => Begun::Unknown,
    }
}

/// Finishes a call with what the client answered to the question.
pub(super) fn finish(method: &str, answer: &Value) -> Value {
    match method {
        "elicitation/create" => match answer["action"].as_str() {
            Some("accept") => {
                text(&format!("Hello, {}!", answer["content"]["name"].as_str().unwrap_or("stranger")))
            }
            Some(other) => text(&format!("The user chose to {other}.")),
            None => tool_error("the answer has no action"),
        },
        "sampling/createMessage" => match answer["content"]["text"].as_str() {
            Some(said) => text(&format!("The model said: {said}")),
            None => tool_error("the answer holds no text"),
        },
        _ => match answer["roots"].as_array() {
            Some(roots) => {
                let uris: Vec<_> = roots.iter().filter_map(|root| root["uri"].as_str()).collect();
                text(&format!("{} roots: {}", uris.len(), uris.join(", ")))
            }
            None => tool_error("the answer holds no roots"),
        },
    }
}

pub(super) fn text(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}

pub(super) fn tool_error(message: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": message }], "isError": true })
}

fn required<'a, T>(
    arguments: &'a Value,
    name: &str,
    read: impl Fn(&'a Value) -> Option<T>,
    then: impl Fn(T) -> Begun,
) -> Begun {
    match read(&arguments[name]) {
        Some(value) => then(value),
        None => Begun::Done(tool_error(&format!("the argument {name} is missing or of the wrong type"))),
    }
}

fn weather(city: &str) -> Value {
    let data = json!({ "temperature": 21.5, "conditions": format!("Sunny in {city}") });
    json!({ "content": [{ "type": "text", "text": data.to_string() }], "structuredContent": data })
}

fn every_kind() -> Value {
    json!({ "content": [
        { "type": "text", "text": "Text." },
        { "type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png" },
        { "type": "audio", "data": "UklGRg==", "mimeType": "audio/wav" },
        { "type": "resource_link", "uri": "test://text", "name": "text" },
        { "type": "resource", "resource": { "uri": "test://text", "mimeType": "text/plain", "text": "A text." } },
    ]})
}

fn elicit() -> Question {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "title": "Your name", "default": "Ada" },
            "age": { "type": "integer", "minimum": 0, "default": 36 },
        },
        "required": ["name"],
    });
    let params = json!({ "mode": "form", "message": "Who are you?", "requestedSchema": schema });
    Question { method: "elicitation/create", capability: "elicitation", params }
}

fn sample() -> Question {
    let message = json!({ "role": "user", "content": { "type": "text", "text": "Say something kind." } });
    let params = json!({ "messages": [message], "maxTokens": 100 });
    Question { method: "sampling/createMessage", capability: "sampling", params }
}
