//! The daemon's page in a real browser: the whole life of a connector, as `peers/node/page.mjs` goes through it.
//!
//! ```text
//!  page.mjs ──▶ Chromium ──▶ the page ──/ws──▶ `car serve` ──▶ MCP server behind `oidc-provider` (npm)
//!      │                                          ▲      └───▶ MCP server that changes its tools (npm)
//!      └── an agent: the SDK's client (npm) ──/mcp┘
//! ```
//!
//! axe looks at every view on the way, light and dark, wide and narrow; the pictures are in `target/page`.

use serde_json::json;

use crate::car::Car;
use crate::daemon::Daemon;
use crate::shell::{Failure, heading, run as run_command};
use crate::sign_in::servers::Servers;
use crate::{place, setup};

pub(crate) fn run() -> Result<(), Failure> {
    if let Some(missing) = setup::system::missing_for_page() {
        return Err(missing.into());
    }
    setup::node::install_packages()?;
    heading("building");
    let folder = place::target().join("page");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let car = Car::build(&folder.join("home"))?.with("CAR_SECRETS", "file");
    heading("an authorization server, an MCP server behind it, and the daemon");
    let servers = Servers::start()?;
    println!("{}", servers.shown());
    let daemon = Daemon::start(&car)?;
    heading("a person at the page, and an agent");
    let job = json!({
        "page": daemon.page(&car)?,
        "protected": servers.mcp(),
        "folder": folder,
    });
    let mut command = setup::node::command()?;
    run_command(command.arg(place::root().join("peers/node/page.mjs")).arg(job.to_string()))
}

/// Opens the page in a browser without a screen, and checks that it lets the browser in.
pub(crate) fn glance(page: &str) -> Result<(), Failure> {
    setup::node::install_packages()?;
    let mut command = setup::node::command()?;
    let folder = place::target().join("demo-page");
    let job = json!({ "page": page, "folder": folder, "glance": true });
    run_command(command.arg(place::root().join("peers/node/page.mjs")).arg(job.to_string()))
}
