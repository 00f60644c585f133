//! What belongs to every crate.

use cargo_metadata::{Metadata, Package, Target, TargetKind};

use super::Finding;

pub(super) fn check(metadata: &Metadata, findings: &mut Vec<Finding>) {
    for package in metadata.workspace_packages() {
        let manifest = package.manifest_path.as_std_path();
        for missing in missing(package) {
            findings.push(Finding::new(manifest, 0, format!("{} {missing}", package.name)));
        }
    }
}

fn missing(package: &Package) -> Vec<&'static str> {
    let folder = package.manifest_path.parent().expect("a manifest stands in a folder");
    let has = |kind: &TargetKind| package.targets.iter().any(|target| target.kind.contains(kind));
    let mut missing = Vec::new();
    if package.description.as_ref().is_none_or(String::is_empty) {
        missing.push("has no description; say in one sentence what it is");
    }
    if package.license.is_none() {
        missing.push("has no licence; use license.workspace = true");
    }
    if !folder.join("README.md").exists() {
        missing.push("has no README.md; say what it is and show an example");
    }
    if has(&TargetKind::Lib) && !has(&TargetKind::Example) {
        missing.push("has no example; add one that runs to examples/");
    }
    // Tests that need a feature stand in a binary of their own, which is left out where the feature is off.
    let is_plain_test =
        |target: &&Target| target.kind.contains(&TargetKind::Test) && target.required_features.is_empty();
    if package.targets.iter().filter(is_plain_test).count() > 1 {
        missing.push("has several integration test binaries; make them modules of tests/it/main.rs");
    }
    let text = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
    if !text.contains("[lints]\nworkspace = true") {
        missing.push("does not take the lints of the workspace; add [lints] workspace = true");
    }
    missing
}
