//! Asks an AgentDNS root for services by need: give its base URL and the need. A token is read from standard input, if
//! the third argument is `-`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::io::BufRead as _;
use std::time::{SystemTime, UNIX_EPOCH};

use car_agentdns::root::RemoteRoot;
use car_agentdns::{Bearer, Limit, Need};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (base, need) = match &arguments[..] {
        [base, need] | [base, need, _] => (base, Need::new(need)?),
        _ => {
            println!("usage: resolve_need https://root.example.com \"open an issue in my tracker\" [-]");
            return Ok(());
        }
    };
    let bearer = match arguments.get(2).map(String::as_str) {
        Some("-") => std::io::stdin().lock().lines().next().transpose()?.map(Bearer::new).transpose()?,
        _ => None,
    };
    #[expect(clippy::disallowed_methods, reason = "the rim: whoever starts this is now")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();

    let root = RemoteRoot::new(&car_http::Client::builder(), base, bearer)?;
    let resolved = root.resolve(&need, Limit::new(5)?, now).await?;
    for service in &resolved.services {
        // A publisher's words are shown, and not believed.
        println!("{}  {}  {:?}", service.identifier, service.protocol.as_str(), service.description);
        for offer in &service.offers {
            println!("    {offer:?}");
        }
    }
    for aside in &resolved.set_aside {
        println!("set aside: {} ({})", aside.name.as_deref().unwrap_or("?"), aside.reason);
    }
    Ok(())
}
