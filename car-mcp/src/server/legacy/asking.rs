//! Questions to a legacy client: requests of the server's own, and their answers.
//!
//! A question goes out on the stream of the request whose handler asks, and its answer comes in on any. Its id is text
//! of a form that no request of a client can be mixed up with: the two sides count on their own.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use car_mcp_proto::elicitation::ElicitationMode;
use car_mcp_proto::mrtr::InputRequest;
use car_mcp_proto::rpc::INVALID_REQUEST;
use car_mcp_proto::{ErrorObject, ProtocolVersion, RawJson, RequestId};
use tokio::sync::oneshot;

use crate::server::dispatch::Ask;
use crate::server::failure::{Failure, error};
use crate::server::inbound::{JsonSlice, Response};
use crate::server::legacy::Conversation;
use crate::server::notice;
use crate::server::outlet::Outlet;
use crate::transport::BoxFuture;

/// For how long a client may take to answer: a person may have to be fetched, but not for ever.
pub const QUESTION_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// How the ids of questions begin.
const ID_PREFIX: &str = "question-";

/// What a client answers.
type Outcome = Result<JsonSlice, ErrorObject>;

/// The questions that wait for an answer.
#[derive(Debug, Default)]
pub(super) struct Asked {
    open: HashMap<u64, oneshot::Sender<Outcome>>,
    /// Never used again within a conversation, so that a late answer finds no other question.
    next: u64,
}

impl Asked {
    fn open(&mut self) -> (u64, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        self.open.insert(number, sender);
        (number, receiver)
    }

    /// Takes an answer, and returns whether it was waited for.
    pub(super) fn answer(&mut self, response: Response) -> bool {
        let Some(number) = response.id.as_ref().and_then(number_of) else { return false };
        self.open.remove(&number).is_some_and(|asking| asking.send(response.outcome).is_ok())
    }

    /// Takes a question back, and returns whether it was open.
    fn close(&mut self, number: u64) -> bool {
        self.open.remove(&number).is_some()
    }

    /// Tells all who wait that there will be no answer.
    pub(super) fn clear(&mut self) {
        self.open = HashMap::new();
    }
}

fn id_of(number: u64) -> RequestId {
    RequestId::Text(format!("{ID_PREFIX}{number}").into())
}

fn number_of(id: &RequestId) -> Option<u64> {
    match id {
        RequestId::Text(text) => text.strip_prefix(ID_PREFIX)?.parse().ok(),
        RequestId::Number(_) => None,
    }
}

/// Says why a client of a revision cannot be asked this.
pub(super) fn check_version(version: ProtocolVersion, request: &InputRequest) -> Result<(), Failure> {
    let since = match request {
        InputRequest::Elicitation(input) if input.params.mode() == ElicitationMode::URL => {
            ProtocolVersion::V2025_11_25
        }
        InputRequest::Elicitation(_) => ProtocolVersion::V2025_06_18,
        _ => ProtocolVersion::V2024_11_05,
    };
    match version >= since {
        true => Ok(()),
        false => Err(Failure::protocol(error(
            INVALID_REQUEST,
            format!("expected a client of revision {since} or later to be asked this, found {version}"),
        ))),
    }
}

/// Writes a question as a request: a question is all of one but its envelope.
fn request(id: &RequestId, question: &InputRequest) -> Bytes {
    let id = serde_json::to_string(id).expect("an id can be written");
    let question = serde_json::to_string(question).expect("a question can be written");
    Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":{id},{}"#, question.trim_start_matches('{')))
}

/// One question that waits for its answer; it is taken back when nobody waits any longer.
struct Question<'a> {
    number: u64,
    answer: oneshot::Receiver<Outcome>,
    conversation: &'a Conversation,
    outlet: &'a Outlet,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        if self.conversation.asked(|asked| asked.close(self.number)) {
            let cancelled = notice::of_cancelled(id_of(self.number), "the answer is no longer waited for");
            // A stream that is full is not waited for: the client's answer will be to nothing, and is ignored.
            let _ = self.outlet.try_send(cancelled);
        }
    }
}

impl Question<'_> {
    async fn answer(&mut self) -> Result<RawJson, Failure> {
        let outcome = (&mut self.answer).await.map_err(|_| Failure::new("the client has gone"))?;
        let answer = outcome.map_err(|error| Failure::new(format!("the client did not answer: {error}")))?;
        Ok(RawJson::from_text(answer.as_str())?)
    }
}

impl Ask for Conversation {
    /// Puts questions to the client, all at once, and waits for the answers.
    ///
    /// # Errors
    /// Says that the client cannot be asked, has gone, refused or did not answer in time.
    ///
    /// # Cancel safety
    /// Questions whose future is dropped are taken back.
    fn ask(
        &self,
        questions: Vec<(String, InputRequest)>,
        outlet: &Outlet,
    ) -> BoxFuture<'_, Result<Vec<(String, RawJson)>, Failure>> {
        let outlet = outlet.clone();
        Box::pin(async move { self.put(questions, &outlet).await })
    }
}

impl Conversation {
    async fn put(
        &self,
        questions: Vec<(String, InputRequest)>,
        outlet: &Outlet,
    ) -> Result<Vec<(String, RawJson)>, Failure> {
        let version = self.version().unwrap_or(ProtocolVersion::V2024_11_05);
        questions.iter().try_for_each(|(_, question)| check_version(version, question))?;
        let asking = async {
            let questions = &questions;
            self.initialized().await;
            let mut asked = Vec::with_capacity(questions.len());
            for (_, question) in questions {
                let (number, answer) = self.asked(Asked::open);
                asked.push(Question { number, answer, conversation: self, outlet });
                outlet.send(request(&id_of(number), question)).await;
            }
            let mut answers = Vec::with_capacity(questions.len());
            for (asked, (key, _)) in asked.iter_mut().zip(questions) {
                answers.push((key.clone(), asked.answer().await?));
            }
            Ok(answers)
        };
        let answers = tokio::time::timeout(QUESTION_TIMEOUT, asking).await;
        answers.unwrap_or_else(|_| Err(Failure::new("the client did not answer in time")))
    }
}
