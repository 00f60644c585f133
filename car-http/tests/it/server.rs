//! Small servers on loopback that say what they saw.

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

pub(crate) type Answer = Response<Full<car_http::Bytes>>;

/// A running server and the number of connections it accepted.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) accepted: Arc<AtomicUsize>,
    /// One permit for each connection that has ended.
    pub(crate) ended: Arc<Semaphore>,
}

impl Server {
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn target(&self, path: &str) -> car_http::Target {
        car_http::Target::parse(&self.url(path)).expect("valid")
    }
}

/// Accepts connections and hands each to `handle`.
pub(crate) async fn listen<F>(handle: impl Fn(usize, TcpStream) -> F + Send + 'static) -> Server
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let accepted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&accepted);
    let ended = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&ended);
    let _server = spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let number = counter.fetch_add(1, Ordering::SeqCst);
            let (handled, permits) = (handle(number, socket), Arc::clone(&permits));
            let _connection = spawn(async move {
                handled.await;
                permits.add_permits(1);
            });
        }
    });
    Server { address, accepted, ended }
}

/// Serves HTTP/1.1 with hyper.
pub(crate) async fn serve<F>(
    answer: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
) -> Server
where
    F: Future<Output = Answer> + Send + 'static,
{
    listen(move |_, socket| serve_connection(socket, answer.clone())).await
}

/// Serves one HTTP/1.1 connection with hyper.
pub(crate) async fn serve_connection<F>(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    answer: impl Fn(Request<Incoming>) -> F + Send + Sync + 'static,
) where
    F: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    // An error here is the client going away, which several tests do on purpose.
    let _gone = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(io), service).await;
}

/// Answers with the request's body, or with its method and path if there is none.
pub(crate) async fn echo(request: Request<Incoming>) -> Answer {
    let line = format!("{} {}", request.method(), request.uri());
    let body =
        request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Response::new(Full::new(if body.is_empty() { line.into() } else { body }))
}

/// Reads one request of a raw connection: its head, and as much body as it announces. `None` at the end.
pub(crate) async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let length = text.to_ascii_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length:").and_then(|value| value.trim().parse::<usize>().ok())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    socket.read_exact(&mut body).await.ok()?;
    Some(text + &String::from_utf8_lossy(&body))
}

/// Writes raw bytes.
pub(crate) async fn write(socket: &mut TcpStream, bytes: impl AsRef<[u8]>) {
    socket.write_all(bytes.as_ref()).await.expect("the client reads");
}

#[expect(clippy::disallowed_methods, reason = "a server runs beside the test")]
pub(crate) fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(task)
}
