//! Measures how fast a large page of tools is read, beside what serde alone does.
//!
//! Run it with `cargo run --release -p car-mcp-proto --example parse_speed`.

#![expect(clippy::print_stdout, reason = "an example talks to who runs it")]

use std::borrow::Cow;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use car_mcp_proto::result::Outcome;
use car_mcp_proto::rpc::Incoming;
use car_mcp_proto::tool::ListToolsResult;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// How many tools the page holds: far more than any server lists at once.
const TOOLS: usize = 1_000;

/// How often each way is tried; the fastest try is the one that was least disturbed.
const TRIES: usize = 60;

/// The same page, borrowed from the text wherever that is possible: the least that serde can do.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only the reading is measured")]
struct BorrowedMessage<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    id: u64,
    #[serde(borrow)]
    result: BorrowedPage<'a>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the reading is measured")]
struct BorrowedPage<'a> {
    #[serde(borrow)]
    tools: Vec<BorrowedTool<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the reading is measured")]
struct BorrowedTool<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow)]
    input_schema: &'a RawValue,
    #[serde(borrow)]
    output_schema: Option<&'a RawValue>,
}

/// The same page, every text copied, as this crate does it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only the reading is measured")]
struct OwnedMessage {
    jsonrpc: String,
    id: u64,
    result: OwnedPage,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the reading is measured")]
struct OwnedPage {
    tools: Vec<OwnedTool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the reading is measured")]
struct OwnedTool {
    name: String,
    description: Option<String>,
    input_schema: Box<RawValue>,
    output_schema: Option<Box<RawValue>>,
}

/// What serde's `flatten` would cost: it buffers each object, and raw JSON cannot be read from its buffer.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only the reading is measured")]
struct FlattenedMessage {
    jsonrpc: String,
    id: u64,
    result: FlattenedPage,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the reading is measured")]
struct FlattenedPage {
    tools: Vec<FlattenedTool>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the reading is measured")]
struct FlattenedTool {
    name: String,
    description: Option<String>,
    input_schema: Value,
    output_schema: Option<Value>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

fn main() -> Result<(), serde_json::Error> {
    let page = page();
    // Each way is warmed up by its own tries, so the order does not matter.
    let value = fastest(&page, |text| serde_json::from_str::<Value>(text).map(drop))?;
    let flattened = fastest(&page, |text| serde_json::from_str::<FlattenedMessage>(text).map(drop))?;
    let borrowed = fastest(&page, |text| serde_json::from_str::<BorrowedMessage<'_>>(text).map(drop))?;
    let owned = fastest(&page, |text| serde_json::from_str::<OwnedMessage>(text).map(drop))?;
    let ours = fastest(&page, |text| {
        serde_json::from_str::<Incoming<'_, Outcome<ListToolsResult>>>(text).map(drop)
    })?;

    println!("{TOOLS} tools, {:.2} MB", page.len() as f64 / 1e6);
    for (name, time) in [
        ("serde_json::Value", value),
        ("derive, flatten, schemas as values", flattened),
        ("derive, borrowed, raw schemas", borrowed),
        ("derive, owned, raw schemas", owned),
        ("Incoming<Outcome<ListToolsResult>>", ours),
    ] {
        let rate = page.len() as f64 / 1e6 / time.as_secs_f64();
        println!("{name:36} {:8.3} ms {rate:8.0} MB/s", time.as_secs_f64() * 1e3);
    }
    Ok(())
}

fn fastest(
    text: &str,
    read: impl Fn(&str) -> Result<(), serde_json::Error>,
) -> Result<Duration, serde_json::Error> {
    let mut fastest = Duration::MAX;
    for _ in 0..TRIES {
        let start = Instant::now();
        read(black_box(text))?;
        fastest = fastest.min(start.elapsed());
    }
    Ok(fastest)
}

/// Writes an answer to `tools/list` such as a large server gives.
fn page() -> String {
    let mut text = String::from(r#"{"jsonrpc":"2.0","id":7,"result":{"tools":["#);
    for tool in 0..TOOLS {
        let comma = if tool == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"name":"warehouse_lookup_{tool}","description":"Looks up one shelf of the warehouse by its number and tells what lies on it, how much of it there is, when it came in, and who may take it out again. Answers with a table; empty shelves are left out unless asked for.","inputSchema":{{"type":"object","properties":{{"#
        );
        for property in 0..10 {
            let comma = if property == 0 { "" } else { "," };
            let _ = write!(
                text,
                r#"{comma}"field_{property}":{{"type":"string","description":"The value of field {property}.","minLength":1,"maxLength":64}}"#
            );
        }
        text.push_str(r#"},"required":["field_0","field_1"],"additionalProperties":false}}"#);
    }
    text.push_str("]}}");
    text
}
