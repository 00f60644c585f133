//! The HTTP+SSE pair of 2024-11-05: one long GET on which everything comes, and a URL to POST to.
//!
//! ```text
//!  GET url ─▶ event "endpoint": where to POST
//!         └─▶ event "message":  answers ─▶ the request that waits for them; the rest ─▶ whoever listens
//! ```
//!
//! All answers share the one stream, so a task has to read it and hand them out. It lives as long as the pair.
//!
//! Source: specification 2024-11-05, "Transports", section "HTTP with SSE".

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use car_http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Target, header};
use car_mcp::transport::{BoxMessages, Message, MessageKind, Messages, Reply, TransportError};
use car_mcp_proto::RequestId;
use car_mcp_proto::progress::ProgressParams;
use car_mcp_proto::rpc::Incoming;
use serde::de::IgnoredAny;
use tokio::sync::mpsc;

use crate::client::errors::transport_error;
use crate::client::exchange::{MediaType, media_type};
use crate::client::messages::SseMessages;
use crate::client::transport::HttpTransport;

/// How many messages may wait for one reader before the server is told to wait.
const WAITING_MESSAGES: usize = 64;

/// Both halves.
pub(crate) struct Pair {
    endpoint: Target,
    routes: Arc<Routes>,
    reader: tokio::task::JoinHandle<()>,
}

/// Who waits for what.
#[derive(Default)]
struct Routes {
    requests: Mutex<HashMap<RequestId, mpsc::Sender<Bytes>>>,
    events: Mutex<Option<mpsc::Sender<Bytes>>>,
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl HttpTransport {
    /// Speaks 2024-11-05 where a server refuses `initialize` by POST and offers an endpoint by GET; else the refusal
    /// stands.
    pub(crate) async fn try_pair(
        &self,
        message: &Message<'_>,
        refusal: TransportError,
    ) -> Result<Reply, TransportError> {
        let refused = matches!(refusal, TransportError::Status { status: 400 | 404 | 405, .. });
        let initialize = matches!(message.kind, MessageKind::Request { method: "initialize", .. });
        if !(refused && initialize && self.allow_pair) {
            return Err(refusal);
        }
        let Some(pair) = self.open_pair().await? else { return Err(refusal) };
        let pair = Arc::new(pair);
        self.legacy.write().expect("nothing panics while it holds the session").pair =
            Some(Arc::clone(&pair));
        self.send_to_pair(&pair, message).await
    }

    async fn open_pair(&self) -> Result<Option<Pair>, TransportError> {
        let headers = self.stream_headers(None, None);
        let response = self.send_authorized(Method::GET, headers, Bytes::new()).await?;
        if response.status() != StatusCode::OK || media_type(response.headers()) != MediaType::EventStream {
            return Ok(None);
        }
        let mut messages = SseMessages::new(response.into_body(), self.max_body_bytes);
        let first = std::future::poll_fn(|context| messages.poll_event(context)).await;
        let Some((kind, data)) = first.transpose()? else { return Ok(None) };
        if kind != "endpoint" {
            return Ok(None);
        }
        let endpoint = self.checked_endpoint(&data)?;
        let routes = Arc::new(Routes::default());
        #[expect(
            clippy::disallowed_methods,
            reason = "one long stream carries all answers; somebody has to read it"
        )]
        let reader = tokio::spawn(read(messages, Arc::clone(&routes)));
        Ok(Some(Pair { endpoint, routes, reader }))
    }

    /// The endpoint gets our credentials, so it must be on the origin that they are meant for.
    fn checked_endpoint(&self, data: &[u8]) -> Result<Target, TransportError> {
        let text = String::from_utf8_lossy(data);
        let endpoint = self.target.join(text.trim()).map_err(transport_error)?;
        match endpoint.origin() == self.target.origin() {
            true => Ok(endpoint),
            false => Err(TransportError::Redirected {
                to: endpoint.origin().to_string(),
                why: "the endpoint of an event stream must be on the stream's own origin".to_owned(),
            }),
        }
    }

    pub(crate) async fn send_to_pair(
        &self,
        pair: &Pair,
        message: &Message<'_>,
    ) -> Result<Reply, TransportError> {
        if pair.reader.is_finished() {
            return Err(TransportError::SessionExpired);
        }
        let answer = match message.kind {
            MessageKind::Request { id, .. } => Some(pair.routes.expect_answer(id)),
            _ => None,
        };
        let mut request = Request::new(Method::POST, pair.endpoint.clone());
        request.headers = self.pair_headers();
        request.body = message.body.clone();
        request.timeouts = Some(self.timeouts.clone());
        if let Some(credentials) = &self.credentials {
            let proof = credentials.headers("POST", pair.endpoint.url().as_str()).await?;
            request.headers.extend(proof.into_iter().map(|(name, value)| (Some(name), value)));
        }
        let response = self.client.send(request).await.map_err(transport_error)?;
        match response.status() {
            status if status.is_success() => {
                Ok(answer.map_or(Reply::Accepted, |answer| Reply::Stream(Box::new(answer))))
            }
            StatusCode::NOT_FOUND => Err(TransportError::SessionExpired),
            status => Err(TransportError::Status { status: status.as_u16(), excerpt: String::new() }),
        }
    }

    fn pair_headers(&self) -> HeaderMap {
        let mut headers = self.base.clone();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers
    }
}

impl Pair {
    /// Returns the messages that belong to no request. The last one to ask gets them.
    pub(crate) fn events(&self) -> BoxMessages {
        let (sender, receiver) = mpsc::channel(WAITING_MESSAGES);
        *self.routes.events.lock().expect("nothing panics while it holds the routes") = Some(sender);
        Box::new(Received { receiver, answered: None })
    }
}

impl Routes {
    fn expect_answer(self: &Arc<Self>, id: &RequestId) -> Received {
        let (sender, receiver) = mpsc::channel(WAITING_MESSAGES);
        self.requests.lock().expect("nothing panics while it holds the routes").insert(id.clone(), sender);
        Received { receiver, answered: Some((Arc::clone(self), id.clone())) }
    }

    /// Finds who waits for a message: the request that it answers or tells of, else the listener, else any request.
    fn route(&self, text: &[u8]) -> Option<mpsc::Sender<Bytes>> {
        let requests = self.requests.lock().expect("nothing panics while it holds the routes");
        let own = match serde_json::from_slice::<Incoming<'_, IgnoredAny>>(text).ok()? {
            Incoming::Response { id, .. } | Incoming::Error { id: Some(id), .. } => {
                return requests.get(&id).cloned();
            }
            Incoming::Notification { method, params } if method == "notifications/progress" => params
                .and_then(|params| serde_json::from_str::<ProgressParams>(params.get()).ok())
                .and_then(|progress| requests.get(&progress.progress_token).cloned()),
            _ => None,
        };
        let listener = || self.events.lock().expect("nothing panics while it holds the routes").clone();
        own.or_else(|| listener().filter(|sender| !sender.is_closed()))
            .or_else(|| requests.values().next().cloned())
    }

    fn close(&self) {
        self.requests.lock().expect("nothing panics while it holds the routes").clear();
        *self.events.lock().expect("nothing panics while it holds the routes") = None;
    }
}

/// Reads the stream to its end and hands out what comes.
async fn read(mut messages: SseMessages, routes: Arc<Routes>) {
    loop {
        match std::future::poll_fn(|context| messages.poll_message(context)).await {
            Some(Ok(text)) => {
                if let Some(waiting) = routes.route(&text) {
                    // An error says that nobody waits any more, which is what a cancelled call looks like.
                    drop(waiting.send(text).await);
                }
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "the event stream broke");
                break;
            }
            None => break,
        }
    }
    // Whoever still waits learns that nothing more will come.
    routes.close();
}

/// Messages that the reading task hands over.
struct Received {
    receiver: mpsc::Receiver<Bytes>,
    answered: Option<(Arc<Routes>, RequestId)>,
}

impl Messages for Received {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.receiver.poll_recv(context).map(|message| message.map(Ok))
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some((routes, id)) = &self.answered {
            routes.requests.lock().expect("nothing panics while it holds the routes").remove(id);
        }
    }
}
