//! The session: what the two peers have agreed on, and what the client remembers of the server.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, RwLock};

use car_mcp_proto::capability::{ClientCapabilities, Implementation, ServerCapabilities};
use car_mcp_proto::negotiate::EraPreference;
use car_mcp_proto::param_header::ParamHeaders;
use car_mcp_proto::{Era, ProtocolVersion, RequestId};
use tokio::sync::broadcast;

use super::asked::UnderWay;
use super::cache::ListCache;
use super::deadline::Standing;
use super::encode::SessionMeta;
use super::events::Event;
use super::legacy::Listener;
use super::options::Limits;
use crate::error::Error;
use crate::handler::{ClientHandler, NoHandler};
use crate::transport::Transport;

/// What a server has told about itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerDescription {
    /// The revision that is spoken with it.
    pub version: ProtocolVersion,
    /// Who it says it is. For display only.
    pub info: Option<Implementation>,
    /// What it offers.
    pub capabilities: ServerCapabilities,
    /// How to use it, for the model.
    pub instructions: Option<String>,
}

/// What holds until the next handshake.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) server: ServerDescription,
    /// What every request carries in `_meta`; empty in the legacy era.
    pub(crate) request_meta: SessionMeta,
    /// Counts handshakes, so that many calls that find the session gone make only one new one.
    pub(crate) generation: u64,
}

impl Agreed {
    pub(crate) const fn version(&self) -> ProtocolVersion {
        self.server.version
    }

    pub(crate) fn is_legacy(&self) -> bool {
        self.version().era() == Era::Legacy
    }
}

/// Speaks with one server. Cheap to clone; clones are the same session.
///
/// Many requests can be under way at once, each in its caller's task: the session has no task of its own and holds no
/// lock while it waits.
///
/// # Cancel safety
/// Dropping the future of a request cancels the request, and the server is told so: in the modern era by closing the
/// stream, in the legacy era by `notifications/cancelled`, sent from a short task.
#[derive(Clone)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
    /// Ends with the last handle; the listener's own handle has none.
    pub(crate) listener: Option<Arc<Listener>>,
}

pub(crate) struct Inner {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) handler: Arc<dyn ClientHandler>,
    pub(crate) client: Implementation,
    pub(crate) capabilities: ClientCapabilities,
    pub(crate) preference: EraPreference,
    pub(crate) limits: Limits,
    pub(crate) agreed: RwLock<Arc<Agreed>>,
    pub(crate) handshake: tokio::sync::Mutex<()>,
    pub(crate) next_id: AtomicI64,
    pub(crate) lists: ListCache,
    /// The headers that calls of annotated tools carry; most servers have none.
    pub(crate) param_headers: RwLock<HashMap<Box<str>, Arc<ParamHeaders>>>,
    pub(crate) under_way: UnderWay,
    pub(crate) standing: Standing,
    /// Made when somebody first listens.
    pub(crate) events: OnceLock<broadcast::Sender<Event>>,
}

impl Session {
    /// Begins to describe a session.
    pub fn builder(client: Implementation) -> SessionBuilder {
        SessionBuilder {
            client,
            handler: Arc::new(NoHandler),
            preference: EraPreference::Auto,
            limits: Limits::default(),
        }
    }

    /// Returns what the server has told about itself.
    pub fn server(&self) -> ServerDescription {
        self.agreed().server.clone()
    }

    /// Returns the revision that is spoken.
    pub fn version(&self) -> ProtocolVersion {
        self.agreed().version()
    }

    /// Ends the session: a legacy server is told so. Requests under way are not waited for.
    pub async fn close(&self) {
        self.inner.transport.close().await;
    }

    pub(crate) fn agreed(&self) -> Arc<Agreed> {
        Arc::clone(&self.inner.agreed.read().expect("nothing panics while it holds what was agreed"))
    }
}

impl Inner {
    pub(crate) fn next_id(&self) -> RequestId {
        RequestId::Number(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn headers_of(&self, tool: &str) -> Option<Arc<ParamHeaders>> {
        self.param_headers.read().expect("nothing panics while it holds the headers").get(tool).cloned()
    }

    /// Tells whoever listens.
    pub(crate) fn publish(&self, event: Event) {
        if let Some(events) = self.events.get() {
            // An error says that nobody listens at the moment, which is no fault.
            drop(events.send(event));
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("peer", &self.inner.transport.peer())
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

/// Describes a session before it is connected.
#[derive(Clone)]
pub struct SessionBuilder {
    client: Implementation,
    handler: Arc<dyn ClientHandler>,
    preference: EraPreference,
    limits: Limits,
}

impl SessionBuilder {
    /// Sets who answers the server's questions. Without one, nothing is declared and everything refused.
    #[must_use]
    pub fn handler(mut self, handler: Arc<dyn ClientHandler>) -> Self {
        self.handler = handler;
        self
    }

    /// Sets which eras to speak.
    #[must_use]
    pub const fn era(mut self, preference: EraPreference) -> Self {
        self.preference = preference;
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Agrees with the server on a revision.
    ///
    /// # Errors
    /// Says that the server cannot be reached, wants a sign-in, or speaks no revision that this client speaks.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the handshake; nothing stays behind on this side.
    pub async fn connect(self, transport: impl Transport + 'static) -> Result<Session, Error> {
        let capabilities = self.handler.capabilities();
        let inner = Inner {
            transport: Box::new(transport),
            handler: self.handler,
            client: self.client,
            capabilities,
            preference: self.preference,
            limits: self.limits,
            agreed: RwLock::new(Arc::new(Agreed::nothing())),
            handshake: tokio::sync::Mutex::new(()),
            next_id: AtomicI64::new(1),
            lists: ListCache::default(),
            param_headers: RwLock::default(),
            under_way: UnderWay::default(),
            standing: Standing::default(),
            events: OnceLock::new(),
        };
        let mut session = Session { inner: Arc::new(inner), listener: None };
        session.handshake(session.agreed().generation).await?;
        session.listener = session.listen_for_questions().await;
        Ok(session)
    }
}

impl fmt::Debug for SessionBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SessionBuilder")
            .field("client", &self.client)
            .field("preference", &self.preference)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thousands of sessions may be idle at once; what each holds beside its transport and the server's description
    /// stays small.
    #[test]
    fn an_idle_session_is_small() {
        assert!(size_of::<Inner>() <= 1280, "{}", size_of::<Inner>());
        assert!(size_of::<Agreed>() <= 1024, "{}", size_of::<Agreed>());
    }
}
