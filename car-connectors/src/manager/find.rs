//! Finding services by need.

use super::ConnectorManager;
use crate::discovery::{FindOptions, Found};
use crate::error::Error;

impl ConnectorManager {
    /// Finds the services that fit a need best: of what is connected already, and of all sources, which are asked at once.
    /// Nothing that is found is contacted.
    ///
    /// A source that fails, is slow or lies is among those left out, and no error. The answer is there by the deadline.
    ///
    /// # Errors
    /// Says what is wrong with the need, the file of sources or a variable that names them; or that no source could be
    /// asked where there is nothing else to search.
    ///
    /// # Cancel safety
    /// What has been read of a registry by then is kept.
    pub async fn find(&self, need: &str, options: &FindOptions) -> Result<Found, Error> {
        let _ = (need, options);
        todo!("facade")
    }
}
