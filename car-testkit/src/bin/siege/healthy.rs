//! A client that does nothing wrong.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::wire::{Server, read_answer};

/// The pause between two calls, so that the client itself is no load.
const PAUSE: Duration = Duration::from_millis(2);

/// Times of calls.
pub(crate) struct Latency {
    sorted: Vec<Duration>,
}

impl Latency {
    pub(crate) fn calls(&self) -> usize {
        self.sorted.len()
    }

    /// Returns the time within which this share of the calls was answered.
    pub(crate) fn share(&self, share: f64) -> Duration {
        let index = (self.sorted.len() as f64 * share) as usize;
        self.sorted.get(index.min(self.sorted.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// One connection that calls `echo`.
pub(crate) struct Healthy {
    stream: TcpStream,
    request: Vec<u8>,
}

impl Healthy {
    pub(crate) async fn connect(server: &Server) -> io::Result<Self> {
        let params = r#""name":"echo","arguments":{"message":"well"}"#;
        let request = server.modern("tools/call", Some("echo"), params);
        Ok(Self { stream: server.connect().await?, request })
    }

    /// Calls again and again for a while. Any answer but the right one is an error.
    pub(crate) async fn call_for(&mut self, time: Duration) -> io::Result<Latency> {
        let mut sorted = Vec::new();
        let end = Instant::now() + time;
        while Instant::now() < end {
            let start = Instant::now();
            self.stream.write_all(&self.request).await?;
            let (status, body) = read_answer(&mut self.stream).await?;
            sorted.push(start.elapsed());
            if status != 200 || !body.windows(4).any(|window| window == b"well") {
                let body = String::from_utf8_lossy(&body).into_owned();
                return Err(io::Error::other(format!("the healthy client got HTTP {status}: {body}")));
            }
            tokio::time::sleep(PAUSE).await;
        }
        sorted.sort_unstable();
        Ok(Latency { sorted })
    }
}
