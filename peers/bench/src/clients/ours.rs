//! Our client, as a user gets it: every setting at its default.

use std::sync::OnceLock;

use car_http::Client as Http;
use car_mcp::proto::capability::Implementation;
use car_mcp::proto::negotiate::EraPreference;
use car_mcp::{CallOptions, Session};
use car_mcp_http::HttpTransport;
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
        // Sessions of one program share an HTTP client, as the facade's do; a new program has a new one.
        static SHARED: OnceLock<Http> = OnceLock::new();
        let http = match (job.work, SHARED.get()) {
            (Work::Idle, Some(shared)) => shared.clone(),
            _ => Http::new()?,
        };
        if job.work == Work::Idle {
            let _already = SHARED.set(http.clone());
        }
        let era = if job.modern { EraPreference::Auto } else { EraPreference::Legacy };
        let session = Session::builder(Implementation::new("ours"))
            .era(era)
            .connect(HttpTransport::new(http, &job.url)?)
            .await?;
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
