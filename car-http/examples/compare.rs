//! Measures this client beside hyper-util's pooled client, against one server, in one run.
//!
//! `cargo run --release -p car-http --example compare`. The server has a thread and a runtime of its own; each
//! client runs on a single-threaded runtime. The two take turns in short rounds, and every figure is the median
//! of the rounds, the ratios of those of neighbours, so that what else the machine does weighs on both alike. The
//! processor time of the client's thread per call (on Linux) says more than the calls per second, which the
//! server and the kernel bound too.

use bytes::Bytes;
use car_http::{Client, Request, Target};
use http_body_util::{BodyExt as _, Full};
use hyper::{Response, body::Incoming, service::service_fn};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use std::{
    cell::Cell,
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

/// About the size of a small `tools/call` and of its answer.
const BODY: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hello"}}}"#;
const ROUNDS: usize = 21;
const ROUND: Duration = Duration::from_millis(250);

#[expect(clippy::print_stdout, reason = "a program for people")]
fn main() {
    let address = start_server();
    println!("in flight    calls/s: legacy  car-http   ratio    CPU us/call: legacy  car-http   ratio");
    for in_flight in [1, 64] {
        let mut pairs = Vec::new();
        for _ in 0..ROUNDS {
            let legacy = on_runtime(measure_legacy(address, in_flight));
            pairs.push((legacy, on_runtime(measure_ours(address, in_flight))));
        }
        let median_of = |value: &dyn Fn(&(Figures, Figures)) -> f64| {
            let mut values: Vec<f64> = pairs.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        println!(
            "{in_flight:>9}    {:>15.0}  {:>8.0}  {:>6.2}    {:>19.2}  {:>8.2}  {:>6.2}",
            median_of(&|(legacy, _)| legacy.rate),
            median_of(&|(_, ours)| ours.rate),
            median_of(&|(legacy, ours)| ours.rate / legacy.rate),
            median_of(&|(legacy, _)| legacy.cpu),
            median_of(&|(_, ours)| ours.cpu),
            median_of(&|(legacy, ours)| ours.cpu / legacy.cpu),
        );
    }
}

/// Calls per second, and microseconds of processor time per call.
#[derive(Clone, Copy)]
struct Figures {
    rate: f64,
    cpu: f64,
}

/// Returns the microseconds that this thread has spent on a processor; 0 where the system does not say.
fn thread_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / 1000.0
}

fn on_runtime(measurement: impl Future<Output = Figures>) -> Figures {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, measurement)
}

async fn measure_ours(address: SocketAddr, in_flight: usize) -> Figures {
    let client = Client::new().expect("a client");
    let target = Target::parse(&format!("http://{address}/mcp")).expect("a URL");
    run(in_flight, move || {
        let (client, target) = (client.clone(), target.clone());
        async move {
            let mut request = Request::post(target, Bytes::from_static(BODY.as_bytes()));
            request.headers.insert("content-type", "application/json".parse().expect("a value"));
            let response = client.send(request).await.expect("an answer");
            let body = response.into_body().collect(1 << 20).await.expect("a body");
            assert_eq!(body.len(), BODY.len());
        }
    })
    .await
}

async fn measure_legacy(address: SocketAddr, in_flight: usize) -> Figures {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: legacy::Client<_, Full<Bytes>> =
        legacy::Client::builder(TokioExecutor::new()).build(connector);
    let uri: http::Uri = format!("http://{address}/mcp").parse().expect("a URL");
    run(in_flight, move || {
        let (client, uri) = (client.clone(), uri.clone());
        async move {
            let request = http::Request::post(uri)
                .header("content-type", "application/json")
                .header("user-agent", "compare/0.1.0")
                .body(Full::new(Bytes::from_static(BODY.as_bytes())))
                .expect("a request");
            let response = client.request(request).await.expect("an answer");
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body.len(), BODY.len());
        }
    })
    .await
}

/// Keeps `in_flight` callers busy for a round, after a tenth of it to warm up, and returns calls per second.
async fn run<F: Future<Output = ()>>(in_flight: usize, call: impl Fn() -> F + Clone + 'static) -> Figures {
    let calls = Rc::new(Cell::new(0_u64));
    let all_calls = Rc::new(Cell::new(0_u64));
    let cpu_before = thread_cpu();
    let begin = Instant::now() + ROUND / 10;
    let end = begin + ROUND;
    let callers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (call, calls, all_calls) = (call.clone(), Rc::clone(&calls), Rc::clone(&all_calls));
            tokio::task::spawn_local(async move {
                loop {
                    call().await;
                    all_calls.set(all_calls.get() + 1);
                    let now = Instant::now();
                    if now >= end {
                        return;
                    }
                    if now >= begin {
                        calls.set(calls.get() + 1);
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    Figures {
        rate: calls.get() as f64 / ROUND.as_secs_f64(),
        cpu: (thread_cpu() - cpu_before) / all_calls.get() as f64,
    }
}

fn start_server() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    listener.set_nonblocking(true).expect("a socket");
    let _server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            loop {
                let (socket, _) = listener.accept().await.expect("a connection");
                socket.set_nodelay(true).expect("a socket");
                let _connection = tokio::task::spawn_local(serve(socket));
            }
        });
    });
    address
}

async fn serve(socket: tokio::net::TcpStream) {
    let echo = service_fn(|request: hyper::Request<Incoming>| async move {
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        Ok::<_, Infallible>(Response::new(Full::new(body)))
    });
    // A client that has finished its round closes its connections; that is no error here.
    let _closed =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), echo).await;
}
