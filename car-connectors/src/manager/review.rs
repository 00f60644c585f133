//! Showing a person what a project's file would do, and noting that they agree to it.

use std::path::PathBuf;

use car_connectors_store::{
    Connector, ManifestStore, ProjectEntry, ProjectFile, StoreError, describe, difference, visible,
};
use serde::Serialize;

use super::ConnectorManager;
use super::project::{definition, is_from};
use crate::error::{Error, ErrorKind};
use crate::name::slugify;
use crate::status::ConnectorStatus;

/// A project's file, as a person is shown it before they agree to it.
///
/// All texts have nothing in them that cannot be seen.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProjectReview {
    /// The file, by its canonical path.
    pub path: PathBuf,
    /// The SHA-256 of the content that is shown, in hexadecimal.
    pub sha256: String,
    /// Whether the user has agreed to this content.
    pub is_trusted: bool,
    /// What the entries would do.
    pub entries: Vec<ReviewedEntry>,
    /// The lines that differ from the content that the user agreed to before; nothing where that is not known.
    pub difference: Option<Vec<String>>,
}

/// An entry of a project's file, as a person is shown it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReviewedEntry {
    /// Its name.
    pub name: String,
    /// The slug by which it is addressed.
    pub slug: String,
    /// The line that it begins at, counted from one.
    pub line: usize,
    /// What it would contact or start and with what, one fact a line, whole.
    pub facts: Vec<String>,
    /// Why it cannot be used, whatever the user agrees to.
    pub problem: Option<String>,
}

impl ConnectorManager {
    /// Returns the project's file as it is now, to be shown to a person; nothing where there is none.
    ///
    /// # Errors
    /// Says why the file cannot be used at all.
    pub async fn project(&self) -> Result<Option<ProjectReview>, Error> {
        self.inner
            .blocking(|inner| {
                let found = inner.project_file()?;
                Ok(found.map(|(file, trusted)| {
                    let is_trusted = trusted.as_ref().is_some_and(|trusted| trusted.is_of(&file));
                    let before = trusted.filter(|_| !is_trusted).and_then(|trusted| trusted.text);
                    ProjectReview {
                        is_trusted,
                        entries: file.entries.iter().map(reviewed).collect(),
                        difference: before.map(|before| difference(&before, &file.text)),
                        path: file.path,
                        sha256: file.sha256,
                    }
                }))
            })
            .await
    }

    /// Writes an entry to the end of the project's file, or makes the file at the root of the repository. Whoever writes an
    /// entry agrees to it; to the rest of the file they must have agreed before. No server is contacted.
    ///
    /// Of the connector these are used: its name, its URL or command with arguments and variables, and the headers of
    /// `project`. Secrets must be `${VARIABLE}`.
    ///
    /// # Errors
    /// Says that the rest of the file is not trusted, what is wrong with the entry, or what cannot be written; nothing is
    /// written then.
    pub async fn add_to_project(&self, entry: Connector) -> Result<ConnectorStatus, Error> {
        let slug = slugify(&entry.name);
        let wanted = slug.clone();
        self.inner
            .blocking(move |inner| {
                let Some(folder) = &inner.project_dir else {
                    return Err(Error::new(ErrorKind::InvalidInput, "no project is looked at")
                        .hinted("leave `--no-project` out"));
                };
                let before = inner.project_file()?;
                if before
                    .as_ref()
                    .is_some_and(|(file, trusted)| !trusted.as_ref().is_some_and(|t| t.is_of(file)))
                {
                    return Err(Error::new(
                        ErrorKind::Untrusted,
                        "the project's file has entries you have not agreed to",
                    )
                    .hinted("look at what they would do with `car trust`"));
                }
                let (before, removed) = match before {
                    Some((file, trusted)) => {
                        (Some(file), trusted.map(|trusted| trusted.removed).unwrap_or_default())
                    }
                    None => (None, Vec::new()),
                };
                let is_taken = inner.read()?.connector(&wanted).is_some()
                    || before
                        .iter()
                        .flat_map(|file| &file.entries)
                        .any(|entry| slugify(&entry.name) == wanted);
                if is_taken {
                    let text = format!("there is already a connector {wanted:?}");
                    return Err(Error::new(ErrorKind::Duplicate, text)
                        .of(&wanted)
                        .hinted("choose another name"));
                }
                let file = ProjectFile::with_entry(before.as_ref(), folder, &inner.oauth.home, &entry)?;
                file.write_over(before.as_ref())?;
                inner.trust.trust(&file)?;
                // What the user did not want before, they do not want now.
                removed.iter().try_for_each(|slug| inner.trust.remove(&file.path, slug))?;
                inner.look().map(drop)
            })
            .await?;
        self.status(&slug).await
    }

    /// Notes that the person agrees to what they were shown. From now on exactly this content is used. What they removed
    /// comes back, and what they acted on before is brought up to date; tools stay enabled as they were.
    ///
    /// # Errors
    /// Says that the file has changed since it was shown, or what cannot be written; nothing is trusted then.
    pub async fn trust_project(&self, review: &ProjectReview) -> Result<(), Error> {
        let (path, sha256) = (review.path.clone(), review.sha256.clone());
        self.inner
            .blocking(move |inner| {
                let found = inner.project_file()?.map(|(file, _)| file);
                let Some(file) = found.filter(|file| file.path == path && file.sha256 == sha256) else {
                    return Err(StoreError::ChangedSinceShown { path }.into());
                };
                inner.trust.trust(&file)?;
                bring_up_to_date(&inner.manifest, &file)?;
                inner.look().map(drop)
            })
            .await
    }
}

fn reviewed(entry: &ProjectEntry) -> ReviewedEntry {
    let (facts, problem) = match &entry.connector {
        Ok(connector) => (describe(connector), None),
        Err(problem) => (Vec::new(), Some(visible(problem).into_owned())),
    };
    let (name, slug) = (visible(&entry.name).into_owned(), slugify(&entry.name));
    ReviewedEntry { name, slug, line: entry.line, facts, problem }
}

/// Writes what a project's file says now over what the manifest has of it.
fn bring_up_to_date(manifest: &ManifestStore, file: &ProjectFile) -> Result<(), Error> {
    manifest.update(|manifest| {
        for entry in &file.entries {
            let Ok(described) = &entry.connector else { continue };
            let Some(known) = manifest.connector_mut(&slugify(&entry.name)) else { continue };
            if is_from(known, file) && definition(known) != definition(described) {
                redescribe(known, described);
            }
        }
        Ok(())
    })
}

fn redescribe(known: &mut Connector, described: &Connector) {
    if known.url != described.url {
        // Whoever signed in did so at another server.
        known.oauth.clone_from(&described.oauth);
    }
    known.url.clone_from(&described.url);
    known.stdio.clone_from(&described.stdio);
    known.project.clone_from(&described.project);
}
