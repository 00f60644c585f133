//! The browser: `peers/node/consent.sh`, which signs in, consents and reports what it saw.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::wait_for;
use crate::shell::{Failure, output};
use crate::{place, setup};

/// Where the browser reports to, and leaves a picture.
pub(super) struct Browser {
    report: PathBuf,
    screenshot: PathBuf,
}

impl Browser {
    pub(super) fn new(folder: &Path) -> Self {
        Self { report: folder.join("browser.jsonl"), screenshot: folder.join("signed-in.png") }
    }

    /// Returns the program for `BROWSER`.
    pub(super) fn program() -> PathBuf {
        place::root().join("peers/node/consent.sh")
    }

    /// Returns the options for when another program starts the browser.
    pub(super) fn options(&self) -> OsString {
        let mut options = OsString::from("--report ");
        options.push(&self.report);
        options.push(" --screenshot ");
        options.push(&self.screenshot);
        options
    }

    /// Returns the reports of all visits that ended, one a line.
    pub(super) fn reports(&self) -> String {
        std::fs::read_to_string(&self.report).unwrap_or_default()
    }

    /// Counts the visits that ended.
    pub(super) fn visits(&self) -> usize {
        self.reports().lines().count()
    }

    /// Waits for the report of visit `number`, from 1, and prints it; fails unless it ended at the application's page.
    pub(super) fn visit(&self, number: usize) -> Result<(), Failure> {
        let line = wait_for("the browser to report", || {
            let text = self.reports();
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            Ok(whole.lines().nth(number - 1).map(ToOwned::to_owned))
        })?;
        let report: Value = serde_json::from_str(&line)?;
        let (title, text) = (report["title"].as_str().unwrap_or("?"), report["text"].as_str().unwrap_or("?"));
        println!("the browser saw {} and ended at {}", report["pages"], report["url"]);
        for line in std::iter::once(title).chain(text.lines()) {
            println!("  │ {line}");
        }
        println!("(picture: {})", self.screenshot.display());
        let url = report["url"].as_str().unwrap_or_default();
        let is_at_home = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"]
            .iter()
            .any(|home| url.starts_with(home));
        if is_at_home && !url.contains("error=") {
            return Ok(());
        }
        Err(format!("the browser did not end at the page of car: {line}").into())
    }

    /// Signs in somewhere else than on this machine: returns the address that the browser would go to next.
    pub(super) fn stop_at_redirect(url: &str, account: &str) -> Result<String, Failure> {
        let mut command = setup::node::command()?;
        command.arg(place::root().join("peers/node/consent.mjs")).args([
            url,
            "--stop-at-redirect",
            "--account",
            account,
        ]);
        let report: Value = serde_json::from_str(&output(&mut command)?)?;
        let redirect = report["redirect"].as_str();
        Ok(redirect.ok_or_else(|| format!("the browser was not sent back: {report}"))?.to_owned())
    }
}
