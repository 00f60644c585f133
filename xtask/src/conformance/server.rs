//! The suite's server scenarios, all against one everything-server at one URL.
//!
//! Which scenarios there are, and at which revisions, the suite is asked itself. A name that is not known here fails the
//! run, so that a newer suite cannot bring a check that nobody has looked at.

use super::suite;
use super::verdict::Tally;
use crate::server;
use crate::shell::{Failure, heading, output};

/// The revision at which extensions are checked; they belong to none.
const EXTENSION_AT: &str = "2026-07-28";

/// What the suite is known to check of every server.
const KNOWN: &[&str] = &[
    "server-initialize",
    "server-session-lifecycle",
    "server-stateless",
    "logging-set-level",
    "ping",
    "completion-complete",
    "tools-list",
    "tools-call-simple-text",
    "tools-call-image",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-mixed-content",
    "tools-call-with-logging",
    "tools-call-error",
    "tools-call-with-progress",
    "tools-call-sampling",
    "tools-call-elicitation",
    "json-schema-2020-12",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "server-sse-polling",
    "server-sse-multiple-streams",
    "resources-list",
    "resources-read-text",
    "resources-read-binary",
    "resources-templates-read",
    "resources-subscribe",
    "resources-unsubscribe",
    "sep-2164-resource-not-found",
    "prompts-list",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-embedded-resource",
    "prompts-get-with-image",
    "dns-rebinding-protection",
    "caching",
    "http-header-validation",
    "http-custom-header-server-validation",
    "tasks-lifecycle",
    "tasks-capability-negotiation",
    "tasks-wire-fields",
    "tasks-request-state-removal",
    "tasks-mrtr-input",
    "tasks-request-headers",
    "tasks-dispatch-and-envelope",
    "tasks-required-task-error",
    "tasks-mrtr-composition",
    "input-required-result-basic-elicitation",
    "input-required-result-basic-sampling",
    "input-required-result-basic-list-roots",
    "input-required-result-request-state",
    "input-required-result-multiple-input-requests",
    "input-required-result-multi-round",
    "input-required-result-missing-input-response",
    "input-required-result-non-tool-request",
    "input-required-result-result-type",
    "input-required-result-unsupported-methods",
    "input-required-result-tampered-state",
    "input-required-result-capability-check",
    "input-required-result-ignore-extra-params",
    "input-required-result-validate-input",
];

/// What the suite skips as a whole, and why.
const SKIPPED: &[(&str, &str)] = &[
    ("sep-2640-skills-directory", NO_SKILLS),
    ("sep-2640-skills-enumeration", NO_SKILLS),
    ("sep-2640-skills-manifest", NO_SKILLS),
    (
        "tasks-status-notifications",
        "the suite skips it for every server until it listens where these are sent",
    ),
];

const NO_SKILLS: &str = "asked only of servers that declare skills, an extension that ours does not have";

/// A scenario, as the suite lists it.
#[derive(Debug, PartialEq, Eq)]
struct Scenario {
    name: String,
    /// Empty for an extension.
    revisions: Vec<String>,
}

/// What is tried.
pub(super) struct Against<'a> {
    /// Names the folders of the results.
    pub(super) label: &'a str,
    pub(super) url: &'a str,
    /// What must fail.
    pub(super) cannot: &'a [Cannot],
}

/// What cannot be passed, and why.
pub(super) struct Cannot {
    pub(super) scenario: &'static str,
    /// All, if there are none.
    pub(super) revisions: &'static [&'static str],
    pub(super) why: &'static str,
}

impl Cannot {
    fn means(&self, scenario: &str, revision: &str) -> bool {
        let at = self.revisions.is_empty() || self.revisions.contains(&revision);
        self.scenario == scenario && at
    }
}

pub(crate) fn run(only: Option<&str>, revision: Option<&str>) -> Result<(), Failure> {
    heading("conformance server");
    let (_server, url) = server::start("everything-server")?;
    Against { label: "server", url: &url, cannot: &[] }.run(only, revision)
}

impl Against<'_> {
    /// Runs every scenario at every revision where it exists.
    pub(super) fn run(&self, only: Option<&str>, revision: Option<&str>) -> Result<(), Failure> {
        let scenarios = list()?;
        let mut tally = Tally::begin();
        for scenario in scenarios.iter().filter(|scenario| only.is_none_or(|only| only == scenario.name)) {
            let is_extension = scenario.revisions.is_empty();
            let extension_at = is_extension.then_some(EXTENSION_AT);
            let revisions = scenario.revisions.iter().map(String::as_str).chain(extension_at);
            for at in revisions.filter(|at| revision.is_none_or(|wanted| wanted == *at)) {
                self.run_one(&scenario.name, at, is_extension, &mut tally)?;
            }
        }
        tally.end()
    }

    fn run_one(
        &self,
        name: &str,
        revision: &str,
        is_extension: bool,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let mut command = suite::command()?;
        command
            .args(["server", "--url", self.url, "--scenario", name, "--spec-version", revision])
            .args(is_extension.then_some("--force"));
        let results = suite::results(&format!("{}-{name}-{revision}", self.label))?;
        let mut verdict = suite::run(&mut command, &results)?.verdict;
        if let Some((_, why)) = SKIPPED.iter().find(|(of, _)| *of == name)
            && verdict.is_skipped()
        {
            tally.add_skipped(name, revision, why);
            return Ok(());
        }
        verdict.complain_of_skipped();
        match self.cannot.iter().find(|cannot| cannot.means(name, revision)) {
            Some(cannot) => tally.add_impossible(name, revision, &verdict, cannot.why),
            None => tally.add(name, revision, &verdict),
        }
        Ok(())
    }
}

fn list() -> Result<Vec<Scenario>, Failure> {
    let scenarios = read(&output(suite::command()?.args(["list", "--server"]))?);
    let is_known = |name: &str| KNOWN.contains(&name) || SKIPPED.iter().any(|(skipped, _)| *skipped == name);
    let unknown: Vec<_> =
        scenarios.iter().filter(|it| !is_known(&it.name)).map(|it| it.name.as_str()).collect();
    if !unknown.is_empty() {
        return Err(
            format!("the suite has scenarios that nobody has looked at: {}", unknown.join(", ")).into()
        );
    }
    let gone: Vec<_> =
        KNOWN.iter().copied().filter(|name| !scenarios.iter().any(|it| it.name == *name)).collect();
    if !gone.is_empty() {
        return Err(format!("the suite no longer has {}", gone.join(", ")).into());
    }
    Ok(scenarios)
}

/// Reads lines such as `  - ping [2025-06-18,2025-11-25]` and `  - tasks-lifecycle [extension]`.
fn read(listed: &str) -> Vec<Scenario> {
    let scenario = |line: &str| {
        let (name, revisions) = line.trim().strip_prefix("- ")?.split_once(" [")?;
        let revisions = revisions.strip_suffix(']')?.split(',').map(str::trim);
        let revisions = revisions.filter(|revision| *revision != "extension").map(str::to_owned).collect();
        Some(Scenario { name: name.to_owned(), revisions })
    };
    listed.lines().filter_map(scenario).collect()
}

#[cfg(test)]
mod tests {
    use super::{Scenario, read};

    #[test]
    fn reads_the_suites_list() {
        let listed = "Server scenarios (test against a server):\n  - ping [2025-06-18,2025-11-25]\n  - tasks-a [extension]\n";
        let of = |name: &str, revisions: &[&str]| Scenario {
            name: name.to_owned(),
            revisions: revisions.iter().map(|it| (*it).to_owned()).collect(),
        };
        assert_eq!(read(listed), [of("ping", &["2025-06-18", "2025-11-25"]), of("tasks-a", &[])]);
    }
}
