//! One front end's connection: requests side by side, answers as they are ready, what changes in between.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use car_connectors::ConnectorEvents;
use futures_util::StreamExt as _;
use futures_util::stream::{FuturesUnordered, SplitSink, SplitStream};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use crate::methods::{self, SharedDesk};
use crate::notices::Notice;
use crate::outbox::Outbox;
use crate::rpc;
use crate::told::Change;
use crate::visitor::Visitor;

/// How many requests of one front end are carried out at once. Beyond that nothing more is read from it.
const MAX_UNDER_WAY: usize = 64;

/// How often a silent front end is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(30);

/// How long requests that are under way when the daemon stops may take, so that front ends are told in time.
const LAST_ANSWERS: Duration = Duration::from_secs(8);

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The front end went, or does not take what it is sent.
    Gone,
    Stopping,
    /// Whoever it was let in as is not let in any more.
    Revoked,
    TooLarge,
    /// It does not speak the protocol.
    Broken,
}

/// Serves a front end until it goes, the daemon stops, or `revoked` is ready, which says that it is not let in any more.
/// What is under way then is dropped, and so cancelled.
pub(crate) async fn serve(
    socket: WebSocket,
    desk: SharedDesk,
    visitor: Visitor,
    revoked: impl Future<Output = ()> + Send,
    stopping: watch::Receiver<()>,
) {
    let (events, notices) = (desk.manager.subscribe(), desk.notices.subscribe());
    let (sink, source) = socket.split();
    let mut connection = Connection { outbox: Outbox::new(sink), desk, visitor, events, notices };
    let end = connection.run(source, revoked, stopping).await;
    if let Some(frame) = end.farewell() {
        connection.outbox.finish(Message::Close(Some(frame))).await;
    }
}

struct Connection {
    outbox: Outbox<SplitSink<WebSocket, Message>>,
    desk: SharedDesk,
    visitor: Visitor,
    events: ConnectorEvents,
    notices: broadcast::Receiver<Notice>,
}

impl Connection {
    async fn run(
        &mut self,
        mut source: SplitStream<WebSocket>,
        revoked: impl Future<Output = ()> + Send,
        mut stopping: watch::Receiver<()>,
    ) -> End {
        let mut revoked = std::pin::pin!(revoked);
        let mut under_way = FuturesUnordered::new();
        // A frame that came while no more could be carried out. Until it can be, nothing is read.
        let mut waiting: Option<String> = None;
        let mut ping = tokio::time::interval(PING_EVERY);
        ping.reset();
        loop {
            if under_way.len() < MAX_UNDER_WAY
                && let Some(text) = waiting.take()
            {
                under_way.push(perform(self.desk.clone(), self.visitor.clone(), text));
            }
            // What is under way goes on while the front end takes its answers, as others may wait for the same; but nothing
            // more is read from it meanwhile, nor is it told of changes.
            let is_taken = self.outbox.is_empty();
            tokio::select! {
                _ = stopping.changed() => {
                    let answered = self.answer_last(under_way);
                    // What takes longer is cancelled.
                    drop(tokio::time::timeout(LAST_ANSWERS, answered).await);
                    return End::Stopping;
                }
                () = &mut revoked => return End::Revoked,
                sent = self.outbox.drain(), if !is_taken => if sent.is_err() { return End::Gone },
                Some(answer) = under_way.next() => self.outbox.extend(answer.map(Message::text)),
                event = self.events.next(), if is_taken => match event {
                    Some(event) => self.outbox.extend(Change::written(&event, &self.visitor).map(Message::text)),
                    None => return End::Stopping,
                },
                notice = self.notices.recv(), if is_taken => match notice {
                    Ok(notice) if !notice.is_for(&self.visitor) => {}
                    Ok(notice) => self.outbox.extend([Message::text(rpc::notification(notice.method(), &notice))]),
                    Err(RecvError::Lagged(_)) => self.outbox.extend([Message::text(Change::missed())]),
                    Err(RecvError::Closed) => return End::Stopping,
                },
                frame = source.next(), if is_taken && waiting.is_none() => match frame {
                    Some(Ok(Message::Text(text))) => waiting = Some(text.as_str().to_owned()),
                    Some(Ok(Message::Binary(_))) => {
                        let error = rpc::RpcError::invalid_request("expected a text frame, found a binary one");
                        self.outbox.extend([Message::text(rpc::answer(None, Err(error)))]);
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_))) | None => return End::Gone,
                    Some(Err(error)) => return End::of(error),
                },
                _ = ping.tick(), if is_taken => self.outbox.extend([Message::Ping(axum::body::Bytes::new())]),
            }
        }
    }
}

impl Connection {
    /// Answers what is under way, and nothing else any more.
    async fn answer_last<A: Future<Output = Option<String>>>(&mut self, mut under_way: FuturesUnordered<A>) {
        while !under_way.is_empty() || !self.outbox.is_empty() {
            let waits = !self.outbox.is_empty();
            tokio::select! {
                Some(answer) = under_way.next() => self.outbox.extend(answer.map(Message::text)),
                // Whoever does not take them is gone.
                sent = self.outbox.drain(), if waits => if sent.is_err() { return },
            }
        }
    }
}

impl End {
    /// Says what an error of the socket means.
    fn of(error: axum::Error) -> Self {
        use tokio_tungstenite::tungstenite::Error;
        tracing::debug!(%error, "a front end's connection broke");
        match error.into_inner().downcast_ref::<Error>() {
            Some(Error::Capacity(_)) => Self::TooLarge,
            Some(Error::Protocol(_) | Error::Utf8(_)) => Self::Broken,
            _ => Self::Gone,
        }
    }

    /// Returns what the front end is told, if it may still be there.
    fn farewell(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone => return None,
            Self::Stopping => (close_code::AWAY, "the daemon is stopping"),
            Self::Revoked => (close_code::POLICY, "the token has ended"),
            Self::TooLarge => (close_code::SIZE, "the message is too large"),
            Self::Broken => (close_code::PROTOCOL, "expected a WebSocket's text frames"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

/// Carries a frame out, and returns what to answer, if an answer is wanted.
async fn perform(desk: SharedDesk, visitor: Visitor, text: String) -> Option<String> {
    let mut request = match rpc::read(&text) {
        Ok(request) => request,
        Err(unread) => return Some(rpc::answer(unread.id.as_deref(), Err(unread.error))),
    };
    drop(text);
    let id = request.id.take();
    let outcome = methods::run(desk, visitor, request).await;
    id.map(|id| rpc::answer(Some(&id), outcome))
}
