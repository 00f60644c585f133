//! Questions to the client, several at once, and its answers.

use car_mcp_proto::elicitation::{ElicitParams, ElicitResult};
use car_mcp_proto::mrtr::{ElicitationInput, InputRequest, RootsInput, SamplingInput};
use car_mcp_proto::roots::ListRootsResult;
use car_mcp_proto::sampling::{CreateMessageParams, CreateMessageResult};

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
pub struct Answers {}

impl Answers {
    /// Returns what the user did.
    ///
    /// # Errors
    /// Says that no such question was put.
    pub fn elicited(&self, key: &str) -> Result<ElicitResult, Failure> {
        todo!("core-a {key}")
    }

    /// Returns what the client's model said.
    ///
    /// # Errors
    /// Says that no such question was put.
    pub fn sampled(&self, key: &str) -> Result<CreateMessageResult, Failure> {
        todo!("core-a {key}")
    }

    /// Returns the client's roots.
    ///
    /// # Errors
    /// Says that no such question was put.
    pub fn roots(&self, key: &str) -> Result<ListRootsResult, Failure> {
        todo!("core-a {key}")
    }
}
