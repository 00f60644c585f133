//! Catalogs and cards: what is read of them, and what is not.

mod asked;
mod hostile;
mod read;

use car_agentdns::catalog::{CatalogClient, Listed};
use car_agentdns::{Error, Offer, SetAside};
use car_testkit::catalog::Domain;

/// The moment of every test, in seconds since 1970.
const NOW: u64 = 1_800_000_000;

fn client() -> CatalogClient {
    CatalogClient::new(&car_http::Client::builder())
}

async fn list(domain: &Domain) -> Result<Listed, Error> {
    client().list(&domain.name(), NOW).await
}

fn identifiers(listed: &Listed) -> Vec<String> {
    listed.services().map(|service| service.identifier.to_string()).collect()
}

fn urls(offers: &[Offer]) -> Vec<&str> {
    fn url(offer: &Offer) -> Option<&str> {
        if let Offer::Remote { url, .. } = offer { Some(url) } else { None }
    }
    offers.iter().filter_map(url).collect()
}

fn reasons(set_aside: &[SetAside]) -> Vec<String> {
    set_aside.iter().map(|one| format!("{}: {}", one.name.as_deref().unwrap_or("-"), one.reason)).collect()
}
