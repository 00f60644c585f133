//! Servers that are not ours, with the `car` binary: calls every tool of those with a URL, once, and tries out local ones.
//! Clients that are not ours, with our server, and through the daemon with such servers. Services out of a registry and a root, found by need and added by name.

mod arguments;
pub(crate) mod clients;
pub(crate) mod daemon;
pub(crate) mod discovery;
mod local;
mod servers;

use serde_json::Value;

use crate::car::{Car, Seen, typed};
use crate::place;
use crate::shell::{Failure, heading};

/// How much of an answer is shown.
const SHOWN: usize = 160;

/// Runs all sides, and says of each how it went.
pub(crate) fn run() -> Result<(), Failure> {
    let outcomes = [servers(), clients::run(None), daemon::run(None), discovery::run()];
    let failures: Vec<_> =
        outcomes.into_iter().filter_map(Result::err).map(|failure| failure.to_string()).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ").into()) }
}

/// Tries out the servers.
pub(crate) fn servers() -> Result<(), Failure> {
    heading("interop: servers that are not ours");
    let car = Car::build(&place::target().join("interop"))?;
    let mut failed = Vec::new();
    for server in servers::SERVERS {
        heading(server.name);
        let (_running, url) = server.start()?;
        if let Err(failure) = call_all(&car, server, &url) {
            println!("FAILED: {failure}");
            failed.push(server.name);
        }
    }
    failed.extend(local::run()?);
    if failed.is_empty() { Ok(()) } else { Err(format!("failed against {}", failed.join(", ")).into()) }
}

fn call_all(car: &Car, server: &servers::Server, url: &str) -> Result<(), Failure> {
    car.show(&["add", server.name, url], 0)?;
    let listed = car.run(&["--json", "tools", server.slug])?;
    let tools = tools(&listed)?;
    if tools.is_empty() {
        return Err(format!("it lists no tools; car said {}", listed.stdout).into());
    }
    car.show(&["enable", server.slug, "--all"], 0)?;
    let (mut called, mut failed) = (0, 0);
    for (tool, schema) in &tools {
        if server.asks.contains(&tool.as_str()) {
            println!("left out: {tool} asks the user, and `car call` has none");
            continue;
        }
        let arguments = arguments::of(server, tool, schema).to_string();
        let command = ["call", server.slug, tool.as_str(), arguments.as_str()];
        let seen = car.run(&command)?;
        // 5: the tool itself answered with an error, which some tools do on purpose or for want of a capability.
        let answered = seen.status == 0 || (seen.status == 5 && server.may_err.contains(&tool.as_str()));
        called += 1;
        failed += usize::from(!answered);
        println!("$ car {}\n[{}] {}", typed(&command), seen.status, shortened(&seen));
    }
    println!("{called} tools called, {failed} failed");
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of {called} calls failed").into()) }
}

/// Reads names and schemas from `car --json tools`: a list of objects, at the top or under `tools`.
fn tools(listed: &Seen) -> Result<Vec<(String, Value)>, Failure> {
    let value: Value = serde_json::from_str(&listed.stdout)
        .map_err(|error| format!("car --json tools: {error}\n{}{}", listed.stdout, listed.stderr))?;
    let list = value.as_array().or_else(|| value["tools"].as_array());
    let list = list.ok_or_else(|| format!("car --json tools has no list of tools: {value}"))?;
    let schema = |tool: &Value| {
        tool.get("input_schema").or_else(|| tool.get("parameters")).cloned().unwrap_or_default()
    };
    Ok(list
        .iter()
        .filter_map(|tool| tool["name"].as_str().map(|name| (name.to_owned(), schema(tool))))
        .collect())
}

fn shortened(seen: &Seen) -> String {
    let text = format!("{}{}", seen.stdout, seen.stderr).replace('\n', " ");
    let short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() { format!("{short}… ({} bytes)", text.len()) } else { short }
}
