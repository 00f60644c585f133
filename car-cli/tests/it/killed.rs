//! A daemon that is killed at any moment under load: what it acknowledged is there, in the log and in the files.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use car_testkit::daemon::{FrontEnd, McpCaller};
use car_testkit::double::{Config, Double};
use serde_json::{Value, json};

use crate::car::Car;

/// How many rounds there are where `CAR_ROUNDS` does not say.
const ROUNDS: u32 = 12;

/// What they call.
const TOOL: &str = "mcp_docs_echo";

/// How many MCP clients call side by side.
const CALLERS: usize = 3;

/// How long a daemon lives at the most after the time in which it answers the first call.
const LIFE: Duration = Duration::from_millis(500);

/// How much of the log before a round is read again with it: a torn last line may have been taken back.
const OVERLAP: u64 = 64 * 1024;

/// What may be there or not: it was asked for, and the daemon died before it said that it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    There,
    Gone,
    Unclear,
}

/// What a front end was told, by what it is about.
type Ledger = Arc<Mutex<BTreeMap<String, Known>>>;

struct World {
    car: Car,
    server: Double,
    /// The traces of the calls that were answered.
    answered: Arc<Mutex<HashSet<String>>>,
    connectors: Ledger,
    enabled: Ledger,
    rules: Ledger,
    tokens: Ledger,
}

struct Daemon {
    child: Child,
    url: String,
    token: String,
}

impl Daemon {
    fn start(car: &Car) -> Self {
        let mut command = car.command(&["serve", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = serde_json::from_str::<Value>(&line).unwrap()["url"].as_str().unwrap().to_owned();
        let file = std::fs::read(car.home().join("run/daemon.json")).unwrap();
        let token = serde_json::from_slice::<Value>(&file).unwrap()["token"].as_str().unwrap().to_owned();
        Self { child, url, token }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has been killed already where the test got that far.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl World {
    async fn new() -> Self {
        let server = Double::start(Config::default()).await.unwrap();
        let car = Car::new();
        car.run(&["add", "Docs", &server.url()]).ends(0);
        car.run(&["enable", "docs", "echo"]).ends(0);
        let connectors = Ledger::default();
        connectors.lock().unwrap().insert("docs".to_owned(), Known::There);
        let (answered, enabled) = (Arc::default(), Ledger::default());
        Self {
            car,
            server,
            answered,
            connectors,
            enabled,
            rules: Ledger::default(),
            tokens: Ledger::default(),
        }
    }

    /// Returns how long it takes from a daemon's first sign of life to the first answer of a call.
    async fn until_first_answer(&self) -> Duration {
        let daemon = Daemon::start(&self.car);
        let (began, url) = (Instant::now(), format!("{}/mcp", daemon.url));
        let mut caller = McpCaller::connect(&url, &daemon.token).await.unwrap();
        loop {
            let answer = caller.call(TOOL, &json!({ "message": "hi" }), None).await.unwrap();
            if is_answered(&answer) {
                return began.elapsed();
            }
        }
    }

    /// Puts load on a daemon until it is gone.
    fn load(&self, daemon: &Daemon, round: u32) -> tokio::task::JoinSet<()> {
        let mut load = tokio::task::JoinSet::new();
        for caller in 0..CALLERS {
            let (url, token) = (format!("{}/mcp", daemon.url), daemon.token.clone());
            let answered = Arc::clone(&self.answered);
            load.spawn(async move {
                let ended = call(&url, &token, &answered, u64::from(round) << 8 | caller as u64).await;
                ended.expect_err("it calls until the daemon is gone");
            });
        }
        let (url, token) = (daemon.url.clone(), daemon.token.clone());
        let (server, connectors, enabled) =
            (self.server.url(), self.connectors.clone(), self.enabled.clone());
        load.spawn(async move {
            let Ok(mut front) = FrontEnd::connect(&url, &token).await else { return };
            let ended = come_and_go(&mut front, &server, &connectors, &enabled, round).await;
            only_broken(ended);
        });
        let (url, token) = (daemon.url.clone(), daemon.token.clone());
        let (rules, tokens) = (self.rules.clone(), self.tokens.clone());
        load.spawn(async move {
            let Ok(mut front) = FrontEnd::connect(&url, &token).await else { return };
            only_broken(rule_and_let_in(&mut front, &rules, &tokens, round).await);
        });
        load
    }

    /// Looks whether everything that was acknowledged is there, and clears up what was not.
    fn check(&self, round: u32, before: &BTreeMap<PathBuf, u64>) -> usize {
        let verified = self.car.run(&["events", "verify", "--json"]).ends(0).json();
        assert_eq!(verified["intact"], true, "round {round}: {verified}");
        let written = calls_in(&self.car.home().join("events"), before);
        let answered = std::mem::take(&mut *self.answered.lock().unwrap());
        let lost: Vec<_> = answered.difference(&written).collect();
        assert!(lost.is_empty(), "round {round}: {} answered calls are not in the log: {lost:?}", lost.len());

        let names = |line: &[&str], list: &str, name: &str| -> HashSet<String> {
            let answer = self.car.run(line).ends(0).json();
            let name = |one: &Value| one[name].as_str().unwrap().to_owned();
            answer[list].as_array().unwrap().iter().map(name).collect()
        };
        let manifest = std::fs::read(self.car.home().join("connectors.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let has_enabled =
            |one: &&Value| one["enabled_tools"].as_array().is_some_and(|tools| !tools.is_empty());
        let enabled = manifest["connectors"].as_array().unwrap().iter().filter(has_enabled);
        let enabled = enabled.map(|one| one["slug"].as_str().unwrap().to_owned()).collect();
        settle("connector", round, &self.connectors, &names(&["list", "--json"], "connectors", "slug"));
        settle("enabled tool", round, &self.enabled, &enabled);
        settle("rule", round, &self.rules, &names(&["policy", "list", "--json"], "rules", "subject"));
        settle("token", round, &self.tokens, &names(&["token", "list", "--json"], "tokens", "name"));
        answered.len()
    }
}

/// Compares what is there with what was acknowledged, and takes for known what was unclear.
#[track_caller]
fn settle(what: &str, round: u32, ledger: &Ledger, there: &HashSet<String>) {
    for (name, known) in ledger.lock().unwrap().iter_mut() {
        let now = if there.contains(name) { Known::There } else { Known::Gone };
        assert!(
            *known == now || *known == Known::Unclear,
            "round {round}: {what} {name} is {now:?}, acknowledged {known:?}"
        );
        *known = now;
    }
}

/// Only that the daemon is gone ends the load; a refusal is a defect.
#[track_caller]
fn only_broken(ended: io::Result<()>) {
    let error = ended.expect_err("it goes on until the daemon is gone");
    assert_ne!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
}

/// Whether the tool ran: a daemon that has only just started may not have looked at its connectors yet.
fn is_answered(answer: &Value) -> bool {
    answer["result"].is_object() && answer["result"]["isError"] != true
}

/// Calls until the connection breaks, and notes what was answered.
async fn call(url: &str, token: &str, answered: &Mutex<HashSet<String>>, name: u64) -> io::Result<()> {
    let mut caller = McpCaller::connect(url, token).await?;
    for number in 0_u64.. {
        let trace = format!("{:016x}{number:016x}", name + 1);
        let parent = format!("00-{trace}-{:016x}-01", number + 1);
        let answer = caller.call(TOOL, &json!({ "message": "hi" }), Some(&parent)).await?;
        if is_answered(&answer) {
            answered.lock().unwrap().insert(trace);
        }
    }
    Ok(())
}

/// Does one thing to one name: unclear while it is asked for, known once it is answered.
async fn change(
    front: &mut FrontEnd,
    (method, params): (&str, Value),
    ledgers: &[(&Ledger, &str, Known)],
) -> io::Result<Value> {
    for (ledger, name, _) in ledgers {
        ledger.lock().unwrap().insert((*name).to_owned(), Known::Unclear);
    }
    let answer = front.ask(method, params).await?;
    for (ledger, name, known) in ledgers {
        ledger.lock().unwrap().insert((*name).to_owned(), *known);
    }
    Ok(answer)
}

/// Returns what is there of those names, to be taken away again.
fn left(ledger: &Ledger, prefix: &str) -> Vec<String> {
    let ledger = ledger.lock().unwrap();
    let there = ledger.iter().filter(|(name, known)| name.starts_with(prefix) && **known == Known::There);
    there.map(|(name, _)| name.clone()).collect()
}

/// Adds connectors, enables and disables their tools, and removes them.
async fn come_and_go(
    front: &mut FrontEnd,
    server: &str,
    connectors: &Ledger,
    enabled: &Ledger,
    round: u32,
) -> io::Result<()> {
    for slug in left(connectors, "c") {
        let asked = ("connectors.remove", json!({ "slug": slug }));
        change(front, asked, &[(connectors, &slug, Known::Gone), (enabled, &slug, Known::Gone)]).await?;
    }
    for number in 0_u32.. {
        let slug = format!("c{round}_{number}");
        let asked = ("connectors.add", json!({ "name": slug, "url": server }));
        change(front, asked, &[(connectors, &slug, Known::There)]).await?;
        for (method, known) in [("enable", Known::There), ("disable", Known::Gone), ("enable", Known::There)]
            .iter()
            .take(1 + number as usize % 3)
        {
            let method = format!("connectors.{method}_tools");
            let asked = (method.as_str(), json!({ "slug": slug, "tools": ["echo"] }));
            change(front, asked, &[(enabled, &slug, *known)]).await?;
        }
        if number % 2 == 0 {
            let asked = ("connectors.remove", json!({ "slug": slug }));
            change(front, asked, &[(connectors, &slug, Known::Gone), (enabled, &slug, Known::Gone)]).await?;
        }
    }
    Ok(())
}

/// Adds and removes rules and tokens.
async fn rule_and_let_in(
    front: &mut FrontEnd,
    rules: &Ledger,
    tokens: &Ledger,
    round: u32,
) -> io::Result<()> {
    for subject in left(rules, "mail/") {
        let asked = ("connectors.policy.remove", json!({ "kind": "deny_tool", "subject": subject }));
        change(front, asked, &[(rules, &subject, Known::Gone)]).await?;
    }
    let there: Value = front.ask("connectors.tokens.list", json!({})).await?;
    for token in there["tokens"].as_array().into_iter().flatten() {
        let (id, name) = (token["id"].clone(), token["name"].as_str().unwrap_or_default().to_owned());
        change(front, ("connectors.tokens.revoke", json!({ "id": id })), &[(tokens, &name, Known::Gone)])
            .await?;
    }
    for number in 0_u32.. {
        let (subject, name) = (format!("mail/{round}_{number}"), format!("t{round}.{number}"));
        let rule = json!({ "kind": "deny_tool", "subject": subject });
        change(front, ("connectors.policy.add", rule.clone()), &[(rules, &subject, Known::There)]).await?;
        let token = json!({ "name": name, "scope": "read" });
        let made = change(front, ("connectors.tokens.add", token), &[(tokens, &name, Known::There)]).await?;
        if number % 2 == 0 {
            change(front, ("connectors.policy.remove", rule), &[(rules, &subject, Known::Gone)]).await?;
            let id = made["token"]["id"].clone();
            change(front, ("connectors.tokens.revoke", json!({ "id": id })), &[(tokens, &name, Known::Gone)])
                .await?;
        }
    }
    Ok(())
}

/// Returns how long each file of the log is.
fn lengths(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (entry.path(), entry.metadata().map_or(0, |metadata| metadata.len()))).collect()
}

/// Returns the traces of the calls that ended well, of what was written since.
fn calls_in(folder: &Path, before: &BTreeMap<PathBuf, u64>) -> HashSet<String> {
    let mut traces = HashSet::new();
    for (path, length) in lengths(folder) {
        let known = before.get(&path).copied().unwrap_or(0);
        if path.extension().is_none_or(|ending| ending != "jsonl") || length == known {
            continue;
        }
        let mut file = std::fs::File::open(&path).unwrap();
        file.seek(SeekFrom::Start(known.saturating_sub(OVERLAP))).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        // The first line and a torn last one may be halves; what is wrong with whole ones is for `car events verify`.
        let records =
            bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let calls = records.filter(|record| record["kind"] == "call" && record["outcome"] == "ok");
        traces.extend(calls.filter_map(|record| {
            // A whole `traceparent`, or the id of the trace in it.
            let trace = record["trace_id"].as_str()?;
            Some(trace.split('-').nth(1).unwrap_or(trace).to_owned())
        }));
    }
    traces
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_under_load_keeps_what_it_acknowledged() {
    let rounds = std::env::var("CAR_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let world = World::new().await;
    let life = LIFE + world.until_first_answer().await;
    let (began, mut calls, mut empty) = (Instant::now(), 0, 0);
    for round in 0..rounds {
        let before = lengths(&world.car.home().join("events"));
        let mut daemon = Daemon::start(&world.car);
        let load = world.load(&daemon, round);
        // The fractions of the golden ratio: spread evenly, in no order, and the same in every run.
        tokio::time::sleep(life.mul_f64((f64::from(round) * 0.618_034).fract())).await;
        daemon.child.kill().unwrap();
        daemon.child.wait().unwrap();
        load.join_all().await;
        let answered = world.check(round, &before);
        (calls, empty) = (calls + answered, empty + u32::from(answered == 0));
    }
    let changes = [&world.connectors, &world.enabled, &world.rules, &world.tokens];
    let changes: usize = changes.iter().map(|ledger| ledger.lock().unwrap().len()).sum();
    println!(
        "{rounds} rounds in {:?}: {calls} answered calls and changes to {changes} names, none lost; {empty} rounds without a call",
        began.elapsed()
    );
    assert!(calls > 0 && changes as u32 > rounds, "there was too little load to show anything");
    world.car.run(&["call", "docs", "echo", "message=hi"]).ends(0);
}
