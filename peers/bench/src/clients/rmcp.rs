//! rmcp, as a user gets it and tuned.

use std::sync::OnceLock;

use rmcp::model::{CallToolRequestParams, ClientConfig, JsonObject, ProtocolVersion};
use rmcp::service::RunningService;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientLifecycleMode, ClientServiceExt as _, RoleClient};

use crate::Failure;
use crate::job::{Job, Work};

/// How rmcp is set up.
#[derive(Clone, Copy)]
pub(crate) enum Tuning {
    /// As its documentation shows: no idle connection is kept, 16 requests at once.
    Default,
    /// A client that pools, and as many requests at once as the workload has.
    Tuned,
}

pub(crate) struct Rmcp {
    running: RunningService<RoleClient, ClientConfig>,
    call: CallToolRequestParams,
}

impl Rmcp {
    pub(crate) async fn connect(job: &Job, tuning: Tuning) -> Result<Self, Failure> {
        // Only the first call in a process has an effect, and that is enough.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let lifecycle = if job.modern {
            ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
        } else {
            ClientLifecycleMode::Initialize
        };
        let client = ClientConfig::default();
        let running = if let Some((program, arguments)) = job.server.split_first() {
            let mut command = tokio::process::Command::new(program);
            command.args(arguments);
            client.serve_with_lifecycle(TokioChildProcess::new(command)?, lifecycle).await?
        } else {
            client.serve_with_lifecycle(http(job, tuning)?, lifecycle).await?
        };
        let arguments = JsonObject::from_iter([("message".to_owned(), "hello".into())]);
        let call = CallToolRequestParams::new(job.tool.clone()).with_arguments(arguments);
        Ok(Self { running, call })
    }

    pub(crate) async fn call(&self) -> Result<(), Failure> {
        let result = self.running.call_tool(self.call.clone()).await?;
        if result.content.is_empty() { Err("the answer is empty".into()) } else { Ok(()) }
    }

    pub(crate) async fn list(&self) -> Result<(), Failure> {
        let result = self.running.list_tools(None).await?;
        if result.tools.is_empty() { Err("the list is empty".into()) } else { Ok(()) }
    }

    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.running.cancel().await?;
        Ok(())
    }
}

fn http(job: &Job, tuning: Tuning) -> Result<StreamableHttpClientTransport<reqwest::Client>, Failure> {
    let config = StreamableHttpClientTransportConfig::with_uri(job.url.clone());
    Ok(match tuning {
        Tuning::Default => StreamableHttpClientTransport::from_config(config),
        Tuning::Tuned => {
            StreamableHttpClientTransport::with_client(pooled(job.work)?, config.max_concurrent_requests(64))
        }
    })
}

/// A client that keeps idle connections; idle sessions share one, as a program with many sessions would have it.
fn pooled(work: Work) -> Result<reqwest::Client, Failure> {
    static SHARED: OnceLock<reqwest::Client> = OnceLock::new();
    if work != Work::Idle {
        return Ok(reqwest::Client::builder().build()?);
    }
    if let Some(shared) = SHARED.get() {
        return Ok(shared.clone());
    }
    let client = reqwest::Client::builder().build()?;
    Ok(SHARED.get_or_init(|| client).clone())
}
