//! Calls that may take several rounds: tools, prompts and reading resources; and completion.

use car_mcp_proto::completion::{CompleteParams, CompleteResult};
use car_mcp_proto::method::{CallTool, Complete, GetPrompt, ListRoots, Method, ReadResource};
use car_mcp_proto::mrtr::{InputRequest, InputRequests, InputRequired, Retry, Rounds};
use car_mcp_proto::param_header::ParamHeaders;
use car_mcp_proto::prompt::GetPromptResult;
use car_mcp_proto::resource::ReadResourceResult;
use car_mcp_proto::result::{Outcome, ResultType};
use car_mcp_proto::rpc::HEADER_MISMATCH;
use car_mcp_proto::tool::CallToolResult;
use car_mcp_proto::{Members, RawJson};
use futures_util::future::try_join_all;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::asked::Whose;
use super::deadline::Deadline;
use super::encode::Param;
use super::exchange::Request;
use super::options::CallOptions;
use super::session::Session;
use crate::error::Error;

/// A tool's result as it came, for whoever only passes it on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawToolResult {
    /// The whole result, byte for byte.
    pub text: RawJson,
    /// Whether the tool itself failed.
    pub is_error: bool,
    /// The result as data, byte for byte.
    pub structured_content: Option<RawJson>,
}

/// A result that can be a round of questions instead of an answer.
trait Answer: DeserializeOwned {
    type Complete;
    fn outcome(self) -> Outcome<Self::Complete>;
}

impl<T> Answer for Outcome<T>
where
    Self: DeserializeOwned,
{
    type Complete = T;

    fn outcome(self) -> Self {
        self
    }
}

/// Holds the outcome of a call whose result is only passed on.
struct RawOutcome<T>(Outcome<T>);

/// What is looked at of a result that is only passed on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Glance {
    result_type: Option<ResultType>,
    is_error: Option<bool>,
    structured_content: Option<RawJson>,
}

/// A result as it came.
trait Raw {
    fn of(text: RawJson, glance: Glance) -> Self;
}

impl Raw for RawJson {
    fn of(text: RawJson, _: Glance) -> Self {
        text
    }
}

impl Raw for RawToolResult {
    fn of(text: RawJson, glance: Glance) -> Self {
        Self { is_error: glance.is_error == Some(true), structured_content: glance.structured_content, text }
    }
}

impl<T> Answer for RawOutcome<T>
where
    T: Raw,
{
    type Complete = T;

    fn outcome(self) -> Outcome<T> {
        self.0
    }
}

impl<'de, T: Raw> Deserialize<'de> for RawOutcome<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = RawJson::deserialize(deserializer)?;
        let mut glance: Glance = text.parse().map_err(D::Error::custom)?;
        Ok(Self(match glance.result_type.take() {
            Some(kind) if kind == ResultType::INPUT_REQUIRED => {
                Outcome::InputRequired(text.parse().map_err(D::Error::custom)?)
            }
            Some(kind) if kind != ResultType::COMPLETE => Outcome::Unrecognized(kind),
            _ => Outcome::Complete(T::of(text, glance)),
        }))
    }
}

impl Session {
    /// Calls a tool.
    ///
    /// `arguments` must be a JSON object; it is sent byte for byte. A tool that fails says so in the result
    /// ([`CallToolResult::is_failure`]), not as an error.
    ///
    /// # Errors
    /// Says how the server or the wire failed, or that the answer did not come in time. A call that was lost on the
    /// wire is not sent again: the tool may have run.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call.
    pub async fn call_tool(
        &self,
        name: &str,
        arguments: &RawValue,
        options: &CallOptions,
    ) -> Result<CallToolResult, Error> {
        self.call::<Outcome<CallToolResult>>(name, arguments, options).await
    }

    /// Calls a tool and returns the result as it came. Otherwise like [`Session::call_tool`].
    ///
    /// # Errors
    /// As [`Session::call_tool`].
    pub async fn call_tool_raw(
        &self,
        name: &str,
        arguments: &RawValue,
        options: &CallOptions,
    ) -> Result<RawToolResult, Error> {
        self.call::<RawOutcome<RawToolResult>>(name, arguments, options).await
    }

    /// Asks for a prompt. The arguments are strings by name.
    ///
    /// # Errors
    /// As [`Session::call_tool`].
    pub async fn get_prompt(
        &self,
        name: &str,
        arguments: &Members,
        options: &CallOptions,
    ) -> Result<GetPromptResult, Error> {
        let params = [("name", Param::Text(name)), ("arguments", Param::Members(arguments))];
        let request = Request { name: Some(name), progress: true, ..Request::new(GetPrompt::NAME, &params) };
        self.rounds::<Outcome<GetPromptResult>>(request, options).await
    }

    /// Asks for a prompt, and returns the result as it came.
    ///
    /// # Errors
    /// As [`Session::call_tool`].
    pub async fn get_prompt_raw(
        &self,
        name: &str,
        arguments: &Members,
        options: &CallOptions,
    ) -> Result<RawJson, Error> {
        let params = [("name", Param::Text(name)), ("arguments", Param::Members(arguments))];
        let request = Request { name: Some(name), progress: true, ..Request::new(GetPrompt::NAME, &params) };
        self.rounds::<RawOutcome<RawJson>>(request, options).await
    }

    /// Reads a resource, and returns the result as it came.
    ///
    /// # Errors
    /// As [`Session::call_tool`].
    pub async fn read_resource_raw(&self, uri: &str, options: &CallOptions) -> Result<RawJson, Error> {
        let params = [("uri", Param::Text(uri))];
        let request =
            Request { name: Some(uri), progress: true, ..Request::new(ReadResource::NAME, &params) };
        self.rounds::<RawOutcome<RawJson>>(request, options).await
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// As [`Session::call_tool`].
    pub async fn read_resource(&self, uri: &str, options: &CallOptions) -> Result<ReadResourceResult, Error> {
        let params = [("uri", Param::Text(uri))];
        let request =
            Request { name: Some(uri), progress: true, ..Request::new(ReadResource::NAME, &params) };
        self.rounds::<Outcome<ReadResourceResult>>(request, options).await
    }

    /// Asks what a person may want to type next.
    ///
    /// # Errors
    /// As [`Session::call_tool`].
    pub async fn complete(
        &self,
        params: &CompleteParams,
        options: &CallOptions,
    ) -> Result<CompleteResult, Error> {
        let written = |part: Result<RawJson, serde_json::Error>| {
            part.map_err(|error| Error::Parameters {
                method: Complete::NAME.to_owned(),
                reason: error.to_string(),
            })
        };
        let reference = written(RawJson::from_value(&params.reference))?;
        let argument = written(RawJson::from_value(&params.argument))?;
        let context = params.context.as_ref().map(RawJson::from_value).map(written).transpose()?;
        let mut own =
            vec![("ref", Param::Raw(reference.as_raw())), ("argument", Param::Raw(argument.as_raw()))];
        own.extend(context.as_ref().map(|context| ("context", Param::Raw(context.as_raw()))));
        self.rounds::<Outcome<CompleteResult>>(Request::new(Complete::NAME, &own), options).await
    }

    async fn call<A: Answer>(
        &self,
        name: &str,
        arguments: &RawValue,
        options: &CallOptions,
    ) -> Result<A::Complete, Error> {
        let params = [("name", Param::Text(name)), ("arguments", Param::Raw(arguments))];
        let headers = self.param_headers(name, arguments)?;
        let request = Request {
            name: Some(name),
            progress: true,
            headers: &headers,
            ..Request::new(CallTool::NAME, &params)
        };
        match self.rounds::<A>(request, options).await {
            // The server wants headers that we do not know of: the list we hold is out of date, or was never read.
            Err(Error::Refused { error, .. })
                if error.code == HEADER_MISMATCH && self.inner.transport.has_headers() =>
            {
                tracing::debug!(tool = name, %error, "reading the list of tools again for its headers");
                self.inner.lists.clear();
                drop(Box::pin(self.list_tools()).await?);
                let headers = self.param_headers(name, arguments)?;
                Box::pin(self.rounds::<A>(Request { headers: &headers, ..request }, options)).await
            }
            outcome => outcome,
        }
    }

    fn param_headers(&self, tool: &str, arguments: &RawValue) -> Result<Vec<(String, String)>, Error> {
        let Some(headers) = self.inner.headers_of(tool) else { return Ok(Vec::new()) };
        ParamHeaders::values(&headers, &RawJson::from(arguments)).map_err(Error::Argument)
    }

    /// Sends a request until it is answered, and answers the server's questions in between.
    async fn rounds<A: Answer>(
        &self,
        request: Request<'_>,
        options: &CallOptions,
    ) -> Result<A::Complete, Error> {
        let limits = &self.inner.limits;
        let deadline = Deadline::start(
            options.timeout.unwrap_or(limits.call_timeout),
            options.ceiling.unwrap_or(limits.call_ceiling),
        )
        .of_session(&self.inner.standing);
        let _under_way = self.inner.under_way.begin(options);
        deadline.run(request.method, self.rounds_before::<A>(request, options, &deadline)).await
    }

    async fn rounds_before<A: Answer>(
        &self,
        request: Request<'_>,
        options: &CallOptions,
        deadline: &Deadline<'_>,
    ) -> Result<A::Complete, Error> {
        let mut rounds = Rounds::new(self.inner.limits.max_rounds);
        let mut retry: Option<Retry> = None;
        loop {
            let attempt = Request { retry: retry.as_ref(), ..request };
            match self.request_before::<A>(&attempt, options, deadline).await?.outcome() {
                Outcome::Complete(result) => return Ok(result),
                Outcome::InputRequired(round) => {
                    let responses = Box::pin(self.answer_round(&round, options, deadline)).await?;
                    retry = Some(rounds.answer(round, responses).map_err(Error::Rounds)?);
                }
                Outcome::Unrecognized(kind) => return Err(unrecognized(request.method, &kind)),
                _ => return Err(unrecognized(request.method, &"another")),
            }
        }
    }

    async fn answer_round(
        &self,
        round: &InputRequired,
        options: &CallOptions,
        deadline: &Deadline<'_>,
    ) -> Result<Members, Error> {
        let asked = round.input_requests.as_ref().map_or(0, InputRequests::len);
        let most = self.inner.limits.max_questions;
        if asked > most {
            return Err(Error::Malformed {
                method: "an input request".to_owned(),
                reason: format!("expected at most {most} questions in a round, found {asked}"),
            });
        }
        let _clock = deadline.pause();
        // Side by side, as a legacy server's are: whoever answers sees all that is asked, in the server's order.
        let requests = round.input_requests.iter().flat_map(|requests| requests.iter());
        let answers = requests.map(|(key, question)| async move {
            let answer = self.answer_one(key, question, Whose::Call(options, deadline)).await?;
            Ok::<_, Error>((key, answer))
        });
        Ok(try_join_all(answers).await?.into_iter().collect())
    }

    /// Answers one question of a round.
    async fn answer_one(
        &self,
        key: &str,
        question: &InputRequest,
        whose: Whose<'_>,
    ) -> Result<RawJson, Error> {
        let (method, params) = match question {
            InputRequest::Elicitation(input) => ("elicitation/create", RawJson::from_value(&input.params)),
            InputRequest::Sampling(input) => ("sampling/createMessage", RawJson::from_value(&input.params)),
            InputRequest::Roots(_) => (ListRoots::NAME, Ok(RawJson::empty_object())),
            InputRequest::Unknown { tag, .. } => (tag.as_str(), Ok(RawJson::empty_object())),
            other => return Err(unrecognized("an input request", other)),
        };
        let params = params
            .map_err(|error| Error::Malformed { method: method.to_owned(), reason: error.to_string() })?;
        let answer = self.answer(whose, Some(key), method, Some(params.as_raw())).await;
        answer.map_err(|refusal| Error::InputRefused { refusal })
    }
}

fn unrecognized(method: &str, found: &impl std::fmt::Debug) -> Error {
    Error::Malformed {
        method: method.to_owned(),
        reason: format!("expected a kind of result that this client knows, found {found:?}"),
    }
}
