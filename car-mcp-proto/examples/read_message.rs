//! Reads one message from standard input and tells what it is.
//!
//! ```text
//! echo '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' | cargo run -p car-mcp-proto --example read_message
//! ```

#![expect(clippy::print_stdout, reason = "an example talks to who runs it")]

use std::error::Error;

use car_mcp_proto::result::Outcome;
use car_mcp_proto::rpc::Incoming;
use car_mcp_proto::tool::CallToolResult;

fn main() -> Result<(), Box<dyn Error>> {
    let text = std::io::read_to_string(std::io::stdin())?;
    // A client knows what it asked for, and so which type the answer has. Here it is always a call's.
    match serde_json::from_str::<Incoming<'_, Outcome<CallToolResult>>>(&text)? {
        Incoming::Request { id, method, params } => {
            println!("request {id} of {method} with {}", params.map_or("nothing", |params| params.get()));
        }
        Incoming::Notification { method, .. } => println!("notification {method}"),
        Incoming::Error { error, .. } => println!("error: {error}"),
        Incoming::Response { id, result: Outcome::Complete(result) } => {
            let failed = if result.is_failure() { " (the tool failed)" } else { "" };
            println!("answer to {id}{failed}");
            for block in &result.content {
                println!("  {}", block.as_text().unwrap_or("(no text)"));
            }
        }
        Incoming::Response { id, result: Outcome::InputRequired(round) } => {
            println!("the server wants input before it answers {id}:");
            for (key, _) in round.input_requests.iter().flat_map(|requests| requests.iter()) {
                println!("  {key}");
            }
        }
        Incoming::Response { id, .. } => println!("answer to {id} of a kind that nobody offered"),
    }
    Ok(())
}
