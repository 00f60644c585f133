//! What the tests of finding share: sources that answer whatever a test says, and a file of sources.

use std::sync::{Arc, Mutex};

use car_connectors::discovery::{FindOptions, Found, LookUpOptions, Proposal};
use car_connectors::{ConnectorManager, Error};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::Place;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The head, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What a source answers.
pub(crate) enum Says {
    /// A document.
    Json(Value),
    /// Another status, perhaps with another header line.
    Status(&'static str, String),
    /// These bytes, and nothing else.
    Raw(Vec<u8>),
    /// Nothing, for as long as the connection stands.
    Nothing,
}

type Handler = Arc<dyn Fn(&Asked) -> Says + Send + Sync>;

/// A source on the loopback address that answers as a test says. Dropping it stops it.
pub(crate) struct Scripted {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    accepting: JoinHandle<()>,
}

impl Scripted {
    pub(crate) async fn start(handler: impl Fn(&Asked) -> Says + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let handler: Handler = Arc::new(handler);
        let seen = Arc::clone(&asked);
        let accepting = tokio::task::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, seen) = (Arc::clone(&handler), Arc::clone(&seen));
                serving.spawn(serve(stream, handler, seen));
            }
        });
        Self { url, asked, accepting }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, handler: Handler, seen: Arc<Mutex<Vec<Asked>>>) {
    let Some(asked) = read(&mut stream).await else { return };
    seen.lock().unwrap().push(asked.clone());
    let bytes = match handler(&asked) {
        Says::Json(document) => {
            let body = document.to_string();
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            )
            .into_bytes()
        }
        Says::Status(status, header) => {
            format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n")
                .into_bytes()
        }
        Says::Raw(bytes) => bytes,
        Says::Nothing => {
            // Until the client gives up, or this server is dropped.
            drop(stream.read(&mut [0]).await);
            return;
        }
    };
    // A client that has had enough is a case under test.
    drop(stream.write_all(&bytes).await);
    drop(stream.shutdown().await);
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let mut part = [0; 4_096];
        match stream.read(&mut part).await {
            Ok(1..) if bytes.len() > 1_000_000 => return None,
            Ok(count @ 1..) => bytes.extend_from_slice(&part[..count]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.to_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length:").and_then(|length| length.trim().parse::<usize>().ok())
    });
    while bytes.len() < end + length.unwrap_or(0) {
        let mut part = [0; 4_096];
        match stream.read(&mut part).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&part[..count]),
            _ => return None,
        }
    }
    Some(Asked { head: head.to_lowercase(), body: String::from_utf8_lossy(&bytes[end..]).into_owned() })
}

/// What a root answers that tells of these records whatever is asked.
pub(crate) fn root_answer(records: &[Value]) -> Says {
    Says::Json(json!({ "services": records }))
}

/// A record of a root; without an endpoint where there is none.
pub(crate) fn record(identifier: &str, name: &str, description: &str, endpoint: &str) -> Value {
    let mut record = json!({
        "identifier": identifier, "name": name, "kind": "server", "protocol": "mcp", "description": description,
    });
    if !endpoint.is_empty() {
        record["endpoint"] = json!(endpoint);
    }
    record
}

/// A root that tells of these records whatever is asked.
pub(crate) async fn root_of(records: Vec<Value>) -> Scripted {
    Scripted::start(move |_| root_answer(&records)).await
}

/// Writes the file of sources: kind, name and URL of each.
pub(crate) fn write_sources(place: &Place, sources: &[(&str, &str, &str)]) {
    let mut text = match sources {
        [] => "source = []\n".to_owned(),
        _ => String::new(),
    };
    for (kind, name, url) in sources {
        text.push_str(&format!("[[source]]\nname = \"{name}\"\nkind = \"{kind}\"\nurl = \"{url}\"\n\n"));
    }
    place.write("sources.toml", &text);
}

/// The names of what was found, best first.
pub(crate) fn found_names(found: &Found) -> Vec<String> {
    found.services.iter().map(|found| found.service.name.clone()).collect()
}

pub(crate) async fn find(manager: &ConnectorManager, need: &str) -> Result<Found, Error> {
    manager.find(need, &FindOptions::new()).await
}

pub(crate) async fn look_up(manager: &ConnectorManager, reference: &str) -> Result<Proposal, Error> {
    manager.look_up(reference, &LookUpOptions::new()).await
}
