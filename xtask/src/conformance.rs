//! The official suite's client scenarios, each run alone, at every revision where it exists.
//!
//! The suite ends with status 0 even when checks that it does not score fail, so its result files are read. Any failure
//! and any warning fails the run; there is no list of expected failures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::shell::{Failure, cargo, heading, run as run_command};
use crate::{place, setup};

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

/// How a run went.
#[derive(Debug)]
struct Verdict {
    statuses: BTreeMap<String, usize>,
    complaints: Vec<String>,
}

impl Verdict {
    fn has_passed(&self) -> bool {
        self.complaints.is_empty()
    }

    fn count(&self, status: &str) -> usize {
        self.statuses.get(status).copied().unwrap_or(0)
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
    run_command(&mut cargo(&[
        "build",
        "--quiet",
        "--package",
        "car-testkit",
        "--bin",
        "conformance-client",
    ]))?;
    println!(
        "{:<46} {:<12} {:>6} {:>6} {:>6} {:>6}",
        "scenario", "revision", "passed", "failed", "warned", "other"
    );
    let mut failed = 0;
    for (scenario, at) in &wanted {
        let verdict = run_one(scenario, at)?;
        let (passed, failures, warned) =
            (verdict.count("SUCCESS"), verdict.count("FAILURE"), verdict.count("WARNING"));
        let other = verdict.statuses.values().sum::<usize>() - passed - failures - warned;
        println!("{:<46} {at:<12} {passed:>6} {failures:>6} {warned:>6} {other:>6}", scenario.name);
        for complaint in &verdict.complaints {
            println!("    {complaint}");
        }
        failed += usize::from(!verdict.has_passed());
    }
    println!("{} of {} scenario runs passed", wanted.len() - failed, wanted.len());
    if failed == 0 { Ok(()) } else { Err(format!("{failed} scenario runs did not pass").into()) }
}

fn run_one(scenario: &Scenario, revision: &str) -> Result<Verdict, Failure> {
    let results = place::target().join("conformance").join(format!("{}-{revision}", scenario.name));
    if results.exists() {
        std::fs::remove_dir_all(&results)?;
    }
    std::fs::create_dir_all(&results)?;
    let suite = setup::node::folder().join("node_modules/@modelcontextprotocol/conformance/dist/index.js");
    let output = setup::node::command()?
        .arg(suite)
        .arg("client")
        .arg("--command")
        .arg(place::program("conformance-client"))
        .args(["--scenario", scenario.name, "--spec-version", revision, "--timeout", "30000"])
        // Extensions belong to no revision: the suite runs them at one only if it is made to.
        .args(scenario.is_extension().then_some("--force"))
        .arg("--output-dir")
        .arg(&results)
        .current_dir(place::root())
        .output()
        .map_err(|error| format!("cannot start the suite: {error}; run `cargo xtask setup` first"))?;
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    std::fs::write(results.join("suite.txt"), &said)?;
    let mut verdict = match results_file(&results)? {
        Some(file) => read(&std::fs::read_to_string(file)?)?,
        None => {
            Verdict { statuses: BTreeMap::new(), complaints: vec![format!("no results: {}", said.trim())] }
        }
    };
    if !output.status.success() && !scenario.may_fail && verdict.complaints.is_empty() {
        verdict.complaints.push(format!("the client failed; see {}", results.join("suite.txt").display()));
    }
    Ok(verdict)
}

/// The suite makes a folder of its own, named after the scenario, whose name may have slashes, and the time.
fn results_file(folder: &Path) -> Result<Option<PathBuf>, Failure> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == "checks.json") {
            return Ok(Some(path));
        }
        if path.is_dir()
            && let Some(found) = results_file(&path)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn read(text: &str) -> Result<Verdict, Failure> {
    let checks: Vec<Value> = serde_json::from_str(text)?;
    let mut verdict = Verdict { statuses: BTreeMap::new(), complaints: Vec::new() };
    for check in &checks {
        let status = check["status"].as_str().unwrap_or("?");
        *verdict.statuses.entry(status.to_owned()).or_default() += 1;
        if matches!(status, "FAILURE" | "WARNING" | "?") {
            let (id, why) = (&check["id"], &check["errorMessage"]);
            let why = why.as_str().or_else(|| check["description"].as_str()).unwrap_or_default();
            verdict.complaints.push(format!("{status} {}: {why}", id.as_str().unwrap_or("?")));
        }
    }
    if verdict.count("SUCCESS") == 0 && verdict.complaints.is_empty() {
        verdict.complaints.push("nothing was checked".to_owned());
    }
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn fails_on_warnings_and_on_nothing() {
        assert!(read(r#"[{"id":"a","status":"SUCCESS"},{"id":"b","status":"INFO"}]"#).unwrap().has_passed());
        assert!(
            !read(r#"[{"id":"a","status":"SUCCESS"},{"id":"b","status":"WARNING"}]"#).unwrap().has_passed()
        );
        assert!(!read(r#"[{"id":"a","status":"FAILURE","errorMessage":"no"}]"#).unwrap().has_passed());
        assert!(!read("[]").unwrap().has_passed());
    }
}
