//! Searches records by what a service is needed for.

use car_agentdns::rank::{Index, Query, RankError};
use car_agentdns::{Capability, Limit, Need, Provenance, Service, SourceKind};
use serde_json::Value;

use super::records::Records;

/// Records, ready to be searched.
pub(super) struct Search {
    index: Index,
}

impl Search {
    pub(super) fn new(records: &Records) -> Result<Self, RankError> {
        let services = records.iter().map(|(identifier, record)| {
            // Where from and how fresh does not matter here: nothing of this leaves the root.
            let provenance = Provenance::new(SourceKind::Root, "this root", 0, 0);
            let mut service = Service::new(identifier.clone(), text(&record["name"]), provenance);
            service.description = text(&record["description"]);
            service.tags = list(&record["tags"]).map(text).collect();
            let capabilities = list(&record["capabilities"]);
            service.capabilities = capabilities
                .map(|one| Capability::new(text(&one["name"]), text(&one["description"])))
                .collect();
            service
        });
        Ok(Self { index: Index::new(services.collect())? })
    }

    /// Returns the places of the records that fit, best first.
    pub(super) fn find(&self, need: &str, limit: usize) -> Result<Vec<usize>, String> {
        let need = Need::new(need).map_err(|error| error.to_string())?;
        let limit = Limit::new(limit).map_err(|error| error.to_string())?;
        let found = self.index.search(&Query::new(need, limit)).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|scored| scored.place).collect())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
