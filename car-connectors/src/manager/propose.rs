//! Looking a service up by its name, and adding it once a person has seen it.

use super::ConnectorManager;
use crate::discovery::{Answers, LookUpOptions, Proposal};
use crate::error::Error;
use crate::status::ConnectorStatus;

impl ConnectorManager {
    /// Looks a service up by its reference: `agentdns://…`, or a registry's `namespace/name[@version]`. Nothing of it is
    /// contacted or added.
    ///
    /// # Errors
    /// Says what is wrong with the reference, that nobody knows it, or why nobody could be asked.
    pub async fn look_up(&self, reference: &str, options: &LookUpOptions) -> Result<Proposal, Error> {
        let _ = (reference, options);
        todo!("facade")
    }

    /// Adds what was proposed, as [`add`](Self::add) does: dials or starts it and lists its tools, and enables none.
    ///
    /// # Errors
    /// As [`add`](Self::add); and says which input is missing or wrong, what stands in the way, or that what a person
    /// agreed to has changed.
    pub async fn add_proposed(
        &self,
        proposal: &Proposal,
        answers: Answers,
    ) -> Result<ConnectorStatus, Error> {
        let _ = (proposal, answers);
        todo!("facade")
    }
}
