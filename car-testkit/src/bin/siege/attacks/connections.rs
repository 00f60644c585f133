//! Connections that are slow, silent, or gone.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::{Held, Tally};
use crate::wire::{Server, read_head};

/// How many connections write slowly.
const WRITERS: usize = 500;
/// How many connections say nothing.
const SILENT: usize = 1_000;
/// How many connections come and go at once.
const COMING: usize = 16;
/// How long a slow writer waits from byte to byte.
const STEP: Duration = Duration::from_millis(200);

/// Writes heads one byte at a time.
pub(super) async fn slow_heads(server: &Server, tally: &Tally) -> io::Result<Held> {
    let head = server.modern("tools/list", None, "");
    trickle(server, tally, &[], &head).await
}

/// Writes heads at once and bodies one byte at a time.
pub(super) async fn slow_bodies(server: &Server, tally: &Tally) -> io::Result<Held> {
    let request = server.modern("tools/list", None, "");
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").expect("there is a head") + 4;
    trickle(server, tally, &request[..end], &request[end..]).await
}

async fn trickle(server: &Server, tally: &Tally, at_once: &[u8], slowly: &[u8]) -> io::Result<Held> {
    let mut held = Held::default();
    for _ in 0..WRITERS {
        let mut stream = server.connect().await?;
        stream.write_all(at_once).await?;
        tally.count("connections");
        let (tally, slowly) = (tally.clone(), slowly.to_vec());
        held.tasks.spawn(async move {
            for byte in slowly {
                if stream.write_all(&[byte]).await.is_err() {
                    tally.count("cut");
                    return;
                }
                tokio::time::sleep(STEP).await;
            }
            tally.status(read_head(&mut stream).await.ok().map(|(status, _)| status));
        });
    }
    Ok(held)
}

/// Opens connections and says nothing on them.
pub(super) async fn half_open(server: &Server, tally: &Tally) -> io::Result<Held> {
    let mut held = Held::default();
    for _ in 0..SILENT {
        held.streams.push(server.connect().await?);
        tally.count("connections");
    }
    Ok(held)
}

/// Opens a stream, drops it in the middle, and begins again.
pub(super) fn churn(server: &Server, tally: &Tally) -> Held {
    let mut held = Held::default();
    let request = server.modern("subscriptions/listen", None, r#""notifications":{"toolsListChanged":true}"#);
    for _ in 0..COMING {
        let (server, tally, request) = (server.clone(), tally.clone(), request.clone());
        held.tasks.spawn(async move {
            loop {
                let outcome = come_and_go(&server, &request).await;
                tally.status(outcome.ok());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    held
}

async fn come_and_go(server: &Server, request: &[u8]) -> io::Result<u16> {
    let mut stream = server.connect().await?;
    stream.write_all(request).await?;
    let (status, _) = read_head(&mut stream).await?;
    // No goodbye: the connection is reset.
    stream.set_zero_linger()?;
    Ok(status)
}
