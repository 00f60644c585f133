//! What a tool's function may return.

use car_mcp_proto::content::ContentBlock;
use car_mcp_proto::json::RawJson;
use car_mcp_proto::tool::CallToolResult;
use schemars::JsonSchema;
use serde::Serialize;

use super::arguments;
use super::failure::Failure;

/// Becomes a tool's result.
pub trait IntoCallResult: Send + 'static {
    /// Returns the schema of the structured result; nothing where there is none.
    fn output_schema() -> Option<RawJson> {
        None
    }

    /// Returns the result.
    ///
    /// # Errors
    /// Says why the value cannot be written.
    fn into_call_result(self) -> Result<CallToolResult, Failure>;
}

/// A structured result: the value as data, and its JSON text for clients that read text only.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper, made to be taken apart")]
pub struct Json<T>(pub T);

impl<T: Serialize + JsonSchema + Send + 'static> IntoCallResult for Json<T> {
    fn output_schema() -> Option<RawJson> {
        Some(arguments::schema_of_result::<T>())
    }

    fn into_call_result(self) -> Result<CallToolResult, Failure> {
        let data = RawJson::from_value(&self.0)
            .map_err(|error| Failure::internal(format!("the result cannot be written: {error}")))?;
        let mut result = vec![ContentBlock::text(data.as_str())].into_call_result()?;
        result.structured_content = Some(data);
        Ok(result)
    }
}

impl IntoCallResult for CallToolResult {
    fn into_call_result(self) -> Result<CallToolResult, Failure> {
        Ok(self)
    }
}

impl IntoCallResult for String {
    fn into_call_result(self) -> Result<CallToolResult, Failure> {
        vec![ContentBlock::text(self)].into_call_result()
    }
}

impl IntoCallResult for &'static str {
    fn into_call_result(self) -> Result<CallToolResult, Failure> {
        vec![ContentBlock::text(self)].into_call_result()
    }
}

impl IntoCallResult for Vec<ContentBlock> {
    fn into_call_result(self) -> Result<CallToolResult, Failure> {
        let mut result = CallToolResult::new();
        result.content = self;
        Ok(result)
    }
}
