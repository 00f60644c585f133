//! Signs in as a person would: `car`, a real browser, an authorization server and an MCP server that are not ours.
//!
//! ```text
//!  car ──BROWSER──▶ peers/node/consent.sh ──▶ Chromium ──▶ oidc-provider ──▶ car's page on loopback
//!   └──bearer──▶ MCP server of the TypeScript SDK ──introspection──▶ oidc-provider
//! ```
//!
//! The servers' ledger says what the client asked for: a token that is refreshed twice, or a browser that is opened
//! where a refresh would do, is seen there and nowhere else.

mod browser;
mod leak;
mod pane;
pub(crate) mod servers;
mod steps;

use std::time::{Duration, Instant};

use crate::car::Car;
use crate::shell::{Failure, heading};
use crate::{place, setup};

use browser::Browser;
use servers::Servers;

/// How long something may take that takes a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked.
const PACE: Duration = Duration::from_millis(100);

/// What the steps play on.
struct Stage {
    car: Car,
    servers: Servers,
    browser: Browser,
}

pub(crate) fn run() -> Result<(), Failure> {
    if let Some(missing) = setup::system::missing_for_sign_in() {
        return Err(missing.into());
    }
    heading("building");
    let folder = place::target().join("sign-in");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let car = Car::build(&folder.join("home"))?;
    heading("an authorization server and an MCP server behind it");
    let servers = Servers::start()?;
    println!("{}", servers.shown());
    let browser = Browser::new(&folder);
    let car = car
        .with("CAR_SECRETS", "file")
        .with("BROWSER", Browser::program())
        .with("CONSENT_OPTIONS", browser.options());
    let stage = Stage { car, servers, browser };
    for (number, (title, step)) in steps::STEPS.iter().enumerate() {
        heading(&format!("{}. {title}", number + 1));
        let before = stage.servers.ledger()?;
        if let Err(failure) = step(&stage) {
            println!("FAILED; the servers counted {}\nbefore this step {before}", stage.servers.ledger()?);
            println!("the browser reported\n{}", stage.browser.reports());
            return Err(failure);
        }
    }
    heading("what the servers were asked in all");
    println!("{}", stage.servers.ledger()?);
    Ok(())
}

/// Looks again and again until there is something to see.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>, Failure>) -> Result<T, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(format!("waited {PATIENCE:?} for {what}").into());
        }
        std::thread::sleep(PACE);
    }
}
