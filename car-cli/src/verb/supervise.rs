//! `car supervise`: ends a local server when the command that started it is gone.

use car_connectors::stdio;

use crate::exit::Exit;
use crate::failure::Failure;

/// End a local server when the program that started it is gone
#[derive(clap::Args)]
pub(crate) struct Supervise {}

/// Does what a supervisor does; see `car_mcp_stdio::Supervisor`.
pub(crate) async fn run() -> Result<Exit, Failure> {
    stdio::supervise()
        .await
        .map_err(|error| Failure::io("this is started by `car` itself, beside a local server", &error))?;
    Ok(Exit::Done)
}
