//! What `--verbose` tells on standard error.

use tracing_subscriber::EnvFilter;

use crate::output::Screen;

/// Our own crates, whose events carry no secrets. Those of other libraries are never shown: at their finest levels some
/// print whole requests, headers included.
const OURS: [&str; 7] = [
    "car_cli",
    "car_connectors",
    "car_connectors_store",
    "car_engine",
    "car_http",
    "car_mcp",
    "car_mcp_http",
];

/// Starts the log, if it is asked for.
pub(crate) fn start(verbosity: u8, screen: &Screen) {
    let level = match verbosity {
        0 => return,
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let ours: Vec<String> = OURS.iter().map(|name| format!("{name}={level}")).collect();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(ours.join(",")))
        .with_writer(std::io::stderr)
        .with_ansi(screen.has_color())
        .init();
}
