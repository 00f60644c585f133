//! Our daemon with both servers behind it, everything on that it does by default, and a policy with some rules.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Failure;
use crate::orchestrate::pinned;

/// Rules as a team may have them; none is about the tool that is called.
const POLICY: &str = "deny_connector = ['legacy_*']\nask = ['files/delete_*', 'mail/*']\n\n[[deny_tool]]\n\
                      tool = 'docs/publish'\nreason = 'publishing goes through review'\n\n[[deny_tool_param]]\n\
                      tool = 'files/*'\nparameter = '/path'\npattern = '/etc/*'\n";

/// How long it may take to start.
const START: Duration = Duration::from_secs(20);

/// The daemon's process; it ends with this.
pub(super) struct Daemon {
    pub(super) child: Child,
    /// `host:port`.
    pub(super) address: String,
    pub(super) token: String,
}

/// What the daemon says of itself in its state folder.
#[derive(Deserialize)]
struct Announced {
    url: String,
    token: String,
}

impl Daemon {
    /// Starts a daemon in a fresh state folder, with these servers, by name and address, behind it.
    pub(super) fn start(car: &Path, home: PathBuf, servers: &[(&str, &str)]) -> Result<Self, Failure> {
        if home.exists() {
            std::fs::remove_dir_all(&home)?;
        }
        std::fs::create_dir_all(&home)?;
        std::fs::write(home.join("policy.toml"), POLICY)?;
        for (slug, address) in servers {
            said(command(car, &home).args(["add", slug, &format!("http://{address}/mcp")]))?;
            said(command(car, &home).args(["enable", slug, "--all"]))?;
        }
        let mut serve = pinned(0, car);
        serve.env("CAR_HOME", &home).args(["serve", "--quiet", "--log-level", "warn"]);
        let child = serve.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        // From here on the process is ended, whatever fails.
        let mut daemon = Self { child, address: String::new(), token: String::new() };
        let begun = Instant::now();
        while daemon.address.is_empty() {
            if let Some(status) = daemon.child.try_wait()? {
                return Err(format!("the daemon ended: {status}").into());
            }
            if begun.elapsed() > START {
                return Err("the daemon did not say where it is".into());
            }
            if let Some(announced) = announced(&home) {
                daemon.address = announced.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
                daemon.token = announced.token;
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(daemon)
    }
}

fn announced(home: &Path) -> Option<Announced> {
    serde_json::from_slice(&std::fs::read(home.join("run/daemon.json")).ok()?).ok()
}

fn command(car: &Path, home: &Path) -> Command {
    let mut command = Command::new(car);
    command.env("CAR_HOME", home).stdin(Stdio::null());
    command
}

/// Runs a command to its end, and says what it said if it failed.
fn said(command: &mut Command) -> Result<(), Failure> {
    let output = command.output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already; either way it must not outlive us.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
