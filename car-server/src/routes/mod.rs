//! The routes: what each needs, and what answers it.
//!
//! | route | method | needs |
//! |---|---|---|
//! | `/`, the page's files | GET | nothing: there is nothing secret in them |
//! | `/health`, `/mcp/health` | GET | nothing |
//! | `/session` | POST | a code of `car ui`, from the page itself |
//! | `/oauth/callback` | GET | the state of a sign-in that waits |
//! | `/ui-code` | POST | the daemon's own token |
//! | `/ws` | GET | a token; each method its scope |
//! | `/mcp`, `/connectors/{slug}/mcp` | POST, GET, DELETE | `read`; calls need `call` |
//! | `/metrics` | GET | `read`, for all connectors |
//!
//! All of them look at `Host` and `Origin` first, in one place that no route can leave out.

mod answer;
mod callback;
mod mcp;
mod page;
mod session;
mod socket;
mod state;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get, post};
use car_connectors::store::Scope;
use tokio::sync::watch;

pub(crate) use self::answer::problem;
use crate::access::{Access, Refusal};
use crate::gateway::Gateway;
use crate::methods::{CALLBACK_PATH, SharedDesk};
use crate::metrics::Metrics;
use crate::visitor::Visitor;

/// What the routes have at hand.
pub(crate) struct Shared {
    pub(crate) access: Access,
    /// Connectors, approvals and notices.
    pub(crate) desk: SharedDesk,
    pub(crate) gateway: Gateway,
    pub(crate) metrics: Arc<Metrics>,
    /// Tells that the daemon stops. Whoever is to be waited for holds a receiver.
    pub(crate) stopping: watch::Sender<()>,
}

/// Returns all routes.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new()
        .route("/health", get(state::health))
        .route("/mcp/health", get(state::health))
        .route("/metrics", get(state::metrics))
        .route("/session", post(session::begin))
        .route("/ui-code", post(session::code))
        .route(CALLBACK_PATH, get(callback::callback))
        .route("/ws", any(socket::socket))
        .route("/mcp", any(mcp::all))
        .route("/connectors/{slug}/mcp", any(mcp::one));
    for file in page::FILES {
        router = router.route(file.path, get(move |request: Request| async move { file.answer(&request) }));
    }
    router
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_that_way)
        .layer(from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
}

/// Lets in what goes to this daemon and comes from no strange page, and says to browsers how answers are to be taken.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let mut response = match shared.access.check_place(&head) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(refusal) => refuse(&refusal, &head),
    };
    // Whatever it is, it is no page of somebody else's, nor taken for what it does not say that it is.
    let always = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in always {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Shared {
    /// Finds out who makes a request that needs `scope`, or returns what to answer.
    fn enter(&self, head: &Parts, scope: Scope) -> Result<Visitor, Box<Response>> {
        self.access.check(head, scope).map_err(|refusal| Box::new(refuse(&refusal, head)))
    }
}

/// Notes and answers a refusal.
fn refuse(refusal: &Refusal, head: &Parts) -> Response {
    // Not the query: somebody may have put a token into it.
    let (method, path) = (&head.method, head.uri.path());
    tracing::info!(%method, path, status = refusal.status().as_u16(), why = %refusal, "refused a request");
    refusal.response()
}

async fn nothing_here(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    match shared.enter(&request.into_parts().0, Scope::Read) {
        Ok(_) => problem(
            StatusCode::NOT_FOUND,
            "there is nothing here; front ends connect to /ws, MCP clients to /mcp",
        ),
        Err(response) => *response,
    }
}

async fn not_that_way() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, "this is asked for with another method; `Allow` says with which")
}
