//! A server whose tools do what a test wants to see.

use std::sync::Arc;

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::elicitation::ElicitParams;
use car_mcp::proto::logging::LoggingLevel;
use car_mcp::server::{Context, Failure, NoArguments, Server, tool};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Semaphore;

#[derive(Deserialize, JsonSchema)]
struct Count {
    to: u64,
}

/// What the tools do, seen from outside.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// Lets one waiting call go on.
    pub(crate) go: Arc<Semaphore>,
    /// A permit for each call of `wait` or `leave` that was begun.
    pub(crate) begun: Arc<Semaphore>,
    /// A permit for each such call that ran to its end.
    pub(crate) ended: Arc<Semaphore>,
}

impl Default for Stage {
    fn default() -> Self {
        let none = || Arc::new(Semaphore::new(0));
        Self { go: none(), begun: none(), ended: none() }
    }
}

impl Stage {
    /// Waits for one more of what is counted.
    pub(crate) async fn one(counted: &Semaphore) {
        crate::peer::patiently(counted.acquire()).await.unwrap().forget();
    }

    async fn wait(&self) {
        self.begun.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        self.ended.add_permits(1);
    }

    /// Returns the server whose tools play here.
    pub(crate) fn server(&self) -> Server {
        let (waiting, leaving) = (self.clone(), self.clone());
        let wait = move |_: NoArguments, _: Context| {
            let stage = waiting.clone();
            async move {
                stage.wait().await;
                Ok::<_, Failure>("waited")
            }
        };
        let leave = move |_: NoArguments, context: Context| {
            let stage = leaving.clone();
            async move {
                context.close_stream().await;
                stage.wait().await;
                Ok::<_, Failure>("came back")
            }
        };
        let count = |count: Count, context: Context| async move {
            for number in 1..=count.to {
                context.log(LoggingLevel::INFO, None, number).await;
            }
            Ok::<_, Failure>("counted")
        };
        let greet = |_: NoArguments, _: Context| async { Ok::<_, Failure>("hello") };
        let change = |_: NoArguments, context: Context| async move {
            context.server().tools_changed();
            Ok::<_, Failure>("changed")
        };
        let ask = |_: NoArguments, context: Context| async move {
            let answer = context.elicit("name", ElicitParams::new("Who are you?")).await?;
            Ok::<_, Failure>(answer.action.as_str().to_owned())
        };
        Server::builder(Implementation::new("stage"))
            .tool(tool("ask", "Asks").run(ask))
            .tool(tool("wait", "Waits").run(wait))
            .tool(tool("leave", "Lets its client go").run(leave))
            .tool(tool("count", "Counts").run(count))
            .tool(tool("greet", "Greets").run(greet))
            .tool(tool("change", "Changes the list").run(change))
            .logging()
            .build()
            .unwrap()
    }
}
