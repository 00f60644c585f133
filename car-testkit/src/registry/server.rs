//! The running registry, as a test holds it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::entries::{Listed, made_up, page};
use super::query::{Query, decoded, is_after};
use crate::ledger::{Ledger, Seen};
use crate::loopback::Loopback;
use crate::reply::{self, Reply};

/// How a registry is run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegistryConfig {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// What it lists: `{server, _meta}`, or a server alone.
    pub entries: Vec<Value>,
    /// The token that it wants; without one, anybody may ask.
    pub token: Option<String>,
    /// How many entries a page has at most, whatever is asked for.
    pub page: usize,
    /// Whether answers have an `ETag`.
    pub etags: bool,
    /// Whether it is there under `v0` only, as registries were until October 2025.
    pub only_v0: bool,
    /// Whether it sends every version, whatever is asked for, as some mirrors do.
    pub ignores_filters: bool,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        let (token, etags) = (None, false);
        Self { port: 0, entries: made_up(), token, page: 100, etags, only_v0: false, ignores_filters: false }
    }
}

/// What a registry does instead of answering.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It answers with a status and the page of a proxy, in HTML.
    Status(u16),
    /// It was asked too often; it says for how many seconds not to ask, if anything is given.
    TooOften(Option<u64>),
    /// It does not answer for so long.
    Late(Duration),
    /// It sends its callers elsewhere.
    Redirect(String),
    /// It answers with this body.
    Body(String),
    /// It always has another page, with a new name on it.
    Endless,
}

/// A registry on the loopback address. Dropping it stops it.
#[derive(Debug)]
pub struct RegistryServer {
    state: Arc<State>,
    address: SocketAddr,
    running: Option<Loopback>,
}

#[derive(Debug)]
struct State {
    config: RegistryConfig,
    entries: Mutex<Vec<Listed>>,
    /// What goes wrong, and after how many more requests it begins.
    fault: Mutex<Option<(usize, Fault)>>,
    requests: Mutex<Vec<String>>,
    ledger: Arc<Ledger>,
}

/// What is answered instead of what was asked for: a status and why.
type Problem = (u16, String);

impl RegistryServer {
    /// Starts a registry and returns once it accepts connections.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(config: RegistryConfig) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let entries = config.entries.iter().cloned().map(Listed::new).collect();
        let state = Arc::new(State {
            config,
            entries: Mutex::new(entries),
            fault: Mutex::default(),
            requests: Mutex::default(),
            ledger: Arc::default(),
        });
        let running = listen(address, &state).await?;
        Ok(Self { address: running.address(), state, running: Some(running) })
    }

    /// Returns the base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the paths and queries that were asked for, oldest first.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.state.requests).clone()
    }

    /// Returns what reached it.
    pub fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// Lists another version. If it is the newest, the others of its name are not any more; as with the real one, nothing
    /// else of them changes by that.
    pub fn add(&self, entry: Value) {
        let entry = Listed::new(entry);
        let mut entries = lock(&self.state.entries);
        if entry.is_latest() {
            for other in entries.iter_mut().filter(|other| other.name == entry.name) {
                other.set("isLatest", Value::Bool(false));
            }
        }
        entries.retain(|other| other.cursor() != entry.cursor());
        entries.push(entry);
    }

    /// Gives a version another status at a time (RFC 3339).
    pub fn set_status(&self, name: &str, version: &str, status: &str, at: &str) {
        let mut entries = lock(&self.state.entries);
        for entry in entries.iter_mut().filter(|entry| entry.name == name && entry.version == version) {
            entry.set("status", json!(status));
            entry.set("updatedAt", json!(at));
        }
    }

    /// Lists a name no more, without a trace.
    pub fn forget(&self, name: &str) {
        lock(&self.state.entries).retain(|entry| entry.name != name);
    }

    /// Lets every request fail after so many more.
    pub fn fail_after(&self, requests: usize, fault: Fault) {
        *lock(&self.state.fault) = Some((requests, fault));
    }

    /// Lets requests be answered again.
    pub fn mend(&self) {
        *lock(&self.state.fault) = None;
    }

    /// Closes the listener and every connection at once. What it lists is kept.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Starts again on the same port.
    ///
    /// # Errors
    /// When another program took the port meanwhile.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.stop().await;
        self.running = Some(listen(self.address, &self.state).await?);
        Ok(())
    }
}

async fn listen(address: SocketAddr, state: &Arc<State>) -> io::Result<Loopback> {
    let (ledger, state) = (Arc::clone(&state.ledger), Arc::clone(state));
    Loopback::serve_http(address, None, ledger, move |request| {
        let state = Arc::clone(&state);
        async move { state.answer(&request).await }
    })
    .await
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic under the lock")
}

impl State {
    async fn answer(&self, request: &Request<Incoming>) -> Reply {
        let uri = request.uri();
        lock(&self.requests).push(uri.path_and_query().map(ToString::to_string).unwrap_or_default());
        self.ledger.note_request(Seen {
            http_method: request.method().clone(),
            path: uri.path().to_owned(),
            rpc_method: None,
            headers: request.headers().clone(),
            body: String::new(),
        });
        if let Some(reply) = self.fault().await {
            return reply;
        }
        if !self.is_allowed(request.headers()) {
            let mut reply = problem(401, "a token is needed");
            reply.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return reply;
        }
        if *request.method() != Method::GET {
            return problem(405, "this registry is only read");
        }
        match self.route(uri.path(), uri.query().unwrap_or_default()) {
            Ok(body) => self.tagged(&body, request.headers()),
            Err((status, detail)) => problem(status, &detail),
        }
    }

    async fn fault(&self) -> Option<Reply> {
        let fault = match &mut *lock(&self.fault) {
            None => return None,
            Some((0, fault)) => fault.clone(),
            Some((left, _)) => {
                *left -= 1;
                return None;
            }
        };
        Some(match fault {
            Fault::Status(status) => html(status),
            Fault::TooOften(seconds) => {
                let mut reply = html(429);
                if let Some(seconds) = seconds {
                    reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                reply
            }
            Fault::Late(time) => {
                tokio::time::sleep(time).await;
                html(504)
            }
            Fault::Redirect(to) => {
                let mut reply = html(302);
                reply.headers_mut().insert(header::LOCATION, to.parse().expect("a test gives a URL"));
                reply
            }
            Fault::Endless => {
                let number = lock(&self.requests).len();
                let server = json!({ "server": { "name": format!("a.b/n{number}"), "version": "1" } });
                let metadata = json!({ "nextCursor": format!("page {number}") });
                reply::json(StatusCode::OK, &json!({ "servers": [server], "metadata": metadata }))
            }
            Fault::Body(text) => reply::text(StatusCode::OK, "application/json", text),
        })
    }

    fn is_allowed(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        self.config.token.as_ref().is_none_or(|token| given == Some(format!("Bearer {token}").as_str()))
    }

    fn route(&self, path: &str, query: &str) -> Result<Value, Problem> {
        let nothing = || (404, "there is nothing here".to_owned());
        let rest = match path.strip_prefix("/v0.1/") {
            Some(rest) if !self.config.only_v0 => rest,
            _ => path.strip_prefix("/v0/").ok_or_else(nothing)?,
        };
        let query = Query::read(query)?;
        let segments: Vec<&str> = rest.split('/').collect();
        match segments[..] {
            ["ping"] => Ok(json!({ "pong": true })),
            ["servers"] => Ok(self.list(&query)),
            ["servers", name, "versions"] => self.versions(&decoded(name), &query),
            ["servers", name, "versions", version] => self.version(&decoded(name), &decoded(version), &query),
            _ => Err(nothing()),
        }
    }

    fn list(&self, query: &Query) -> Value {
        let mut entries = lock(&self.entries);
        entries.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
        let with_deleted = query.with_deleted == Some(true) || query.updated_since.is_some();
        let search = query.search.as_ref().map(|search| search.to_lowercase());
        let is_wanted = |entry: &&Listed| {
            let has_name = search.as_ref().is_none_or(|search| entry.name.to_lowercase().contains(search));
            let has_version = match query.version.as_deref() {
                None => true,
                Some("latest") => entry.is_latest(),
                Some(version) => entry.version == version,
            };
            let is_new = query.updated_since.as_ref().is_none_or(|since| is_after(entry.updated_at(), since));
            self.config.ignores_filters
                || (has_name && has_version && is_new && (with_deleted || !entry.is_deleted()))
        };
        // The names are in order, and so is what follows a cursor; a cursor that nobody gave out is taken for a name.
        let cursor = query.cursor.as_deref().map(|cursor| cursor.rsplit_once(':').unwrap_or((cursor, "")));
        let is_after = |entry: &&Listed| {
            cursor.is_none_or(|cursor| (entry.name.as_str(), entry.version.as_str()) > cursor)
        };
        let limit = query.limit.min(self.config.page);
        let found: Vec<&Listed> = entries.iter().filter(is_after).filter(is_wanted).take(limit).collect();
        // A full page always has a next one, which may be empty.
        let next = (found.len() == limit).then(|| found.last().map(|last| last.cursor())).flatten();
        page(&found, next)
    }

    fn versions(&self, name: &str, query: &Query) -> Result<Value, Problem> {
        let entries = lock(&self.entries);
        let is_wanted =
            |entry: &&Listed| entry.name == name && (query.with_deleted == Some(true) || !entry.is_deleted());
        let mut found: Vec<&Listed> = entries.iter().filter(is_wanted).collect();
        found.sort_by(|one, other| other.published_at().cmp(one.published_at()));
        if found.is_empty() { Err((404, "Server not found".to_owned())) } else { Ok(page(&found, None)) }
    }

    fn version(&self, name: &str, version: &str, query: &Query) -> Result<Value, Problem> {
        let entries = lock(&self.entries);
        let is_wanted = |entry: &&Listed| {
            let has_version = if version == "latest" { entry.is_latest() } else { entry.version == version };
            entry.name == name && has_version && (query.with_deleted == Some(true) || !entry.is_deleted())
        };
        let found = entries.iter().find(is_wanted).map(|entry| entry.value.clone());
        found.ok_or_else(|| (404, "Server not found".to_owned()))
    }

    fn tagged(&self, body: &Value, headers: &HeaderMap) -> Reply {
        if !self.config.etags {
            return reply::json(StatusCode::OK, body);
        }
        let mut hasher = DefaultHasher::new();
        body.to_string().hash(&mut hasher);
        let etag = HeaderValue::from_str(&format!("\"{:x}\"", hasher.finish())).expect("a number is ASCII");
        let mut reply = match headers.get(header::IF_NONE_MATCH) == Some(&etag) {
            true => reply::empty(StatusCode::NOT_MODIFIED),
            false => reply::json(StatusCode::OK, body),
        };
        reply.headers_mut().insert(header::ETAG, etag);
        reply
    }
}

/// An error as this API has them (RFC 9457).
fn problem(status: u16, detail: &str) -> Reply {
    let status = StatusCode::from_u16(status).expect("a status that is written here");
    let title = status.canonical_reason().unwrap_or("Failed");
    let body = json!({ "title": title, "status": status.as_u16(), "detail": detail });
    reply::text(status, "application/problem+json", body.to_string())
}

/// An error as a proxy has them.
fn html(status: u16) -> Reply {
    let status = StatusCode::from_u16(status).expect("a test gives a status");
    reply::text(status, "text/html", format!("<html><h1>{status}</h1></html>"))
}
