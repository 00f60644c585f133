//! The daemon of a state folder, as `car serve` runs it, and its page.

use std::process::Command;

use serde_json::Value;

use crate::car::Car;
use crate::place;
use crate::server::START_TIME;
use crate::shell::{Background, Failure};

/// What `car serve` prints when it can be used; its address follows.
const LISTENING: &str = "listening on ";

/// A running daemon; it ends when this is dropped.
pub(crate) struct Daemon {
    _running: Background,
    url: String,
}

impl Daemon {
    /// Starts the daemon of a state folder at a free port.
    pub(crate) fn start(car: &Car) -> Result<Self, Failure> {
        println!("$ car serve");
        let mut command = car.prepare(Command::new(place::program("car")));
        command.arg("serve");
        let (running, url) = Background::start(&mut command, START_TIME, |line| {
            Some(line.trim().strip_prefix(LISTENING)?.trim().to_owned())
        })?;
        println!("{LISTENING}{url}\n");
        Ok(Self { _running: running, url })
    }

    /// Returns where it is, without a path.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks for an address of the page that lets a browser in, once, within a minute.
    pub(crate) fn page(&self, car: &Car) -> Result<String, Failure> {
        let seen = car.run(&["--json", "ui", "--print"])?;
        let answer: Value = serde_json::from_str(&seen.stdout)
            .map_err(|error| format!("`car ui` printed no JSON ({error}): {}{}", seen.stdout, seen.stderr))?;
        let url = answer["url"].as_str().filter(|url| url.starts_with(self.url()));
        Ok(url.ok_or_else(|| format!("`car ui` named no page of {}: {answer}", self.url))?.to_owned())
    }
}
