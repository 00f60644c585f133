//! The running server, as a test holds it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::answers;
use super::misbehave::{After, Place, misbehave};
use super::mode::{Mode, Stage};
use super::request;
use crate::ledger::Ledger;
use crate::loopback::Loopback;

/// A server that misbehaves in one way. Dropping it stops it.
#[derive(Debug)]
pub struct Hostile {
    here: Loopback,
    ledger: Arc<Ledger>,
    elsewhere: Loopback,
    elsewhere_ledger: Arc<Ledger>,
}

impl Hostile {
    /// Starts a server that misbehaves from the first request on.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(mode: Mode) -> io::Result<Self> {
        Self::start_at(mode, Stage::Connect, 0).await
    }

    /// Starts a server that misbehaves from `stage` on, on `port` (0: any free one).
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start_at(mode: Mode, stage: Stage, port: u16) -> io::Result<Self> {
        let (ledger, elsewhere_ledger) = (Arc::<Ledger>::default(), Arc::<Ledger>::default());
        let good = Arc::clone(&elsewhere_ledger);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let elsewhere = Loopback::serve(any, Arc::clone(&elsewhere_ledger), move |socket| {
            let ledger = Arc::clone(&good);
            // A cut connection is the client's right.
            async move { drop(converse(socket, None, &ledger, String::new()).await) }
        })
        .await?;
        let there = url(elsewhere.address());
        let bad = Arc::clone(&ledger);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let here = Loopback::serve(address, Arc::clone(&ledger), move |socket| {
            let (ledger, there) = (Arc::clone(&bad), there.clone());
            async move { drop(converse(socket, Some((mode, stage)), &ledger, there).await) }
        })
        .await?;
        Ok(Self { here, ledger, elsewhere, elsewhere_ledger })
    }

    /// Returns the URL to give to the client.
    pub fn url(&self) -> String {
        url(self.here.address())
    }

    /// Returns what reached the server.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns what reached the other origin, which answers well. A careful client never goes there.
    pub fn elsewhere(&self) -> &Ledger {
        &self.elsewhere_ledger
    }

    /// Returns the URL of the other origin.
    pub fn elsewhere_url(&self) -> String {
        url(self.elsewhere.address())
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/mcp")
}

/// Answers requests on one connection until it is of no more use.
async fn converse(
    socket: TcpStream,
    fault: Option<(Mode, Stage)>,
    ledger: &Ledger,
    elsewhere: String,
) -> io::Result<()> {
    let place = Place { here: url(socket.local_addr()?), elsewhere };
    let mut socket = BufReader::new(socket);
    while let Some(request) = request::read(&mut socket).await? {
        let stage = answers::stage(&request.message);
        let last = request.seen.headers.get(http::header::CONNECTION).is_some_and(|value| value == "close");
        ledger.note_request(request.seen);
        match fault {
            Some((mode, first)) if answers::is_due(first, stage) => {
                if let After::Close = misbehave(mode, &mut socket, &request.message, &place).await? {
                    break;
                }
            }
            _ if request.message.get("id").is_none() => {
                socket.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").await?;
            }
            _ => {
                let body = answers::good(&request.message).to_string();
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
                let reply = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
                socket.write_all(reply.as_bytes()).await?;
            }
        }
        socket.flush().await?;
        if last {
            break;
        }
    }
    socket.shutdown().await
}
