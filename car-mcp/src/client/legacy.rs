//! What only the handshake era has: `initialize`, `ping`, log levels, resource subscriptions by
//! request, and questions outside of any call.

use std::sync::Arc;
use std::time::Duration;

use car_mcp_proto::ProtocolVersion;
use car_mcp_proto::legacy::{InitializeParams, InitializeResult, ResourceSubscriptionParams, SetLevelParams};
use car_mcp_proto::logging::LoggingLevel;
use car_mcp_proto::method::{
    EmptyParams, EmptyResult, Initialize, Initialized, Method, Ping, SetLevel, Subscribe, Unsubscribe,
};
use car_mcp_proto::negotiate::{Initializing, Step};
use car_mcp_proto::result::Outcome;
use car_mcp_proto::rpc::{Incoming, Outgoing};
use car_mcp_proto::subscription::SubscriptionFilter;

use super::asked::Whose;
use super::connect::is_no_answer;
use super::encode::{Param, encode};
use super::exchange::Request;
use super::options::CallOptions;
use super::session::{ServerDescription, Session};
use crate::error::Error;
use crate::transport::{Message, MessageKind, Reply};

/// How long a new session waits for its stream of questions: servers that have one open it at once.
const LISTENER_OPENS_WITHIN: Duration = Duration::from_secs(1);

/// The task that reads a legacy server's questions. It ends with the session.
#[derive(Debug)]
pub(crate) struct Listener(tokio::task::JoinHandle<()>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Session {
    /// Sends `initialize`, then `notifications/initialized`. The inner error is another step to take.
    pub(crate) async fn initialize(
        &self,
        initializing: Initializing,
    ) -> Result<Result<ServerDescription, Step>, Error> {
        let method = Initialize::NAME;
        let params = InitializeParams::new(
            initializing.version().as_str(),
            self.inner.capabilities.clone(),
            self.inner.client.clone(),
        );
        let id = self.inner.next_id();
        let body = encode(method, &Outgoing::Request { id: &id, method, params })?;
        let kind = MessageKind::Request { id: &id, method, name: None };
        let reply = self.inner.transport.send(Message::new(kind, None, body)).await?;
        let text = self.first_answer(reply, initializing.version()).await?;
        let malformed = |reason: String| Error::Malformed { method: method.to_owned(), reason };
        match serde_json::from_slice::<Incoming<'_, InitializeResult>>(&text) {
            Ok(Incoming::Response { result, .. }) => {
                let version =
                    initializing.handle_result(&result.protocol_version).map_err(Error::Negotiation)?;
                self.initialized(version).await?;
                Ok(Ok(ServerDescription {
                    version,
                    info: Some(result.server_info),
                    capabilities: result.capabilities,
                    instructions: result.instructions,
                }))
            }
            Ok(Incoming::Error { error, .. }) => {
                initializing.handle_error(&error).map(Err).map_err(Error::Negotiation)
            }
            Ok(_) => Err(malformed("expected a response, found another message".to_owned())),
            Err(error) => Err(malformed(error.to_string())),
        }
    }

    async fn initialized(&self, version: ProtocolVersion) -> Result<(), Error> {
        self.notify(Initialized::NAME, None::<EmptyParams>, version).await
    }

    /// Sends a notification.
    pub(crate) async fn notify<P: serde::Serialize>(
        &self,
        method: &'static str,
        params: Option<P>,
        version: ProtocolVersion,
    ) -> Result<(), Error> {
        let body = encode(method, &Outgoing::Notification { method, params })?;
        let message = Message::new(MessageKind::Notification { method }, Some(version), body);
        // Whatever a server says to a notification is no answer to anything.
        drop(self.inner.transport.send(message).await?);
        Ok(())
    }

    /// Asks a legacy server whether it is there. Modern servers have no such request: they are asked to describe
    /// themselves again instead.
    ///
    /// # Errors
    /// Says how the server failed.
    pub async fn ping(&self) -> Result<(), Error> {
        if !self.agreed().is_legacy() {
            return self
                .request_complete::<EmptyResult>(&Request::new("server/discover", &[]), &CallOptions::new())
                .await
                .map(drop);
        }
        self.request_complete::<EmptyResult>(&Request::new(Ping::NAME, &[]), &CallOptions::new())
            .await
            .map(drop)
    }

    /// Sets the least serious level of log messages that a legacy server sends. In the modern era the level is said
    /// with each call.
    ///
    /// # Errors
    /// Says that the server is modern, sends no log messages, or how it failed.
    pub async fn set_log_level(&self, level: LoggingLevel) -> Result<(), Error> {
        self.legacy_only("a log level for the whole session (say it with each call)")?;
        let params = SetLevelParams::new(level);
        self.plain(SetLevel::NAME, &[("level", Param::Text(params.level.as_str()))]).await
    }

    /// Asks a legacy server to tell when a resource changes.
    pub(crate) async fn subscribe(&self, uri: &str) -> Result<(), Error> {
        let params = ResourceSubscriptionParams::new(uri);
        self.plain(Subscribe::NAME, &[("uri", Param::Text(&params.uri))]).await
    }

    /// Asks it to tell no more.
    pub(crate) async fn unsubscribe(&self, uri: &str) -> Result<(), Error> {
        self.plain(Unsubscribe::NAME, &[("uri", Param::Text(uri))]).await
    }

    async fn plain(&self, method: &'static str, params: &[(&'static str, Param<'_>)]) -> Result<(), Error> {
        let answer =
            self.request_complete::<EmptyResult>(&Request::new(method, params), &CallOptions::new()).await;
        answer.map(drop)
    }

    fn legacy_only(&self, what: &'static str) -> Result<(), Error> {
        match self.agreed().is_legacy() {
            true => Ok(()),
            false => Err(Error::Unsupported { what }),
        }
    }

    async fn request_complete<T>(&self, request: &Request<'_>, options: &CallOptions) -> Result<T, Error>
    where
        Outcome<T>: serde::de::DeserializeOwned,
    {
        match self.request::<Outcome<T>>(request, options).await? {
            Outcome::Complete(result) => Ok(result),
            _ => Err(Error::Malformed {
                method: request.method.to_owned(),
                reason: "expected a complete result, found another kind".to_owned(),
            }),
        }
    }
}

impl Session {
    /// Returns the first message that is an answer. A server may ask whether the client is there before it answers.
    async fn first_answer(&self, reply: Reply, version: ProtocolVersion) -> Result<bytes::Bytes, Error> {
        let nothing = || Error::Malformed {
            method: Initialize::NAME.to_owned(),
            reason: "expected a response, found none".to_owned(),
        };
        match reply {
            Reply::Accepted => Err(nothing()),
            Reply::Body(body) => Ok(body),
            Reply::Stream(mut messages) => loop {
                match messages.message().await {
                    Some(Ok(text)) if is_no_answer(&text) => {
                        if let Ok(text) = std::str::from_utf8(&text) {
                            self.answer_text(text, version, Whose::Unnamed).await;
                        }
                    }
                    Some(Ok(text)) => return Ok(text),
                    Some(Err(error)) => return Err(error.into()),
                    None => return Err(nothing()),
                }
            },
        }
    }
}

impl Session {
    /// Reads the questions of a legacy server that come on no call's stream, where the handler answers any: without
    /// that, such a server would wait for ever.
    pub(crate) async fn listen_for_questions(&self) -> Option<Arc<Listener>> {
        let declared = &self.inner.capabilities;
        let answers =
            declared.elicitation.is_some() || declared.sampling.is_some() || declared.roots.is_some();
        if !answers || !self.agreed().is_legacy() {
            return None;
        }
        let mut events = self.events(SubscriptionFilter::new());
        // The first question may come with the first call, so the stream is opened before.
        match tokio::time::timeout(LISTENER_OPENS_WITHIN, events.open()).await {
            Ok(Ok(())) if events.is_absent() => return None,
            Ok(Err(error)) => {
                tracing::debug!(session = ?self, %error, "the server's questions cannot be heard");
                return None;
            }
            Ok(Ok(())) | Err(_) => {}
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "one long stream; it has to be read while no call is under way"
        )]
        let task = tokio::spawn(async move {
            while let Ok(event) = events.next().await {
                tracing::trace!(?event, "heard");
            }
        });
        Some(Arc::new(Listener(task)))
    }
}
