//! Reads what a domain says of its services.
//!
//! ```text
//! cargo run -p car-agentdns --example read_catalog -- example.com
//! ```
//!
//! The argument is a domain, a host with a port, or the URL of a catalog. Of a URL that is an MCP endpoint, the server's own
//! card is read where it has no catalog.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

use std::error::Error;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use car_agentdns::catalog::{CatalogClient, ListedService};
use car_agentdns::{Offer, SetAside};
use car_http::ClientBuilder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(place) = std::env::args().nth(1) else {
        eprintln!("expected a domain or the URL of a catalog, such as example.com");
        return ExitCode::from(2);
    };
    match read(&place).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            let causes = std::iter::successors(error.source(), |&cause| cause.source());
            causes.for_each(|cause| eprintln!("  because {cause}"));
            ExitCode::FAILURE
        }
    }
}

async fn read(place: &str) -> Result<(), Box<dyn Error>> {
    let client = CatalogClient::new(&ClientBuilder::default());
    let listed = match client.list(place, now()).await {
        Ok(listed) => listed,
        Err(error) if place.contains("://") => match client.card(place, now()).await? {
            Some(card) => {
                show(&card);
                return Ok(());
            }
            None => return Err(error.into()),
        },
        Err(error) => return Err(error.into()),
    };
    listed.entries.iter().for_each(show);
    for SetAside { name, reason, .. } in &listed.set_aside {
        eprintln!("left out {:?}: {reason}", name.as_deref().unwrap_or("an entry"));
    }
    Ok(())
}

fn show(listed: &ListedService) {
    let service = &listed.service;
    // Names and descriptions are a stranger's words: `Debug` shows what a terminal would obey.
    println!("{}  {:?}  {:?}", service.identifier, service.name, service.description);
    println!(
        "  publisher {:?}, checked: {}",
        service.publisher.name,
        service.publisher.verification.as_str()
    );
    for offer in &service.offers {
        match offer {
            Offer::Remote { transport, url } => println!("  {} {url:?}", transport.as_str()),
            Offer::Package { registry_type, identifier, .. } => {
                println!("  {registry_type:?} {identifier:?}")
            }
            _ => {}
        }
    }
    if let (None, Some(url)) = (&listed.card, &listed.card_url) {
        println!("  its card is at {url:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "an example is a program: its rim reads the clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
