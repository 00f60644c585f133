//! Crates that do no I/O have no crate that could do it, anywhere below them.

use cargo_metadata::Metadata;

use super::Finding;
use crate::shell::{Failure, cargo};

/// Crates that know no network, and the crates that would bring one.
const PURE: &[&str] = &["car-mcp-proto"];
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
        let mut command =
            cargo(&["tree", "--package", &package.name, "--edges", "normal", "--prefix", "none", "--locked"]);
        let below = crate::shell::output(command.args(["--format", "{p}"]))?;
        for name in refused {
            if below.lines().any(|line| line.split(' ').next() == Some(name)) {
                let text = format!(
                    "{} must not have {name} below it; see `cargo tree -p {0} -i {name}`",
                    package.name
                );
                findings.push(Finding::new(manifest, 0, text));
            }
        }
    }
    Ok(())
}
