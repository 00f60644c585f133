//! The kinds of client written in Rust, behind one set of methods.
//!
//! To add a kind: a module with `connect`, `call`, `list` and `close`, a variant of [`Client`], and a line in [`connect`]
//! and in `orchestrate::KINDS`.

mod floor;
mod floor_stdio;
mod ours;
mod rmcp;

use crate::Failure;
use crate::job::Job;

/// A connected client of some kind. Cheap to share: calls run at the same time.
pub(crate) enum Client {
    Floor(Box<floor::Floor>),
    FloorStdio(Box<floor_stdio::FloorStdio>),
    Ours(Box<ours::Ours>),
    Rmcp(Box<rmcp::Rmcp>),
}

/// Connects a client as the job wants it.
pub(crate) async fn connect(job: &Job) -> Result<Client, Failure> {
    match job.kind.as_str() {
        "floor" if !job.server.is_empty() => {
            Ok(Client::FloorStdio(Box::new(floor_stdio::FloorStdio::connect(job).await?)))
        }
        "floor" => Ok(Client::Floor(Box::new(floor::Floor::connect(job).await?))),
        "ours" => Ok(Client::Ours(Box::new(ours::Ours::connect(job).await?))),
        "rmcp" => Ok(Client::Rmcp(Box::new(rmcp::Rmcp::connect(job, rmcp::Tuning::Default).await?))),
        "rmcp-tuned" => Ok(Client::Rmcp(Box::new(rmcp::Rmcp::connect(job, rmcp::Tuning::Tuned).await?))),
        other => Err(format!("no kind of client {other}").into()),
    }
}

impl Client {
    /// Calls the job's tool and takes the whole answer.
    pub(crate) async fn call(&self) -> Result<(), Failure> {
        match self {
            Self::Floor(client) => client.call().await,
            Self::FloorStdio(client) => client.call().await,
            Self::Ours(client) => client.call().await,
            Self::Rmcp(client) => client.call().await,
        }
    }

    /// Lists the tools and takes the whole answer.
    pub(crate) async fn list(&self) -> Result<(), Failure> {
        match self {
            Self::Floor(client) => client.list().await,
            Self::FloorStdio(client) => client.list().await,
            Self::Ours(client) => client.list().await,
            Self::Rmcp(client) => client.list().await,
        }
    }

    /// Ends the connection as a polite client does.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Floor(client) => client.close().await,
            Self::FloorStdio(client) => client.close().await,
            Self::Ours(client) => client.close().await,
            Self::Rmcp(client) => client.close().await,
        }
    }
}
