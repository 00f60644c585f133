//! Goes through our everything-server with clients that are not ours: each connects, lists, calls, is told of progress
//! and of a change, and answers a question. What a client cannot do by its nature is said with the reason.

pub(super) mod programs;

use std::process::Command;

use serde_json::{Value, json};

use self::programs::{CLIENTS, Client};
use crate::server;
use crate::shell::{Failure, heading};

/// What a client has to see, in this order; its programs name them so.
const THINGS: [&str; 6] = ["connect", "list", "call", "progress", "change", "elicitation"];

/// What the tool `test_tool_with_progress` reports.
const STEPS: [f64; 3] = [0.0, 50.0, 100.0];

/// The least number of tools that our server has; a list that lost some is noticed.
const LEAST_TOOLS: u64 = 40;

pub(crate) fn run(only: Option<&str>) -> Result<(), Failure> {
    heading("interop: clients that are not ours");
    let (_server, url) = server::start("everything-server")?;
    let mut failed = Vec::new();
    let mut notes = Vec::new();
    println!("{:<34} {}", "client", THINGS.map(|thing| format!("{thing:<12}")).concat());
    for client in CLIENTS.iter().filter(|client| only.is_none_or(|only| client.name.starts_with(only))) {
        let (seen, complaint) = match client.seen(&url) {
            Ok(ran) => ran,
            Err(failure) => (Vec::new(), Some(failure.to_string())),
        };
        let cells = THINGS.map(|thing| format!("{:<12}", cell(client, thing, &seen)));
        println!("{:<34} {}", client.name, cells.concat().trim_end());
        if let Some(complaint) = &complaint {
            println!("    {}", complaint.trim().replace('\n', "\n    "));
        }
        if complaint.is_some() || cells.iter().any(|cell| cell.starts_with("FAILED")) {
            failed.push(client.name);
        }
        notes.extend(client.cannot.iter().map(|(thing, why)| format!("{}, {thing}: {why}", client.name)));
    }
    for note in notes {
        println!("cannot: {note}");
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed with {}", failed.join(", ")).into()) }
}

/// Says in a word whether a client saw a thing.
fn cell(client: &Client, thing: &str, seen: &[Value]) -> &'static str {
    if client.cannot.iter().any(|(cannot, _)| *cannot == thing) {
        return "cannot";
    }
    match seen.iter().find(|line| line["saw"] == thing) {
        Some(line) if is_right(client, thing, line) => "yes",
        _ => "FAILED",
    }
}

/// Whether what was seen is what our server has to show.
fn is_right(client: &Client, thing: &str, line: &Value) -> bool {
    match thing {
        // A bridge does not say what it agreed on.
        "connect" => line["version"].is_null() || line["version"] == client.revision,
        "list" => line["tools"].as_u64().is_some_and(|tools| tools >= LEAST_TOOLS),
        "call" => line["text"] == "hello",
        "progress" => client.has_progress(line, &STEPS),
        "elicitation" => line["text"] == "Hello, Ada!",
        _ => true,
    }
}

/// Runs a program to its end; returns its lines of JSON, and what went wrong if something did.
fn lines(command: &mut Command) -> Result<(Vec<Value>, Option<String>), Failure> {
    let output = command.output().map_err(|error| {
        format!("cannot start {}: {error}; run `cargo xtask setup`", command.get_program().display())
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    let lines = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let complaint = (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned());
    Ok((lines, complaint))
}

/// What a program that goes through everything by itself is told.
fn job(client: &Client, more: &Value) -> String {
    let mut job = json!({ "modern": client.revision == programs::MODERN });
    for (name, value) in more.as_object().into_iter().flatten() {
        job[name] = value.clone();
    }
    job.to_string()
}
