//! A project's file: its bytes, their hash, and the entries that they describe.

use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use toml::de::{DeTable, DeValue};

use super::find::{self, Found};
use super::value::{Problem, Value, position, text, unfit, unknown};
use super::{entry, visible};
use crate::{Connector, Home, ProjectOrigin, StoreError};

/// The one key of the file.
const ENTRIES: &str = "connector";

/// The most entries of one file: far more than a team connects to, and still read in a moment.
pub(super) const MOST_ENTRIES: usize = 256;

/// A project's file, read once: what is trusted, what is shown and what is used are the same bytes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProjectFile {
    /// The file, by its canonical path.
    pub path: PathBuf,
    /// The project's folder, which has `.car` in it.
    pub folder: PathBuf,
    /// The SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// The content.
    pub text: String,
    /// The entries, in their order.
    pub entries: Vec<ProjectEntry>,
}

/// One entry of a project's file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProjectEntry {
    /// Its name, as written.
    pub name: String,
    /// The line that it begins at, counted from one.
    pub line: usize,
    /// What it describes, with variables as written and without a slug; or else what is wrong with it, and where.
    pub connector: Result<Connector, String>,
}

impl ProjectFile {
    /// Finds and reads the file of the project that a folder belongs to.
    ///
    /// It is looked for from `start` upwards to the root of its git repository, and never above; outside a repository in
    /// `start` only. The state folder's own `.car` is none.
    ///
    /// # Errors
    /// [`StoreError::OutsideProject`], [`StoreError::NotAFile`], [`StoreError::TooLarge`], [`StoreError::Io`], and
    /// [`StoreError::Malformed`] for what makes the whole file unusable. A bad entry costs that entry only.
    pub fn load(start: &Path, home: &Home) -> Result<Option<Self>, StoreError> {
        find::find(start, home)?.map(Self::parse).transpose()
    }

    pub(super) fn parse(found: Found) -> Result<Self, StoreError> {
        let Found { path, folder, content } = found;
        let sha256 = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        let malformed = |(line, column), message: &str| StoreError::Malformed {
            path: path.clone(),
            line,
            column,
            message: message.to_owned(),
        };
        let text = match String::from_utf8(content) {
            Ok(text) => text,
            Err(error) => {
                let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
                return Err(malformed(position(&valid, valid.len()), "expected UTF-8, found other bytes"));
            }
        };
        // Paths are keys of what is trusted: two must never be taken for one.
        let written = |path: &Path| {
            path.to_str().map(str::to_owned).ok_or_else(|| malformed((1, 1), "expected a path that is UTF-8"))
        };
        let origin = ProjectOrigin::new(written(&path)?, written(&folder)?);
        let entries = entries(&text, &origin)
            .map_err(|(span, what)| malformed(position(&text, span.start), what.trim()))?;
        Ok(Self { path, folder, sha256, text, entries })
    }
}

fn entries(text: &str, origin: &ProjectOrigin) -> Result<Vec<ProjectEntry>, Problem> {
    let parsed = DeTable::parse(text)
        .map_err(|error| (error.span().unwrap_or(0..0), visible(error.message()).into_owned()))?;
    let mut entries = Vec::new();
    for (key, value) in parsed.get_ref() {
        if key.get_ref() != ENTRIES {
            return Err(unknown(key, &[ENTRIES]));
        }
        let DeValue::Array(items) = value.get_ref() else {
            return Err(unfit(value, "entries, each under [[connector]]"));
        };
        if items.len() > MOST_ENTRIES {
            let what = format!("expected at most {MOST_ENTRIES} entries, found {}", items.len());
            return Err((value.span(), what));
        }
        for item in items.iter() {
            entries.push(one(text, item, origin)?);
        }
    }
    Ok(entries)
}

fn one(source: &str, item: Value<'_, '_>, origin: &ProjectOrigin) -> Result<ProjectEntry, Problem> {
    let DeValue::Table(members) = item.get_ref() else { return Err(unfit(item, "a table")) };
    let Some((_, name)) = members.iter().find(|(key, _)| key.get_ref() == "name") else {
        return Err((item.span(), "the entry has no name".to_owned()));
    };
    let name = text(name)?;
    let connector = entry::read(&name, item.span(), members, origin).map_err(|(span, what)| {
        let (line, column) = position(source, span.start);
        format!("line {line}, column {column}: {what}")
    });
    Ok(ProjectEntry { name, line: line_of(source, &item.span()), connector })
}

fn line_of(source: &str, span: &Range<usize>) -> usize {
    position(source, span.start).0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<ProjectEntry>, Problem> {
        entries(text, &ProjectOrigin::new("/p/.car/connectors.toml", "/p"))
    }

    /// Reads an entry with more lines, from the third on.
    fn with(lines: &str) -> Result<Connector, String> {
        read(&format!("[[connector]]\nname = \"X\"\n{lines}\n")).unwrap().remove(0).connector
    }

    #[test]
    fn reads_every_field_of_a_remote_server() {
        let connector = with(
            "url = \"https://x.example/mcp\"\nhttp_headers = { X-Team = \"a\", Cookie = \"${C}\" }\n\
             headers_env = { X-Key = \"KEY\" }\nenv_http_headers = { X-Other = \"OTHER\" }\n\
             bearer_token_env_var = \"TOKEN\"\nscopes = [\"read\"]\nenabled_tools = [\"a\", \"b\"]\n\
             disabled_tools = [\"b\"]\nstartup_timeout_sec = 5\ntool_timeout_sec = 0.5",
        )
        .unwrap();
        let project = connector.project.unwrap();
        let headers: Vec<_> =
            project.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let expected = [
            "Authorization: Bearer ${TOKEN}",
            "Cookie: ${C}",
            "X-Key: ${KEY}",
            "X-Other: ${OTHER}",
            "X-Team: a",
        ];
        assert_eq!(headers, expected);
        assert_eq!((connector.url.as_str(), connector.name.as_str()), ("https://x.example/mcp", "X"));
        assert_eq!(
            (connector.enabled_tools, project.disabled_tools),
            (vec!["a".to_owned()], vec!["b".to_owned()])
        );
        assert_eq!(connector.oauth.unwrap().scopes, ["read"]);
        assert_eq!((project.startup_timeout_sec, project.tool_timeout_sec), (Some(5.0), Some(0.5)));
    }

    #[test]
    fn reads_every_field_of_a_local_server() {
        let connector =
            with("command = \"npx\"\nargs = [\"-y\", \"\"]\nenv = { A = \"1\" }\ncwd = \"sub\"").unwrap();
        let stdio = connector.stdio.unwrap();
        assert_eq!(
            (stdio.command.as_str(), stdio.args, stdio.cwd.as_deref()),
            ("npx", vec!["-y".to_owned(), String::new()], Some("sub"))
        );
        assert_eq!(stdio.env["A"], "1");
    }

    #[test]
    fn says_what_is_wrong_with_an_entry_and_where() {
        for (lines, expected) in [
            (
                "comand = \"x\"",
                "line 3, column 1: unknown field \"comand\"; the nearest known one is \"command\"",
            ),
            ("", "line 1, column 1: expected url or command, found neither"),
            ("url = \"u\"\ncommand = \"c\"", "line 1, column 1: expected url or command, found both"),
            ("url = \"u\"\nargs = []", "line 4, column 1: \"args\" does not fit an entry with url"),
            (
                "command = \"c\"\nscopes = []",
                "line 4, column 1: \"scopes\" does not fit an entry with command",
            ),
            ("url = 5", "line 3, column 7: expected a string, found integer"),
            ("url = \"\"", "line 3, column 7: expected a string, found an empty one"),
            ("url = \"${A\"", "line 3, column 7: expected ${NAME} or ${NAME:-default}, found \"${A\""),
            (
                "url = \"u\"\ntool_timeout_sec = 0",
                "line 4, column 20: expected seconds above 0 and up to 86400",
            ),
            (
                "url = \"u\"\nheaders_env = { X = \"sk-1\" }",
                "line 4, column 21: expected the name of a variable",
            ),
        ] {
            assert_eq!(with(lines).unwrap_err(), expected, "{lines}");
        }
    }

    #[test]
    fn refuses_secrets_that_are_written_down_with_their_line_and_without_their_value() {
        for lines in [
            "url = \"https://x.example\"\nhttp_headers = { Authorization = \"Bearer s3cret\" }",
            "url = \"https://x.example\"\nhttp_headers = { X-Api-Key = \"s3cret\" }",
            "command = \"c\"\nenv = { GITHUB_TOKEN = \"s3cret\" }",
            "command = \"c\"\nenv = { GITHUB_TOKEN = \"${T:-s3cret}\" }",
            "# why\nurl = \"https://me:s3cret@x.example\"",
            "url = \"https://x.example\"\nbearer_token = \"s3cret\"",
            "url = \"https://x.example\"\nbearer_token_env_var = \"s3cret!\"",
        ] {
            let told = with(lines).unwrap_err();
            assert!(told.starts_with("line 4, ") && !told.contains("s3cret"), "{lines}: {told}");
        }
    }

    #[test]
    fn says_what_makes_the_whole_file_unusable() {
        let many = "[[connector]]\nname = \"X\"\nurl = \"u\"\n".repeat(MOST_ENTRIES + 1);
        for (text, expected) in [
            ("[[connectors]]\n", "unknown field \"connectors\"; the nearest known one is \"connector\""),
            ("[connector]\nname = \"X\"", "expected entries, each under [[connector]], found table"),
            ("[[connector]]\nurl = \"u\"", "the entry has no name"),
            (many.as_str(), "expected at most 256 entries, found 257"),
        ] {
            assert_eq!(read(text).unwrap_err().1, expected);
        }
        assert!(read("[[connector]\n").is_err());
    }

    #[test]
    fn bounds_every_text() {
        let long = "x".repeat(super::super::value::LONGEST_STRING + 1);
        let told = with(&format!("command = \"c\"\nargs = [\"{long}\"]")).unwrap_err();
        assert!(told.contains("expected a string of at most 65536 bytes, found 65537"), "{told}");
    }

    proptest! {
        #[test]
        fn never_panics(text in "(\\[\\[connector\\]\\]\n|name = \"x\"\n|url = \"[$\\{}a]{0,4}\"\n|[a-z\\[\\]=\"{}\n]{0,6}){0,8}") {
            drop(read(&text));
        }
    }
}
