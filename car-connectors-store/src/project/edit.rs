//! Adding an entry to a project's file. What is there stays byte for byte: comments, order and all.

use std::fs::{self, DirBuilder};
use std::path::Path;

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use super::ProjectFile;
use super::find::{self, Found};
use crate::{Connector, Home, StoreError, replace};

impl ProjectFile {
    /// Returns the file as it is once an entry stands at its end, or a new one at the root of the repository with that
    /// entry alone. Nothing is written yet: [`ProjectFile::write_over`] does.
    ///
    /// # Errors
    /// Those of [`ProjectFile::load`], and [`StoreError::Malformed`] where the entry would be refused, such as for a
    /// secret that is written down.
    pub fn with_entry(
        before: Option<&Self>,
        start: &Path,
        home: &Home,
        entry: &Connector,
    ) -> Result<Self, StoreError> {
        let (path, folder) = match before {
            Some(file) => (file.path.clone(), file.folder.clone()),
            None => find::new_place(start, home)?,
        };
        let text = appended(before.map_or("", |file| &file.text), entry);
        let file = Self::parse(Found { path, folder, content: text.into_bytes() })?;
        match file.entries.last() {
            Some(added) => match &added.connector {
                Ok(_) => Ok(file),
                Err(message) => Err(StoreError::Malformed {
                    path: file.path.clone(),
                    line: added.line,
                    column: 1,
                    message: message.clone(),
                }),
            },
            None => unreachable!("an entry was added"),
        }
    }

    /// Puts this content in the place of what was read before, or makes the file where there was none.
    ///
    /// # Errors
    /// [`StoreError::ChangedSinceShown`] when the file is not what was read before any more, [`StoreError::Io`].
    pub fn write_over(&self, before: Option<&Self>) -> Result<(), StoreError> {
        let parent = self.path.parent().unwrap_or(&self.folder);
        DirBuilder::new().recursive(true).create(parent).map_err(StoreError::io("create", parent))?;
        // A folder that is a link may lead anywhere.
        let target = fs::canonicalize(parent).map_err(StoreError::io("find", parent))?;
        if !target.starts_with(&self.folder) && before.is_none() {
            return Err(StoreError::OutsideProject { path: parent.to_owned(), target });
        }
        let now = replace::read(&self.path, find::LARGEST)?;
        if now.as_deref() != before.map(|before| before.text.as_bytes()) {
            return Err(StoreError::ChangedSinceShown { path: self.path.clone() });
        }
        replace::replace_shared(&self.path, self.text.as_bytes())
    }
}

/// Returns the text with an entry at its end.
fn appended(text: &str, entry: &Connector) -> String {
    let mut entries = ArrayOfTables::new();
    entries.push(table(entry));
    let mut document = DocumentMut::new();
    document.insert("connector", Item::ArrayOfTables(entries));
    let between = match text {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    format!("{text}{between}{document}")
}

fn table(entry: &Connector) -> Table {
    let mut table = Table::new();
    let mut set = |name: &str, value: Value| drop(table.insert(name, Item::Value(value)));
    set("name", Value::from(entry.name.as_str()));
    if let Some(stdio) = &entry.stdio {
        set("command", Value::from(stdio.command.as_str()));
        if !stdio.args.is_empty() {
            set("args", Value::Array(stdio.args.iter().map(String::as_str).collect::<Array>()));
        }
        if !stdio.env.is_empty() {
            let pairs = stdio.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            set("env", Value::InlineTable(pairs.collect::<InlineTable>()));
        }
    } else {
        set("url", Value::from(entry.url.as_str()));
    }
    if let Some(project) = entry.project.as_ref().filter(|project| !project.headers.is_empty()) {
        let pairs = project.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        set("http_headers", Value::InlineTable(pairs.collect::<InlineTable>()));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StdioCommand;

    #[test]
    fn keeps_what_is_there_byte_for_byte() {
        let before = "# ours\n[[connector]]\nname='A'  # first\nurl = \"x\"\n\n# the end";
        let after = appended(before, &Connector::remote("", "Docs \"2\"", "https://x.example/mcp"));
        let expected = "\n\n[[connector]]\nname = 'Docs \"2\"'\nurl = \"https://x.example/mcp\"\n";
        assert_eq!(after, format!("{before}{expected}"));
    }

    #[test]
    fn writes_a_command_as_it_is_read() {
        let mut command = StdioCommand::new("npx", ["-y", "a \"b\"\n"]);
        command.env.insert("KEY".to_owned(), "${KEY}".to_owned());
        let found = |text: String| Found {
            path: "/p/.car/connectors.toml".into(),
            folder: "/p".into(),
            content: text.into_bytes(),
        };
        let text = appended("", &Connector::local("", "Run", command.clone()));
        let file = ProjectFile::parse(found(text)).unwrap();
        assert_eq!(file.entries[0].connector.as_ref().unwrap().stdio.as_ref(), Some(&command));
    }
}
