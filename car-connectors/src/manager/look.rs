//! Reading what the files say, and noticing cheaply that they still say it.
//!
//! ```text
//!  a call ─▶ glance: has a file changed? ─ no ─▶ what was seen last: no file is read, no thread is changed
//!                        │ yes, or nothing was seen yet
//!                        ▼
//!                  look: read, settle (settle.rs) ─▶ what is seen now
//! ```

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, PoisonError};

use car_connectors_store::{Connector, Manifest, ProjectTrace, Stamp};

use super::{Inner, slugs};
use crate::error::Error;

/// What a look found. It is the manifest as it is used: with the project's connectors, and variables in place.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    manifest: Manifest,
    slugs: Vec<String>,
    stamp: Option<Stamp>,
    /// Of the pins of connectors with enabled tools.
    pins: HashMap<String, Option<Stamp>>,
    /// Of the project's file and what the user agreed to; nothing where there is no project, or it cannot be looked at.
    project: Option<(ProjectTrace, Option<Stamp>)>,
}

impl Seen {
    /// Returns the slugs of all connectors, of which names depend.
    pub(crate) fn slugs(&self) -> &[String] {
        &self.slugs
    }

    /// Returns in which state the pins of a connector were.
    pub(super) fn pins(&self, slug: &str) -> Option<&Stamp> {
        self.pins.get(slug).and_then(Option::as_ref)
    }

    /// Tells whether both found the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.manifest == other.manifest && self.pins == other.pins
    }
}

impl Deref for Seen {
    type Target = Manifest;

    fn deref(&self) -> &Manifest {
        &self.manifest
    }
}

impl Inner {
    /// Reads the manifest and follows it, on a thread that may block.
    pub(crate) async fn manifest(&self) -> Result<Arc<Seen>, Error> {
        self.blocking(Self::look).await
    }

    /// Returns what the files say, for a call of this connector: reads them only if they changed.
    pub(crate) async fn seen(&self, slug: &str) -> Result<Arc<Seen>, Error> {
        match self.glance(slug) {
            Some(seen) => Ok(seen),
            None => self.manifest().await,
        }
    }

    /// Returns what was seen last, if that is still so. It asks for the metadata of two files, which no other work waits
    /// for, as the policy does at each call; in a project, for that of those that could be the project's too.
    fn glance(&self, slug: &str) -> Option<Arc<Seen>> {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let is_same = self.manifest.stamp().ok()? == seen.stamp
            && seen.pins.get(slug).is_none_or(|known| self.stamp_of_pins(slug) == *known)
            && self.is_same_project(&seen);
        is_same.then_some(seen)
    }

    fn is_same_project(&self, seen: &Seen) -> bool {
        let Some((trace, agreed)) = &seen.project else { return self.project_dir.is_none() };
        self.trust.stamp().is_ok_and(|stamp| stamp == *agreed) && trace.is_current()
    }

    /// Reads what the files say. Blocks.
    pub(super) fn read_all(&self) -> Result<Seen, Error> {
        // What is written while this reads is found at the next look: the stamps come first.
        let stamp = self.manifest.stamp()?;
        // What cannot be looked at is looked at again at the next call; reading it says why.
        let trace = self.project_dir.as_ref().and_then(|folder| ProjectTrace::of(folder).ok());
        let project = trace.and_then(|trace| Some((trace, self.trust.stamp().ok()?)));
        let manifest = self.read()?;
        let pinned = manifest.connectors().iter().filter(|connector| !connector.enabled_tools.is_empty());
        let pins = pinned.map(|connector| (connector.slug.clone(), self.stamp_of_pins(&connector.slug)));
        Ok(Seen { pins: pins.collect(), slugs: slugs(&manifest), manifest, stamp, project })
    }

    /// Lets calls see what was read, once the engine is in line with it.
    pub(super) fn show(&self, seen: Arc<Seen>) {
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    pub(crate) async fn connector(&self, slug: &str) -> Result<Connector, Error> {
        let seen = self.manifest().await?;
        seen.connector(slug).cloned().ok_or_else(|| self.missing(slug, &seen))
    }

    /// Pins that cannot be looked at are as good as none here; reading them says why.
    fn stamp_of_pins(&self, slug: &str) -> Option<Stamp> {
        self.pins.stamp(slug).ok().flatten()
    }
}
