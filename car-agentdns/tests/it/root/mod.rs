//! Asking a root: the reference one, and ones that misbehave.

mod contract;
mod hostile;
mod records;
mod reference;
mod scripted;

use car_agentdns::root::RemoteRoot;
use car_agentdns::{Bearer, Limit, Need};

/// When it is, in seconds since 1970.
const NOW: u64 = 1_790_000_000;

fn root(base: &str, token: Option<&str>) -> RemoteRoot {
    let token = token.map(|token| Bearer::new(token).unwrap());
    RemoteRoot::new(&car_http::Client::builder(), base, token).unwrap()
}

fn need(text: &str) -> Need {
    Need::new(text).unwrap()
}

fn limit(number: usize) -> Limit {
    Limit::new(number).unwrap()
}
