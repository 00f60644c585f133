//! `car call SLUG TOOL …`: calls an enabled tool, through the policy and into the log.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use car_connectors::engine::{PolicyRequest, Verdict};
use car_connectors::{CallOptions, ConnectorManager, ConnectorStatus, ErrorKind};
use serde_json::value::RawValue;

use crate::approver::TerminalApprover;
use crate::call_arguments;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::describe_content;
use crate::suggestion;

/// Call an enabled tool
///
/// KEY=VALUE takes VALUE as JSON if it is a number, true, false, null, an object or an array, unless the tool wants a
/// text there; else as text. KEY:=JSON is always JSON.
#[derive(clap::Args)]
pub(crate) struct Call {
    /// The connector
    slug: String,
    /// The tool, by the name that the server gives it
    tool: String,
    /// The arguments: one JSON object, or KEY=VALUE words
    #[arg(value_name = "JSON | KEY=VALUE", allow_hyphen_values = false)]
    arguments: Vec<String>,
    /// Read the arguments, one JSON object, from a file; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "arguments")]
    args_file: Option<PathBuf>,
    /// Give up after this many seconds without progress
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

/// Reads a time in seconds, with fractions.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or_else(|| "expected a time above zero".to_owned())
}

/// Calls the tool, and shows what it answered.
pub(crate) async fn run(context: &Context, arguments: Call) -> Result<Exit, Failure> {
    let file = arguments.args_file.as_deref().map(call_arguments::from_file).transpose()?;
    let approver = TerminalApprover::new(&context.home, context.screen.clone());
    let manager = context.calling_manager(Arc::clone(&approver)).await?;
    let connector = context.connector(&manager, &arguments.slug).await?;
    let ended = call(context, &manager, &connector, &arguments, file, &approver).await;
    context.finish(&manager).await;
    ended.map_err(|mut failure| {
        if failure.exit == Exit::Denied
            && let Some(hint) = approver.hint()
        {
            failure.hint = Some(hint);
        }
        failure
    })
}

async fn call(
    context: &Context,
    manager: &ConnectorManager,
    connector: &ConnectorStatus,
    arguments: &Call,
    file: Option<Box<RawValue>>,
    approver: &TerminalApprover,
) -> Result<Exit, Failure> {
    let (slug, tool) = (&connector.slug, &arguments.tool);
    let enabled = manager.enabled_tools(slug).await?;
    let wait = context.screen.wait(format!("calling {slug}/{tool}"));
    approver.instead_of(&wait);
    let json = match file {
        Some(json) => json,
        None => {
            let schema = match call_arguments::need_schema(&arguments.arguments) {
                true => wait.on(schema(manager, slug, tool, &enabled)).await?,
                false => None,
            };
            call_arguments::from_words(&arguments.arguments, schema.as_deref())?
        }
    };
    let shown = wait.clone();
    let mut options = CallOptions::new().with_progress(move |progress| shown.progress(progress));
    options.timeout = arguments.timeout;
    let outcome = match wait.on(manager.call_tool(slug, tool, &json, &options)).await {
        Ok(outcome) => outcome,
        Err(error) => return Err(explain(tool, &enabled, error)),
    };
    context.screen.result(&outcome.raw, || describe_content(&outcome.raw));
    if outcome.is_error {
        context.screen.note(format_args!("car: {slug}: the tool {tool} answered with an error"));
        return Ok(Exit::ToolError);
    }
    Ok(Exit::Done)
}

/// Finds what a tool takes. A server is asked only if the call may reach it: one that is refused anyway contacts nobody.
async fn schema(
    manager: &ConnectorManager,
    slug: &str,
    tool: &str,
    enabled: &[String],
) -> Result<Option<Box<RawValue>>, Failure> {
    let request = PolicyRequest::new("", slug, tool);
    let is_denied = matches!(manager.policy().current().decide(&request), Verdict::Deny { .. });
    if is_denied || !enabled.iter().any(|name| name == tool) {
        return Ok(None);
    }
    let listing = manager.tools(slug).await?;
    Ok(listing.tools.into_iter().find(|view| view.name == tool).map(|view| view.input_schema))
}

/// Adds to a refusal which enabled tool was probably meant.
fn explain(tool: &str, enabled: &[String], error: car_connectors::Error) -> Failure {
    let is_not_enabled = error.kind() == ErrorKind::NotEnabled;
    let mut failure = Failure::from(error);
    if let Some(meant) = suggestion::nearest(tool, enabled.iter().map(String::as_str))
        .filter(|meant| is_not_enabled && *meant != tool)
    {
        failure.hint = Some(match failure.hint {
            Some(hint) => format!("did you mean {meant:?}? if not, {hint}"),
            None => format!("did you mean {meant:?}?"),
        });
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_seconds_with_fractions_and_refuses_none() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "soon", "NaN", "1e300"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
