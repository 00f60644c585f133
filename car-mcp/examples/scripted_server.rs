//! A session over a transport that is a function: how to test what uses a session without a server.
//!
//! ```text
//! cargo run -p car-mcp --example scripted_server
//! ```

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::{ProtocolVersion, RawJson};
use car_mcp::transport::{BoxFuture, BoxMessages, Message, MessageKind, Reply, Transport, TransportError};
use car_mcp::{CallOptions, Session};

/// A server that can add, in the same process.
struct Adder;

impl Transport for Adder {
    fn send<'a>(&'a self, message: Message<'a>) -> BoxFuture<'a, Result<Reply, TransportError>> {
        let MessageKind::Request { id, method, .. } = message.kind else {
            return Box::pin(async { Ok(Reply::Accepted) });
        };
        let answer = match method {
            "server/discover" => {
                r#""result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}"#.to_owned()
            }
            "tools/list" => {
                r#""result":{"tools":[{"name":"add","inputSchema":{"type":"object"}}]}"#.to_owned()
            }
            "tools/call" => {
                format!(r#""result":{{"content":[{{"type":"text","text":"{}"}}]}}"#, sum(&message.body))
            }
            _ => r#""error":{"code":-32601,"message":"no such method"}"#.to_owned(),
        };
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},{answer}}}"#);
        Box::pin(async move { Ok(Reply::Body(text.into())) })
    }

    fn open_stream(
        &self,
        _version: ProtocolVersion,
    ) -> BoxFuture<'_, Result<Option<BoxMessages>, TransportError>> {
        Box::pin(async { Ok(None) })
    }

    fn reset(&self) {}

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn closing_cancels(&self) -> bool {
        true
    }

    fn has_headers(&self) -> bool {
        false
    }

    fn peer(&self) -> String {
        "the adder".to_owned()
    }
}

fn sum(body: &[u8]) -> i64 {
    let request: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let numbers = request["params"]["arguments"]["numbers"].as_array().cloned().unwrap_or_default();
    numbers.iter().filter_map(serde_json::Value::as_i64).sum()
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let session = Session::builder(Implementation::new("example")).connect(Adder).await?;
    println!("speaking {}", session.version());
    for tool in &session.list_tools().await?.items {
        println!("tool {}", tool.name);
    }
    let arguments = RawJson::from_text(r#"{"numbers":[1,2,39]}"#)?;
    let result = session.call_tool("add", arguments.as_raw(), &CallOptions::new()).await?;
    println!("add says {}", result.content[0].as_text().unwrap_or("nothing"));
    Ok(())
}
