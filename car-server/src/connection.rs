//! One front end's connection: requests side by side, answers as they are ready, what changes in between.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use car_connectors::{ConnectorEvent, ConnectorEvents, ConnectorManager};
use futures_util::stream::{FuturesUnordered, SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use tokio::sync::watch;

use crate::{methods, rpc};

/// How many requests of one front end are carried out at once. Beyond that nothing more is read from it.
const MAX_UNDER_WAY: usize = 64;

/// How long a front end may take to take an answer. One that takes longer is gone, or stuck.
const MAX_STALL: Duration = Duration::from_secs(30);

/// How often a silent front end is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(30);

/// Why a connection ends, where it is not the front end that ended it.
enum End {
    Gone,
    Stopping,
}

/// Serves a front end until it goes or the daemon stops. What is under way then is dropped, and so cancelled.
pub(crate) async fn serve(socket: WebSocket, manager: ConnectorManager, stopping: watch::Receiver<()>) {
    let events = manager.subscribe();
    let (sink, source) = socket.split();
    let mut connection = Connection { sink, manager, events };
    match connection.run(source, stopping).await {
        End::Gone => {}
        End::Stopping => {
            let frame = CloseFrame { code: close_code::AWAY, reason: "the daemon is stopping".into() };
            // If it cannot be told, it is gone already.
            connection.send(Message::Close(Some(frame))).await.ok();
        }
    }
}

struct Connection {
    sink: SplitSink<WebSocket, Message>,
    manager: ConnectorManager,
    events: ConnectorEvents,
}

impl Connection {
    async fn run(&mut self, mut source: SplitStream<WebSocket>, mut stopping: watch::Receiver<()>) -> End {
        let mut under_way = FuturesUnordered::new();
        // A frame that came while no more could be carried out. Until it can be, nothing is read.
        let mut waiting: Option<String> = None;
        let mut ping = tokio::time::interval(PING_EVERY);
        ping.reset();
        loop {
            if under_way.len() < MAX_UNDER_WAY
                && let Some(text) = waiting.take()
            {
                under_way.push(perform(self.manager.clone(), text));
            }
            let is_full = waiting.is_some();
            let outcome = tokio::select! {
                _ = stopping.changed() => return End::Stopping,
                Some(answer) = under_way.next() => match answer {
                    Some(answer) => self.send(Message::text(answer)).await,
                    None => Ok(()),
                },
                event = self.events.next() => match event {
                    Some(event) => self.send(Message::text(told(&event))).await,
                    None => return End::Stopping,
                },
                frame = source.next(), if !is_full => match frame {
                    Some(Ok(Message::Text(text))) => { waiting = Some(text.as_str().to_owned()); Ok(()) }
                    Some(Ok(Message::Binary(_))) => {
                        let error = rpc::RpcError::invalid_request("expected a text frame, found a binary one");
                        self.send(Message::text(rpc::answer(None, Err(error)))).await
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                },
                _ = ping.tick() => self.send(Message::Ping(axum::body::Bytes::new())).await,
            };
            if outcome.is_err() {
                return End::Gone;
            }
        }
    }

    /// Sends a frame, or says that nobody takes it.
    async fn send(&mut self, message: Message) -> Result<(), ()> {
        match tokio::time::timeout(MAX_STALL, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a front end is gone");
                Err(())
            }
            Err(_) => {
                tracing::info!("a front end does not take its answers; its connection is ended");
                Err(())
            }
        }
    }
}

/// Carries a frame out, and returns what to answer, if an answer is wanted.
async fn perform(manager: ConnectorManager, text: String) -> Option<String> {
    let mut request = match rpc::read(&text) {
        Ok(request) => request,
        Err(unread) => return Some(rpc::answer(unread.id.as_deref(), Err(unread.error))),
    };
    drop(text);
    let id = request.id.take();
    let outcome = methods::run(manager, request).await;
    id.map(|id| rpc::answer(Some(&id), outcome))
}

/// What a front end is told of a change.
#[derive(Serialize)]
struct Change<'a> {
    /// What happened: `added`, `removed`, `state`, `tools`, or `missed`, after which everything should be asked for anew.
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
}

fn told(event: &ConnectorEvent) -> String {
    let change = match event {
        ConnectorEvent::Added { slug } => Change { what: "added", slug: Some(slug), state: None },
        ConnectorEvent::Removed { slug } => Change { what: "removed", slug: Some(slug), state: None },
        ConnectorEvent::StateChanged { slug, state } => {
            Change { what: "state", slug: Some(slug), state: Some(state.as_str()) }
        }
        ConnectorEvent::ToolsChanged { slug } => Change { what: "tools", slug: Some(slug), state: None },
        _ => Change { what: "missed", slug: None, state: None },
    };
    rpc::notification("connectors.changed", &change)
}
