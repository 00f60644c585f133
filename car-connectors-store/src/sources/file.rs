//! The file of sources.

use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

use super::{Embeddings, Source, Sources, check, edit, read};
use crate::lock::{LOCK_WAIT, WriteLock};
use crate::project::value::position;
use crate::{Home, StoreError, replace};

/// The largest file that is read: all the sources there can be, with a page of comments on each.
const LARGEST: u64 = 512 * 1024;

/// Where services are looked for, `sources.toml`: for people to edit, and changed by programs without losing a comment.
///
/// It holds no secrets: the token of a source is a [`SourceToken`](crate::SourceToken) in the keychain.
#[derive(Clone, Debug)]
pub struct SourcesFile {
    path: PathBuf,
}

impl SourcesFile {
    /// Names the file of a state folder; nothing is read or made yet.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { path: home.sources_path() }
    }

    /// Returns where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file; one that is not there says nothing.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] with line and column, [`StoreError::TooLarge`], [`StoreError::Io`].
    pub fn read(&self) -> Result<Sources, StoreError> {
        self.parse(&self.text()?)
    }

    /// Adds a source before another one, or at the end.
    ///
    /// A caller whose own choice of sources applied until now ([`Sources::is_default`]) adds those too, if they are to
    /// stay.
    ///
    /// # Errors
    /// [`StoreError::UnfitSource`], [`StoreError::DuplicateSource`], [`StoreError::UnknownSource`] for `before`, and those
    /// of [`SourcesFile::read`], after which the file is as it was; [`StoreError::Locked`].
    pub fn add(&self, source: &Source, before: Option<&str>) -> Result<(), StoreError> {
        let unfit = |message| StoreError::UnfitSource { what: format!("source {:?}", source.name), message };
        check::name(&source.name).map_err(unfit)?;
        check::url(&source.url, Some(source.kind)).map_err(unfit)?;
        self.change(|sources, document| {
            if place(sources, &source.name).is_some() {
                return Err(StoreError::DuplicateSource { name: source.name.clone() });
            }
            let before =
                before.map(|name| place(sources, name).ok_or_else(|| no_source(name))).transpose()?;
            edit::add(document, source, before);
            Ok(())
        })
    }

    /// Removes a source, and returns it. Its token stays in the keychain until the caller removes it. The file does not
    /// fall back to the caller's own choice when the last one is gone.
    ///
    /// # Errors
    /// [`StoreError::UnknownSource`], and as [`SourcesFile::add`].
    pub fn remove(&self, name: &str) -> Result<Source, StoreError> {
        self.change(|sources, document| {
            let place = place(sources, name).ok_or_else(|| no_source(name))?;
            edit::remove(document, place);
            Ok(sources.sources[place].clone())
        })
    }

    /// Sets the embedding model, or with nothing removes it.
    ///
    /// # Errors
    /// [`StoreError::UnfitSource`], and as [`SourcesFile::add`].
    pub fn set_embeddings(&self, embeddings: Option<&Embeddings>) -> Result<(), StoreError> {
        if let Some(embeddings) = embeddings {
            let unfit = |message| StoreError::UnfitSource { what: "embeddings".to_owned(), message };
            check::url(&embeddings.url, None).map_err(unfit)?;
            check::model(&embeddings.model).map_err(unfit)?;
        }
        self.change(|_, document| {
            edit::set_embeddings(document, embeddings);
            Ok(())
        })
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&Sources, &mut DocumentMut) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let lock = WriteLock::acquire(&self.path, LOCK_WAIT)?;
        let text = self.text()?;
        let sources = self.parse(&text)?;
        let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            let message = format!("expected TOML that can be edited: {}", error.message());
            self.malformed((1, 1), message)
        })?;
        let result = change(&sources, &mut document)?;
        let text = document.to_string();
        // What would not be read again is not written, such as one source too many.
        self.parse(&text)?;
        replace::replace(&lock, text.as_bytes())?;
        Ok(result)
    }

    fn text(&self) -> Result<String, StoreError> {
        let content = replace::read(&self.path, LARGEST)?.unwrap_or_default();
        let text = String::from_utf8(content).map_err(|error| {
            let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
            self.malformed(position(&valid, valid.len()), "expected UTF-8, found other bytes".to_owned())
        })?;
        // Editors on Windows put a byte order mark in front; it is not part of the text.
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    fn parse(&self, text: &str) -> Result<Sources, StoreError> {
        read::read(text).map_err(|(place, message)| self.malformed(place, message))
    }

    fn malformed(&self, (line, column): (usize, usize), message: String) -> StoreError {
        StoreError::Malformed { path: self.path.clone(), line, column, message }
    }
}

fn place(sources: &Sources, name: &str) -> Option<usize> {
    sources.sources.iter().position(|source| source.name == name)
}

fn no_source(name: &str) -> StoreError {
    StoreError::UnknownSource { name: name.to_owned() }
}
