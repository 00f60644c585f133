//! Fetches a URL and prints its head and the size of its body: `cargo run --example get -- https://example.com/`.

use car_http::{Client, Request, Target};

/// The largest page that is fetched.
const CAP: usize = 16 * 1024 * 1024;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "a program for people")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(url) = std::env::args().nth(1) else { return Err("usage: get <url>".into()) };
    let client = Client::new()?;
    let response = client.send(Request::get(Target::parse(&url)?)).await?;
    println!("{} {:?} {}", response.target(), response.version(), response.status());
    for (name, value) in response.headers() {
        println!("{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    let body = response.into_body().collect(CAP).await?;
    println!("\n{} bytes", body.len());
    Ok(())
}
