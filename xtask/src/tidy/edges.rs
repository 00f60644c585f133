//! Which crate may depend on which. Edges that are not in this table do not exist.

use cargo_metadata::{DependencyKind, Metadata};

use super::Finding;

/// What a crate may depend on, ground first.
enum May {
    Only(&'static [&'static str]),
    Anything,
}

const EDGES: &[(&str, May)] = &[
    ("car-mcp-proto", May::Only(&[])),
    ("car-http", May::Only(&[])),
    ("car-mcp", May::Only(&["car-mcp-proto"])),
    // car-oauth only where its feature is asked for: the joint of the two is the transport's own trait.
    ("car-mcp-http", May::Only(&["car-mcp-proto", "car-mcp", "car-http", "car-oauth"])),
    ("car-mcp-stdio", May::Only(&["car-mcp-proto", "car-mcp"])),
    ("car-oauth", May::Only(&["car-http"])),
    ("car-connectors-store", May::Only(&[])),
    ("car-agentdns", May::Only(&["car-http"])),
    ("car-engine", May::Only(&["car-mcp-proto"])),
    (
        "car-connectors",
        May::Only(&[
            "car-mcp-proto",
            "car-http",
            "car-mcp",
            "car-mcp-http",
            "car-mcp-stdio",
            "car-oauth",
            "car-connectors-store",
            "car-agentdns",
            "car-engine",
        ]),
    ),
    ("car-server", May::Only(&["car-connectors", "car-mcp-http"])),
    ("car-cli", May::Only(&["car-connectors", "car-server"])),
    ("car-testkit", May::Anything),
    ("xtask", May::Only(&[])),
];

/// The crate that any other may use in its tests, beside itself, which is how its tests get its features.
const TESTKIT: &str = "car-testkit";

pub(super) fn check(metadata: &Metadata, findings: &mut Vec<Finding>) {
    let ours: Vec<_> = metadata.workspace_packages();
    let is_ours = |name: &str| ours.iter().any(|package| package.name.as_str() == name);
    for package in &ours {
        let manifest = package.manifest_path.as_std_path();
        let Some((_, may)) = EDGES.iter().find(|(name, _)| *name == package.name.as_str()) else {
            let text =
                format!("{} is not in the table of edges; add it in xtask/src/tidy/edges.rs", package.name);
            findings.push(Finding::new(manifest, 0, text));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| is_ours(&dependency.name)) {
            let is_for_tests = dependency.name == TESTKIT || dependency.name == package.name.as_str();
            let in_tests = dependency.kind == DependencyKind::Development && is_for_tests;
            let allowed = match may {
                May::Anything => true,
                May::Only(names) => names.contains(&dependency.name.as_str()),
            };
            if !allowed && !in_tests {
                let text = format!(
                    "{} must not depend on {}; move the code, or change the design and the table of edges",
                    package.name, dependency.name
                );
                findings.push(Finding::new(manifest, 0, text));
            }
        }
    }
}
