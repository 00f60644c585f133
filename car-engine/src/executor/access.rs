//! What is not a tool's call: prompts, resources and completion, through the same policy and into the same log.

use serde_json::value::RawValue;

use super::{McpToolExecutor, authorize::Held, record::Subject};
use crate::{AccessRequest, EngineError, McpCallError, PolicyRequest, ToolPermission, ToolRequest};

impl McpToolExecutor {
    /// Takes what is not a tool's call through policy and event log: `work` is run if the policy lets it, and how it ended
    /// is recorded. Rules about connectors apply, and `ask` where it is about all of a connector; rules about single
    /// tools and about their arguments do not.
    ///
    /// Whoever approves is asked about the method and the subject, `prompts/get review`, in place of a tool.
    ///
    /// # Errors
    /// [`EngineError::Denied`], [`EngineError::Session`] with what `work` says, and those of the log.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn access<T>(
        &self,
        request: AccessRequest<'_>,
        work: impl Future<Output = Result<T, McpCallError>>,
    ) -> Result<T, EngineError> {
        let none = RawValue::from_string("{}".to_owned()).expect("an empty object is JSON");
        // No tool has such a name: a space cannot be in one. What is agreed to for one is not for the other.
        let name = format!("{} {}", request.method, request.subject);
        let mut shown = ToolRequest::new(&name, request.arguments.unwrap_or(&none), request.caller);
        shown.trace = request.trace;
        let subject = Subject::of_access(&request);
        let asked = PolicyRequest::access(request.connector, request.method, request.subject)
            .with_caller(request.caller);
        let permission = ToolPermission::Allow;
        let held = Held { request: &shown, subject: &subject, asked, name: &name, permission };
        let agreed = self.authorize(held).await?;
        self.decided(&subject, agreed.decision())?;
        let mut end = self.begin(&subject);
        match work.await {
            Ok(answer) => {
                end.outcome = "ok";
                Ok(answer)
            }
            Err(source) => {
                end.outcome = source.kind.as_str();
                Err(EngineError::Session { tool: name, source })
            }
        }
    }
}
