//! What was found, and what is needed to add it.

use serde_json::value::RawValue;

use super::card::Card;
use crate::error::SetAside;
use crate::service::Service;

/// What a catalog lists, nested catalogs included.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Listed {
    /// The services, in the catalog's order.
    pub entries: Vec<ListedService>,
    /// Entries, cards and nested catalogs that cannot be used, and the parts of others that cannot.
    pub set_aside: Vec<SetAside>,
}

/// A service that a catalog lists, or that spoke for itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListedService {
    /// The record.
    pub service: Service,
    /// Its card as a `server.json`, for whoever adds it: byte for byte where the card is one, else made of it. Nothing
    /// where the card was not read yet, and for what cannot be added.
    pub card: Option<Box<RawValue>>,
    /// Where its card is, if it was not in the catalog.
    pub card_url: Option<String>,
    /// Whether it may name places in private networks.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only a client fetches cards"))]
    pub(super) is_private: bool,
    /// Whether the catalog says what it is called.
    pub(super) is_named: bool,
}

impl Listed {
    /// Returns the records.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.entries.iter().map(|listed| &listed.service)
    }
}

impl ListedService {
    /// Takes over what a card says. What the catalog says of its entry stays: it is what was looked at first.
    pub(super) fn take(&mut self, card: Card) {
        let service = &mut self.service;
        if !self.is_named {
            card.shown_name().clone_into(&mut service.name);
        }
        if service.description.is_empty() {
            service.description = card.description.unwrap_or_default();
        }
        if service.tags.is_empty() {
            service.tags = card.tags;
        }
        service.version = service.version.take().or(card.version);
        service.capabilities = card.capabilities;
        service.offers = card.offers;
        self.card = card.server_json;
        if service.offers.is_empty() {
            service.reference = None;
        }
    }
}
