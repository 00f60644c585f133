//! Connections that do not behave, below the messages.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::Running;

/// How long what is sent may take to leave before it is taken for stuck.
const STUCK: Duration = Duration::from_secs(2);

#[tokio::test]
async fn answers_that_nobody_takes_stop_the_asking_and_nobody_else() {
    let daemon = Running::start().await;
    let mut greedy = TcpStream::connect(daemon.address()).await.unwrap();
    let request =
        format!("GET /app.js HTTP/1.1\r\nhost: localhost\r\nx-more: {}\r\n\r\n", "x".repeat(8 * 1024));
    let mut sent = 0;
    while sent < 10_000 {
        match tokio::time::timeout(STUCK, greedy.write_all(request.as_bytes())).await {
            Ok(outcome) => outcome.unwrap(),
            Err(_) => break,
        }
        sent += 1;
    }
    assert!(sent < 10_000, "80 MB were taken from who takes no answer");
    assert_eq!(daemon.fetch("GET", "/health", None, "").await.status, 200);
}

#[tokio::test]
async fn a_head_without_end_is_cut_and_a_silent_connection_holds_up_nobody() {
    let daemon = Running::start().await;
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(TcpStream::connect(daemon.address()).await.unwrap());
    }
    let mut endless = TcpStream::connect(daemon.address()).await.unwrap();
    endless.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n").await.unwrap();
    let line = format!("x-more: {}\r\n", "x".repeat(1024));
    let mut sent = 0;
    // It is cut while it still sends.
    while sent < 4096 && endless.write_all(line.as_bytes()).await.is_ok() {
        sent += 1;
    }
    let mut answer = Vec::new();
    // The rest may have been reset, as nobody read what was sent.
    drop(endless.read_to_end(&mut answer).await);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    assert!(sent < 4096, "4 MB were taken for one head");
    assert_eq!(daemon.fetch("GET", "/health", None, "").await.status, 200);
    drop(silent);
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_nobody_else_minds() {
    let daemon = Running::start().await;
    for garbage in
        ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let mut socket = TcpStream::connect(daemon.address()).await.unwrap();
        socket.write_all(garbage.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        drop(socket.read_to_end(&mut answer).await);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{garbage:?}: {answer}");
    }
    assert_eq!(daemon.fetch("GET", "/health", None, "").await.status, 200);
}
