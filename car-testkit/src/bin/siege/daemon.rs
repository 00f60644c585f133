//! A daemon with calls all the time, while connectors come and go: what it holds in memory and in descriptors.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use car_testkit::daemon::{FrontEnd, McpCaller};
use serde_json::json;
use tokio::task::JoinSet;

use crate::memory::resident_kib;

/// How many MCP clients call side by side.
const CALLERS: usize = 8;

/// After how many calls a client comes back on a new connection, as clients do.
const CALLS_OF_A_CONNECTION: u64 = 500;

/// The name of the connector that stays.
const STAYS: &str = "steady";

/// Its tool.
const TOOL: &str = "mcp_steady_echo";

/// How soon a tool has to be offered once it is enabled.
const OFFERED_WITHIN: Duration = Duration::from_secs(10);

/// How often it is looked for what has to come.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How many rows there are, evenly spaced over the calls.
const ROWS: u64 = 200;

/// How much of the run is not judged: caches fill, and an allocator takes what it needs.
const WARM_UP: f64 = 0.25;

/// How much larger the last quarter may be than the quarter after the warm-up, in its middle row.
const GROWTH: f64 = 0.10;

/// How much of a small process's size is an allocator's own business, in KiB.
const SLACK_KIB: u64 = 4 * 1024;

/// How many more descriptors there may be: connections that come and go just as it is looked.
const MORE_DESCRIPTORS: u64 = 4;

/// What is looked at.
pub(crate) struct Watched<'a> {
    pub(crate) url: &'a str,
    pub(crate) token: &'a str,
    pub(crate) pid: u32,
    /// The server behind its connectors.
    pub(crate) upstream: &'a str,
}

/// What was seen at one moment.
struct Row {
    seconds: f64,
    calls: u64,
    resident_kib: u64,
    descriptors: u64,
    connectors: u64,
}

#[derive(Default)]
struct Counts {
    /// How many calls were begun, which tells when it is enough.
    begun: AtomicU64,
    calls: AtomicU64,
    /// How many connectors came and went.
    connectors: AtomicU64,
    is_over: AtomicBool,
}

/// Calls and changes until there were so many calls, prints what was seen meanwhile, and judges it.
pub(crate) async fn run(watched: &Watched<'_>, calls: u64) -> io::Result<ExitCode> {
    let mut front = FrontEnd::connect(watched.url, watched.token).await?;
    front.ask("connectors.add", json!({ "name": STAYS, "url": watched.upstream })).await?;
    front.ask("connectors.enable_tools", json!({ "slug": STAYS, "tools": ["echo"] })).await?;
    offered(watched).await?;
    let counts = Arc::new(Counts::default());
    let mut load = JoinSet::new();
    for _ in 0..CALLERS {
        load.spawn(call(
            format!("{}/mcp", watched.url),
            watched.token.to_owned(),
            calls,
            Arc::clone(&counts),
        ));
    }
    let changing = tokio::spawn(come_and_go(front, watched.upstream.to_owned(), Arc::clone(&counts)));
    println!("seconds,calls,resident_kib,descriptors,connectors");
    let (started, mut rows) = (Instant::now(), Vec::new());
    while !load.is_empty() {
        let next = rows.len() as u64 * calls / ROWS;
        tokio::select! {
            ended = load.join_next() => if let Some(ended) = ended { ended.map_err(io::Error::other)?? },
            () = until(&counts, next) => rows.push(look(watched.pid, &counts, started)?),
        }
    }
    counts.is_over.store(true, Ordering::Relaxed);
    changing.await.map_err(io::Error::other)??;
    rows.push(look(watched.pid, &counts, started)?);
    Ok(judge(&rows))
}

/// Waits until the tool is offered: the endpoint follows a change, it does not make it.
async fn offered(watched: &Watched<'_>) -> io::Result<()> {
    let mut caller = McpCaller::connect(&format!("{}/mcp", watched.url), watched.token).await?;
    let asked = Instant::now();
    while asked.elapsed() < OFFERED_WITHIN {
        let answer = caller.call(TOOL, &json!({ "message": "well" }), None).await?;
        if answer["result"].is_object() {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Err(io::Error::other("expected the tool to be offered once it is enabled, found nothing"))
}

/// Waits until so many calls were answered.
async fn until(counts: &Counts, calls: u64) {
    while counts.calls.load(Ordering::Relaxed) < calls {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Calls the tool that is always there. Any answer but the right one is an error.
async fn call(url: String, token: String, calls: u64, counts: Arc<Counts>) -> io::Result<()> {
    loop {
        let mut caller = McpCaller::connect(&url, &token).await?;
        for _ in 0..CALLS_OF_A_CONNECTION {
            if counts.begun.fetch_add(1, Ordering::Relaxed) >= calls {
                return Ok(());
            }
            let answer = caller.call(TOOL, &json!({ "message": "well" }), None).await?;
            if answer["result"]["content"][0]["text"].as_str().is_none_or(|text| !text.contains("well")) {
                return Err(io::Error::other(format!("expected the echo, found {answer}")));
            }
            counts.calls.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Adds a connector, enables a tool, calls it, changes a rule, and removes it all again, over and over. No name comes twice.
async fn come_and_go(mut front: FrontEnd, upstream: String, counts: Arc<Counts>) -> io::Result<()> {
    while !counts.is_over.load(Ordering::Relaxed) {
        let slug = format!("guest_{}", counts.connectors.load(Ordering::Relaxed));
        let rule = json!({ "kind": "deny_tool", "subject": format!("{slug}/add") });
        front.ask("connectors.add", json!({ "name": slug, "url": upstream })).await?;
        front.ask("connectors.enable_tools", json!({ "slug": slug, "tools": ["echo"] })).await?;
        let call = json!({ "slug": slug, "tool": "echo", "arguments": { "message": "hi" } });
        front.ask("connectors.call_tool", call).await?;
        front.ask("connectors.policy.add", rule.clone()).await?;
        front.ask("connectors.policy.remove", rule).await?;
        front.ask("connectors.remove", json!({ "slug": slug })).await?;
        counts.connectors.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Looks at the process, and prints what is seen.
fn look(pid: u32, counts: &Counts, started: Instant) -> io::Result<Row> {
    let row = Row {
        seconds: started.elapsed().as_secs_f64(),
        calls: counts.calls.load(Ordering::Relaxed),
        resident_kib: resident_kib(pid)?,
        descriptors: std::fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64,
        connectors: counts.connectors.load(Ordering::Relaxed),
    };
    let Row { seconds, calls, resident_kib, descriptors, connectors } = &row;
    println!("{seconds:.2},{calls},{resident_kib},{descriptors},{connectors}");
    Ok(row)
}

/// Compares the end with the time after the warm-up.
fn judge(rows: &[Row]) -> ExitCode {
    let quarter = rows.len() / 4;
    let warm = (rows.len() as f64 * WARM_UP) as usize;
    let (early, late) = (&rows[warm..warm + quarter], &rows[rows.len() - quarter..]);
    let size = |rows: &[Row]| middle(rows.iter().map(|row| row.resident_kib).collect());
    let descriptors = |rows: &[Row]| middle(rows.iter().map(|row| row.descriptors).collect());
    let (first, last) = (size(early), size(late));
    let (few, many) = (descriptors(early), descriptors(late));
    println!(
        "# resident: {first} KiB after the warm-up, {last} KiB at the end; descriptors: {few}, then {many}"
    );
    let allowed = first + ((first as f64 * GROWTH) as u64).max(SLACK_KIB);
    match last <= allowed && many <= few + MORE_DESCRIPTORS {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn middle(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
