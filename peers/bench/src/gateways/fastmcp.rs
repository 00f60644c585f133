//! The proxy of PyPI's `fastmcp`, in front of one server.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::Failure;
use crate::orchestrate::pinned;

/// The proxy's process; it ends with this.
pub(super) struct Proxy {
    pub(super) child: Child,
    /// `host:port`.
    pub(super) address: String,
}

impl Proxy {
    pub(super) fn start(
        python: &Path,
        server: &str,
        is_tuned: bool,
        is_modern: bool,
    ) -> Result<Self, Failure> {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("bench is a folder of the peers");
        let mut command = pinned(0, python);
        command
            .arg(peers.join("python/gateway.py"))
            .arg(format!("http://{server}/mcp"))
            .arg(if is_tuned { "tuned" } else { "usual" })
            .arg(if is_modern { "auto" } else { "legacy" });
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("standard output is piped")?).read_line(&mut line)?;
        let proxy = Self { child, address: line.trim().to_owned() };
        if proxy.address.is_empty() { Err("the proxy did not say where it is".into()) } else { Ok(proxy) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
