//! What `--verbose` tells on standard error, and what the daemon does.

use tracing_subscriber::EnvFilter;

use crate::output::Screen;

/// Our own crates, whose events carry no secrets. Those of other libraries are never shown: at their finest levels some
/// print whole requests, headers included.
const OURS: [&str; 8] = [
    "car_cli",
    "car_connectors",
    "car_connectors_store",
    "car_engine",
    "car_http",
    "car_mcp",
    "car_mcp_http",
    "car_server",
];

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// A JSON object a line, for programs
    Json,
}

/// How much a log tells. Each tells what those before it tell, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// Returns what `--verbose`, given so many times, asks for.
    pub(crate) const fn of_verbosity(verbosity: u8) -> Option<Self> {
        match verbosity {
            0 => None,
            1 => Some(Self::Info),
            2 => Some(Self::Debug),
            _ => Some(Self::Trace),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Starts the log, on standard error.
pub(crate) fn start(level: LogLevel, format: LogFormat, screen: &Screen) {
    let ours: Vec<String> = OURS.iter().map(|name| format!("{name}={}", level.as_str())).collect();
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(ours.join(",")))
        .with_writer(std::io::stderr)
        .with_ansi(screen.has_color());
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).with_ansi(false).init(),
    }
}
