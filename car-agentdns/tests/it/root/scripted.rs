//! A server that does what a script says, one step for each request.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// What is done with a request.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Says this and closes the connection.
    Say(Vec<u8>),
    /// Says this, and nothing more, for as long as anybody waits.
    Hang(Vec<u8>),
    /// Says this, and then the same again and again.
    Flood(Vec<u8>, Vec<u8>),
    /// Closes the connection without a word.
    Close,
}

/// A running script. The last step is repeated.
pub(super) struct Scripted {
    url: String,
    requests: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
    serving: AbortHandle,
}

impl Scripted {
    #[expect(clippy::disallowed_methods, reason = "a server for a test runs beside it")]
    pub(super) async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, heads) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (count, seen) = (Arc::clone(&requests), Arc::clone(&heads));
        let serving = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (steps, count, seen) = (steps.clone(), Arc::clone(&count), Arc::clone(&seen));
                tokio::spawn(async move {
                    let mut socket = BufReader::new(socket);
                    let head = read(&mut socket).await;
                    seen.lock().unwrap().push(head);
                    let turn = count.fetch_add(1, Ordering::SeqCst);
                    // A client that has seen enough cuts the connection.
                    let _cut = follow(&steps[turn.min(steps.len() - 1)], &mut socket).await;
                });
            }
        });
        Self { url, requests, heads, serving: serving.abort_handle() }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Returns the heads of the requests.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Returns an answer with its length.
pub(super) fn say(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Step {
    let body = body.as_ref();
    let mut bytes = head(status, headers, body.len());
    bytes.extend_from_slice(body);
    Step::Say(bytes)
}

/// Returns the head of an answer with a body of this length; `headers` are lines that end with a line feed.
pub(super) fn head(status: &str, headers: &str, length: usize) -> Vec<u8> {
    let headers = headers.replace('\n', "\r\n");
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n")
        .into_bytes()
}

async fn read(socket: &mut BufReader<TcpStream>) -> String {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some((_, value)) =
            line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    let _cut = socket.read_exact(&mut body).await;
    head
}

async fn follow(step: &Step, socket: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    match step {
        Step::Say(bytes) => socket.write_all(bytes).await?,
        Step::Close => {}
        Step::Hang(bytes) => {
            socket.write_all(bytes).await?;
            std::future::pending().await
        }
        Step::Flood(bytes, portion) => {
            socket.write_all(bytes).await?;
            loop {
                socket.write_all(portion).await?;
            }
        }
    }
    socket.shutdown().await
}
