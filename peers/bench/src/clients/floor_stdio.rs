//! The floor over standard streams: writes the same bytes, counts lines and does not parse them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::process::Stdio;
use std::rc::Rc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use crate::Failure;
use crate::job::Job;

/// How much is read at once: what a pipe holds.
const CHUNK_BYTES: usize = 64 * 1024;

pub(crate) struct FloorStdio {
    shared: Rc<Shared>,
    call: Vec<u8>,
    list: Vec<u8>,
    child: Child,
    writer: JoinHandle<std::io::Result<()>>,
    reader: JoinHandle<std::io::Result<()>>,
}

/// What callers hand to the writer, and the reader to callers. The server answers in the order in which it was asked.
#[derive(Default)]
struct Shared {
    outgoing: RefCell<Vec<u8>>,
    waiting: RefCell<VecDeque<oneshot::Sender<()>>>,
    written: Notify,
}

impl FloorStdio {
    pub(crate) async fn connect(job: &Job) -> Result<Self, Failure> {
        let (program, arguments) = job.server.split_first().ok_or("no server to start")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().ok_or("standard input is piped")?;
        let stdout = child.stdout.take().ok_or("standard output is piped")?;
        let shared = Rc::new(Shared::default());
        let call = json!({ "name": job.tool, "arguments": { "message": "hello" } });
        let floor = Self {
            call: line(job.modern, "tools/call", call),
            list: line(job.modern, "tools/list", json!({})),
            child,
            writer: tokio::task::spawn_local(write(stdin, Rc::clone(&shared))),
            reader: tokio::task::spawn_local(read(stdout, Rc::clone(&shared))),
            shared,
        };
        if job.modern {
            floor.ask(&line(true, "server/discover", json!({}))).await?;
            return Ok(floor);
        }
        let hello = json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "floor", "version": "1" },
        });
        floor.ask(&line(false, "initialize", hello)).await?;
        floor.shared.send(&line(false, "notifications/initialized", Value::Null));
        Ok(floor)
    }

    pub(crate) async fn call(&self) -> Result<(), Failure> {
        self.ask(&self.call).await
    }

    pub(crate) async fn list(&self) -> Result<(), Failure> {
        self.ask(&self.list).await
    }

    pub(crate) async fn close(mut self) -> Result<(), Failure> {
        self.writer.abort();
        self.child.wait().await?;
        self.reader.await??;
        Ok(())
    }

    async fn ask(&self, line: &[u8]) -> Result<(), Failure> {
        let (answer, answered) = oneshot::channel();
        self.shared.waiting.borrow_mut().push_back(answer);
        self.shared.send(line);
        answered.await.map_err(|_| "the server has ended".into())
    }
}

impl Shared {
    fn send(&self, line: &[u8]) {
        self.outgoing.borrow_mut().extend_from_slice(line);
        self.written.notify_one();
    }
}

async fn write(mut stdin: ChildStdin, shared: Rc<Shared>) -> std::io::Result<()> {
    loop {
        shared.written.notified().await;
        let lines = shared.outgoing.take();
        stdin.write_all(&lines).await?;
    }
}

async fn read(mut stdout: ChildStdout, shared: Rc<Shared>) -> std::io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = stdout.read(&mut chunk).await?;
        if length == 0 {
            shared.waiting.borrow_mut().clear();
            return Ok(());
        }
        let lines = memchr::memchr_iter(b'\n', &chunk[..length]).count();
        for answer in shared.waiting.borrow_mut().drain(..lines) {
            // An error says that the caller has left.
            let _left = answer.send(());
        }
    }
}

fn line(modern: bool, method: &str, mut params: Value) -> Vec<u8> {
    if modern {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "floor", "version": "1" },
        });
    }
    let mut message = json!({ "jsonrpc": "2.0", "method": method });
    if !params.is_null() {
        message["params"] = params;
        message["id"] = json!(1);
    }
    format!("{message}\n").into_bytes()
}
