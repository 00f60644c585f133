//! How a daemon serves.

use std::time::Duration;

/// Five minutes: a person may be at lunch, and a client waits no longer than this in any case.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How a daemon serves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DaemonOptions {
    /// Where it listens, `host:port`; port 0 lets the system choose.
    pub listen: String,
    /// The URL, without a path, under which others reach it through a proxy. Its host is let in beside those of this
    /// machine, its origin may use the page, and sign-ins come back to it.
    pub public_url: Option<String>,
    /// Further hosts that are let in, as `name` or `name:port`.
    pub allowed_hosts: Vec<String>,
    /// How long a call waits for a person.
    pub patience: Duration,
}

impl DaemonOptions {
    /// Returns options for this machine alone, at a port that the system chooses.
    #[must_use]
    pub fn new() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            public_url: None,
            allowed_hosts: Vec::new(),
            patience: PATIENCE,
        }
    }
}

impl Default for DaemonOptions {
    fn default() -> Self {
        Self::new()
    }
}
