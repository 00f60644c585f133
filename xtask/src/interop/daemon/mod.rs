//! Goes through the daemon with clients that none of us wrote, to servers that none of us wrote: three at once behind one
//! `car serve`, with all their tools enabled. Each client calls every tool, and sees progress and a question of each server.
//!
//! ```text
//!  foreign client ─▶ /mcp of `car serve` ─┬─▶ npm everything   handshake era
//!   with a token                          ├─▶ python mcp       2026-07-28
//!                                         └─▶ rust rmcp        2026-07-28
//! ```

mod behind;

use serde_json::{Value, json};

use self::behind::{BEHIND, Behind};
use super::clients::programs::{CLIENTS, Client};
use crate::car::Car;
use crate::place;
use crate::server::START_TIME;
use crate::setup;
use crate::shell::{Background, Failure, heading, output};

/// What a client has to see of each server; its programs name them so.
const THINGS: [&str; 4] = ["calls", "call", "progress", "elicitation"];

/// What one-request programs cannot see, beside what they cannot anyway.
const ONE_BY_ONE: &str = "each run makes one request: not every tool is called";

/// Runs every client, or those whose names begin with `only`.
pub(crate) fn run(only: Option<&str>) -> Result<(), Failure> {
    heading("interop: clients that are not ours, through the daemon, with servers that are not ours");
    let car = Car::build(&place::target().join("interop-daemon"))?.with("CAR_SECRETS", "file");
    let mut running = Vec::new();
    for behind in BEHIND {
        let server = behind.server();
        let (started, url) = server.start()?;
        running.push(started);
        car.show(&["add", server.name, &url], 0)?;
    }
    let (_daemon, url) = serve(&car)?;
    let servers = BEHIND.iter().map(|behind| enable(&car, &url, behind)).collect::<Result<Vec<_>, _>>()?;
    let mut failed = Vec::new();
    println!("\n{:<32} {:<16} {}", "client", "server", THINGS.map(|thing| format!("{thing:<12}")).concat());
    let wanted =
        |client: &&Client| !client.is_local() && only.is_none_or(|only| client.name.starts_with(only));
    let clients: Vec<_> = CLIENTS.iter().filter(wanted).collect();
    for client in &clients {
        if !go_through(&car, client, &url, &servers)? {
            failed.push(client.name);
        }
    }
    for client in clients.iter().filter(|client| !client.cannot.is_empty()) {
        println!("cannot: {}, calls: {ONE_BY_ONE}", client.name);
        for (thing, why) in client.cannot.iter().filter(|(thing, _)| THINGS.contains(thing)) {
            println!("cannot: {}, {thing}: {why}", client.name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed with {}", failed.join(", ")).into()) }
}

/// Starts the daemon; returns its URL.
fn serve(car: &Car) -> Result<(Background, String), Failure> {
    let mut command = car.prepare(std::process::Command::new(place::program("car")));
    Background::start(command.args(["serve"]), START_TIME, |line| {
        line.strip_prefix("listening on ").map(|url| url.trim().to_owned())
    })
}

/// Asks the daemon over its WebSocket, as its owner.
fn ask(car: &Car, url: &str, method: &str, params: &Value) -> Result<Value, Failure> {
    let known: Value = serde_json::from_str(&std::fs::read_to_string(car.home().join("run/daemon.json"))?)?;
    let token = known["token"].as_str().ok_or("run/daemon.json has no token")?;
    let mut command = setup::node::command()?;
    command.arg(place::root().join("peers/node/ask.mjs")).args([url, token, method, &params.to_string()]);
    Ok(serde_json::from_str(&output(&mut command)?)?)
}

/// Enables every tool of a server, and says what clients are to do with it. The daemon does it: to a client that answers
/// questions a server may offer more.
fn enable(car: &Car, url: &str, behind: &Behind) -> Result<Value, Failure> {
    let server = behind.server();
    ask(car, url, "connectors.enable_tools", &json!({ "slug": server.slug, "tools": "all" }))?;
    let listed = ask(car, url, "connectors.tools", &json!({ "slug": server.slug }))?;
    let tools = listed["tools"].as_array().filter(|tools| !tools.is_empty());
    let tools = tools.ok_or_else(|| format!("{} has no tools: {listed}", server.name))?;
    println!("{}: {} tools enabled", server.name, tools.len());
    behind.job(tools)
}

/// Sends one client through, with a token of its own, and prints what it saw; returns whether that was all.
fn go_through(car: &Car, client: &Client, url: &str, servers: &[Value]) -> Result<bool, Failure> {
    let name: String =
        client.name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '-' }).collect();
    let made = car.run(&["--json", "token", "add", &name])?;
    let made: Value = serde_json::from_str(&made.stdout)
        .map_err(|error| format!("car token add: {error}: {}{}", made.stdout, made.stderr))?;
    let job = json!({ "url": format!("{url}/mcp"), "token": made["secret"], "servers": servers });
    let (seen, complaint) = match client.seen_with(&job) {
        Ok(ran) => ran,
        Err(failure) => (Vec::new(), Some(failure.to_string())),
    };
    let mut is_all = complaint.is_none();
    is_all &= met(client, &seen) && listed(client, &seen, servers);
    for (behind, server) in BEHIND.iter().zip(servers) {
        let cells = THINGS.map(|thing| format!("{:<12}", cell(client, behind, server, thing, &seen)));
        is_all &= !cells.iter().any(|cell| cell.starts_with("FAILED"));
        println!("{:<32} {:<16} {}", client.name, behind.server().name, cells.concat().trim_end());
    }
    if let Some(complaint) = complaint {
        println!("    {}", complaint.trim().replace('\n', "\n    "));
    }
    for line in seen.iter().filter(|line| line["saw"] == "calls") {
        for failed in line["failed"].as_array().into_iter().flatten() {
            println!("    {failed}");
        }
    }
    Ok(is_all)
}

/// Whether the client agreed with the daemon on its revision. A bridge does not say.
fn met(client: &Client, seen: &[Value]) -> bool {
    let is_met = seen
        .iter()
        .find(|line| line["saw"] == "connect")
        .is_some_and(|line| line["version"].is_null() || line["version"] == client.revision);
    if !is_met {
        println!("    it did not agree on {}: {seen:?}", client.revision);
    }
    is_met
}

/// Whether the client was told of every tool of every server, and of no other.
fn listed(client: &Client, seen: &[Value], servers: &[Value]) -> bool {
    let mut wanted: Vec<&str> = servers
        .iter()
        .flat_map(|server| server["calls"].as_array().into_iter().flatten())
        .filter_map(|call| call["tool"].as_str())
        .collect();
    let list = seen.iter().find(|line| line["saw"] == "list");
    let mut found: Vec<&str> = list
        .into_iter()
        .flat_map(|line| line["tools"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect();
    wanted.sort_unstable();
    found.sort_unstable();
    if wanted != found {
        println!("    {} was told of {found:?}, expected {wanted:?}", client.name);
    }
    wanted == found
}

/// Says in a word whether a client saw a thing of a server.
fn cell(client: &Client, behind: &Behind, server: &Value, thing: &str, seen: &[Value]) -> String {
    let is_one_by_one = !client.cannot.is_empty() && thing == "calls";
    if is_one_by_one || client.cannot.iter().any(|(cannot, _)| *cannot == thing) {
        return "cannot".to_owned();
    }
    let line = seen.iter().find(|line| line["saw"] == thing && line["of"] == server["name"]);
    let Some(line) = line else { return "FAILED".to_owned() };
    let text = line["text"].as_str().unwrap_or_default();
    let is_right = match thing {
        "calls" => line["failed"].as_array().is_some_and(Vec::is_empty),
        "call" => text.contains(behind.says),
        "progress" => client.has_progress(line, &behind::STEPS),
        _ => text.contains(behind.greets),
    };
    match (is_right, thing) {
        (false, _) => {
            println!("    {}, {thing}: {line}", client.name);
            "FAILED".to_owned()
        }
        (true, "calls") => format!("{} tools", server["calls"].as_array().map_or(0, Vec::len)),
        (true, "progress") => match line["late"].as_array().map_or(0, Vec::len) {
            0 => format!("{} steps", behind::STEPS.len()),
            late => format!("{} + {late} late", behind::STEPS.len() - late),
        },
        (true, _) => "yes".to_owned(),
    }
}
