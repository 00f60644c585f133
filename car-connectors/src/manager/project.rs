//! The project's connectors beside the user's: which are used, and why the others are not.
//!
//! ```text
//!  manifest (the user's) ──────────────────────┐
//!  the project's file ─▶ trusted as it is now? ─┼─▶ variables in place ─▶ what is used from here on
//!                             │ no             │          │ cannot be
//!                             ▼                ▼          ▼
//!                         untrusted         shadowed   unusable      (listed, never dialed or started)
//! ```
//!
//! The user's own always come first: no file of a repository stands in for them. What is written to the manifest when the
//! user acts on an entry is the entry as the file has it, so no variable's value gets there.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use car_connectors_store::{Connector, Manifest, ProjectFile, Trusted, describe};

use super::view::command_line;
use super::{Inner, slugs};
use crate::connector::full_text;
use crate::error::{Error, ErrorKind};
use crate::name::slugify;
use crate::status::{ConnectorSource, ConnectorState, ConnectorStatus};

/// What one look found of the project.
#[derive(Debug, Default)]
pub(crate) struct Project {
    /// Entries that are used and are not in the manifest, as the file has them.
    written: HashMap<String, Connector>,
    /// All that come from a project and are used, as written.
    all_written: HashMap<String, Connector>,
    /// What is listed and not used.
    set_aside: Vec<SetAsideEntry>,
    /// Connectors of the manifest whose project describes them differently now.
    differs: Vec<String>,
    /// Why the whole file is not used.
    trouble: Option<String>,
}

/// An entry that is not used, and why.
#[derive(Debug)]
struct SetAsideEntry {
    connector: Connector,
    state: ConnectorState,
    reason: Option<String>,
    next: String,
}

impl Project {
    /// Returns an entry that is used and is not in the manifest, as the file has it.
    pub(super) fn written(&self, slug: &str) -> Option<&Connector> {
        self.written.get(slug)
    }

    /// Returns a connector that comes from a project and is used, as written.
    pub(super) fn as_written(&self, slug: &str) -> Option<&Connector> {
        self.all_written.get(slug)
    }

    /// Returns why the whole file is not used.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }

    /// Says that the project describes a connector differently from what is used.
    pub(super) fn news_of(&self, slug: &str) -> Option<String> {
        let is_different = self.differs.iter().any(|differs| differs == slug);
        is_different
            .then(|| "the project describes it differently now: look at it with `car trust`".to_owned())
    }

    /// Returns how the entries stand that are listed and not used.
    pub(super) fn set_aside(&self) -> impl Iterator<Item = ConnectorStatus> {
        self.set_aside.iter().map(SetAsideEntry::status)
    }

    fn put_aside(
        &mut self,
        connector: Connector,
        state: ConnectorState,
        reason: Option<String>,
        next: String,
    ) {
        self.set_aside.push(SetAsideEntry { connector, state, reason, next });
    }
}

impl SetAsideEntry {
    fn status(&self) -> ConnectorStatus {
        let connector = &self.connector;
        ConnectorStatus {
            slug: connector.slug.clone(),
            name: connector.name.clone(),
            url: (!connector.url.is_empty()).then(|| connector.url.clone()),
            command: connector.stdio.as_ref().map(command_line),
            source: ConnectorSource::Project,
            project_file: connector.project.as_ref().map(|project| project.file.clone()),
            connected: false,
            state: self.state,
            next_action: Some(self.next.clone()),
            tool_count: None,
            enabled_count: 0,
            changed_count: 0,
            shares_prompts: false,
            shares_resources: false,
            last_error: self.reason.clone(),
            account: None,
            secret_headers: Vec::new(),
            protocol_version: None,
            server: None,
        }
    }

    fn error(&self) -> Error {
        let slug = self.connector.slug.as_str();
        let (kind, text) = match (self.state, &self.reason) {
            (ConnectorState::Untrusted, _) => (
                ErrorKind::Untrusted,
                format!(
                    "the connector {slug:?} is of a project whose file you have not agreed to as it is now"
                ),
            ),
            (_, Some(reason)) => {
                (ErrorKind::InvalidInput, format!("the connector {slug:?} cannot be used: {reason}"))
            }
            (_, None) => (ErrorKind::InvalidInput, format!("the connector {slug:?} cannot be used")),
        };
        Error::new(kind, text).of(slug).hinted(self.next.clone())
    }
}

impl Inner {
    /// Returns what the last look found of the project.
    pub(crate) fn project(&self) -> Arc<Project> {
        // It is replaced whole.
        Arc::clone(&self.project.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads what is used: the user's connectors and, after them, those of the project that the user trusts. Blocks.
    pub(super) fn read(&self) -> Result<Manifest, Error> {
        let written = self.manifest.read()?;
        let mut manifest = written.clone();
        let mut project = Project::default();
        let file = self.project_file().unwrap_or_else(|error| {
            let text = full_text(&error);
            project.trouble = Some(format!("the project's connectors are not used: {text}"));
            None
        });
        self.put_variables_in_place(&mut manifest, &mut project);
        if let Some((file, trusted)) = &file {
            self.add_entries(&mut manifest, &mut project, file, trusted.as_ref(), &written);
        }
        *self.project.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(project);
        Ok(manifest)
    }

    /// Reads the project's file, and what the user agreed to of it. Blocks.
    pub(super) fn project_file(&self) -> Result<Option<(ProjectFile, Option<Trusted>)>, Error> {
        let Some(folder) = &self.project_dir else { return Ok(None) };
        let Some(file) = ProjectFile::load(folder, &self.oauth.home)? else { return Ok(None) };
        let trusted = self.trust.get(&file.path)?;
        Ok(Some((file, trusted)))
    }

    /// Returns a connector as it is used, with its variables in place. Blocks.
    pub(super) fn used(&self, connector: &Connector) -> Result<Connector, Error> {
        connector.expanded(&*self.oauth.variables, &Path::is_dir).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, error.to_string()).of(&connector.slug).hinted(MEND_VARIABLE)
        })
    }

    fn put_variables_in_place(&self, manifest: &mut Manifest, project: &mut Project) {
        let of_projects: Vec<String> = manifest
            .connectors()
            .iter()
            .filter(|one| one.project.is_some())
            .map(|one| one.slug.clone())
            .collect();
        for slug in of_projects {
            let Some(connector) = manifest.connector_mut(&slug) else { continue };
            project.all_written.insert(slug.clone(), connector.clone());
            match self.used(connector) {
                Ok(used) => *connector = used,
                Err(error) => {
                    let (written, reason) = (connector.clone(), Some(error.to_string()));
                    manifest.remove(&slug);
                    project.put_aside(written, ConnectorState::Unusable, reason, MEND_VARIABLE.to_owned());
                }
            }
        }
    }

    fn add_entries(
        &self,
        manifest: &mut Manifest,
        project: &mut Project,
        file: &ProjectFile,
        trusted: Option<&Trusted>,
        own: &Manifest,
    ) {
        let is_trusted = trusted.is_some_and(|trusted| trusted.is_of(file));
        let removed =
            trusted.filter(|_| is_trusted).map(|trusted| trusted.removed.as_slice()).unwrap_or_default();
        let mut lines: HashMap<String, usize> = HashMap::new();
        for entry in &file.entries {
            let slug = slugify(&entry.name);
            let mut connector = match &entry.connector {
                Ok(connector) => connector.clone(),
                Err(_) => Connector::remote(slug.as_str(), entry.name.as_str(), ""),
            };
            connector.slug.clone_from(&slug);
            let repeats = lines.get(&slug).copied();
            lines.entry(slug.clone()).or_insert(entry.line);
            if removed.contains(&slug) {
                continue;
            }
            if let Some(reason) = problem(&slug, entry.line, &entry.connector, repeats) {
                let next = format!("mend {}", file.path.display());
                project.put_aside(connector, ConnectorState::Unusable, Some(reason), next);
            } else if let Some(known) =
                own.connectors().iter().find(|known| known.slug == slug || known.name == entry.name)
            {
                compare(project, known, connector, file);
            } else if !is_trusted {
                let next = "look at what it would do with `car trust`".to_owned();
                project.put_aside(connector, ConnectorState::Untrusted, None, next);
            } else {
                self.add_entry(manifest, project, connector);
            }
        }
    }

    fn add_entry(&self, manifest: &mut Manifest, project: &mut Project, connector: Connector) {
        let written = as_in_manifest(connector);
        project.all_written.insert(written.slug.clone(), written.clone());
        let used = self.used(&written).and_then(|used| Ok(manifest.add(used)?));
        match used {
            Ok(()) => drop(project.written.insert(written.slug.clone(), written)),
            Err(error) => {
                let (reason, next) = (Some(error.to_string()), MEND_VARIABLE.to_owned());
                project.put_aside(written, ConnectorState::Unusable, reason, next);
            }
        }
    }

    /// Says why there is no connector to be used with this slug.
    pub(crate) fn missing(&self, slug: &str, manifest: &Manifest) -> Error {
        let project = self.project();
        match project.set_aside.iter().find(|entry| entry.connector.slug == slug) {
            Some(entry) => entry.error(),
            None => Error::no_connector(slug, &slugs(manifest)),
        }
    }

    /// Takes a connector out of the manifest, and where it is the project's, notes that the user does not want it. Blocks.
    pub(super) fn take_out(&self, slug: &str) -> Result<Connector, Error> {
        let file = self.project_file().ok().flatten().map(|(file, _)| file);
        let used = self.read()?;
        let removed = self.manifest.update(|manifest| Ok::<_, Error>(manifest.remove(slug)))?;
        let Some(removed) = removed.or_else(|| self.project().written(slug).cloned()) else {
            return Err(self.missing(slug, &used));
        };
        if let Some(file) = file.filter(|file| is_from(&removed, file)) {
            self.trust.remove(&file.path, slug)?;
        }
        Ok(removed)
    }
}

/// What to do about a variable or a folder that is not there.
const MEND_VARIABLE: &str = "set the variable or make the folder, or mend the project's file";

/// Looks at an entry whose name is taken: by the entry itself, which the user has acted on, or by something of the user's.
fn compare(project: &mut Project, known: &Connector, entry: Connector, file: &ProjectFile) {
    if !is_from(known, file) {
        let reason = "a connector of yours has its name or slug, and is used in its place".to_owned();
        let next = "give the project's entry another name".to_owned();
        project.put_aside(entry, ConnectorState::Shadowed, Some(reason), next);
    } else if definition(known) != definition(&entry) {
        project.differs.push(entry.slug);
    }
}

fn problem(
    slug: &str,
    line: usize,
    entry: &Result<Connector, String>,
    repeats: Option<usize>,
) -> Option<String> {
    match (entry, repeats) {
        (Err(problem), _) => Some(problem.clone()),
        (Ok(_), Some(first)) => Some(format!(
            "line {line}: its name stands for the slug {slug:?}, which the entry at line {first} has"
        )),
        (Ok(_), None) => None,
    }
}

/// Tells whether a connector comes from this file.
pub(super) fn is_from(connector: &Connector, file: &ProjectFile) -> bool {
    connector.project.as_ref().is_some_and(|project| Path::new(&project.file) == file.path)
}

/// Describes what a project says of a connector, and leaves out what is the user's to choose.
pub(super) fn definition(connector: &Connector) -> Vec<String> {
    let mut connector = connector.clone();
    connector.enabled_tools.clear();
    connector.oauth = None;
    describe(&connector)
}

/// Returns an entry as it will be once the manifest has it, so that taking it in changes nothing of it.
fn as_in_manifest(connector: Connector) -> Connector {
    let mut manifest = Manifest::default();
    let read = manifest
        .add(connector.clone())
        .and_then(|()| Manifest::from_json(Path::new(""), &manifest.to_json()));
    read.ok().and_then(|mut manifest| manifest.remove(&connector.slug)).unwrap_or(connector)
}
