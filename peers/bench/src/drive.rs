//! Carries out one job with a client written in Rust.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};

use crate::clients::{Client, connect};
use crate::job::{Job, Report, Work};
use crate::{Failure, process};

/// The warm-up's share of the measured time: connections open, caches fill.
const WARM_UP: f64 = 0.2;

pub(crate) async fn run(job: &Job) -> Result<Report, Failure> {
    LocalSet::new()
        .run_until(async {
            match job.work {
                Work::Idle => idle(job).await,
                Work::Connect => {
                    connect_for(job, job.seconds * WARM_UP).await?;
                    measured(job, connect_for(job, job.seconds)).await
                }
                Work::Call | Work::List => {
                    let client = Rc::new(connect(job).await?);
                    repeat(job, &client, job.seconds * WARM_UP).await?;
                    measured(job, repeat(job, &client, job.seconds)).await
                }
            }
        })
        .await
}

/// Runs the work and adds what it cost.
async fn measured(
    job: &Job,
    work: impl Future<Output = Result<Vec<Duration>, Failure>>,
) -> Result<Report, Failure> {
    let (cpu, start) = (process::cpu()?, Instant::now());
    let mut times = work.await?;
    let (took, used) = (start.elapsed().as_secs_f64(), process::cpu()? - cpu);
    if times.is_empty() {
        return Err(format!("{} finished nothing in {} s", job.kind, job.seconds).into());
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    Ok(Report {
        per_second: times.len() as f64 / took,
        p50_us: at(0.50),
        p99_us: at(0.99),
        cpu_us: used.as_secs_f64() * 1e6 / times.len() as f64,
        session_kib: 0.0,
    })
}

/// Repeats the call or the list, with as many at once as the job says; returns how long each took.
async fn repeat(job: &Job, client: &Rc<Client>, seconds: f64) -> Result<Vec<Duration>, Failure> {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let work = job.work;
    let mut workers = JoinSet::new();
    for _ in 0..job.in_flight {
        let client = Rc::clone(client);
        workers.spawn_local(async move {
            let mut times = Vec::new();
            loop {
                let start = Instant::now();
                if start >= end {
                    return Ok::<_, Failure>(times);
                }
                match work {
                    Work::List => client.list().await?,
                    _ => client.call().await?,
                }
                times.push(start.elapsed());
            }
        });
    }
    let mut all = Vec::new();
    while let Some(times) = workers.join_next().await {
        all.append(&mut times??);
    }
    Ok(all)
}

async fn connect_for(job: &Job, seconds: f64) -> Result<Vec<Duration>, Failure> {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut times = Vec::new();
    loop {
        let start = Instant::now();
        if start >= end {
            return Ok(times);
        }
        let client = connect(job).await?;
        client.call().await?;
        client.close().await?;
        times.push(start.elapsed());
    }
}

/// Holds many sessions that have made one call each, and reports what one of them occupies.
async fn idle(job: &Job) -> Result<Report, Failure> {
    let mut held = Vec::with_capacity(job.sessions + 1);
    held.push(connect(job).await?);
    held[0].call().await?;
    let before = process::resident_kib()?;
    for _ in 0..job.sessions {
        let client = connect(job).await?;
        client.call().await?;
        held.push(client);
    }
    // What the last connections set going in the background comes to rest.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let session_kib = (process::resident_kib()? - before) / job.sessions as f64;
    drop(held);
    Ok(Report { session_kib, ..Report::default() })
}
