//! Ranks a dozen made-up services for a need and says why:
//! `cargo run -p car-agentdns --example rank_services -- "open an issue in my tracker"`.

#![expect(clippy::print_stdout, reason = "an example: whoever runs it reads the ranking there")]

use std::error::Error;

use car_agentdns::rank::{Index, Query, Reason};
use car_agentdns::{Capability, Limit, Need, Provenance, Service, SourceKind};

const SERVICES: [(&str, &str, &[&str]); 12] = [
    ("com.tracker/issues", "Plan work and follow bugs", &["createIssue", "listSprints", "closeIssue"]),
    (
        "io.github.ann/code-host",
        "Repositories and pull requests",
        &["open_pull_request", "search_code", "create_issue"],
    ),
    ("com.example/mail", "Send, read and search mail", &["send_message", "list_threads"]),
    ("com.example/calendar", "Meetings and invitations", &["createEvent", "findFreeTime"]),
    ("org.sky/weather", "Forecasts for any place on Earth", &["forecast", "currentConditions"]),
    ("org.maps/routes", "Routes, places and travel times", &["geocode", "route"]),
    ("io.github.bob/postgres", "Query a PostgreSQL database, read only", &["query", "list_tables"]),
    (
        "io.github.cleo/files",
        "Read and write files in a folder",
        &["read_file", "write_file", "list_directory"],
    ),
    ("com.pages/pdf", "Turn documents into PDF and back", &["convert", "extract_text"]),
    ("com.chat/rooms", "Post messages to the rooms of a team", &["post_message", "list_rooms"]),
    ("com.pay/invoices", "Write invoices and see what is paid", &["create_invoice", "list_payments"]),
    ("io.github.dora/browser", "Drive a web browser", &["navigate", "click", "screenshot"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let need = std::env::args().nth(1).unwrap_or_else(|| "open an issue in my tracker".to_owned());
    let services = SERVICES.iter().map(|(identifier, description, tools)| {
        let identifier: car_agentdns::ServiceIdentifier = format!("agentdns://{identifier}").parse()?;
        let name = identifier.name().to_owned();
        let mut service =
            Service::new(identifier, name, Provenance::new(SourceKind::Registry, "made up", 0, 0));
        service.description = (*description).to_owned();
        service.capabilities = tools.iter().map(|tool| Capability::new(*tool, "")).collect();
        Ok(service)
    });
    let index = Index::new(services.collect::<Result<_, Box<dyn Error>>>()?)?;
    for scored in index.search(&Query::new(Need::new(&need)?, Limit::new(5)?))? {
        let service = &index.services()[scored.place];
        let reasons = scored.reasons.iter().map(|reason| match reason {
            Reason::Word { word, found_in } => format!("{word} in {found_in}"),
            Reason::Meaning { cosine } => format!("like it ({cosine:.2})"),
            _ => "for another reason".to_owned(),
        });
        println!("{:.2}  {}", scored.score, service.identifier);
        println!("      {}", reasons.collect::<Vec<_>>().join(", "));
    }
    Ok(())
}
