//! The MCP endpoint: everything that is enabled, of all connectors, as one server.
//!
//! ```text
//!  MCP client ─▶ McpService ─▶ Server (car-mcp) ─▶ forwarded tool ─▶ ConnectorManager::call_tool ─▶ connector
//!                                   ▲                                        │
//!                                   │ Offer                                  ├ progress, log ─▶ Context
//!                                   └── offering(), when it changed          └ questions ─▶ Context::ask (see `pump`)
//! ```
//!
//! Beside it each connector has an endpoint of its own, where its tools have the names that its server gave them. It is made
//! when it is first asked for. Both go the same governed way.

mod endpoint;
mod follow;
mod forward;
mod guest;
mod offers;
mod outcome;
mod parked;
mod pump;
mod question;
mod sessions;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use car_connectors::mcp::ClientHandler;
use car_connectors::mcp::server::Offered as Seen;
use car_connectors::{ConnectorManager, Offered, Offering};
use tokio::sync::{broadcast, watch};

use crate::visitor::Visitor;
use endpoint::Endpoint;
use forward::Forward;
use offers::Names;
use parked::Parked;
use pump::Call;
pub use sessions::McpSessions;

/// How many endpoints of single connectors may be made before whoever follows them has looked.
const OPENED: usize = 256;

/// The MCP endpoint, and for each connector one that has it alone. Clones are the same.
#[derive(Clone)]
pub(crate) struct Gateway(Arc<Inner>);

struct Inner {
    forward: Forward,
    all: Endpoint,
    shown: Mutex<Shown>,
    /// The manager's revision of which everything is shown; 0 before the first look.
    revision: AtomicU64,
    /// Is told what is watched at each endpoint of a single connector, as it is made.
    opened: broadcast::Sender<Watched>,
    /// Held by whoever brings the endpoints in line with the connectors: what was seen first is shown first.
    refreshing: tokio::sync::Mutex<()>,
}

/// What is offered at the moment, and the endpoints of single connectors, by slug.
#[derive(Default)]
struct Shown {
    /// Nothing before the first look that succeeded.
    offering: Option<Offering>,
    singles: HashMap<String, Arc<Endpoint>>,
}

/// The URIs of resources that somebody watches.
type Watched = watch::Receiver<BTreeSet<String>>;

impl Gateway {
    /// Makes the endpoint; nothing is offered until [`Gateway::refresh`].
    pub(crate) fn new(manager: ConnectorManager) -> Self {
        Self(Arc::new(Inner {
            forward: Forward { manager, parked: Arc::new(Parked::default()) },
            all: Endpoint::new(Names::Canonical),
            shown: Mutex::default(),
            revision: AtomicU64::new(0),
            opened: broadcast::Sender::new(OPENED),
            refreshing: tokio::sync::Mutex::default(),
        }))
    }

    /// Brings what is offered in line with the connectors, if something happened to them since that was done last.
    pub(crate) async fn refresh(&self) {
        if self.is_in_line() {
            return;
        }
        let _refreshing = self.0.refreshing.lock().await;
        if self.is_in_line() {
            return;
        }
        // First: what happens from here on is seen or makes the next look necessary.
        let revision = self.manager().revision();
        let offering = match self.manager().offering().await {
            Ok(offering) => offering,
            Err(error) => {
                tracing::warn!(%error, "what the connectors offer cannot be read; the endpoint stays as it is");
                return;
            }
        };
        self.show(offering);
        self.0.revision.store(revision, Ordering::Release);
        self.forget_removed().await;
    }

    fn is_in_line(&self) -> bool {
        self.0.revision.load(Ordering::Acquire) == self.manager().revision()
    }

    fn show(&self, offering: Offering) {
        let mut shown = self.shown();
        if shown.offering.as_ref().is_some_and(|before| is_same(before, &offering)) {
            return;
        }
        self.0.all.show(&offering, &self.0.forward);
        for (slug, single) in &shown.singles {
            single.show(&of_connector(&offering, slug), &self.0.forward);
        }
        shown.offering = Some(offering);
    }

    /// Ends the endpoints of connectors that are gone.
    async fn forget_removed(&self) {
        let slugs: Vec<String> = self.shown().singles.keys().cloned().collect();
        for slug in slugs {
            if !self.has(&slug).await
                && let Some(single) = self.shown().singles.remove(&slug)
            {
                single.service().close();
            }
        }
    }

    /// Answers a request to `/mcp`. What somebody was told is done before the request came is there for it.
    pub(crate) async fn handle(&self, request: Request<Body>, visitor: Visitor) -> Response {
        self.refresh().await;
        self.0.all.handle(request, visitor).await
    }

    /// Answers a request to `/connectors/{slug}/mcp`: that connector alone, under its own names.
    pub(crate) async fn handle_connector(
        &self,
        slug: &str,
        request: Request<Body>,
        visitor: Visitor,
    ) -> Response {
        // What somebody may not see is not there for them.
        if !visitor.sees(slug) || !self.has(slug).await {
            return not_found();
        }
        self.refresh().await;
        let single = self.single(slug);
        single.handle(request, visitor).await
    }

    /// Puts a message, a notification or a request as JSON text, on the own stream of a legacy session, and returns whether
    /// there is somebody to read it.
    pub(crate) fn push_to_session(&self, session: &str, message: &str) -> bool {
        self.endpoints(|endpoint| endpoint.service().push_to_session(session, message.to_owned()))
            .contains(&true)
    }

    /// Counts the legacy sessions.
    pub(crate) fn sessions(&self) -> usize {
        self.endpoints(|endpoint| endpoint.service().session_count()).into_iter().sum()
    }

    /// Ends what would go on for ever, in good order: streams, sessions, calls that wait for their clients.
    pub(crate) fn close(&self) {
        self.endpoints(|endpoint| endpoint.service().close());
        self.parked().clear();
    }

    fn manager(&self) -> &ConnectorManager {
        &self.0.forward.manager
    }

    fn parked(&self) -> &Parked<Call> {
        &self.0.forward.parked
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.shown.lock().expect("nothing panics while it holds what is shown")
    }

    /// Tells whether there is such a connector, in use.
    async fn has(&self, slug: &str) -> bool {
        self.manager().status(slug).await.is_ok_and(|status| status.state.is_in_use())
    }

    /// Returns the endpoint of one connector.
    fn single(&self, slug: &str) -> Arc<Endpoint> {
        let mut shown = self.shown();
        if let Some(single) = shown.singles.get(slug) {
            return Arc::clone(single);
        }
        let single = Arc::new(Endpoint::new(Names::Own));
        if let Some(offering) = &shown.offering {
            single.show(&of_connector(offering, slug), &self.0.forward);
        }
        shown.singles.insert(slug.to_owned(), Arc::clone(&single));
        // An error says that nobody follows, who would be told.
        drop(self.0.opened.send(single.server().watched_resources()));
        single
    }

    /// Does something with each endpoint.
    fn endpoints<T>(&self, act: impl Fn(&Endpoint) -> T) -> Vec<T> {
        let singles: Vec<_> = self.shown().singles.values().cloned().collect();
        std::iter::once(&self.0.all).chain(singles.iter().map(|single| &**single)).map(act).collect()
    }

    /// Tells whoever watches a resource that it changed.
    fn tell_updated(&self, slug: &str, uri: &str) {
        let single = self.shown().singles.get(slug).cloned();
        if let Some(single) = single {
            single.server().resource_updated(uri);
        }
        // Two connectors may have one URI, and only one of them is offered.
        if self.0.all.owner(Seen::Resource(uri)).is_none_or(|owner| owner == slug) {
            self.0.all.server().resource_updated(uri);
        }
    }

    /// Returns what is watched at any endpoint.
    fn watched(&self) -> BTreeSet<String> {
        let watched = self.endpoints(|endpoint| endpoint.server().watched_resources().borrow().clone());
        watched.into_iter().flatten().collect()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gateway").finish_non_exhaustive()
    }
}

/// What the daemon declares to servers that it can be asked: everything that a client of its own may be able to answer. A
/// question of no call is refused.
pub(crate) fn handler() -> Arc<dyn ClientHandler> {
    Arc::new(question::Nobody)
}

/// Returns what one connector offers.
fn of_connector(offering: &Offering, slug: &str) -> Offering {
    fn of<T: Clone>(all: &[Offered<T>], slug: &str) -> Vec<Offered<T>> {
        all.iter().filter(|offered| offered.connector == slug).cloned().collect()
    }
    let mut single = Offering::default();
    single.tools = of(&offering.tools, slug);
    single.prompts = of(&offering.prompts, slug);
    single.resources = of(&offering.resources, slug);
    single.templates = of(&offering.templates, slug);
    single
}

fn is_same(one: &Offering, other: &Offering) -> bool {
    fn same<T: PartialEq>(one: &[Offered<T>], other: &[Offered<T>]) -> bool {
        let is_same = |(one, other): (&Offered<T>, &Offered<T>)| {
            one.connector == other.connector
                && one.name == other.name
                && one.canonical == other.canonical
                && one.completes == other.completes
                && one.definition == other.definition
        };
        one.len() == other.len() && one.iter().zip(other).all(is_same)
    }
    same(&one.tools, &other.tools)
        && same(&one.prompts, &other.prompts)
        && same(&one.resources, &other.resources)
        && same(&one.templates, &other.templates)
}

fn not_found() -> Response {
    let problem = serde_json::json!({"status": 404, "detail": "there is no such connector"});
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::NOT_FOUND, headers, problem.to_string()).into_response()
}
