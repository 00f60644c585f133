//! Reads the whole list of an MCP Registry, and prints what could be added of it.
//!
//! `cargo run --release -p car-agentdns --example read_registry -- https://registry.example`

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use car_agentdns::Offer;
use car_agentdns::registry::{Mirror, Plan, RegistryClient};
use car_http::ClientBuilder;

/// Long enough for the largest registry at its own pace.
const BUDGET: Duration = Duration::from_secs(600);

/// How many plans there are of a kind, and what stands in the way of how many.
#[derive(Default)]
struct Count {
    addable: usize,
    warned: usize,
    obstacles: BTreeMap<String, usize>,
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "a program: whoever started it reads the figures there")]
async fn main() -> Result<(), Box<dyn Error>> {
    let base = std::env::args().nth(1).ok_or("expected the base URL of a registry")?;
    let client = RegistryClient::new(&ClientBuilder::default(), &base, None)?;
    let mut mirror = Mirror::new(client.base());
    let began = Instant::now();
    let synced = client.sync(&mut mirror, 0, BUDGET).await;
    println!("{} pages, {} names, {:?}", synced.pages, mirror.len(), began.elapsed());
    if let Some(error) = synced.stopped {
        println!("stopped: {error}");
    }
    println!("{} set aside", mirror.set_aside_count());
    for aside in mirror.set_aside().iter().take(20) {
        println!("  {}: {}", aside.name.as_deref().unwrap_or("?"), aside.reason);
    }
    let began = Instant::now();
    let stored = mirror.to_json();
    println!("stored as {} bytes in {:?}", stored.len(), began.elapsed());
    let began = Instant::now();
    let mirror = Mirror::from_json(&stored)?;
    println!("loaded in {:?}", began.elapsed());
    let began = Instant::now();
    let services = mirror.services("example", false);
    println!("{} services in {:?}", services.len(), began.elapsed());
    let mut kinds: BTreeMap<String, Count> = BTreeMap::new();
    let mut without = 0;
    for entry in mirror.entries() {
        let plans = entry.plans();
        without += usize::from(plans.iter().all(|plan| plan.obstacle.is_some()));
        for plan in plans {
            count(kinds.entry(kind(&plan)).or_default(), &plan);
        }
    }
    println!("{without} names that cannot be added in any way");
    for (kind, count) in kinds {
        println!("{kind}: {} addable, {} of them with warnings", count.addable, count.warned);
        for (obstacle, number) in count.obstacles {
            println!("  {number} not: {obstacle}");
        }
    }
    Ok(())
}

fn kind(plan: &Plan) -> String {
    match &plan.offer {
        Offer::Remote { transport, .. } => transport.as_str().to_owned(),
        Offer::Package { registry_type, .. } => registry_type.clone(),
        _ => "other".to_owned(),
    }
}

fn count(count: &mut Count, plan: &Plan) {
    match &plan.obstacle {
        None => {
            count.addable += 1;
            count.warned += usize::from(!plan.warnings.is_empty());
        }
        Some(obstacle) => *count.obstacles.entry(obstacle.clone()).or_default() += 1,
    }
}
