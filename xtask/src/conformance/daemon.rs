//! The suite's server scenarios through the daemon: `car serve` with the everything-server behind it, as the connector's own
//! endpoint, where tools have the names that the suite asks for.
//!
//! What a gateway cannot pass is listed with its reason, and has to fail: a scenario that begins to pass is taken out.

use serde_json::Value;

use super::proxy;
use super::server::{Against, Cannot};
use crate::car::Car;
use crate::place;
use crate::server::{self, START_TIME};
use crate::shell::{Background, Failure, heading};

/// The connector's name.
const CONNECTOR: &str = "everything";

/// What a gateway cannot pass, at which revisions, and why.
const CANNOT: &[Cannot] = &[
    Cannot {
        scenario: "server-stateless",
        revisions: &["2026-07-28"],
        why: "of its checks one adds a tool to the server behind and wants to see it listed: through the daemon a new tool is \
              not there before a person has enabled it",
    },
    Cannot {
        scenario: "server-sse-polling",
        revisions: &["2025-11-25"],
        why: "it looks at what a client meets whose stream was closed: the server behind closes its stream to the daemon, which \
              comes back for the answer, and the client's own stream stays open, so there is nothing to check",
    },
    tasks("tasks-lifecycle"),
    tasks("tasks-capability-negotiation"),
    tasks("tasks-wire-fields"),
    tasks("tasks-request-state-removal"),
    tasks("tasks-mrtr-input"),
    tasks("tasks-request-headers"),
    tasks("tasks-dispatch-and-envelope"),
    tasks("tasks-mrtr-composition"),
];

/// A scenario of the extension of tasks.
const fn tasks(scenario: &'static str) -> Cannot {
    let why = "the daemon does not offer tasks: it is the client of the server behind, waits for each call itself, and keeps no \
               work beyond the request that it belongs to";
    Cannot { scenario, revisions: &[], why }
}

pub(crate) fn run(only: Option<&str>, revision: Option<&str>) -> Result<(), Failure> {
    heading("conformance daemon");
    let (_everything, behind) = server::start("everything-server")?;
    let car = Car::build(&place::target().join("conformance-daemon"))?.with("CAR_SECRETS", "file");
    for arguments in
        [&["add", CONNECTOR, &behind][..], &["enable", CONNECTOR, "--all", "--prompts", "--resources"]]
    {
        let seen = car.run(arguments)?;
        if seen.status != 0 {
            return Err(format!("car {} failed: {}", arguments[0], seen.stderr).into());
        }
    }
    let (_daemon, url) = serve(&car)?;
    Against { label: "daemon", url: &url, cannot: CANNOT }.run(only, revision)
}

/// Starts the daemon and what adds its token; returns the URL of the connector's endpoint.
fn serve(car: &Car) -> Result<(Background, String), Failure> {
    let mut command = car.prepare(std::process::Command::new(place::program("car")));
    let (daemon, url) = Background::start(command.args(["serve"]), START_TIME, |line| {
        line.strip_prefix("listening on ").map(|url| url.trim().to_owned())
    })?;
    let file = car.home().join("run/daemon.json");
    let known: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    let token = known["token"].as_str().ok_or("run/daemon.json has no token")?;
    let address = url.strip_prefix("http://").ok_or("expected an http URL")?;
    let port = proxy::start(address.to_owned(), token.to_owned())?;
    Ok((daemon, format!("http://127.0.0.1:{port}/connectors/{CONNECTOR}/mcp")))
}
