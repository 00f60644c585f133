//! The floor: a bare hyper client that posts the same bytes and reads the answer without parsing it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::Failure;
use crate::job::{Job, Work};

type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

pub(crate) struct Floor {
    client: Http,
    url: Uri,
    call: Prepared,
    list: Prepared,
}

/// A request that only has to be sent.
struct Prepared {
    headers: HeaderMap,
    body: Bytes,
}

impl Floor {
    pub(crate) async fn connect(job: &Job) -> Result<Self, Failure> {
        let url: Uri = job.url.parse()?;
        // Idle sessions need a session id each and nothing else: their requests go through one pool.
        static SHARED: OnceLock<Http> = OnceLock::new();
        let client = match (job.work, SHARED.get()) {
            (Work::Idle, Some(shared)) => shared.clone(),
            _ => Client::builder(TokioExecutor::new()).build(connector()?),
        };
        if job.work == Work::Idle {
            let _already = SHARED.set(client.clone());
        }
        let call = json!({ "name": job.tool, "arguments": { "message": "hello" } });
        let mut floor = Self {
            client,
            url,
            call: prepare(job.modern, "tools/call", Some(&job.tool), call),
            list: prepare(job.modern, "tools/list", None, json!({})),
        };
        if job.modern {
            floor.post(&prepare(true, "server/discover", None, json!({}))).await?;
            return Ok(floor);
        }
        let hello = json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "floor", "version": "1" },
        });
        let session = floor.post(&prepare(false, "initialize", None, hello)).await?;
        let mut ready = prepare(false, "notifications/initialized", None, Value::Null);
        for prepared in [&mut floor.call, &mut floor.list, &mut ready] {
            prepared.headers.insert("mcp-protocol-version", HeaderValue::from_static("2025-11-25"));
            if let Some(session) = &session {
                prepared.headers.insert("mcp-session-id", session.clone());
            }
        }
        floor.post(&ready).await?;
        Ok(floor)
    }

    pub(crate) async fn call(&self) -> Result<(), Failure> {
        self.post(&self.call).await.map(drop)
    }

    pub(crate) async fn list(&self) -> Result<(), Failure> {
        self.post(&self.list).await.map(drop)
    }

    pub(crate) async fn close(self) -> Result<(), Failure> {
        if !self.call.headers.contains_key("mcp-session-id") {
            return Ok(());
        }
        let mut request = Request::new(Full::default());
        *request.method_mut() = Method::DELETE;
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = self.call.headers.clone();
        self.client.request(request).await?.into_body().collect().await?;
        Ok(())
    }

    /// Posts and reads to the end; returns the session id if one came.
    async fn post(&self, prepared: &Prepared) -> Result<Option<HeaderValue>, Failure> {
        let mut request = Request::new(Full::new(prepared.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = prepared.headers.clone();
        let reply = self.client.request(request).await?;
        if !reply.status().is_success() {
            return Err(format!("the server answered {}", reply.status()).into());
        }
        let session = reply.headers().get("mcp-session-id").cloned();
        let mut body = reply.into_body();
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok(session)
    }
}

fn prepare(modern: bool, method: &'static str, name: Option<&str>, mut params: Value) -> Prepared {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    if modern {
        headers.insert("mcp-protocol-version", HeaderValue::from_static("2026-07-28"));
        headers.insert("mcp-method", HeaderValue::from_static(method));
        if let Some(name) = name.and_then(|name| HeaderValue::from_str(name).ok()) {
            headers.insert("mcp-name", name);
        }
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
    Prepared { headers, body: message.to_string().into() }
}

fn connector() -> Result<HttpsConnector<HttpConnector>, Failure> {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.enforce_http(false);
    let tls = rustls::ClientConfig::clone(&*trusting()?);
    Ok(hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http))
}

/// TLS settings that trust the run's own authority, which stands where every client looks for it. Made once in a process.
fn trusting() -> Result<Arc<rustls::ClientConfig>, Failure> {
    static MADE: OnceLock<Arc<rustls::ClientConfig>> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(Arc::clone(made));
    }
    let mut roots = rustls::RootCertStore::empty();
    if let Some(file) = std::env::var_os("SSL_CERT_FILE") {
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
    }
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
    Ok(Arc::clone(MADE.get_or_init(|| Arc::new(config))))
}
