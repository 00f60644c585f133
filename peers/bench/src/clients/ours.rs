//! Our client, as a user gets it: every setting at its default.

use std::sync::OnceLock;

use car_http::Client as Http;
use car_mcp::proto::capability::Implementation;
use car_mcp::proto::negotiate::EraPreference;
use car_mcp::{CallOptions, Session};
use car_mcp_http::HttpTransport;
use car_mcp_stdio::{Command, StdioTransport};
use serde_json::value::RawValue;

use crate::Failure;
use crate::job::{Job, Work};

pub(crate) struct Ours {
    session: Session,
    tool: String,
    arguments: Box<RawValue>,
    options: CallOptions,
}

impl Ours {
    pub(crate) async fn connect(job: &Job) -> Result<Self, Failure> {
        let builder = Session::builder(Implementation::new("ours")).era(if job.modern {
            EraPreference::Auto
        } else {
            EraPreference::Legacy
        });
        let session = match job.server.split_first() {
            Some((program, arguments)) => {
                let command = Command::new(program).args(arguments);
                builder.connect(StdioTransport::builder(command).build()).await?
            }
            None => builder.connect(HttpTransport::new(http(job.work)?, &job.url)?).await?,
        };
        Ok(Self {
            session,
            tool: job.tool.clone(),
            arguments: RawValue::from_string(r#"{"message":"hello"}"#.to_owned())?,
            options: CallOptions::new(),
        })
    }

    pub(crate) async fn call(&self) -> Result<(), Failure> {
        let result = self.session.call_tool(&self.tool, &self.arguments, &self.options).await?;
        if result.content.is_empty() {
            return Err("the answer has no content".into());
        }
        Ok(())
    }

    pub(crate) async fn list(&self) -> Result<(), Failure> {
        if self.session.list_tools().await?.items.is_empty() {
            return Err("the list has no tools".into());
        }
        Ok(())
    }

    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.session.close().await;
        Ok(())
    }
}

/// Sessions of one program share an HTTP client, as the facade's do; a new program has a new one.
fn http(work: Work) -> Result<Http, Failure> {
    static SHARED: OnceLock<Http> = OnceLock::new();
    if work != Work::Idle {
        return Ok(Http::new()?);
    }
    if let Some(shared) = SHARED.get() {
        return Ok(shared.clone());
    }
    let http = Http::new()?;
    Ok(SHARED.get_or_init(|| http).clone())
}
