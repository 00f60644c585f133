//! The client of catalogs and cards.

use car_http::ClientBuilder;

use crate::error::{Error, SetAside};
use crate::service::Service;

/// Asks domains for their catalogs, and servers for their cards.
#[derive(Clone, Debug)]
pub struct CatalogClient {
    http: ClientBuilder,
}

/// What a catalog lists, nested catalogs included.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// The services.
    pub services: Vec<Service>,
    /// Entries, cards and nested catalogs that cannot be used.
    pub set_aside: Vec<SetAside>,
}

impl CatalogClient {
    /// Makes a client.
    #[must_use]
    pub fn new(http: &ClientBuilder) -> Self {
        Self { http: http.clone() }
    }

    /// Reads the catalog of a domain (`example.com`) or at a URL. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// Says why there is no catalog.
    pub async fn list(&self, place: &str, now: u64) -> Result<Listed, Error> {
        let _ = (&self.http, place, now);
        todo!("catalog")
    }

    /// Reads what a server says of itself, if it says anything: `{url}/server-card`, then the older places.
    ///
    /// # Errors
    /// Says why it cannot be asked; a server without a card is no error.
    pub async fn card(&self, url: &str, now: u64) -> Result<Option<Service>, Error> {
        let _ = (&self.http, url, now);
        todo!("catalog")
    }
}
