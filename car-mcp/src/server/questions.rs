//! Questions to the client, several at once, and its answers.

use car_mcp_proto::elicitation::{ElicitParams, ElicitResult};
use car_mcp_proto::mrtr::{ElicitationInput, InputRequest, RootsInput, SamplingInput};
use car_mcp_proto::roots::ListRootsResult;
use car_mcp_proto::sampling::{CreateMessageParams, CreateMessageResult};

use car_mcp_proto::RawJson;
use serde::de::Error as _;

use super::failure::Failure;

/// Questions to the client, each under a key of the handler's choosing.
#[derive(Clone, Debug, Default)]
pub struct Questions(pub(crate) Vec<(String, InputRequest)>);

impl Questions {
    /// Returns no question.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Asks the user.
    #[must_use]
    pub fn elicit(mut self, key: impl Into<String>, params: ElicitParams) -> Self {
        self.0.push((key.into(), InputRequest::Elicitation(ElicitationInput::new(params))));
        self
    }

    /// Asks the client's model.
    #[must_use]
    pub fn sample(mut self, key: impl Into<String>, params: CreateMessageParams) -> Self {
        self.0.push((key.into(), InputRequest::Sampling(SamplingInput::new(params))));
        self
    }

    /// Asks for the client's roots.
    #[must_use]
    pub fn roots(mut self, key: impl Into<String>) -> Self {
        self.0.push((key.into(), InputRequest::Roots(RootsInput::new())));
        self
    }
}

/// The client's answers, each of the kind that was asked for.
#[derive(Clone, Debug, Default)]
pub struct Answers(Vec<(String, Answered)>);

/// One answer.
#[derive(Clone, Debug)]
enum Answered {
    User(ElicitResult),
    Model(Box<CreateMessageResult>),
    Roots(ListRootsResult),
}

impl Answers {
    /// Returns what the user did.
    ///
    /// # Errors
    /// Says that no such question was put.
    pub fn elicited(&self, key: &str) -> Result<ElicitResult, Failure> {
        match self.find(key) {
            Some(Answered::User(result)) => Ok(result.clone()),
            _ => Err(not_asked("the user", key)),
        }
    }

    /// Returns what the client's model said.
    ///
    /// # Errors
    /// Says that no such question was put.
    pub fn sampled(&self, key: &str) -> Result<CreateMessageResult, Failure> {
        match self.find(key) {
            Some(Answered::Model(result)) => Ok((**result).clone()),
            _ => Err(not_asked("the model", key)),
        }
    }

    /// Returns the client's roots.
    ///
    /// # Errors
    /// Says that no such question was put.
    pub fn roots(&self, key: &str) -> Result<ListRootsResult, Failure> {
        match self.find(key) {
            Some(Answered::Roots(result)) => Ok(result.clone()),
            _ => Err(not_asked("the roots", key)),
        }
    }

    /// Reads the answers to questions that were put; each must be there.
    ///
    /// # Errors
    /// Says which answer is missing or does not fit.
    pub(crate) fn read_all(
        questions: &[(String, InputRequest)],
        given: &[(String, RawJson)],
    ) -> Result<Self, Failure> {
        let mut answers = Self::default();
        for (key, question) in questions {
            let Some((_, answer)) = given.iter().find(|(name, _)| name == key) else {
                return Err(Failure::new(format!("expected the client's answer to {key:?}, found none")));
            };
            answers.read(key, question, answer).map_err(|error| {
                Failure::new(format!("the client's answer to {key:?} does not fit: {error}"))
            })?;
        }
        Ok(answers)
    }

    /// Reads an answer to a question.
    pub(crate) fn read(
        &mut self,
        key: &str,
        question: &InputRequest,
        given: &RawJson,
    ) -> Result<(), serde_json::Error> {
        let answer = match question {
            InputRequest::Elicitation(_) => {
                let result: ElicitResult = given.parse()?;
                if !result.action.is_known() {
                    return Err(serde_json::Error::custom(
                        "expected `accept`, `decline` or `cancel` as `action`",
                    ));
                }
                Answered::User(result)
            }
            InputRequest::Sampling(_) => Answered::Model(Box::new(given.parse()?)),
            InputRequest::Roots(_) => Answered::Roots(given.parse()?),
            _ => return Err(serde_json::Error::custom("expected a question of a known kind")),
        };
        self.0.push((key.to_owned(), answer));
        Ok(())
    }

    fn find(&self, key: &str) -> Option<&Answered> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, answer)| answer)
    }
}

fn not_asked(whom: &str, key: &str) -> Failure {
    Failure::internal(format!("expected a question to {whom} under the key {key:?}, found none"))
}
