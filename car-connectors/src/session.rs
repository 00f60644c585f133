//! The engine's view of a connector: dialed when it is first called, then called.

use std::sync::Weak;

use car_engine::{BoxFuture, McpCall, McpCallError, McpCallErrorKind, McpSession, McpToolResult, Progress};
use car_mcp::client::RawToolResult;
use car_mcp_proto::progress::ProgressParams;
use tokio::sync::mpsc;

use crate::error::{self, Error, ErrorKind};
use crate::manager::Inner;
use crate::options::CallOptions;
use crate::upstream;

/// Calls the tools of one connector.
pub(crate) struct ConnectorSession {
    pub(crate) manager: Weak<Inner>,
    pub(crate) slug: String,
}

impl McpSession for ConnectorSession {
    fn call_tool<'a>(&'a self, call: McpCall<'a>) -> BoxFuture<'a, Result<McpToolResult, McpCallError>> {
        Box::pin(async move {
            let result = self.call(call).await.map_err(call_error)?;
            let structured = result.structured_content.map(Into::into);
            Ok(McpToolResult::new(result.text.into(), result.is_error, structured))
        })
    }
}

impl ConnectorSession {
    async fn call(&self, call: McpCall<'_>) -> Result<RawToolResult, Error> {
        let manager =
            self.manager.upgrade().ok_or_else(|| Error::new(ErrorKind::NotFound, "the manager is gone"))?;
        let connected = manager.connected(&self.slug).await?;
        let session = &connected.session;
        let given = call.context.and_then(|context| context.downcast_ref::<CallOptions>());
        let mut options = upstream::options(given, call.deadline, call.trace)?;
        let outcome = match call.progress {
            None => session.call_tool_raw(call.tool, call.arguments, &options).await,
            Some(sink) => {
                let (sender, mut receiver) = mpsc::unbounded_channel();
                // The callback must own what it uses, and the sink is borrowed: progress goes over to this future.
                options = options.with_progress(move |progress| drop(sender.send(told(progress))));
                let mut answer = std::pin::pin!(session.call_tool_raw(call.tool, call.arguments, &options));
                let outcome = loop {
                    tokio::select! {
                        biased;
                        Some(progress) = receiver.recv() => sink(progress),
                        outcome = &mut answer => break outcome,
                    }
                };
                // The last of it may have come together with the answer.
                while let Ok(progress) = receiver.try_recv() {
                    sink(progress);
                }
                outcome
            }
        };
        let outcome = outcome.map_err(|error| error::call_error(&self.slug, error));
        manager.note_call(&self.slug, outcome.as_ref().err());
        connected.end().await;
        outcome
    }
}

fn told(progress: &ProgressParams) -> Progress {
    let total = progress.total.as_ref().and_then(serde_json::Number::as_f64);
    Progress::new(progress.progress.as_f64().unwrap_or_default(), total, progress.message.clone())
}

pub(crate) fn call_error(error: Error) -> McpCallError {
    let kind = match error.kind() {
        ErrorKind::AuthRequired => McpCallErrorKind::Auth,
        ErrorKind::TimedOut => McpCallErrorKind::Timeout,
        ErrorKind::Unreachable => McpCallErrorKind::Unreachable,
        ErrorKind::Peer => McpCallErrorKind::Protocol,
        _ => McpCallErrorKind::Other,
    };
    McpCallError::new(kind, error.to_string()).with_source(error)
}
