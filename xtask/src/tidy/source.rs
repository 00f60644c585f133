//! How every source file looks: a header, a bearable size, a name that says something, nothing left undone.

use std::path::Path;

use super::Finding;
use super::files::{is_rust, is_test, without_tests};

/// Past this a file holds more than one concept. Tests are apart.
const MOST_LINES: usize = 600;
/// Names that say nothing about what is inside.
const DRAWERS: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc"];
/// Marks of something undone, in two halves so that this file does not bear them.
const MARKS: &[(&str, &str)] =
    &[("TO", "DO"), ("FIX", "ME"), ("#[ign", "ore"), ("todo", "!("), ("unimple", "mented!(")];
/// A test that another test runs in a process of its own says so where it is left out of the ordinary run.
const HALF: &str = "half of ";
/// Folders of one machine. They mean nothing on another, or tell who owns it.
const MACHINE: &[(&str, &str)] =
    &[("/ho", "me/"), ("/ro", "ot/"), ("/Us", "ers/"), ("/wo", "rk/"), ("C:\\Us", "ers")];

pub(super) fn check(file: &Path, text: &str, findings: &mut Vec<Finding>) {
    let is_lock = file.extension().is_some_and(|extension| extension == "lock");
    let is_licence = file.file_name().is_some_and(|name| name == "LICENSE");
    if !is_lock && !is_licence {
        marks(file, text, findings);
    }
    if !is_rust(file) {
        return;
    }
    if !text.starts_with("//!") {
        findings.push(Finding::new(
            file,
            1,
            "has no header; begin with `//!` and one sentence on what this file is",
        ));
    }
    let lines = without_tests(text).lines().count();
    if lines > MOST_LINES && !is_test(file) {
        let text = format!("has {lines} lines, at most {MOST_LINES} are allowed; split it by concept");
        findings.push(Finding::new(file, MOST_LINES, text));
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    if DRAWERS.contains(&stem.as_ref()) {
        findings.push(Finding::new(
            file,
            1,
            format!("is named {stem}; name it after the one concept inside"),
        ));
    }
}

fn marks(file: &Path, text: &str, findings: &mut Vec<Finding>) {
    for (number, line) in text.lines().enumerate() {
        for (start, end) in MARKS {
            let mark = format!("{start}{end}");
            if has_word(line, &mark) && !line.contains(HALF) {
                findings.push(Finding::new(
                    file,
                    number + 1,
                    format!("says {mark}; do it, or write an issue"),
                ));
            }
        }
        for (start, end) in MACHINE {
            let path = format!("{start}{end}");
            if names_folder(line, &path) {
                let text = format!("names {path}, a folder of one machine; make it relative");
                findings.push(Finding::new(file, number + 1, text));
            }
        }
    }
}

/// Whether an absolute path begins here, and goes on.
fn names_folder(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let begins = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "/.}~".contains(c));
        begins && line[at + path.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
    })
}

/// Whether a mark stands there by itself, and not inside another word.
fn has_word(line: &str, mark: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(mark).any(|(at, _)| {
        let joined_before = line[..at].ends_with(is_letter);
        let joined_after = mark.ends_with(is_letter) && line[at + mark.len()..].starts_with(is_letter);
        !joined_before && !joined_after
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::check;

    fn texts(file: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(Path::new(file), text, &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn wants_a_header_and_a_name() {
        assert_eq!(texts("src/dial.rs", "//! Dials.\n"), Vec::<String>::new());
        assert_eq!(texts("src/dial.rs", "fn dial() {}\n").len(), 1);
        assert_eq!(texts("src/utils.rs", "//! Drawer.\n").len(), 1);
    }

    #[test]
    fn finds_what_is_undone_and_where() {
        let text = format!("//! Dials.\n\n// {}{}: later\n", "TO", "DO");
        assert!(texts("src/dial.rs", &text)[0].starts_with("src/dial.rs:3: "));
        assert_eq!(texts("src/dial.rs", "//! The MAKETODOS list.\n"), Vec::<String>::new());
    }

    #[test]
    fn knows_folders_of_a_machine_from_patterns() {
        let path = format!("let home = \"/ho{}ada\";", "me/");
        assert_eq!(texts("src/dial.rs", &format!("//! Dials.\n{path}\n")).len(), 1);
        assert_eq!(texts("src/dial.rs", &format!("//! Dials.\n{}\n", path.replace("ada", "*"))).len(), 0);
    }

    #[test]
    fn refuses_long_files_but_not_long_tests() {
        let long = format!("//! Long.\n{}", "\n".repeat(601));
        assert_eq!(texts("src/dial.rs", &long).len(), 1);
        assert_eq!(texts("tests/it/dial.rs", &long).len(), 0);
    }
}
