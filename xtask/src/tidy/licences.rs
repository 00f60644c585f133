//! Where dependencies come from and under which licence; works without a network, unlike cargo-deny's advisories.

use cargo_metadata::Metadata;

use super::Finding;
use crate::place;

/// Licences whose duties we can meet. `deny.toml` has the same list.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(super) fn check(metadata: &Metadata, findings: &mut Vec<Finding>) {
    let lock = place::root().join("Cargo.lock");
    for package in
        metadata.packages.iter().filter(|package| !metadata.workspace_members.contains(&package.id))
    {
        let licence = package.license.as_deref().unwrap_or_default();
        if !is_allowed(licence) {
            let text = format!(
                "{} {} is under \"{licence}\"; use another crate, or allow the licence here and in deny.toml",
                package.name, package.version
            );
            findings.push(Finding::new(&lock, 0, text));
        }
        if package.source.as_ref().is_none_or(|source| !source.is_crates_io()) {
            let text = format!(
                "{} {} does not come from crates.io; use a released version",
                package.name, package.version
            );
            findings.push(Finding::new(&lock, 0, text));
        }
    }
}

/// Reads an SPDX expression: of an OR one side must be allowed, of an AND both.
fn is_allowed(expression: &str) -> bool {
    let words = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<_> = words.split_whitespace().collect();
    let mut place = 0;
    let allowed = either(&words, &mut place);
    allowed && place == words.len()
}

fn either(words: &[&str], place: &mut usize) -> bool {
    let mut allowed = both(words, place);
    while words.get(*place) == Some(&"OR") {
        *place += 1;
        allowed |= both(words, place);
    }
    allowed
}

fn both(words: &[&str], place: &mut usize) -> bool {
    let mut allowed = one(words, place);
    while words.get(*place) == Some(&"AND") {
        *place += 1;
        allowed &= one(words, place);
    }
    allowed
}

fn one(words: &[&str], place: &mut usize) -> bool {
    let Some(word) = words.get(*place) else { return false };
    *place += 1;
    if *word == "(" {
        let allowed = either(words, place);
        *place += 1;
        return allowed;
    }
    let mut name = (*word).to_owned();
    if words.get(*place) == Some(&"WITH") {
        name = format!("{name} WITH {}", words.get(*place + 1).copied().unwrap_or_default());
        *place += 2;
    }
    ALLOWED.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn reads_expressions() {
        for good in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR GPL-2.0) AND Unicode-3.0"] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR ISC) AND AGPL-3.0",
            "GPL-2.0 WITH Classpath-exception-2.0",
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }
}
