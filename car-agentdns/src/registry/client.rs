//! The client of a registry: API v0.1.

use std::time::Duration;

use car_http::{AddressPolicy, ClientBuilder};

use super::entry::Entry;
use super::mirror::Mirror;
use super::reference::{RegistryName, RegistryReference};
use crate::ask::Bearer;
use crate::error::Error;
use crate::web::Web;

/// An MCP Registry at a base URL.
#[derive(Clone, Debug)]
pub struct RegistryClient {
    web: Web,
}

/// How a mirror was brought up to date.
#[derive(Debug)]
#[non_exhaustive]
pub struct Synced {
    /// How many pages were read.
    pub pages: usize,
    /// How many entries were new or changed.
    pub changed: usize,
    /// Why it was not read to its end, if it was not. What was read is kept, and the next time goes on from there.
    pub stopped: Option<Error>,
}

impl RegistryClient {
    /// Makes the client of a registry. Nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::InvalidBase`] and [`Error::Settings`].
    pub fn new(http: &ClientBuilder, base: &str, bearer: Option<Bearer>) -> Result<Self, Error> {
        Ok(Self { web: Web::new(http, base, bearer, AddressPolicy::Any)? })
    }

    /// Brings a mirror up to date, page by page, for as long as `budget` allows: the first time the whole list, later what
    /// has changed. `now` is in seconds since 1970.
    ///
    /// # Cancel safety
    /// What has been read is in the mirror after every page.
    pub async fn sync(&self, mirror: &mut Mirror, now: u64, budget: Duration) -> Synced {
        let _ = (&self.web, mirror, now, budget);
        todo!("registry")
    }

    /// Asks the registry itself for names that contain a text.
    ///
    /// # Errors
    /// Says why there is no answer.
    pub async fn search(&self, text: &str, limit: usize) -> Result<Vec<Entry>, Error> {
        let _ = (text, limit);
        todo!("registry")
    }

    /// Asks for all versions of a name, newest first. Deleted ones are among them, and say so.
    ///
    /// # Errors
    /// [`Error::NotFound`], and why there is no answer.
    pub async fn versions(&self, name: &RegistryName) -> Result<Vec<Entry>, Error> {
        let _ = name;
        todo!("registry")
    }

    /// Asks for one version: the one named, or the newest.
    ///
    /// # Errors
    /// [`Error::NotFound`], and why there is no answer.
    pub async fn version(&self, reference: &RegistryReference) -> Result<Entry, Error> {
        let _ = reference;
        todo!("registry")
    }
}
