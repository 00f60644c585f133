//! Takes each line to where it belongs, and writes down what comes back.

use bytes::Bytes;
use car_mcp::server::legacy::{Conversation, Feed};
use car_mcp::server::{Answer, Caller, Inbound, Notification, Request, Server, Step};
use car_mcp_proto::method::{Cancelled, Initialize, Listen, Method};
use car_mcp_proto::progress::CancelledParams;
use car_mcp_proto::rpc::{Batch, INVALID_REQUEST, Outgoing};
use car_mcp_proto::{ErrorObject, ProtocolVersion, RequestId};

use super::batch::{BatchId, Batches, MAX_BATCH};
use super::output::Output;
use super::underway::{Head, Running, UnderWay};
use crate::lines::Line;
use crate::oversize::asked_by;

/// What is served on one pair of streams.
#[derive(Debug)]
pub(super) struct Desk {
    server: Server,
    max_line_bytes: usize,
    /// Begins with the first message that is not modern.
    conversation: Option<Conversation>,
    pub(super) feed: Option<Feed>,
    pub(super) under_way: UnderWay,
    batches: Batches,
    pub(super) output: Output,
}

impl Desk {
    pub(super) fn new(server: Server, max_line_bytes: usize) -> Self {
        Self {
            server,
            max_line_bytes,
            conversation: None,
            feed: None,
            under_way: UnderWay::default(),
            batches: Batches::default(),
            output: Output::default(),
        }
    }

    /// Takes a line from the client.
    pub(super) fn handle_line(&mut self, line: Line) {
        match line {
            Line::TooLong(head) => {
                let cap = self.max_line_bytes;
                let error = refused(format!("expected a line of at most {cap} bytes, found a longer one"));
                self.push(&Answer::error(asked_by(&head).as_ref(), &error));
            }
            Line::Text(text) if text.starts_with(b"[") && self.may_batch() => self.handle_batch(&text),
            Line::Text(text) => self.handle_message(&text, None),
        }
    }

    /// Takes what came of a request.
    pub(super) fn handle_step(&mut self, mut running: Running, step: Option<Step>) {
        match step {
            Some(Step::Message(message)) => {
                self.output.push(&message);
                self.under_way.go_on(running);
            }
            // There is one stream, and nobody leaves it.
            Some(Step::Pause) => self.under_way.go_on(running),
            Some(Step::Answer(answer)) => self.end(&mut running, Some(answer)),
            None => self.end(&mut running, None),
        }
    }

    /// Drops what would never end now that the client says nothing more.
    pub(super) fn end_input(&mut self) {
        self.feed = None;
        self.under_way.end_listening();
    }

    /// Drops everything.
    pub(super) fn end_all(&mut self) {
        self.under_way = UnderWay::default();
        if let Some(conversation) = self.conversation.take() {
            conversation.end();
        }
    }

    fn end(&mut self, running: &mut Running, answer: Option<Answer>) {
        self.under_way.forget(running);
        let head = &running.head;
        match head.batch {
            Some(batch) => self.end_in_batch(batch, answer.map(|answer| answer.body)),
            None => {
                let is_answered = answer.is_some();
                if let Some(answer) = answer {
                    self.push(&answer);
                }
                // On a shared stream the end of a subscription is also told by the way in which a client tells it.
                if is_answered && head.is_listen {
                    self.output.push(&cancelled(&head.id));
                }
            }
        }
    }

    fn end_in_batch(&mut self, batch: BatchId, answer: Option<Bytes>) {
        if let Some(answers) = self.batches.end(batch, answer) {
            self.output.push(&answers);
        }
    }

    fn may_batch(&self) -> bool {
        let version = self.conversation.as_ref().and_then(Conversation::version);
        version == Some(ProtocolVersion::V2025_03_26)
    }

    fn handle_batch(&mut self, text: &Bytes) {
        let split = std::str::from_utf8(text).ok().and_then(|text| Batch::split(text).ok());
        let messages = match split {
            Some(Batch::Many(messages)) if (1..=MAX_BATCH).contains(&messages.len()) => messages,
            Some(Batch::Many(messages)) => {
                let found = messages.len();
                let error = refused(format!("expected 1 to {MAX_BATCH} messages in a batch, found {found}"));
                return self.push(&Answer::error(None, &error));
            }
            // Read as a message, it tells what is wrong with the text.
            _ => return self.handle_message(text, None),
        };
        let batch = self.batches.begin();
        for message in messages {
            self.handle_message(&text.slice_ref(message.get().as_bytes()), Some(batch));
        }
        self.end_in_batch(batch, None);
    }

    fn handle_message(&mut self, text: &Bytes, batch: Option<BatchId>) {
        match Inbound::read(text) {
            Ok(Inbound::Request(request)) => self.begin(request, batch),
            Ok(Inbound::Notification(notification)) => self.handle_notification(&notification),
            Ok(Inbound::Response(response)) => {
                let answers = self.conversation.as_ref().is_some_and(|legacy| legacy.response(response));
                if !answers {
                    tracing::debug!("a client answered what it was not asked");
                }
            }
            Err(malformed) => {
                let answer = Answer::error(malformed.id.as_ref(), &malformed.error);
                self.answer(batch, answer);
            }
        }
    }

    fn begin(&mut self, request: Request, batch: Option<BatchId>) {
        let id = request.id().clone();
        let is_modern = request.is_modern();
        let refusal = match is_modern {
            true if self.under_way.has_modern(&id) => {
                Some("expected an id of its own, found that of a request under way")
            }
            true if !self.under_way.has_room() => {
                Some("expected fewer requests at once, found as many as are served")
            }
            false if batch.is_some() && request.method() == Initialize::NAME => {
                Some("expected `initialize` by itself, found it in a batch")
            }
            _ => None,
        };
        if let Some(text) = refusal {
            return self.answer(batch, Answer::error(Some(&id), &refused(text.to_owned())));
        }
        let is_listen = is_modern && request.method() == Listen::NAME;
        let exchange = match is_modern {
            true => self.server.answer(request, Caller::anonymous()),
            false => self.conversation().request(request, Caller::anonymous()),
        };
        if let Some(batch) = batch {
            self.batches.add(batch);
        }
        self.under_way.begin(Head { id, is_listen, is_modern, batch }, exchange);
    }

    fn handle_notification(&mut self, notification: &Notification) {
        if notification.method() == Cancelled::NAME {
            let params = notification.params().map(|params| params.as_str());
            let params = params.and_then(|params| serde_json::from_str::<CancelledParams>(params).ok());
            if let Some(id) = params.and_then(|params| params.request_id) {
                self.under_way.cancel(&id);
            }
        }
        if let Some(conversation) = &self.conversation {
            conversation.notification(notification);
        }
    }

    /// Returns the one legacy conversation that a process has.
    fn conversation(&mut self) -> &Conversation {
        self.conversation.get_or_insert_with(|| {
            let conversation = Conversation::begin(&self.server);
            self.feed = Some(conversation.feed());
            conversation
        })
    }

    /// Answers what was not even begun.
    fn answer(&mut self, batch: Option<BatchId>, answer: Answer) {
        match batch {
            Some(batch) => {
                self.batches.add(batch);
                self.end_in_batch(batch, Some(answer.body));
            }
            None => self.push(&answer),
        }
    }

    fn push(&mut self, answer: &Answer) {
        self.output.push(&answer.body);
    }
}

fn refused(text: String) -> ErrorObject {
    let mut error = ErrorObject::new(INVALID_REQUEST);
    error.message = text;
    error
}

fn cancelled(id: &RequestId) -> Vec<u8> {
    let mut params = CancelledParams::new();
    params.request_id = Some(id.clone());
    let outgoing = Outgoing::Notification { method: Cancelled::NAME, params: Some(params) };
    serde_json::to_vec(&outgoing).expect("a notification of the server's can be written")
}

#[cfg(test)]
mod tests {
    use car_mcp_proto::capability::Implementation;
    use proptest::prelude::*;

    use super::*;

    fn desk() -> Desk {
        Desk::new(Server::builder(Implementation::new("example")).build().expect("it has nothing"), 1000)
    }

    /// Messages that are nearly right, some in the revision that has batches.
    fn text() -> impl Strategy<Value = String> {
        let id = prop_oneof![Just("1"), Just("\"a\""), Just("null"), Just("1.5"), Just("{}")];
        let methods =
            ["initialize", "ping", "tools/list", "notifications/cancelled", "subscriptions/listen", ""];
        let params = [
            "{}",
            "[]",
            r#"{"requestId":1}"#,
            r#"{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"n","version":"1"}}"#,
            r#"{"notifications":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}"#,
        ];
        let message = (id, prop::sample::select(methods.to_vec()), prop::sample::select(params.to_vec()))
            .prop_map(|(id, method, params)| {
                format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
            });
        let batch =
            prop::collection::vec(message.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(",")));
        prop_oneof![4 => message, 2 => batch, 1 => ".{0,40}"]
    }

    proptest! {
        #[test]
        fn whatever_comes_is_taken_and_no_batch_is_left_open(texts in prop::collection::vec(text(), 0..12)) {
            let mut desk = desk();
            for text in texts {
                desk.handle_line(Line::Text(Bytes::from(text)));
            }
            desk.end_input();
            while let Some(Some((running, step))) = futures_util::FutureExt::now_or_never(desk.under_way.next()) {
                desk.handle_step(running, step);
            }
            prop_assert!(desk.under_way.is_empty(), "{desk:?}");
            prop_assert!(desk.batches.is_empty());
        }
    }
}
