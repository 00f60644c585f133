//! The suite's client scenarios: the suite is the server and starts our client for each.

use super::suite;
use super::verdict::{Tally, Verdict};
use crate::shell::{Failure, heading};
use crate::{place, programs};

/// A scenario and the revisions at which the suite has it.
struct Scenario {
    name: &'static str,
    revisions: &'static [&'static str],
    /// The scenario ends with an error on a correct client, so the client's exit status says nothing.
    may_fail: bool,
}

const OLDEST: &[&str] = &["2025-03-26"];
const LEGACY: &[&str] = &["2025-11-25"];
const MODERN: &[&str] = &["2026-07-28"];
const BOTH: &[&str] = &["2025-11-25", "2026-07-28"];

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "initialize", revisions: LEGACY, may_fail: false },
    Scenario { name: "tools_call", revisions: BOTH, may_fail: false },
    Scenario { name: "elicitation-sep1034-client-defaults", revisions: LEGACY, may_fail: false },
    Scenario { name: "sse-retry", revisions: LEGACY, may_fail: false },
    Scenario { name: "request-metadata", revisions: MODERN, may_fail: false },
    Scenario { name: "http-standard-headers", revisions: MODERN, may_fail: false },
    Scenario { name: "http-custom-headers", revisions: MODERN, may_fail: false },
    Scenario { name: "http-invalid-tool-headers", revisions: MODERN, may_fail: true },
    Scenario { name: "sep-2322-client-request-state", revisions: MODERN, may_fail: false },
    Scenario { name: "json-schema-ref-no-deref", revisions: MODERN, may_fail: false },
    Scenario { name: "json-schema-2020-12-preservation", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/metadata-default", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/metadata-var1", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/metadata-var2", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/metadata-var3", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/basic-cimd", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/scope-from-www-authenticate", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/scope-from-scopes-supported", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/scope-omitted-when-undefined", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/scope-step-up", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/scope-retry-limit", revisions: BOTH, may_fail: true },
    Scenario { name: "auth/token-endpoint-auth-basic", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/token-endpoint-auth-post", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/token-endpoint-auth-none", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/pre-registration", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/resource-mismatch", revisions: MODERN, may_fail: true },
    Scenario { name: "auth/offline-access-scope", revisions: MODERN, may_fail: false },
    Scenario { name: "auth/offline-access-not-supported", revisions: MODERN, may_fail: false },
    Scenario { name: "auth/authorization-server-migration", revisions: MODERN, may_fail: false },
    Scenario { name: "auth/iss-supported", revisions: MODERN, may_fail: false },
    Scenario { name: "auth/iss-not-advertised", revisions: MODERN, may_fail: false },
    Scenario { name: "auth/iss-supported-missing", revisions: MODERN, may_fail: true },
    Scenario { name: "auth/iss-wrong-issuer", revisions: MODERN, may_fail: true },
    Scenario { name: "auth/iss-unexpected", revisions: MODERN, may_fail: true },
    Scenario { name: "auth/iss-normalized", revisions: MODERN, may_fail: true },
    Scenario { name: "auth/metadata-issuer-mismatch", revisions: MODERN, may_fail: true },
    Scenario { name: "auth/client-credentials-jwt", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/client-credentials-basic", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/enterprise-managed-authorization", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/dpop", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/dpop-nonce", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/wif-jwt-bearer", revisions: BOTH, may_fail: false },
    Scenario { name: "auth/2025-03-26-oauth-metadata-backcompat", revisions: OLDEST, may_fail: false },
    Scenario { name: "auth/2025-03-26-oauth-endpoint-fallback", revisions: OLDEST, may_fail: false },
];

/// The scenarios of extensions to the protocol.
const EXTENSIONS: &[&str] = &[
    "auth/client-credentials-jwt",
    "auth/client-credentials-basic",
    "auth/enterprise-managed-authorization",
    "auth/dpop",
    "auth/dpop-nonce",
    "auth/wif-jwt-bearer",
];

impl Scenario {
    fn is_extension(&self) -> bool {
        EXTENSIONS.contains(&self.name)
    }
}

pub(crate) fn run(only: Option<&str>, revision: Option<&str>) -> Result<(), Failure> {
    let wanted: Vec<_> = SCENARIOS
        .iter()
        .filter(|scenario| only.is_none_or(|only| only == scenario.name))
        .flat_map(|scenario| scenario.revisions.iter().map(move |at| (scenario, *at)))
        .filter(|(_, at)| revision.is_none_or(|revision| revision == *at))
        .collect();
    if wanted.is_empty() {
        let names: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        return Err(format!("no such scenario at that revision; there are {}", names.join(", ")).into());
    }
    heading("conformance client");
    programs::build(&["conformance-client"])?;
    let mut tally = Tally::begin();
    for (scenario, at) in &wanted {
        tally.add(scenario.name, at, &run_one(scenario, at)?);
    }
    tally.end()
}

fn run_one(scenario: &Scenario, revision: &str) -> Result<Verdict, Failure> {
    let mut command = suite::command()?;
    command
        .arg("client")
        .arg("--command")
        .arg(place::program("conformance-client"))
        .args(["--scenario", scenario.name, "--spec-version", revision, "--timeout", "30000"])
        // Extensions belong to no revision: the suite runs them at one only if it is made to.
        .args(scenario.is_extension().then_some("--force"));
    let results = suite::results(&format!("{}-{revision}", scenario.name))?;
    let ran = suite::run(&mut command, &results)?;
    let mut verdict = ran.verdict;
    if !ran.has_succeeded && !scenario.may_fail && verdict.has_passed() {
        verdict.complain(format!("the client failed; see {}", results.join("suite.txt").display()));
    }
    Ok(verdict)
}
