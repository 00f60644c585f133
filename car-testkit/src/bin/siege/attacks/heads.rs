//! Heads that are too large, or that two readers would read differently.

use std::time::Duration;

use super::{Held, Tally};
use crate::wire::{Server, send_once};

/// How many headers one request has.
const HEADERS: usize = 100_000;
/// The time from one request to the next.
const PAUSE: Duration = Duration::from_millis(50);

/// Sends requests with far more headers than anybody needs.
pub(super) fn many(server: &Server, tally: &Tally) -> Held {
    let mut request = format!("POST {} HTTP/1.1\r\nHost: {}\r\n", server.path, server.address);
    for index in 0..HEADERS {
        request.push_str(&format!("x-{index}: y\r\n"));
    }
    request.push_str("\r\n");
    let mut held = Held::default();
    let (server, tally) = (server.clone(), tally.clone());
    held.tasks.spawn(async move {
        loop {
            tally.status(send_once(&server, request.as_bytes()).await.ok().flatten());
            tokio::time::sleep(PAUSE).await;
        }
    });
    held
}

/// Sends requests whose end is disputable, each with a second request where one reader would see its body.
pub(super) fn smuggling(server: &Server, tally: &Tally) -> Held {
    let mut held = Held::default();
    for (name, request) in corpus(server) {
        let (server, tally) = (server.clone(), tally.clone());
        held.tasks.spawn(async move {
            loop {
                let status = send_once(&server, request.as_bytes()).await.ok().flatten();
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

fn corpus(server: &Server) -> Vec<(&'static str, String)> {
    let hidden = format!("GET {}/health HTTP/1.1\r\nHost: {}\r\n\r\n", server.path, server.address);
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n",
        server.path, server.address
    );
    let with = |framing: &str, body: &str| format!("{head}{framing}\r\n{body}{hidden}");
    vec![
        ("length and chunks", with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("two lengths", with("Content-Length: 4\r\nContent-Length: 40\r\n", "null")),
        ("length with a sign", with("Content-Length: +4\r\n", "null")),
        ("unknown coding", with("Transfer-Encoding: chunked, x\r\n", "0\r\n\r\n")),
        ("coding twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")),
        ("space before the colon", with("Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", "null")),
        ("folded line", with("Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n", "null")),
        ("wrong chunk size", with("Transfer-Encoding: chunked\r\n", "-1\r\nnull\r\n0\r\n\r\n")),
        ("huge chunk size", with("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nnull\r\n0\r\n\r\n")),
        ("two hosts", with("Host: evil.example\r\nContent-Length: 4\r\n", "null")),
    ]
}
