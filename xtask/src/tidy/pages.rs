//! Pages for readers: links that lead somewhere, decisions with numbers of their own, a changelog.

use std::collections::BTreeMap;
use std::path::Path;

use super::Finding;
use crate::place;
use crate::shell::Failure;

/// Pages that a serious project has.
const WANTED: &[&str] =
    &["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "docs/architecture.md"];

pub(super) fn check(file: &Path, text: &str, findings: &mut Vec<Finding>) {
    if file.extension().is_none_or(|extension| extension != "md") {
        return;
    }
    let mut in_code = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for link in links(line) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains(':') {
                continue;
            }
            if !file.parent().expect("a file stands in a folder").join(target).exists() {
                findings.push(Finding::new(
                    file,
                    number + 1,
                    format!("links to {target}, which does not exist"),
                ));
            }
        }
    }
}

/// Returns the targets of the links in a line, code spans passed over.
fn links(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (place, part) in line.split('`').enumerate() {
        // Every second part stands between back-ticks.
        if place % 2 == 1 {
            continue;
        }
        for (at, _) in part.match_indices("](") {
            let rest = &part[at + 2..];
            found.extend(rest.find(')').map(|end| &rest[..end]));
        }
    }
    found
}

/// Checks the numbers of the decisions, and that the wanted pages exist.
pub(super) fn check_decisions(findings: &mut Vec<Finding>) -> Result<(), Failure> {
    for page in WANTED {
        let path = place::root().join(page);
        if !path.exists() {
            findings.push(Finding::new(&path, 0, "is missing; a reader looks for it"));
        }
    }
    let folder = place::root().join("docs/decisions");
    let mut numbers = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let number =
            name.split('-').next().filter(|number| number.len() == 4 && number.parse::<u16>().is_ok());
        match number {
            None if name == "README" => {}
            None => findings.push(Finding::new(&path, 0, "has no number; name it NNNN-what-was-decided.md")),
            Some(number) => {
                if let Some(other) = numbers.insert(number.to_owned(), name.clone()) {
                    findings.push(Finding::new(
                        &path,
                        0,
                        format!("has the number of {other}; take a free one"),
                    ));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::links;

    #[test]
    fn finds_links_outside_code() {
        assert_eq!(links("See [a](a.md) and [b](b.md#part), not `[c](c.md)`."), ["a.md", "b.md#part"]);
    }
}
