//! The handshake: drives the negotiation of `car_mcp_proto::negotiate` over a transport.

use std::sync::Arc;
use std::time::Duration;

use car_mcp_proto::capability::ClientCapabilities;
use car_mcp_proto::discover::DiscoverResult;
use car_mcp_proto::negotiate::{self, NegotiationError, ProbeReply, Probing, Step};
use car_mcp_proto::rpc::Incoming;
use car_mcp_proto::{ErrorObject, Members, ProtocolVersion, RawJson, meta};
use serde::de::IgnoredAny;

use super::deadline::Deadline;
use super::encode::{Params, SessionMeta, encode_request};
use super::session::{Agreed, ServerDescription, Session};
use crate::error::Error;
use crate::transport::{Message, MessageKind, Reply, TransportError};

/// What came back for a probe.
enum Probed {
    Discovered(Box<DiscoverResult>),
    OtherResult,
    Error(ErrorObject),
    NotModern,
}

impl Agreed {
    /// What holds before the first handshake.
    pub(crate) fn nothing() -> Self {
        Self {
            server: ServerDescription {
                version: ProtocolVersion::MODERN[0],
                info: None,
                capabilities: Default::default(),
                instructions: None,
            },
            request_meta: SessionMeta::default(),
            generation: 0,
        }
    }
}

impl Session {
    /// Makes a new handshake unless another call has already made one since `generation`.
    pub(crate) async fn handshake(&self, generation: u64) -> Result<(), Error> {
        let _turn = self.inner.handshake.lock().await;
        if self.agreed().generation != generation {
            return Ok(());
        }
        self.inner.transport.reset();
        let (server, request_meta) = self.negotiate().await?;
        tracing::debug!(peer = %self.inner.transport.peer(), version = %server.version, "agreed on a revision");
        let agreed = Agreed { server, request_meta, generation: generation + 1 };
        *self.inner.agreed.write().expect("nothing panics while it holds what was agreed") = Arc::new(agreed);
        self.inner.lists.clear();
        Ok(())
    }

    async fn negotiate(&self) -> Result<(ServerDescription, SessionMeta), Error> {
        let mut step = negotiate::start(self.inner.preference);
        let mut discovered = None;
        loop {
            step = match step {
                Step::Probe(probing) => {
                    let (next, result) = self.in_time("server/discover", self.probe(probing)).await?;
                    discovered = result;
                    next
                }
                Step::Modern(version) => return self.modern(version, discovered),
                Step::Initialize(initializing) => {
                    match self.in_time("initialize", self.initialize(initializing)).await? {
                        Ok(server) => return Ok((server, SessionMeta::default())),
                        Err(next) => next,
                    }
                }
            };
        }
    }

    /// Each step has the whole time: a legacy server may be slow to refuse the first.
    async fn in_time<T>(
        &self,
        method: &str,
        step: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let limit = self.inner.limits.discovery_timeout;
        Deadline::start(limit, Duration::MAX).run(method, step).await
    }

    async fn probe(&self, probing: Probing) -> Result<(Step, Option<Box<DiscoverResult>>), Error> {
        let version = probing.version();
        let answer = self.send_probe(version).await?;
        let reply = match &answer {
            Probed::Discovered(result) => ProbeReply::Discovered(result),
            Probed::OtherResult => ProbeReply::OtherResult,
            Probed::Error(error) => ProbeReply::Error(error),
            Probed::NotModern => ProbeReply::NotModern,
        };
        let step = probing.handle_reply(reply).map_err(Error::Negotiation)?;
        let discovered = match answer {
            Probed::Discovered(result) => Some(result),
            _ => None,
        };
        Ok((step, discovered))
    }

    async fn send_probe(&self, version: ProtocolVersion) -> Result<Probed, Error> {
        let meta = self.modern_meta(version, &self.inner.capabilities)?;
        let id = self.inner.next_id();
        let method = "server/discover";
        let params = Params {
            own: &[],
            retry: None,
            session_meta: &meta,
            caller_meta: &Members::new(),
            progress_token: None,
        };
        let body = encode_request(&id, method, &params)?;
        let kind = MessageKind::Request { id: &id, method, name: None };
        let reply = match self.inner.transport.send(Message::new(kind, Some(version), body)).await {
            Ok(reply) => reply,
            // A page of another kind is a legacy server's way, or no server at all; `initialize` will tell.
            Err(TransportError::Status { status: 400..=499, .. } | TransportError::Unexpected { .. }) => {
                return Ok(Probed::NotModern);
            }
            Err(TransportError::SessionExpired) => return Ok(Probed::NotModern),
            Err(error) => return Err(error.into()),
        };
        self.read_probe(reply).await
    }

    async fn read_probe(&self, reply: Reply) -> Result<Probed, Error> {
        let text = match reply {
            Reply::Accepted => return Ok(Probed::OtherResult),
            Reply::Body(body) => body,
            Reply::Stream(mut messages) => loop {
                match messages.message().await {
                    Some(Ok(text)) if is_no_answer(&text) => {}
                    Some(Ok(text)) => break text,
                    Some(Err(error)) => return Err(error.into()),
                    None => return Ok(Probed::NotModern),
                }
            },
        };
        Ok(match serde_json::from_slice::<Incoming<'_, RawJson>>(&text) {
            Ok(Incoming::Response { result, .. }) => match result.parse::<DiscoverResult>() {
                Ok(discovered) => Probed::Discovered(Box::new(discovered)),
                Err(_) => Probed::OtherResult,
            },
            Ok(Incoming::Error { error, .. }) => Probed::Error(error),
            _ => Probed::NotModern,
        })
    }

    fn modern(
        &self,
        version: ProtocolVersion,
        discovered: Option<Box<DiscoverResult>>,
    ) -> Result<(ServerDescription, SessionMeta), Error> {
        let discovered = discovered
            .ok_or_else(|| Error::Negotiation(NegotiationError::NoCommonVersion { supported: Vec::new() }))?;
        let info = discovered.meta.as_ref().and_then(|meta| meta.member(meta::SERVER_INFO));
        let server = ServerDescription {
            version,
            info: info.and_then(|info| info.parse().ok()),
            capabilities: discovered.capabilities,
            instructions: discovered.instructions,
        };
        Ok((server, self.modern_meta(version, &self.inner.capabilities)?))
    }

    /// Returns what a request carries in `_meta` that declares these capabilities.
    pub(crate) fn modern_meta(
        &self,
        version: ProtocolVersion,
        capabilities: &ClientCapabilities,
    ) -> Result<SessionMeta, Error> {
        let members = meta::modern_request(version, capabilities, &self.inner.client);
        members.and_then(SessionMeta::new).map_err(|error| Error::Parameters {
            method: "server/discover".to_owned(),
            reason: error.to_string(),
        })
    }
}

/// Tells whether a message belongs to no answer: a notification, or a question.
pub(crate) fn is_no_answer(text: &[u8]) -> bool {
    matches!(
        serde_json::from_slice::<Incoming<'_, IgnoredAny>>(text),
        Ok(Incoming::Notification { .. } | Incoming::Request { .. })
    )
}
