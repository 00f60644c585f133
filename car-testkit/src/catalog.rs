//! A domain on the loopback address that says which services it has: pages that a test puts there, good and bad ones.

use std::collections::HashMap;
use std::future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::ledger::{Ledger, Seen};
use crate::loopback::Loopback;
use crate::reply::Reply;

/// Where a domain puts its catalog.
pub const WELL_KNOWN: &str = "/.well-known/ai-catalog.json";

/// The media type of a server's card.
pub const CARD: &str = "application/mcp-server-card+json";

/// The media type of a catalog.
pub const CATALOG: &str = "application/ai-catalog+json";

/// A domain.
#[derive(Debug)]
pub struct Domain {
    loopback: Loopback,
    ledger: Arc<Ledger>,
    pages: Arc<Mutex<HashMap<String, Page>>>,
    arrived: watch::Receiver<u64>,
}

/// What a domain answers at one path.
#[derive(Clone, Debug)]
pub struct Page {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    answers: bool,
}

impl Domain {
    /// Starts a domain without any page: it answers 404 everywhere.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> io::Result<Self> {
        let (ledger, pages) = (Arc::<Ledger>::default(), Arc::<Mutex<HashMap<String, Page>>>::default());
        let (arrive, arrived) = watch::channel(0_u64);
        let (noted, served, arrive) = (Arc::clone(&ledger), Arc::clone(&pages), Arc::new(arrive));
        let handler = move |request: Request<Incoming>| {
            let page = {
                let pages = served.lock().expect("no panic under the lock");
                pages.get(request.uri().path()).cloned().unwrap_or_else(|| Page::status(404))
            };
            noted.note_request(Seen {
                http_method: request.method().clone(),
                path: request.uri().path().to_owned(),
                rpc_method: None,
                headers: request.headers().clone(),
                body: String::new(),
            });
            arrive.send_modify(|count| *count += 1);
            page.reply()
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let loopback = Loopback::serve_http(address, None, Arc::clone(&ledger), handler).await?;
        Ok(Self { loopback, ledger, pages, arrived })
    }

    /// Starts a domain with one of everything: a catalog of both generations with a nested one in it and one beside it, cards
    /// of every generation, and an agent.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn with_everything() -> io::Result<Self> {
        let domain = Self::start().await?;
        let endpoint = domain.url("/mcp");
        domain.put("/cards/search", Page::json(&card("search", "Finds pages.", &endpoint)));
        domain.put(
            "/labs.json",
            Page::json(&catalog([entry("mail", CARD, json!({ "url": domain.url("/cards/mail") }))])),
        );
        domain.put("/cards/mail", Page::json(&older_card("mail", "Sends mail.", "/mcp")));
        let inner =
            catalog([entry("notes", CARD, json!({ "data": card("notes", "Keeps notes.", &endpoint) }))]);
        let older = json!({ "identifier": "urn:air:127.0.0.1:mcp:plans", "mediaType": "application/mcp-server+json",
            "displayName": "Plans", "description": "Makes plans.", "metadata": {}, "url": domain.url("/cards/plans") });
        domain.put("/cards/plans", Page::json(&oldest_card("plans", &endpoint)));
        let agent = json!({ "name": "Guide", "description": "Guides.", "skills": [{ "id": "lead" }] });
        domain.put(
            WELL_KNOWN,
            Page::json(&catalog([
                entry("search", CARD, json!({ "url": domain.url("/cards/search"), "tags": ["web"] })),
                older,
                entry("inner", CATALOG, json!({ "data": inner })),
                entry("labs", CATALOG, json!({ "url": "/labs.json" })),
                entry("guide", "application/a2a-agent-card+json", json!({ "data": agent })),
            ])),
        );
        Ok(domain)
    }

    /// Returns the whole URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.loopback.address())
    }

    /// Returns the domain as a user names it: its host and port.
    pub fn name(&self) -> String {
        self.loopback.address().to_string()
    }

    /// Returns what reached it.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Puts a page at a path, in place of what was there.
    pub fn put(&self, path: &str, page: Page) {
        self.pages.lock().expect("no panic under the lock").insert(path.to_owned(), page);
    }

    /// Waits until a path has been asked for.
    pub async fn asked(&self, path: &str) {
        let mut arrived = self.arrived.clone();
        while !self.ledger.seen().iter().any(|seen| seen.path == path) {
            arrived.changed().await.expect("the domain runs as long as it is borrowed");
        }
    }
}

impl Page {
    /// A JSON document.
    pub fn json(document: &Value) -> Self {
        let page = Self { body: Bytes::from(document.to_string()), ..Self::status(200) };
        page.with_header(header::CONTENT_TYPE, "application/json")
    }

    /// Anything else.
    pub fn text(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::status(200) }
    }

    /// A status without a body.
    ///
    /// # Panics
    /// On a number that is no status.
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).expect("a status from 100 to 999");
        Self { status, headers: Vec::new(), body: Bytes::new(), answers: true }
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Self::status(302).with_header(header::LOCATION, to)
    }

    /// A page that never comes.
    pub fn never() -> Self {
        Self { answers: false, ..Self::status(200) }
    }

    /// Adds a header.
    ///
    /// # Panics
    /// On a value that no header has.
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, HeaderValue::from_str(value).expect("a header's value")));
        self
    }

    async fn reply(self) -> Reply {
        if !self.answers {
            future::pending::<()>().await;
        }
        let mut reply = Response::new(Full::new(self.body).boxed_unsync());
        *reply.status_mut() = self.status;
        reply.headers_mut().extend(self.headers);
        reply
    }
}

/// A catalog with these entries.
pub fn catalog(entries: impl IntoIterator<Item = Value>) -> Value {
    let entries: Vec<Value> = entries.into_iter().collect();
    json!({ "specVersion": "1.0", "host": { "displayName": "Acme" }, "entries": entries })
}

/// An entry of a catalog, called `name`, with more members: `url` or `data`, and what else a test wants.
pub fn entry(name: &str, media_type: &str, more: Value) -> Value {
    let mut entry = json!({ "identifier": format!("urn:air:127.0.0.1:mcp:{name}"), "type": media_type });
    if let (Value::Object(entry), Value::Object(more)) = (&mut entry, more) {
        entry.extend(more);
    }
    entry
}

/// A card as SEP-2127 has it.
pub fn card(name: &str, description: &str, endpoint: &str) -> Value {
    json!({ "$schema": "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json",
        "name": format!("example.acme/{name}"), "version": "1.2.0", "description": description,
        "remotes": [{ "type": "streamable-http", "url": endpoint }] })
}

/// A card as SEP-1649 has it: the version beside `serverInfo` is its own, and the endpoint may be relative.
pub fn older_card(name: &str, description: &str, endpoint: &str) -> Value {
    json!({ "version": "1.0", "serverInfo": { "name": name, "version": "1.2.0" }, "description": description,
        "transport": { "type": "streamable-http", "endpoint": endpoint }, "tools": [{ "name": "send" }] })
}

/// A card as `/.well-known/mcp` had it.
pub fn oldest_card(name: &str, endpoint: &str) -> Value {
    json!({ "mcp_version": "1", "server_name": name, "server_version": "1.2.0",
        "endpoints": { "streamable_http": endpoint } })
}
