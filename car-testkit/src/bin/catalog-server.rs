//! Starts a domain with a catalog, and prints the catalog's URL once it can be read.

use std::io;

use car_testkit::catalog::{Domain, WELL_KNOWN};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program: whoever started it reads the URL there")]
async fn main() -> io::Result<()> {
    let domain = Domain::with_everything().await?;
    println!("{}", domain.url(WELL_KNOWN));
    tokio::signal::ctrl_c().await
}
