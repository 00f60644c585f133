//! The tools as they are listed.

use serde_json::{Value, json};

use super::config::Config;

/// Returns the tools, always in the same order.
pub(super) fn tools(config: &Config, extra: bool) -> Vec<Value> {
    let mut tools = plain();
    tools.extend(interactive());
    tools.push(regional());
    if config.broken_schema {
        let schema = json!({ "type": "object", "properties": { "x": { "type": "strng" } } });
        tools.push(tool("broken_schema", "Cannot be called: its schema is no JSON Schema.", &schema));
    }
    if config.broken_header {
        let number = json!({ "type": "number", "x-mcp-header": "Amount" });
        let schema = json!({ "type": "object", "properties": { "amount": number } });
        tools.push(tool(
            "broken_header",
            "Cannot be called over HTTP: a number must not become a header.",
            &schema,
        ));
    }
    if extra {
        tools.push(tool("extra", "Appears and disappears.", &object(&json!({}), &[])));
    }
    tools
}

fn plain() -> Vec<Value> {
    let integer = |text: &str, most: u64| json!({ "type": "integer", "minimum": 0, "maximum": most, "description": text });
    let text = json!({ "type": "string", "description": "The text to give back" });
    let number = json!({ "type": "number" });
    vec![
        tool("echo", "Gives back the message.", &object(&json!({ "message": text }), &["message"])),
        tool("add", "Adds two numbers.", &object(&json!({ "a": number, "b": number }), &["a", "b"])),
        tool(
            "sleep",
            "Waits, then says how long.",
            &object(&json!({ "ms": integer("Milliseconds to wait", 600_000) }), &["ms"]),
        ),
        tool("fail", "Always answers with a tool error.", &object(&json!({}), &[])),
        tool(
            "progress",
            "Reports progress before it answers.",
            &object(&json!({ "steps": integer("How many reports", 1_000) }), &["steps"]),
        ),
        structured(),
        tool(
            "large",
            "Answers with a text of the wanted size.",
            &object(&json!({ "bytes": integer("Size of the text", 64 * 1024 * 1024) }), &["bytes"]),
        ),
        tool("content", "Answers with one content block of every kind.", &object(&json!({}), &[])),
    ]
}

fn interactive() -> Vec<Value> {
    let none = object(&json!({}), &[]);
    vec![
        tool("elicit", "Asks the user for a name and greets them.", &none),
        tool("sample", "Asks the client's model for a completion.", &none),
        tool("roots", "Asks the client for its roots.", &none),
        tool("change_tools", "Adds the tool `extra`, or takes it away.", &none),
        tool(
            "drop_stream",
            "Closes the stream at once; the answer waits to be fetched where streams can be resumed.",
            &none,
        ),
    ]
}

fn structured() -> Value {
    let city = json!({ "city": { "type": "string" } });
    let mut tool = tool("structured", "Answers with structured weather data.", &object(&city, &["city"]));
    let fields = json!({ "temperature": { "type": "number" }, "conditions": { "type": "string" } });
    tool["outputSchema"] = object(&fields, &["temperature", "conditions"]);
    tool
}

/// The tool whose argument travels as a header too, in the modern era.
fn regional() -> Value {
    let region = json!({ "type": "string", "x-mcp-header": "Region" });
    let fields = json!({ "region": region, "query": { "type": "string" } });
    tool("regional", "Runs a query in a region.", &object(&fields, &["region"]))
}

fn tool(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "title": name.replace('_', " "), "description": description, "inputSchema": schema })
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
