//! What the suite's result files say, and the table of all of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::shell::Failure;

/// How a run went.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    statuses: BTreeMap<String, usize>,
    complaints: Vec<String>,
    skipped: Vec<String>,
    /// How many checks of the scenario itself succeeded; that the messages fit their schema is one of every run.
    of_the_scenario: usize,
}

/// The check that the suite makes in every run.
const OF_EVERY_RUN: &str = "wire-schema-valid";

impl Verdict {
    pub(super) fn of_complaint(complaint: String) -> Self {
        Self { complaints: vec![complaint], ..Self::default() }
    }

    /// Reads a result file: a list of checks.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let checks: Vec<Value> = serde_json::from_str(text)?;
        let mut verdict = Self::default();
        for check in &checks {
            let status = check["status"].as_str().unwrap_or("?");
            *verdict.statuses.entry(status.to_owned()).or_default() += 1;
            let (id, why) = (check["id"].as_str().unwrap_or("?"), &check["errorMessage"]);
            let why = why.as_str().or_else(|| check["description"].as_str()).unwrap_or_default();
            match status {
                "FAILURE" | "WARNING" | "?" => verdict.complaints.push(format!("{status} {id}: {why}")),
                "SKIPPED" => verdict.skipped.push(format!("SKIPPED {id}: {why}")),
                "SUCCESS" => verdict.of_the_scenario += usize::from(id != OF_EVERY_RUN),
                _ => {}
            }
        }
        Ok(verdict)
    }

    pub(super) fn has_passed(&self) -> bool {
        self.complaints.is_empty() && self.of_the_scenario > 0
    }

    /// Whether every check was skipped, as where the suite asks for what is not offered.
    pub(super) fn is_skipped(&self) -> bool {
        !self.skipped.is_empty() && self.complaints.is_empty() && self.of_the_scenario == 0
    }

    pub(super) fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// Takes skipped checks for faults: a check that the suite could not make says nothing.
    pub(super) fn complain_of_skipped(&mut self) {
        self.complaints.append(&mut self.skipped);
    }

    fn count(&self, status: &str) -> usize {
        self.statuses.get(status).copied().unwrap_or(0)
    }
}

/// The table of all runs, printed as they end.
pub(super) struct Tally {
    runs: usize,
    failed: usize,
    skipped: usize,
    impossible: usize,
}

impl Tally {
    pub(super) fn begin() -> Self {
        println!(
            "{:<46} {:<12} {:>6} {:>6} {:>6} {:>6}",
            "scenario", "revision", "passed", "failed", "warned", "other"
        );
        Self { runs: 0, failed: 0, skipped: 0, impossible: 0 }
    }

    pub(super) fn add(&mut self, scenario: &str, revision: &str, verdict: &Verdict) {
        let (passed, failures, warned) =
            (verdict.count("SUCCESS"), verdict.count("FAILURE"), verdict.count("WARNING"));
        let other = verdict.statuses.values().sum::<usize>() - passed - failures - warned;
        println!("{scenario:<46} {revision:<12} {passed:>6} {failures:>6} {warned:>6} {other:>6}");
        for complaint in &verdict.complaints {
            println!("    {complaint}");
        }
        if verdict.of_the_scenario == 0 && verdict.complaints.is_empty() {
            println!("    nothing was checked");
        }
        self.runs += 1;
        self.failed += usize::from(!verdict.has_passed());
    }

    /// Notes a run that the suite skipped as a whole, for a reason that is known.
    pub(super) fn add_skipped(&mut self, scenario: &str, revision: &str, why: &str) {
        println!("{scenario:<46} {revision:<12} skipped: {why}");
        self.skipped += 1;
    }

    /// Notes a run that cannot pass, for a reason that is known. One that passes all the same is a fault: the reason does
    /// not hold any more.
    pub(super) fn add_impossible(&mut self, scenario: &str, revision: &str, verdict: &Verdict, why: &str) {
        if verdict.has_passed() {
            println!("{scenario:<46} {revision:<12} passed, though it is said that it cannot: {why}");
            self.runs += 1;
            self.failed += 1;
            return;
        }
        println!("{scenario:<46} {revision:<12} cannot pass: {why}");
        for complaint in &verdict.complaints {
            println!("    {complaint}");
        }
        self.impossible += 1;
    }

    pub(super) fn end(self) -> Result<(), Failure> {
        let Self { runs, failed, skipped, impossible } = self;
        let cannot = if impossible == 0 { String::new() } else { format!(", {impossible} cannot pass") };
        println!("{} of {runs} scenario runs passed, {skipped} skipped{cannot}", runs - failed);
        if failed == 0 { Ok(()) } else { Err(format!("{failed} scenario runs did not pass").into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict;

    #[test]
    fn fails_on_warnings_and_on_nothing() {
        let read = |text| Verdict::read(text).unwrap();
        assert!(read(r#"[{"id":"a","status":"SUCCESS"},{"id":"b","status":"INFO"}]"#).has_passed());
        assert!(!read(r#"[{"id":"a","status":"SUCCESS"},{"id":"b","status":"WARNING"}]"#).has_passed());
        assert!(!read(r#"[{"id":"a","status":"FAILURE","errorMessage":"no"}]"#).has_passed());
        assert!(!read("[]").has_passed());
    }

    #[test]
    fn tells_what_was_skipped_as_a_whole_from_what_was_skipped_in_part() {
        let skipped = r#"[{"id":"a","status":"SKIPPED"},{"id":"wire-schema-valid","status":"SUCCESS"}]"#;
        let skipped = Verdict::read(skipped).unwrap();
        assert!(skipped.is_skipped() && !skipped.has_passed());
        let mut partly =
            Verdict::read(r#"[{"id":"a","status":"SUCCESS"},{"id":"b","status":"SKIPPED"}]"#).unwrap();
        assert!(!partly.is_skipped() && partly.has_passed());
        partly.complain_of_skipped();
        assert!(!partly.has_passed());
    }
}
