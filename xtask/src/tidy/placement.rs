//! What may stand where: sockets, writing files, starting programs, and the rules of the legacy eras.

use std::path::Path;

use super::Finding;
use super::files::{is_code, is_rust, is_test, without_tests};
use crate::place;

/// Something that only some places may do.
struct Rule {
    /// The words in the code that show it.
    words: &'static [&'static str],
    /// Folders and files that may, from the root.
    places: &'static [&'static str],
    advice: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        words: &[
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "UnixListener",
            "tokio::net",
            "ToSocketAddrs",
        ],
        places: &[
            "car-http/",
            "car-server/",
            "car-testkit/",
            "car-mcp-http/src/server/",
            // The port that a browser comes back to.
            "car-oauth/src/driver/callback.rs",
            "xtask/",
            "peers/",
        ],
        advice: "only car-http and the servers open sockets; go through car-http",
    },
    Rule {
        words: &[
            "fs::write",
            "File::create",
            "OpenOptions",
            "fs::rename",
            "fs::remove_",
            "fs::create_dir",
            "NamedTempFile",
        ],
        places: &["car-connectors-store/", "car-engine/", "car-testkit/", "xtask/", "peers/"],
        advice: "only the store and the event log write files; go through them",
    },
    Rule {
        words: &["process::Command", "process::{Command"],
        // The command starts itself, so that nobody interrupts the renewal of a token.
        places: &["car-mcp-stdio/", "car-cli/src/sign_in/renewer.rs", "car-testkit/", "xtask/", "peers/"],
        advice: "only car-mcp-stdio starts programs; go through it",
    },
    Rule {
        words: &["unsafe {", "unsafe fn", "unsafe impl"],
        places: &[],
        advice: "no unsafe code; find another way, or a crate that has it checked",
    },
    Rule {
        words: &["#[allow("],
        places: &[],
        advice: "write #[expect(.., reason = \"..\")], which fails once it is no longer needed",
    },
];

/// The revisions with a handshake, as they would stand in code. In halves, so that this file does not hold them.
const LEGACY: &[(&str, &str)] =
    &[("\"2024-", "11-05\""), ("\"2025-", "03-26\""), ("\"2025-", "06-18\""), ("\"2025-", "11-25\"")];
/// Where they may stand besides files named `legacy.rs` and folders named `legacy`.
const LEGACY_PLACES: &[&str] = &["car-mcp-proto/src/version.rs", "xtask/", "peers/"];

pub(super) fn check(file: &Path, text: &str, findings: &mut Vec<Finding>) {
    if !is_rust(file) || is_test(file) {
        return;
    }
    let place = file.strip_prefix(place::root()).unwrap_or(file).to_string_lossy().replace('\\', "/");
    let is_rule_file = place.ends_with("xtask/src/tidy/placement.rs");
    for (number, line) in without_tests(text).lines().enumerate().filter(|(_, line)| is_code(line)) {
        for rule in
            RULES.iter().filter(|rule| !is_rule_file && !rule.places.iter().any(|at| place.starts_with(at)))
        {
            if let Some(word) = rule.words.iter().find(|word| line.contains(**word)) {
                findings.push(Finding::new(file, number + 1, format!("uses {word}: {}", rule.advice)));
            }
        }
        let may_hold_legacy = place.ends_with("/legacy.rs")
            || place.contains("/legacy/")
            || LEGACY_PLACES.iter().any(|at| place.starts_with(at));
        if !may_hold_legacy && LEGACY.iter().any(|(start, end)| line.contains(&format!("{start}{end}"))) {
            let text = "names a legacy revision; move the rule to a file named legacy.rs, so that the era can be deleted";
            findings.push(Finding::new(file, number + 1, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(file: &str, text: &str) -> usize {
        let mut findings = Vec::new();
        check(&place::root().join(file), text, &mut findings);
        findings.len()
    }

    #[test]
    fn keeps_sockets_to_their_crates() {
        let text = "use tokio::net::TcpStream;\n";
        assert_eq!(count("car-http/src/dial.rs", text), 0);
        assert_eq!(count("car-engine/src/dial.rs", text), 1);
        assert_eq!(count("car-engine/tests/it/main.rs", text), 0);
        assert_eq!(count("car-engine/src/dial.rs", "// TcpStream is not used here\n"), 0);
    }

    #[test]
    fn keeps_eras_to_their_files() {
        let text = format!("const OLD: &str = {}{};\n", LEGACY[1].0, LEGACY[1].1);
        assert_eq!(count("car-mcp/src/legacy.rs", &text), 0);
        assert_eq!(count("car-mcp/src/legacy/open.rs", &text), 0);
        assert_eq!(count("car-mcp/src/open.rs", &text), 1);
    }
}
