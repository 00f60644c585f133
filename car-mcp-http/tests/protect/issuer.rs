//! An issuer on loopback that publishes what the test says.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use car_mcp_http::server::protect::{BearerToken, JwtVerifier, TokenVerifier, VerifiedToken, VerifyError};
use car_testkit::authority::SigningKey;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub(crate) const RESOURCE: &str = "https://mcp.example/mcp";
pub(crate) const METADATA: &str = "/.well-known/oauth-authorization-server";

/// One answer.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn json(value: &Value) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/json".into())],
            body: value.to_string(),
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }
}

#[derive(Default)]
struct Shared {
    pages: Mutex<HashMap<String, Page>>,
    asked: Mutex<Vec<String>>,
    /// While it is there, answers wait for it.
    gate: Mutex<Option<Arc<Notify>>>,
    arrived: Notify,
}

/// The issuer. It publishes nothing at first.
pub(crate) struct Issuer {
    pub(crate) name: String,
    shared: Arc<Shared>,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        drop(serve(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(socket), service);
                drop(serve(async { drop(connection.await) }));
            }
        }));
        Self { name, shared }
    }

    /// Starts an issuer that publishes its metadata and these keys.
    pub(crate) async fn with_keys(keys: &[(&str, &SigningKey)]) -> Self {
        let issuer = Self::start().await;
        let metadata = json!({ "issuer": issuer.name, "jwks_uri": format!("{}/keys", issuer.name) });
        issuer.publish(METADATA, Page::json(&metadata));
        issuer.publish("/keys", Page::json(&set(keys)));
        issuer
    }

    pub(crate) fn publish(&self, path: &str, page: Page) {
        self.shared.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    pub(crate) fn unpublish_everything(&self) {
        self.shared.pages.lock().unwrap().clear();
    }

    /// Returns how often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.shared.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }

    /// Makes answers wait until the gate is opened (`notify_waiters`).
    pub(crate) fn close_gate(&self) -> Arc<Notify> {
        let gate = Arc::new(Notify::new());
        *self.shared.gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }

    pub(crate) fn open_gate(&self) {
        if let Some(gate) = self.shared.gate.lock().unwrap().take() {
            gate.notify_waiters();
        }
    }

    /// Waits until a request has come that had not been waited for.
    pub(crate) async fn arrived(&self) {
        self.shared.arrived.notified().await;
    }

    pub(crate) fn verifier(&self) -> JwtVerifier {
        JwtVerifier::new(&self.name, RESOURCE).unwrap()
    }

    pub(crate) fn claims(&self) -> Value {
        let now = now();
        json!({ "iss": self.name, "aud": RESOURCE, "sub": "ada", "iat": now, "exp": now + 3_600 })
    }

    pub(crate) fn token(&self, kid: &str, key: &SigningKey) -> String {
        key.sign(&json!({ "typ": "at+jwt", "kid": kid }), &self.claims())
    }
}

/// Returns a set of keys.
pub(crate) fn set(keys: &[(&str, &SigningKey)]) -> Value {
    let jwk = |(kid, key): &(&str, &SigningKey)| {
        let mut jwk = key.jwk();
        jwk["kid"] = json!(kid);
        jwk
    };
    json!({ "keys": keys.iter().map(jwk).collect::<Vec<_>>() })
}

pub(crate) async fn verify(verifier: &JwtVerifier, token: &str) -> Result<VerifiedToken, VerifyError> {
    let (head, ()) = Request::new(()).into_parts();
    verifier.verify(BearerToken::new(token), &head).await
}

#[expect(clippy::disallowed_methods, reason = "tokens are of now")]
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

#[expect(clippy::disallowed_methods, reason = "a server beside the test")]
pub(crate) fn serve(future: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
    tokio::spawn(future)
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    shared.asked.lock().unwrap().push(path.clone());
    shared.arrived.notify_one();
    let gate = shared.gate.lock().unwrap().clone();
    if let Some(gate) = gate {
        gate.notified().await;
    }
    let page = shared.pages.lock().unwrap().get(&path).cloned().unwrap_or_else(|| Page::status(404));
    let mut response = Response::builder().status(page.status);
    for (name, value) in page.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::from(page.body)).unwrap())
}
