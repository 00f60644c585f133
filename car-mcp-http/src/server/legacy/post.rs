//! What clients send.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use car_mcp::proto::ProtocolVersion;
use car_mcp::proto::rpc::INVALID_REQUEST;
use car_mcp::server::legacy::Conversation;
use car_mcp::server::{Answer, Caller, Exchange, Inbound, Malformed, Request, Step};
use http::header::RETRY_AFTER;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};

use super::driver::{Driver, Work};
use super::reader::Once;
use super::session::{Kind, Session};
use super::stream::OWN;
use super::{Refusal, SESSION_ID, Sessions, batch};
use crate::server::body::ResponseBody;
use crate::server::events::{MESSAGE, encode_event, event_stream};
use crate::server::media::Accepts;
use crate::server::options::LegacyMode;
use crate::server::refusal::{empty, error, json, refuse, refuse_for_now, refuse_unread};

/// The revision of a client that does not say, where nothing else tells.
const ASSUMED_VERSION: ProtocolVersion = ProtocolVersion::V2025_03_26;

/// What a body holds.
pub(super) enum Post {
    One(Inbound),
    /// A batch; what is no message in it is answered by an error among the answers.
    Many(Vec<Result<Inbound, Malformed>>),
}

/// What there is to answer of a body.
pub(super) struct Asked {
    pub(super) driver: Driver,
    pub(super) is_batch: bool,
}

impl Sessions {
    /// Answers a POST whose body is a legacy message or a batch of them. Origin, Host, size, media types and the
    /// caller have been checked.
    pub(crate) async fn post(&self, head: &Parts, body: Bytes, caller: Caller) -> Response<ResponseBody> {
        match read(&body) {
            Ok(post) => self.post_read(head, post, caller).await,
            Err(refusal) => *refusal,
        }
    }

    /// Answers a POST whose one message has been told apart already.
    pub(crate) async fn post_message(
        &self,
        head: &Parts,
        message: Inbound,
        caller: Caller,
    ) -> Response<ResponseBody> {
        self.post_read(head, Post::One(message), caller).await
    }

    async fn post_read(&self, head: &Parts, post: Post, caller: Caller) -> Response<ResponseBody> {
        let accepts = Accepts::read(&head.headers);
        let version = match self.check_version(head) {
            Ok(version) => version,
            Err(refusal) => return *refusal,
        };
        if let Some(session) = self.posted_session(head, &caller) {
            let asked = session.and_then(|session| ask(&session, post, &caller, self.shared.timeout));
            return asked.map_or_else(|refusal| *refusal, answer_on_own_stream);
        }
        let session = match self.shared.mode {
            LegacyMode::Stateless => self.lone(&post, version, &caller),
            LegacyMode::Off => {
                return refuse_unread(StatusCode::BAD_REQUEST, "legacy clients are not served here");
            }
            LegacyMode::Sessions => match post {
                Post::One(Inbound::Request(request))
                    if is_initialize(&request) && !head.headers.contains_key(SESSION_ID) =>
                {
                    return self.initialize(request, caller, accepts).await;
                }
                _ => self.session(head, &caller),
            },
        };
        match session.and_then(|session| ask(&session, post, &caller, self.shared.timeout)) {
            Ok(Some(asked)) => self.answer(asked.driver, accepts, asked.is_batch).await,
            Ok(None) => empty(StatusCode::ACCEPTED),
            Err(refusal) => *refusal,
        }
    }

    /// Begins a session. It is known from the moment when its client is told its id, which is not when the answer is
    /// an error.
    async fn initialize(&self, request: Request, caller: Caller, accepts: Accepts) -> Response<ResponseBody> {
        let shared = &self.shared;
        let conversation = Conversation::begin(&shared.server);
        let id = request.id().clone();
        let session = Session::new(Kind::Resumable, &caller, conversation, &shared.options, &shared.table);
        let session = Arc::new(session);
        let mut exchange = session.conversation().request(request, caller);
        let answer = loop {
            match exchange.step().await {
                Some(Step::Answer(answer)) => break answer,
                // Nothing is told to a client that does not know yet whom it speaks with.
                Some(_) => {}
                None => return empty(StatusCode::ACCEPTED),
            }
        };
        if answer.error.is_none() && !shared.table.insert(&session) {
            return refuse_for_now(Some(&id), "expected fewer sessions, found as many as are allowed");
        }
        let is_begun = answer.error.is_none();
        let mut response = match accepts.json {
            true => json(StatusCode::OK, answer.body),
            false => event_stream(Once(Some(encode_event(None, Some(MESSAGE), &answer.body)))),
        };
        if is_begun {
            response.headers_mut().insert(SESSION_ID, session.id().to_header());
        }
        response
    }

    /// Returns a session that lasts for one request.
    fn lone(
        &self,
        post: &Post,
        version: Option<ProtocolVersion>,
        caller: &Caller,
    ) -> Result<Arc<Session>, Refusal> {
        let shared = &self.shared;
        let version = version.unwrap_or(ASSUMED_VERSION);
        let conversation = match post {
            Post::One(Inbound::Request(request)) if is_initialize(request) => {
                Conversation::begin(&shared.server)
            }
            _ if shared.server.versions().contains(&version) => {
                Conversation::stateless(&shared.server, version)
            }
            _ => {
                let message = "expected MCP-Protocol-Version, found none";
                return Err(Box::new(refuse_unread(StatusCode::BAD_REQUEST, message)));
            }
        };
        let session = Session::new(Kind::OneRequest, caller, conversation, &shared.options, &shared.table);
        Ok(Arc::new(session))
    }
}

/// Lets the answers come on the session's own stream, as clients of 2024-11-05 expect them.
fn answer_on_own_stream(asked: Option<Asked>) -> Response<ResponseBody> {
    if let Some(Asked { mut driver, .. }) = asked {
        driver.stream = Some(OWN);
        driver.detach();
    }
    empty(StatusCode::ACCEPTED)
}

fn is_initialize(request: &Request) -> bool {
    request.method() == "initialize"
}

/// Reads a body.
pub(super) fn read(body: &Bytes) -> Result<Post, Refusal> {
    if !batch::is_batch(body) {
        let message = Inbound::read(body);
        return message.map(Post::One).map_err(|Malformed { id, error, .. }| {
            Box::new(refuse(StatusCode::BAD_REQUEST, id.as_ref(), &error))
        });
    }
    let messages =
        batch::split(body).map_err(|error| Box::new(refuse(StatusCode::BAD_REQUEST, None, &error)))?;
    Ok(Post::Many(messages.iter().map(Inbound::read).collect()))
}

/// Hands a body to a session, and returns what there is to answer.
pub(super) fn ask(
    session: &Arc<Session>,
    post: Post,
    caller: &Caller,
    timeout: Option<Duration>,
) -> Result<Option<Asked>, Refusal> {
    match post {
        Post::One(Inbound::Request(request)) => {
            let Some(permit) = session.begin(1) else { return Err(too_many(session)) };
            let id = request.id().clone();
            let exchange = session.conversation().request(request, caller.clone());
            let driver = Driver::requests(Arc::clone(session), Work::One(id, exchange), permit, timeout);
            Ok(Some(Asked { driver, is_batch: false }))
        }
        Post::One(message) => {
            take(session, message);
            Ok(None)
        }
        Post::Many(messages) => ask_many(session, messages, caller, timeout),
    }
}

fn ask_many(
    session: &Arc<Session>,
    messages: Vec<Result<Inbound, Malformed>>,
    caller: &Caller,
    timeout: Option<Duration>,
) -> Result<Option<Asked>, Refusal> {
    let refuse = |message| Err(Box::new(refuse_unread(StatusCode::BAD_REQUEST, message)));
    if session.conversation().version() != Some(ProtocolVersion::V2025_03_26) {
        return refuse("expected one message, found a batch, which only revision 2025-03-26 has");
    }
    let is_request = |message: &&Result<Inbound, Malformed>| {
        !matches!(message, Ok(Inbound::Notification(_) | Inbound::Response(_)))
    };
    if messages
        .iter()
        .any(|message| matches!(message, Ok(Inbound::Request(request)) if is_initialize(request)))
    {
        return refuse("initialize must not be part of a batch");
    }
    let count = messages.iter().filter(is_request).count();
    let Some(permit) = session.begin(count) else { return Err(too_many(session)) };
    let mut exchanges = Vec::with_capacity(count);
    for message in messages {
        match message {
            Ok(Inbound::Request(request)) => {
                let id = request.id().clone();
                exchanges.push((Some(id), session.conversation().request(request, caller.clone())));
            }
            Ok(message) => take(session, message),
            Err(malformed) => {
                exchanges
                    .push((None, Exchange::answered(Answer::error(malformed.id.as_ref(), &malformed.error))));
            }
        }
    }
    if exchanges.is_empty() {
        return Ok(None);
    }
    let driver = Driver::requests(Arc::clone(session), Work::Many(exchanges), permit, timeout);
    Ok(Some(Asked { driver, is_batch: true }))
}

/// Takes a message that wants no answer. A response to what was not asked, or no longer, is no fault: the question may
/// have been taken back while it was on its way.
fn take(session: &Session, message: Inbound) {
    session.touch(tokio::time::Instant::now());
    match message {
        Inbound::Notification(notification) => session.conversation().notification(&notification),
        Inbound::Response(response) => {
            if !session.conversation().response(response) {
                tracing::debug!("a response answers nothing that was asked");
            }
        }
        Inbound::Request(_) => unreachable!("requests are answered"),
    }
}

fn too_many(session: &Session) -> Refusal {
    let most = session.options().max_requests;
    let message = format!("expected at most {most} requests of a session under way, found more");
    let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, None, &error(INVALID_REQUEST, message));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    Box::new(response)
}
