//! Runs the attacks one after the other beside a healthy client.

use std::io;
use std::process::{ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::attacks;
use crate::healthy::{Healthy, Latency};
use crate::memory::resident_kib;
use crate::wire::Server;

/// How long an attack may take to be in place.
const SET_UP: Duration = Duration::from_secs(120);
/// How long an attack may take to end.
const TEAR_DOWN: Duration = Duration::from_secs(60);

/// What was seen during one attack.
struct Row {
    name: &'static str,
    quiet: Latency,
    besieged: Latency,
    peak_mib: u64,
    report: String,
}

pub(crate) async fn run(
    server: &Server,
    pid: u32,
    time: Duration,
    only: &[String],
    bound_mib: u64,
) -> io::Result<ExitCode> {
    println!(
        "| attack | median, quiet | median | times | 95 of 100, quiet | 95 of 100 | times | calls | peak MiB | what it saw |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut over = 0;
    for name in attacks::NAMES {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        let row = measure(server, pid, time, name)
            .await
            .map_err(|error| io::Error::other(format!("during the attack {name:?}: {error}")))?;
        over += usize::from(row.peak_mib > bound_mib);
        print(&row);
    }
    println!("\nthe healthy client got every answer; {over} attacks went over the bound of {bound_mib} MiB");
    Ok(if over == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(server: &Server, pid: u32, time: Duration, name: &'static str) -> io::Result<Row> {
    let quiet = Healthy::connect(server).await?.call_for(time).await?;
    let mut attack = Attack::start(name, server).await?;
    // A client that comes now: it has to be let in too.
    let mut healthy = Healthy::connect(server).await?;
    let peak = AtomicU64::new(0);
    let besieged = tokio::select! {
        besieged = healthy.call_for(time) => besieged?,
        error = watch(pid, &peak) => return Err(error),
    };
    let report = attack.end().await?;
    Ok(Row { name, quiet, besieged, peak_mib: peak.into_inner() / 1024, report })
}

/// Notes the highest size of the process, in KiB, until it cannot be read any more.
async fn watch(pid: u32, peak: &AtomicU64) -> io::Error {
    loop {
        match resident_kib(pid) {
            Ok(size) => peak.fetch_max(size, Ordering::Relaxed),
            Err(error) => return error,
        };
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn print(row: &Row) {
    let micros = |time: Duration| time.as_micros();
    let times = |after: Duration, before: Duration| after.as_secs_f64() / before.as_secs_f64();
    let (median, quiet_median) = (row.besieged.share(0.5), row.quiet.share(0.5));
    let (most, quiet_most) = (row.besieged.share(0.95), row.quiet.share(0.95));
    println!(
        "| {} | {} µs | {} µs | {:.2} | {} µs | {} µs | {:.2} | {} | {} | {} |",
        row.name,
        micros(quiet_median),
        micros(median),
        times(median, quiet_median),
        micros(quiet_most),
        micros(most),
        times(most, quiet_most),
        row.besieged.calls(),
        row.peak_mib,
        row.report
    );
}

/// An attack that is under way.
struct Attack {
    child: Child,
    output: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Attack {
    async fn start(name: &str, server: &Server) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let mut child = Command::new("nice")
            .args(["-n", "19"])
            .arg(program)
            .args(["attack", name, &format!("http://{}{}", server.address, server.path)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().expect("it was asked for");
        let mut attack = Self { child, output: BufReader::new(output).lines() };
        match tokio::time::timeout(SET_UP, attack.output.next_line()).await?? {
            Some(line) if line == "ready" => Ok(attack),
            other => Err(io::Error::other(format!("the attack {name:?} did not begin: {other:?}"))),
        }
    }

    /// Ends the attack and returns what it saw.
    async fn end(&mut self) -> io::Result<String> {
        drop(self.child.stdin.take());
        let report = tokio::time::timeout(TEAR_DOWN, self.output.next_line()).await??;
        self.child.wait().await?;
        Ok(report.unwrap_or_default())
    }
}
