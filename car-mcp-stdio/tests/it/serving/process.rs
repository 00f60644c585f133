//! The example as a process that our own client starts.

use std::sync::Arc;

use car_mcp::proto::capability::{ClientCapabilities, Implementation};
use car_mcp::proto::elicitation::{ElicitParams, ElicitResult};
use car_mcp::proto::negotiate::EraPreference;
use car_mcp::proto::subscription::SubscriptionFilter;
use car_mcp::proto::{Era, Members, RawJson};
use car_mcp::transport::BoxFuture;
use car_mcp::{CallOptions, ClientHandler, Error, Event, Refusal, Session};
use car_mcp_stdio::{Command, StdioTransport};
use futures_util::FutureExt as _;

use crate::server::serving_program;

async fn connect(era: EraPreference) -> Session {
    let transport = StdioTransport::builder(Command::new(serving_program())).build();
    let client = Session::builder(Implementation::new("test")).era(era).handler(Arc::new(Ada));
    client.connect(transport).await.unwrap()
}

const ERAS: [(EraPreference, Era); 2] =
    [(EraPreference::Auto, Era::Modern), (EraPreference::Legacy, Era::Legacy)];

/// A user who says her name.
struct Ada;

impl ClientHandler for Ada {
    fn capabilities(&self) -> ClientCapabilities {
        let mut capabilities = ClientCapabilities::new();
        capabilities.elicitation = Some(Members::new());
        capabilities
    }

    fn elicit(&self, request: ElicitParams) -> BoxFuture<'_, Result<ElicitResult, Refusal>> {
        assert_eq!(request.message, "What is your name?");
        let name = RawJson::from_value("Ada").unwrap();
        Box::pin(std::future::ready(Ok(ElicitResult::accept([("name", name)].into_iter().collect()))))
    }
}

async fn call(session: &Session, tool: &str, arguments: &str) -> Result<String, Error> {
    let arguments = RawJson::from_text(arguments).unwrap();
    let result = session.call_tool(tool, arguments.as_raw(), &CallOptions::new()).await?;
    Ok(result.content[0].as_text().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn our_client_finds_the_newest_era_and_calls_tools_in_both() {
    for (preference, era) in ERAS {
        let session = connect(preference).await;
        assert_eq!(session.version().era(), era);
        let names: Vec<_> =
            session.list_tools().await.unwrap().items.iter().map(|tool| tool.name.clone()).collect();
        assert_eq!(names, ["echo", "count", "wait", "greet", "grow"]);
        assert_eq!(call(&session, "echo", r#"{"text":"hi\nthere"}"#).await.unwrap(), "hi\nthere");
        assert_eq!(call(&session, "count", r#"{"text":"four"}"#).await.unwrap(), r#"{"characters":4}"#);
        let calls = (0..50).map(|_| call(&session, "wait", r#"{"milliseconds":20}"#));
        for outcome in futures_util::future::join_all(calls).await {
            assert_eq!(outcome.unwrap(), "waited");
        }
        session.close().await;
    }
}

#[tokio::test]
async fn the_user_is_asked_in_both_eras_by_the_same_handler() {
    for (preference, era) in ERAS {
        let session = connect(preference).await;
        assert_eq!(call(&session, "greet", "{}").await.unwrap(), "Hello, Ada!", "{era:?}");
        session.close().await;
    }
}

#[tokio::test]
async fn a_list_that_grows_is_told_and_read_anew_in_both_eras() {
    for (preference, era) in ERAS {
        let session = connect(preference).await;
        assert_eq!(session.list_tools().await.unwrap().items.len(), 5);
        let mut filter = SubscriptionFilter::new();
        filter.tools_list_changed = Some(true);
        let mut events = session.events(filter);
        assert!(events.next().now_or_never().is_none());
        let (told, event) =
            tokio::join!(call(&session, "grow", "{}"), async { events.next().await.unwrap() });
        assert_eq!((told.unwrap().as_str(), event), ("there is one more", Event::ToolsChanged), "{era:?}");
        assert_eq!(session.list_tools().await.unwrap().items.len(), 6, "{era:?}");
        session.close().await;
    }
}
