//! Measures MCP clients against one fast server, in one run and on one machine.
//!
//! ```text
//!  run (orchestrate) ──▶ serve                one process, first core: prebuilt answers
//!        │
//!        └─ each round, each workload, each kind ──▶ client   a process of its own, second core
//!                                                    clients/floor  posts the same bytes and does not parse
//!                                                    clients/rmcp   default and tuned
//!                                                    node/client.mjs, python/client.py
//!                                                      └─ over standard streams: lines, its child, first core
//!        ◀── one line of JSON each ── medians, ratios to the floor of the same round ──▶ table
//! ```
//!
//! And MCP servers with one fast client, see [`servers`]; and gateways between that client and a server, see [`gateways`].

mod answers;
mod certificate;
mod clients;
mod drive;
mod gateways;
mod job;
mod lines;
mod orchestrate;
mod pieces;
mod process;
mod serve;
mod servers;
mod table;
mod workload;

/// Why a run failed; shown to a person as it is.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    process::allow_many_files()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Every process here works on one core, so one thread is what a user of that core would have.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.first().map(String::as_str) {
        Some("serve") => runtime.block_on(serve::run(arguments.get(1).map(String::as_str).unwrap_or("."))),
        Some("lines") => lines::serve(),
        Some("client") => {
            let job = serde_json::from_str(arguments.get(1).ok_or("client wants a job as JSON")?)?;
            let report = runtime.block_on(drive::run(&job))?;
            println!("{}", serde_json::to_string(&report)?);
            Ok(())
        }
        Some("server") => {
            let kind = servers::Kind::of_name(arguments.get(1).ok_or("server wants a kind")?)?;
            runtime.block_on(servers::serve(kind))
        }
        Some("forward") => {
            runtime.block_on(gateways::forward(arguments.get(1).ok_or("forward wants a server's address")?))
        }
        Some("load") => {
            let load = serde_json::from_str(arguments.get(1).ok_or("load wants a job as JSON")?)?;
            runtime.block_on(servers::load(load))
        }
        Some("memory") => {
            let memory = serde_json::from_str(arguments.get(1).ok_or("memory wants a job as JSON")?)?;
            runtime.block_on(servers::memory(memory))
        }
        Some("run-gateways") => gateways::run(&gateways::Settings::parse(&arguments[1..])?),
        Some("run-servers") => servers::run(&servers::Settings::parse(&arguments[1..])?),
        Some("run") => orchestrate::run(&orchestrate::Settings::parse(&arguments[1..])?),
        _ => Err("expected serve, lines, client, run, server, forward, load, memory, run-servers or run-gateways; `cargo xtask bench` calls this program".into()),
    }
}
