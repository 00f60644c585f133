//! One conversation: what was agreed, its streams, and the questions that wait for the client's answer.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

use super::VERSIONS;
use crate::double::state::Change;
use crate::sse::EventLog;

/// How long a question waits for the client. A person may have to answer it.
const ANSWER_TIME: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(in crate::double) struct Session {
    id: String,
    agreed: Mutex<Agreed>,
    /// What belongs to no request: the stream that GET opens.
    standalone: Arc<EventLog>,
    streams: Mutex<HashMap<u64, Arc<EventLog>>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Value>>>,
    running: Mutex<HashMap<String, watch::Sender<bool>>>,
    watched: AtomicBool,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct Agreed {
    version: String,
    capabilities: Value,
}

impl Session {
    /// Opens a session under an id that cannot be guessed.
    pub(super) fn new() -> Arc<Self> {
        let mut id = String::new();
        for byte in rand::random::<[u8; 16]>() {
            write!(id, "{byte:02x}").expect("a String takes everything");
        }
        Self::under(id)
    }

    /// Opens the one session of a server that mints no ids.
    pub(super) fn shared() -> Arc<Self> {
        Self::under(String::new())
    }

    fn under(id: String) -> Arc<Self> {
        Arc::new(Self {
            id,
            agreed: Mutex::new(Agreed { version: VERSIONS[0].to_owned(), capabilities: json!({}) }),
            standalone: EventLog::new(0),
            streams: Mutex::default(),
            waiting: Mutex::default(),
            running: Mutex::default(),
            watched: AtomicBool::new(false),
            next: AtomicU64::new(1),
        })
    }

    pub(in crate::double) fn id(&self) -> &str {
        &self.id
    }

    /// Tells the client of a change, on the stream that belongs to no request.
    pub(in crate::double) fn tell(&self, change: Change) {
        match change {
            Change::Tools => {
                self.standalone
                    .push(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
            }
            Change::Resource if self.watched.load(Ordering::SeqCst) => self.standalone.push(&json!({
                "jsonrpc": "2.0",
                "method": "notifications/resources/updated",
                "params": { "uri": "test://watched" },
            })),
            Change::Resource => {}
            Change::End => self.standalone.close(),
        }
    }

    pub(super) fn agree(&self, version: &str, capabilities: Value) {
        *self.agreed.lock().expect("no panic under the lock") =
            Agreed { version: version.to_owned(), capabilities };
    }

    pub(super) fn version(&self) -> String {
        self.agreed.lock().expect("no panic under the lock").version.clone()
    }

    pub(super) fn declared(&self, capability: &str) -> bool {
        self.agreed.lock().expect("no panic under the lock").capabilities[capability].is_object()
    }

    pub(super) fn watch(&self, watched: bool) {
        self.watched.store(watched, Ordering::SeqCst);
    }

    pub(super) fn standalone(&self) -> &Arc<EventLog> {
        &self.standalone
    }

    pub(super) fn new_stream(&self) -> Arc<EventLog> {
        let log = EventLog::new(self.next.fetch_add(1, Ordering::SeqCst));
        self.streams.lock().expect("no panic under the lock").insert(log.name(), Arc::clone(&log));
        log
    }

    /// Finds the stream of an event id, and the place after that event.
    pub(super) fn resume(&self, event_id: &str) -> Option<(Arc<EventLog>, usize)> {
        let (name, place) = event_id.split_once('-')?;
        let (name, place) = (name.parse::<u64>().ok()?, place.parse::<usize>().ok()?);
        let log = match name {
            0 => Arc::clone(&self.standalone),
            _ => self.streams.lock().expect("no panic under the lock").get(&name)?.clone(),
        };
        Some((log, place + 1))
    }

    /// Asks the client on `log` and waits for its answer.
    pub(super) async fn ask(&self, log: &EventLog, method: &str, params: &Value) -> Result<Value, String> {
        let id = format!("server-{}", self.next.fetch_add(1, Ordering::SeqCst));
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().expect("no panic under the lock").insert(id.clone(), sender);
        log.push(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let outcome = tokio::time::timeout(ANSWER_TIME, answer).await;
        self.waiting.lock().expect("no panic under the lock").remove(&id);
        match outcome {
            Ok(Ok(message)) if message["error"].is_object() => {
                Err(format!("the client refused: {}", message["error"]["message"]))
            }
            Ok(Ok(message)) => Ok(message["result"].clone()),
            Ok(Err(_)) | Err(_) => Err("the client did not answer".to_owned()),
        }
    }

    /// Hands an answer to whoever waits for it; one that nobody waits for is ignored.
    pub(super) fn take_answer(&self, message: Value) {
        let id = message["id"].as_str().unwrap_or_default();
        if let Some(waiting) = self.waiting.lock().expect("no panic under the lock").remove(id) {
            // An error means that the wait ended meanwhile.
            let _late = waiting.send(message);
        }
    }

    /// Notes a request as running, so that it can be cancelled. Ids keep their JSON type.
    pub(super) fn started(&self, id: &Value) -> watch::Receiver<bool> {
        let (sender, cancelled) = watch::channel(false);
        self.running.lock().expect("no panic under the lock").insert(id.to_string(), sender);
        cancelled
    }

    pub(super) fn finished(&self, id: &Value) {
        self.running.lock().expect("no panic under the lock").remove(&id.to_string());
    }

    /// Returns whether there was a running request to cancel.
    pub(super) fn cancel(&self, id: &Value) -> bool {
        let running = self.running.lock().expect("no panic under the lock");
        running.get(&id.to_string()).is_some_and(|request| {
            request.send_replace(true);
            true
        })
    }
}
