//! A client that is two functions: it writes lines and reads them.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use car_mcp::proto::capability::Implementation;
use car_mcp::server::{Context, Failure, NoArguments, Server, tool};
use car_mcp_stdio::StdioServer;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex, split,
};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// What no test should wait for longer than. Long, because a busy machine is slow; only failures wait for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A pipe to a server that runs.
pub(crate) struct Pipe {
    reader: BufReader<ReadHalf<DuplexStream>>,
    writer: WriteHalf<DuplexStream>,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
}

/// A server whose tool `wait` waits for a permit, and `forever` for nothing.
pub(crate) fn server(permits: &Arc<Semaphore>) -> Server {
    let permits = Arc::clone(permits);
    let wait = move |_: NoArguments, _: Context| {
        let permits = Arc::clone(&permits);
        async move {
            permits.acquire().await?.forget();
            Ok::<_, Failure>("waited")
        }
    };
    let greet = |_: NoArguments, _: Context| async { Ok::<_, Failure>("hello") };
    let large = |_: NoArguments, _: Context| async { Ok::<_, Failure>("x".repeat(100_000)) };
    let forever = |_: NoArguments, _: Context| pending::<Result<String, Failure>>();
    Server::builder(Implementation::new("example"))
        .tool(tool("wait", "Waits").run(wait))
        .tool(tool("greet", "Greets").run(greet))
        .tool(tool("large", "Says much").run(large))
        .tool(tool("forever", "Never ends").run(forever))
        .build()
        .unwrap()
}

pub(crate) fn plain() -> Pipe {
    serve(StdioServer::new(server(&Arc::new(Semaphore::new(0)))))
}

/// Serves on a pipe that holds less than one large answer.
#[expect(clippy::disallowed_methods, reason = "the server runs beside the test")]
pub(crate) fn serve(server: StdioServer) -> Pipe {
    let (near, far) = duplex(4096);
    let (reader, writer) = split(far);
    let serving = tokio::spawn(server.serve(reader, writer));
    let (reader, writer) = split(near);
    Pipe { reader: BufReader::new(reader), writer, serving }
}

/// Returns a modern request.
pub(crate) fn modern(id: impl Into<Value>, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

/// Returns a legacy request.
pub(crate) fn legacy(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

pub(crate) fn notification(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

impl Pipe {
    pub(crate) async fn write(&mut self, text: &str) {
        self.write_bytes(text.as_bytes()).await;
    }

    pub(crate) async fn write_bytes(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.write(&format!("{message}\n")).await;
    }

    /// Reads the next line; nothing when the server has closed its output.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let reading = tokio::time::timeout(PATIENCE, self.reader.read_line(&mut line));
        match reading.await.expect("expected a line, or the end, in time").unwrap() {
            0 => None,
            _ => Some(serde_json::from_str(&line).unwrap()),
        }
    }

    pub(crate) async fn ask(&mut self, message: Value) -> Value {
        self.send(message).await;
        self.next().await.unwrap()
    }

    /// Makes the legacy handshake.
    pub(crate) async fn shake_hands(&mut self, version: &str) {
        let hello = json!({
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        });
        let response = self.ask(legacy("hello", "initialize", hello)).await;
        assert_eq!(response["result"]["protocolVersion"], version);
        self.send(notification("notifications/initialized", json!({}))).await;
    }

    /// Closes the server's input.
    pub(crate) async fn close(&mut self) {
        self.writer.shutdown().await.unwrap();
    }
}
