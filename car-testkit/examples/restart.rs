//! Shows how a test stops and starts a server, and what the server remembers of it.

use car_testkit::double::{Config, Double};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example")]
async fn main() -> std::io::Result<()> {
    let mut server = Double::start(Config::default()).await?;
    let before = server.url();
    server.restart().await?;
    assert_eq!(before, server.url(), "the port stays");
    println!("{before} was started twice and saw {} requests", server.ledger().requests());
    Ok(())
}
