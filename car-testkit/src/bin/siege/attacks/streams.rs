//! Streams that are opened and not read.

use std::io;

use tokio::io::AsyncWriteExt as _;

use super::{Held, Tally};
use crate::wire::{Server, read_head};

/// How many streams are opened and left alone.
const IDLE: usize = 10_000;
/// How many clients ask for much and read nothing.
const READERS: usize = 200;

/// Opens many streams that wait for changes.
pub(super) async fn idle(server: &Server, tally: &Tally) -> io::Result<Held> {
    let mut held = Held::default();
    let request = server.modern("subscriptions/listen", None, r#""notifications":{"toolsListChanged":true}"#);
    for _ in 0..IDLE {
        let mut stream = server.connect().await?;
        stream.write_all(&request).await?;
        tally.status(Some(read_head(&mut stream).await?.0));
        held.streams.push(stream);
    }
    Ok(held)
}

/// Calls a tool that says far more than a socket holds, and reads the head only.
pub(super) async fn slow_readers(server: &Server, tally: &Tally) -> io::Result<Held> {
    let mut held = Held::default();
    let params = r#""name":"flood","arguments":{"messages":1000000,"bytes":4096}"#;
    let request = server.modern("tools/call", Some("flood"), params);
    for _ in 0..READERS {
        let mut stream = server.connect_narrow().await?;
        stream.write_all(&request).await?;
        tally.status(Some(read_head(&mut stream).await?.0));
        held.streams.push(stream);
    }
    Ok(held)
}
