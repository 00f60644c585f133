//! What a server remembers of one legacy client.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use car_mcp_proto::capability::ClientCapabilities;
use car_mcp_proto::logging::LoggingLevel;
use car_mcp_proto::method::{Cancelled, EmptyResult, Initialized, Method as _};
use car_mcp_proto::progress::CancelledParams;
use car_mcp_proto::rpc::INVALID_REQUEST;
use car_mcp_proto::{Era, ErrorObject, ProtocolVersion, RequestId};
use serde::Serialize;
use tokio::sync::Notify;

use super::asking::Asked;
use super::flight::{Flight, Stop};
use crate::server::changes::{Listener, Lists};
use crate::server::dispatch::{Asker, Begun, Peer};
use crate::server::encode::{Kind, Outcome};
use crate::server::exchange::{Answer, Exchange};
use crate::server::failure::error;
use crate::server::inbound::{Notification, Request, RequestMeta, Response};
use crate::server::legacy::Feed;
use crate::server::outlet::Outlet;
use crate::server::principal::Caller;
use crate::server::service::Server;

/// How many requests of one client may be under way at once: each holds a handler's future.
pub const MAX_UNDER_WAY: usize = 1024;

/// One legacy client's conversation: what was agreed on, what is under way, what was asked of it. Clones are the same.
#[derive(Clone)]
pub struct Conversation {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) server: Server,
    /// Nothing where the client keeps no session, and so has no stream for changes.
    pub(super) listener: Option<Listener>,
    pub(super) agreed: OnceLock<Agreed>,
    /// Whether `notifications/initialized` has come.
    is_ready: AtomicBool,
    ready: Notify,
    state: Mutex<State>,
}

/// What `initialize` settled.
pub(super) struct Agreed {
    pub(super) version: ProtocolVersion,
    pub(super) client: Arc<RequestMeta>,
}

#[derive(Default)]
struct State {
    under_way: HashMap<RequestId, Arc<Stop>>,
    asked: Asked,
    /// What the client asked for; without it the server decides.
    log_level: Option<LoggingLevel>,
    has_ended: bool,
}

impl Conversation {
    /// Begins a conversation: its first request is `initialize`.
    pub fn begin(server: &Server) -> Self {
        let listener = server.inner.changes.listen(Lists::default());
        Self::new(server, Some(listener), OnceLock::new())
    }

    /// Returns a conversation that lasts for one request of a client that keeps no session: it has been agreed on this
    /// revision, nothing is known of the client, and it cannot be asked anything.
    pub fn stateless(server: &Server, version: ProtocolVersion) -> Self {
        let client = RequestMeta {
            version: version.as_str().into(),
            client_capabilities: ClientCapabilities::new(),
            client_info: None,
            log_level: None,
            progress_token: None,
        };
        Self::new(server, None, OnceLock::from(Agreed { version, client: Arc::new(client) }))
    }

    fn new(server: &Server, listener: Option<Listener>, agreed: OnceLock<Agreed>) -> Self {
        Self {
            shared: Arc::new(Shared {
                server: server.clone(),
                listener,
                agreed,
                is_ready: AtomicBool::new(false),
                ready: Notify::new(),
                state: Mutex::default(),
            }),
        }
    }

    /// Returns the revision that was agreed on; nothing before `initialize` was answered.
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.shared.agreed.get().map(|agreed| agreed.version)
    }

    /// Begins to answer a request.
    pub fn request(&self, request: Request, caller: Caller) -> Exchange {
        let id = request.id().clone();
        self.try_request(request, caller)
            .unwrap_or_else(|error| Exchange::answered(Answer::error(Some(&id), &error)))
    }

    fn try_request(&self, request: Request, caller: Caller) -> Result<Exchange, ErrorObject> {
        self.shared.check_id(request.id())?;
        match request.method() {
            "initialize" => return self.initialize(&request, &caller).map(Exchange::answered),
            "ping" => return Ok(Exchange::answered(self.done(request.id()))),
            _ => {}
        }
        let Some(agreed) = self.shared.agreed.get() else {
            return Err(refused("expected `initialize` before any other request, found none"));
        };
        let done = match request.method() {
            "logging/setLevel" => self.set_level(&request),
            "resources/subscribe" => self.subscribe(&request, &caller),
            "resources/unsubscribe" => self.unsubscribe(&request),
            _ => return self.begin_shared(request, caller, agreed),
        };
        done.map(|()| Exchange::answered(self.done(request.id())))
    }

    /// Begins to answer a request of a method that both eras have.
    fn begin_shared(
        &self,
        mut request: Request,
        caller: Caller,
        agreed: &Agreed,
    ) -> Result<Exchange, ErrorObject> {
        self.check_method(request.method())?;
        let peer = Peer {
            version: agreed.version,
            client: Arc::clone(&agreed.client),
            log_level: self.log_level(),
            progress_token: request.take_progress_token(),
            asker: match self.shared.listener {
                Some(_) => Asker::Client(Arc::new(self.clone())),
                None => Asker::Nobody,
            },
            conversation: self.shared.listener.as_ref().map(Listener::key),
        };
        let (id, outlet) = (request.id().clone(), Outlet::new());
        let stop = self.shared.take_off(&id)?;
        Ok(match self.shared.server.dispatch(request, caller, peer, &outlet) {
            Begun::Answered(answer) => {
                self.shared.land(&id, &stop);
                Exchange::answered(answer)
            }
            Begun::Running(work) => {
                let flight = Flight::new(id, stop, Arc::clone(&self.shared), work);
                Exchange::new(Box::pin(flight), outlet)
            }
        })
    }

    /// Takes a notification; unknown ones are ignored.
    pub fn notification(&self, notification: &Notification) {
        match notification.method() {
            Cancelled::NAME => {
                let params = notification.params().map(|params| params.as_str());
                let params = params.and_then(|params| serde_json::from_str::<CancelledParams>(params).ok());
                if let Some(id) = params.and_then(|params| params.request_id) {
                    self.shared.cancel(&id);
                }
            }
            Initialized::NAME if self.shared.agreed.get().is_some() => {
                self.shared.is_ready.store(true, Ordering::Release);
                self.shared.ready.notify_waiters();
            }
            _ => {}
        }
    }

    /// Takes a response, and returns whether it answers something that was asked.
    pub fn response(&self, response: Response) -> bool {
        self.asked(|asked| asked.answer(response))
    }

    /// Returns the messages that belong to no request: changed lists and resources. There is one feed; who takes it
    /// anew takes it over.
    pub fn feed(&self) -> Feed {
        Feed::take_over(Arc::clone(&self.shared))
    }

    /// Ends the conversation: what is under way is dropped, and who waits for the client's answer is told.
    pub fn end(&self) {
        let mut state = self.shared.lock();
        state.has_ended = true;
        let under_way = std::mem::take(&mut state.under_way);
        state.asked.clear();
        drop(state);
        under_way.values().for_each(|stop| stop.set());
        if let Some(listener) = &self.shared.listener {
            listener.close();
        }
    }

    /// Waits until the client has said that it is ready, before which it should not be asked anything.
    pub(super) async fn initialized(&self) {
        let mut ready = std::pin::pin!(self.shared.ready.notified());
        ready.as_mut().enable();
        if !self.shared.is_ready.load(Ordering::Acquire) {
            ready.await;
        }
    }

    pub(super) fn asked<T>(&self, change: impl FnOnce(&mut Asked) -> T) -> T {
        change(&mut self.shared.lock().asked)
    }

    pub(super) fn set_log_level(&self, level: LoggingLevel) {
        self.shared.lock().log_level = Some(level);
    }

    fn log_level(&self) -> Option<LoggingLevel> {
        let is_declared = self.shared.server.inner.settings.logging;
        is_declared.then(|| self.shared.lock().log_level.clone().unwrap_or(LoggingLevel::INFO))
    }

    /// Returns the result that says nothing but "done".
    fn done(&self, id: &RequestId) -> Answer {
        self.answer(id, &EmptyResult::new())
    }

    pub(super) fn answer(&self, id: &RequestId, result: &impl Serialize) -> Answer {
        let outcome = Outcome { kind: Kind::Complete, result, meta: None, is_cacheable: false };
        self.shared.server.inner.texts.answer(Era::Legacy, id, &outcome)
    }
}

impl Shared {
    /// Takes an id for a request that begins.
    fn take_off(&self, id: &RequestId) -> Result<Arc<Stop>, ErrorObject> {
        let mut state = self.lock();
        if state.under_way.len() >= MAX_UNDER_WAY {
            return Err(refused("expected fewer requests at once, found as many as are served"));
        }
        let stop = Arc::new(Stop::default());
        state.under_way.insert(id.clone(), Arc::clone(&stop));
        Ok(stop)
    }

    /// Gives the id of a request back.
    pub(super) fn land(&self, id: &RequestId, stop: &Arc<Stop>) {
        let mut state = self.lock();
        let Some(other) = state.under_way.remove(id) else { return };
        if !Arc::ptr_eq(&other, stop) {
            // The id has been taken by another request meanwhile.
            state.under_way.insert(id.clone(), other);
        }
    }

    /// Takes a request back. Its id is free at once: a client may send the next one in the same breath.
    fn cancel(&self, id: &RequestId) {
        let stop = self.lock().under_way.remove(id);
        if let Some(stop) = stop {
            stop.set();
        }
    }

    fn check_id(&self, id: &RequestId) -> Result<(), ErrorObject> {
        let state = self.lock();
        match (state.has_ended, state.under_way.contains_key(id)) {
            (true, _) => Err(refused("expected a conversation, found one that has ended")),
            (false, true) => Err(refused("expected an id of its own, found that of a request under way")),
            (false, false) => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds a conversation's state")
    }
}

pub(super) fn refused(text: &str) -> ErrorObject {
    error(INVALID_REQUEST, text.to_owned())
}

impl fmt::Debug for Conversation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under_way = self.shared.lock().under_way.len();
        formatter
            .debug_struct("Conversation")
            .field("version", &self.version())
            .field("under_way", &under_way)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tens of thousands of sessions wait on one server.
    #[test]
    fn an_idle_conversation_is_small() {
        let bytes = size_of::<Shared>() + size_of::<Agreed>() + size_of::<RequestMeta>() + Listener::BYTES;
        assert!(bytes <= 1024, "{bytes}");
    }
}
