//! The port, and what is behind it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts as _, Request, State, WebSocketUpgrade};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::{Router, body::Body};
use car_connectors::ConnectorManager;
use car_connectors::store::{DaemonAddress, DaemonLock, Home};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::access::{Access, Refusal, new_token};
use crate::approvals::Approvals;
use crate::connection;
use crate::error::Error;
use crate::methods::{Desk, SharedDesk};
use crate::notices::Notices;
use crate::visitor::Visitor;

/// The largest message of a front end, in bytes: the arguments of a call with a picture in them.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// How long front ends may take to be told that the daemon stops.
const GRACE: Duration = Duration::from_secs(5);

/// The one daemon of a state folder. It listens from the moment it is bound.
pub struct Daemon {
    listener: TcpListener,
    address: SocketAddr,
    lock: DaemonLock,
    announced: DaemonAddress,
    shared: Arc<Shared>,
}

struct Shared {
    desk: SharedDesk,
    access: Access,
    /// Its sender's end tells that the daemon stops.
    stopping: watch::Sender<()>,
}

impl Daemon {
    /// Becomes the daemon of a state folder: listens, and writes its address and token where programs of this user find
    /// them. `address` is `host:port`; port 0 lets the system choose.
    ///
    /// # Errors
    /// [`Error::State`] where there is a daemon already or the folder cannot be used, [`Error::Listen`].
    pub async fn bind(home: &Home, manager: ConnectorManager, address: &str) -> Result<Self, Error> {
        let state = |source| Error::State { source };
        let lock = DaemonLock::acquire(home).map_err(state)?;
        let known = DaemonAddress::read(home).map_err(state)?;
        let listen = |source| Error::Listen { address: address.to_owned(), source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let mut announced = known.unwrap_or_else(|| DaemonAddress::new(new_token()));
        announced.url = Some(format!("http://{address}"));
        lock.announce(&announced).map_err(state)?;
        let access = Access::new(&announced.token);
        let notices = Notices::new();
        let approvals = Approvals::new(home, notices.clone(), crate::DaemonOptions::new().patience);
        let url = format!("http://{address}");
        let desk = Arc::new(Desk::new(home, manager, approvals, notices, &url));
        let shared = Arc::new(Shared { desk, access, stopping: watch::Sender::new(()) });
        Ok(Self { listener, address, lock, announced, shared })
    }

    /// Returns the URL without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until `shutdown` is ready; then tells the front ends, and ends.
    ///
    /// # Errors
    /// [`Error::Serve`] where the port breaks, [`Error::State`] where it cannot be noted that there is no daemon any more.
    pub async fn serve_until(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let Self { listener, lock, mut announced, shared, .. } = self;
        let router = Router::new()
            .route("/ws", any(socket))
            .route("/health", get(health))
            .fallback(nothing_here)
            .with_state(Arc::clone(&shared));
        let stop = Arc::clone(&shared);
        let told = async move {
            shutdown.await;
            stop.stopping.send_replace(());
        };
        let served = axum::serve(listener, router).with_graceful_shutdown(told).await;
        // Each connection holds a receiver until it is over. One that does not take the farewell is not waited for.
        drop(tokio::time::timeout(GRACE, shared.stopping.closed()).await);
        announced.url = None;
        lock.announce(&announced).map_err(|source| Error::State { source })?;
        served.map_err(|source| Error::Serve { source })
    }
}

/// Takes a front end in.
async fn socket(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (mut head, _) = request.into_parts();
    if let Err(refusal) = shared.access.check(&head) {
        return refuse(refusal);
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut head, &shared).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let (desk, stopping) = (shared.desk.clone(), shared.stopping.subscribe());
    let upgrade = upgrade.max_message_size(MAX_MESSAGE_BYTES).max_frame_size(MAX_MESSAGE_BYTES);
    upgrade.on_upgrade(move |socket| {
        connection::serve(socket, desk, Visitor::manager("owner"), std::future::pending(), stopping)
    })
}

/// Says that the daemon is there: nothing that a stranger could use.
async fn health(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (head, _) = request.into_parts();
    match shared.access.check_place(&head) {
        Ok(()) => json(StatusCode::OK, r#"{"status":"ok","server_name":"car"}"#.to_owned()),
        Err(refusal) => refuse(refusal),
    }
}

async fn nothing_here(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (head, _) = request.into_parts();
    match shared.access.check(&head) {
        Ok(()) => problem(StatusCode::NOT_FOUND, "there is nothing here; front ends connect to /ws"),
        Err(refusal) => refuse(refusal),
    }
}

fn refuse(refusal: Refusal) -> Response {
    let mut response = problem(refusal.status(), &refusal.to_string());
    if refusal == Refusal::Token {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    }
    response
}

fn problem(status: StatusCode, what: &str) -> Response {
    json(status, serde_json::json!({"status": status.as_u16(), "detail": what}).to_string())
}

fn json(status: StatusCode, body: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

impl fmt::Debug for Daemon {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Daemon").field("address", &self.address).finish_non_exhaustive()
    }
}
