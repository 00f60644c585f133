//! Crates that do no I/O have no crate that could do it, anywhere below them.

use cargo_metadata::Metadata;

use super::Finding;
use crate::shell::{Failure, cargo};

/// Crates that know no network, and the crates that would bring one.
const PURE: &[&str] = &["car-mcp-proto"];
/// Crates whose core knows no network: what is left of them without their features.
const PURE_CORES: &[&str] = &["car-oauth", "car-agentdns"];
const NETWORK: &[&str] = &["tokio", "hyper", "mio", "reqwest", "async-std", "socket2"];
/// Crates that must not be anywhere in the product: we have our own, or a better one.
const UNWANTED: &[&str] = &["rmcp", "reqwest", "openssl", "native-tls"];

pub(super) fn check(metadata: &Metadata, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    for package in metadata.workspace_packages() {
        let manifest = package.manifest_path.as_std_path();
        let mut refused = UNWANTED.to_vec();
        if PURE.contains(&package.name.as_str()) {
            refused.extend(NETWORK);
        }
        for name in found(&package.name, &refused, &[])? {
            let text =
                format!("{} must not have {name} below it; see `cargo tree -p {0} -i {name}`", package.name);
            findings.push(Finding::new(manifest, 0, text));
        }
        if PURE_CORES.contains(&package.name.as_str()) {
            for name in found(&package.name, NETWORK, &["--no-default-features"])? {
                let text = format!(
                    "the core of {} must not have {name} below it; see `cargo tree -p {0} --no-default-features -i {name}`",
                    package.name
                );
                findings.push(Finding::new(manifest, 0, text));
            }
        }
    }
    Ok(())
}

/// Returns which of the refused crates are below a package.
fn found<'a>(package: &str, refused: &[&'a str], features: &[&str]) -> Result<Vec<&'a str>, Failure> {
    let mut command =
        cargo(&["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--locked"]);
    let below = crate::shell::output(command.args(features).args(["--format", "{p}"]))?;
    let is_below = |name: &&str| below.lines().any(|line| line.split(' ').next() == Some(*name));
    Ok(refused.iter().copied().filter(|name| is_below(name)).collect())
}
