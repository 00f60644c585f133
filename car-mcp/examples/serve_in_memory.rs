//! A server without a wire: messages in, messages out. This is all that a transport does, and how to test a server
//! without one.
//!
//! ```text
//! cargo run -p car-mcp --features server --example serve_in_memory
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use bytes::Bytes;
use car_mcp::proto::capability::Implementation;
use car_mcp::proto::elicitation::{ElicitAction, ElicitParams, FormSchema};
use car_mcp::proto::json::Members;
use car_mcp::server::{Answer, Caller, Context, Failure, Inbound, Json, Server, Step, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The arguments of `total`.
#[derive(Deserialize, JsonSchema)]
struct Prices {
    /// What each thing costs, in cents.
    cents: Vec<u64>,
}

/// What `total` answers.
#[derive(Serialize, JsonSchema)]
struct Total {
    cents: u64,
}

async fn total(prices: Prices, context: Context) -> Result<Json<Total>, Failure> {
    let sum = prices.cents.iter().try_fold(0_u64, |sum, price| sum.checked_add(*price));
    context.progress(1.0, Some(1.0), None).await;
    sum.map(|cents| Json(Total { cents })).ok_or_else(|| Failure::new("the sum is too large: ask for fewer"))
}

/// Asks before it pays. A modern client is answered with the question, and the function runs again with the answer.
async fn pay(total: Prices, context: Context) -> Result<String, Failure> {
    let mut question = ElicitParams::new(format!("Pay {} cents?", total.cents.iter().sum::<u64>()));
    let mut form = FormSchema::new(Members::new());
    form.schema_type = Some("object".to_owned());
    question.requested_schema = Some(form);
    let answer = context.elicit("confirm", question).await?;
    Ok(if answer.action == ElicitAction::ACCEPT { "paid" } else { "not paid" }.to_owned())
}

/// Takes one message of a modern client and prints all that comes back.
async fn exchange(server: &Server, method: &str, params: &str) {
    let about = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28",
        "io.modelcontextprotocol/clientCapabilities":{"elicitation":{}},"progressToken":"p""#;
    let message =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}"_meta":{{{about}}}}}}}"#);
    let mut exchange = match Inbound::read(&Bytes::from(message)) {
        Ok(Inbound::Request(request)) => server.answer(request, Caller::anonymous()),
        Ok(_) => return,
        Err(malformed) => {
            let answer = Answer::error(malformed.id.as_ref(), &malformed.error);
            println!("{}", String::from_utf8_lossy(&answer.body));
            return;
        }
    };
    while let Some(step) = exchange.step().await {
        match step {
            Step::Message(message) => println!("{}", String::from_utf8_lossy(&message)),
            Step::Answer(answer) => println!("{}", String::from_utf8_lossy(&answer.body)),
            Step::Pause => {}
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), car_mcp::server::DefinitionError> {
    let server = Server::builder(Implementation::new("shop"))
        .instructions("Prices are in cents.")
        .tool(tool("total", "Adds prices up").run(total))
        .tool(tool("pay", "Pays").run(pay))
        .build()?;
    exchange(&server, "server/discover", "").await;
    exchange(&server, "tools/call", r#""name":"total","arguments":{"cents":[100,250]},"#).await;
    exchange(&server, "tools/call", r#""name":"total","arguments":{"cents":[100,"free"]},"#).await;
    let pay = r#""name":"pay","arguments":{"cents":[350]},"#;
    exchange(&server, "tools/call", pay).await;
    let answered = format!(r#"{pay}"inputResponses":{{"confirm":{{"action":"accept"}}}},"#);
    exchange(&server, "tools/call", &answered).await;
    Ok(())
}
