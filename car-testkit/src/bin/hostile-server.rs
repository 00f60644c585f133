//! Starts a server that misbehaves in one way, and prints its URL once it can be used.

use std::io;

use car_testkit::hostile::{Hostile, Mode, Stage};
use clap::Parser;

/// A server that is wrong in exactly one way, to try a client with.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The way of misbehaving; `list` prints them all
    #[arg(long)]
    mode: String,
    /// From when on: connect, list or call
    #[arg(long, default_value = "connect")]
    stage: Stage,
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program: whoever started it reads the URL there")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    if arguments.mode == "list" {
        for mode in Mode::ALL {
            println!("{mode}");
        }
        return Ok(());
    }
    let mode = arguments.mode.parse().map_err(io::Error::other)?;
    let server = Hostile::start_at(mode, arguments.stage, arguments.port).await?;
    println!("{}", server.url());
    tokio::signal::ctrl_c().await
}
