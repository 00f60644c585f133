//! Who is asked for services.

use std::time::Duration;

use car_connectors_store::Secret;

use super::ConnectorManager;
use crate::discovery::{NewSource, SourceStatus};
use crate::error::Error;

impl ConnectorManager {
    /// Lists the sources, in the order in which they count. Nobody is asked.
    ///
    /// # Errors
    /// Says what is wrong with the file of sources or a variable that names them.
    pub async fn sources(&self) -> Result<Vec<SourceStatus>, Error> {
        todo!("facade")
    }

    /// Adds a source to the file of sources. Nobody is asked.
    ///
    /// # Errors
    /// Says what is wrong with it, or why it cannot be kept; nothing is changed then.
    pub async fn add_source(&self, new: NewSource) -> Result<SourceStatus, Error> {
        let _ = new;
        todo!("facade")
    }

    /// Removes a source from the file of sources, with its token and what is known of it here.
    ///
    /// # Errors
    /// Says that there is no such source, or that it is not one of the file.
    pub async fn remove_source(&self, name: &str) -> Result<(), Error> {
        let _ = name;
        todo!("facade")
    }

    /// Sets or removes the token of a source. It is sent to the origin that the source has now, and to no other.
    ///
    /// # Errors
    /// Says that there is no such source, that the text is no token, or why it cannot be kept.
    pub async fn set_source_token(&self, name: &str, token: Option<Secret>) -> Result<(), Error> {
        let _ = (name, token);
        todo!("facade")
    }

    /// Brings what is known here of registries up to date, all at once, for as long as the budget allows; the next time
    /// goes on from there. A source that fails says so in its status.
    ///
    /// # Errors
    /// Says that there is no such source, or what is wrong with the file of sources.
    ///
    /// # Cancel safety
    /// What has been read by then is kept.
    pub async fn sync_sources(
        &self,
        only: Option<&str>,
        budget: Duration,
    ) -> Result<Vec<SourceStatus>, Error> {
        let _ = (only, budget);
        todo!("facade")
    }
}
