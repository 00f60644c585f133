//! The `car` command: a person's way to connectors, and a program's with `--json`.
//!
//! ```text
//!  arguments.rs     what can be typed (clap); usage errors end with status 2
//!       │
//!       ▼
//!  context.rs       state folder, secret mode, screen, and the manager, made when a verb asks for it
//!       │
//!       ▼
//!  verb/*.rs        one verb a file: calls the facade, returns how it ended
//!       │              header.rs          `--header` and its kin → secrets
//!       │              call_arguments.rs  `KEY=VALUE`, JSON, files → one JSON object
//!       │              approver.rs        a rule says `ask`: the question at the terminal
//!       │              suggestion.rs      "did you mean"
//!       │              sign_in/           the browser, the pasted address, the process that renews tokens
//!       ▼
//!  output/          screen.rs owns standard output and error; tables for people, one JSON document for programs
//!       │
//!       ▼
//!  exit.rs          the exit status;  failure.rs  one clear error with its causes and the next step
//! ```
//!
//! Nothing here contacts a server, writes state or decides anything: the facade does.

mod approver;
mod arguments;
mod call_arguments;
mod context;
mod exit;
mod failure;
mod header;
mod logging;
mod output;
mod publisher;
mod run;
mod sign_in;
mod suggestion;
mod verb;

use std::process::ExitCode;

/// The system's allocator keeps what crowds of calls have left behind for the next crowd; this one gives it back.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    run::run(std::env::args_os().collect()).into()
}
