//! Bodies that are too large, too deep or too many.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::{Held, Tally};
use crate::legacy::{BATCHING, begin_session};
use crate::wire::{Server, read_head, send_once};

/// How large the endless body says it is.
const GIBIBYTE: usize = 1 << 30;
/// How much of a body is written at once.
const PIECE: usize = 64 << 10;
/// The time from one bomb to the next.
const PAUSE: Duration = Duration::from_millis(50);

/// Sends a body of one GiB, once with its length said and once in chunks.
pub(super) fn endless(server: &Server, tally: &Tally) -> Held {
    let mut held = Held::default();
    for is_chunked in [false, true] {
        let (server, tally) = (server.clone(), tally.clone());
        held.tasks.spawn(async move {
            loop {
                let outcome = send_endless(&server, is_chunked).await;
                let way = if is_chunked { "in chunks" } else { "with a length" };
                let status = outcome.map_or_else(|_| "closed".to_owned(), |status| status.to_string());
                tally.count(format!("{way} {status}"));
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    held
}

async fn send_endless(server: &Server, is_chunked: bool) -> io::Result<u16> {
    let length = GIBIBYTE.to_string();
    let framing = if is_chunked { ("Transfer-Encoding", "chunked") } else { ("Content-Length", &*length) };
    let stream = server.connect().await?;
    let (mut reading, mut writing) = stream.into_split();
    writing.write_all(server.post_head(&[framing]).as_bytes()).await?;
    let mut piece = vec![b' '; PIECE];
    if is_chunked {
        piece = [format!("{PIECE:x}\r\n").as_bytes(), &piece, b"\r\n"].concat();
    }
    let writing = tokio::spawn(async move {
        let mut sent = 0;
        while sent < GIBIBYTE && writing.write_all(&piece).await.is_ok() {
            sent += PIECE;
        }
        // Kept open until the answer has been read.
        writing
    });
    let status = read_status(&mut reading).await;
    writing.abort();
    status
}

async fn read_status(reading: &mut tokio::net::tcp::OwnedReadHalf) -> io::Result<u16> {
    use tokio::io::AsyncReadExt as _;

    let mut head = [0; 12];
    tokio::time::timeout(Duration::from_secs(20), reading.read_exact(&mut head)).await??;
    let status = std::str::from_utf8(&head[9..]).ok().and_then(|text| text.parse().ok());
    status.ok_or_else(|| io::Error::other("expected a status, found something else"))
}

/// Sends JSON that is small on the wire and large to read.
pub(super) fn bombs(server: &Server, tally: &Tally) -> Held {
    let mut held = Held::default();
    for (name, body) in bomb_bodies() {
        let request = modern_with(server, &body);
        let (server, tally) = (server.clone(), tally.clone());
        held.tasks.spawn(async move {
            loop {
                let status = send_once(&server, &request).await.ok().flatten();
                tally.count(format!(
                    "{name} {}",
                    status.map_or_else(|| "closed".to_owned(), |it| it.to_string())
                ));
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    held
}

fn bomb_bodies() -> Vec<(&'static str, String)> {
    let call = |arguments: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo","arguments":{arguments},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
        )
    };
    let depth = 500_000;
    vec![
        ("deep", "[".repeat(depth * 2)),
        ("deep arguments", call(&format!(r#"{{"message":{}{}}}"#, "[".repeat(depth), "]".repeat(depth)))),
        ("wide", call(&format!(r#"{{"message":"x",{}"y":0}}"#, r#""a":0,"#.repeat(150_000)))),
        ("escapes", call(&format!(r#"{{"message":"{}"}}"#, r"\u0041".repeat(150_000)))),
        ("long number", call(&format!(r#"{{"message":{}}}"#, "9".repeat(1_000_000)))),
    ]
}

fn modern_with(server: &Server, body: &str) -> Vec<u8> {
    let length = body.len().to_string();
    let headers = [
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "echo"),
        ("Content-Length", &*length),
    ];
    (server.post_head(&headers) + body).into_bytes()
}

/// Sends batches of ten thousand requests, to an endpoint that has never had them and in a session that may.
pub(super) fn batches(server: &Server, tally: &Tally) -> Held {
    let mut held = Held::default();
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let batch = format!("[{}]", vec![request; 10_000].join(","));
    for in_session in [false, true] {
        let (server, tally, batch) = (server.clone(), tally.clone(), batch.clone());
        held.tasks.spawn(async move {
            loop {
                let status = send_batch(&server, &batch, in_session).await;
                let way = if in_session { "in a session" } else { "without" };
                tally.count(format!(
                    "{way} {}",
                    status.map_or_else(|_| "closed".to_owned(), |it| it.to_string())
                ));
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    held
}

async fn send_batch(server: &Server, batch: &str, in_session: bool) -> io::Result<u16> {
    let mut stream = server.connect().await?;
    let length = batch.len().to_string();
    let mut headers = vec![("Content-Length", length.as_str())];
    let session = match in_session {
        true => begin_session(server, BATCHING).await?,
        false => String::new(),
    };
    if in_session {
        headers.push(("Mcp-Session-Id", &session));
    }
    stream.write_all((server.post_head(&headers) + batch).as_bytes()).await?;
    Ok(read_head(&mut stream).await?.0)
}
