//! Posts prepared bytes over connections that are kept, each with one request in flight.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::request::{self, Target};
use super::wire::{Wire, check, header};
use crate::Failure;

/// How much of the time is spent beforehand, so that both sides are warm.
const WARM_UP: f64 = 0.2;

/// One process's task.
#[derive(Deserialize, Serialize)]
pub(crate) struct Load {
    pub(crate) target: Target,
    /// The server's process, whose use is read from the system.
    pub(crate) server: u32,
    pub(crate) connections: usize,
    pub(crate) seconds: f64,
}

/// What one process measured.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// The server's processor time for each call.
    pub(crate) cpu_us: f64,
}

pub(crate) async fn run(load: Load) -> Result<(), Failure> {
    let mut wires = Vec::new();
    for _ in 0..load.connections {
        let mut wire = Wire::connect(&load.target.address).await?;
        let session = begin(&mut wire, &load.target).await?;
        wires.push((wire, request::call(&load.target, session.as_deref())));
    }
    let (wires, _) = post(wires, load.seconds * WARM_UP).await?;
    let before = server_time(load.server)?;
    let start = Instant::now();
    let (_, mut times) = post(wires, load.seconds).await?;
    let took = start.elapsed().as_secs_f64();
    let used = server_time(load.server)? - before;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    let measured = Measured {
        per_second: times.len() as f64 / took,
        p50_us: at(0.50),
        p99_us: at(0.99),
        cpu_us: used.as_secs_f64() * 1e6 / times.len() as f64,
    };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

/// Begins a session, where the server has them.
pub(super) async fn begin(wire: &mut Wire, target: &Target) -> Result<Option<String>, Failure> {
    if !target.has_sessions {
        return Ok(None);
    }
    let answer = wire.exchange(&request::initialize(target)).await?;
    check(answer, "200", "serverInfo")?;
    let session = header(answer, "mcp-session-id").ok_or("the server began no session")?.to_owned();
    check(wire.exchange(&request::initialized(target, Some(&session))).await?, "202", "")?;
    Ok(Some(session))
}

type Wires = Vec<(Wire, Vec<u8>)>;

async fn post(wires: Wires, seconds: f64) -> Result<(Wires, Vec<Duration>), Failure> {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut workers = JoinSet::new();
    for (mut wire, request) in wires {
        workers.spawn(async move {
            let mut times = Vec::with_capacity(1 << 16);
            let mut start = Instant::now();
            while start < end {
                check(wire.exchange(&request).await?, "200", request::TEXT)?;
                let now = Instant::now();
                times.push(now - start);
                start = now;
            }
            Ok::<_, Failure>((wire, request, times))
        });
    }
    let (mut wires, mut all) = (Vec::new(), Vec::new());
    while let Some(done) = workers.join_next().await {
        let (wire, request, times) = done??;
        wires.push((wire, request));
        all.extend(times);
    }
    Ok((wires, all))
}

/// Returns the processor time that a process has used, all its threads together.
fn server_time(process: u32) -> Result<Duration, Failure> {
    let mut total = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        total += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}
