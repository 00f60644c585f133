//! Lists a server's tools, or calls one.
//!
//! ```text
//! cargo run -p car-mcp-http --example call_tool -- http://127.0.0.1:3001/mcp
//! cargo run -p car-mcp-http --example call_tool -- http://127.0.0.1:3001/mcp echo '{"message":"hi"}'
//! ```

use car_http::Client;
use car_mcp::proto::RawJson;
use car_mcp::proto::capability::Implementation;
use car_mcp::{CallOptions, Session};
use car_mcp_http::HttpTransport;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let url = arguments.first().ok_or("usage: call_tool URL [TOOL [ARGUMENTS]]")?;
    let transport = HttpTransport::new(Client::new()?, url)?;
    let session = Session::builder(Implementation::new("call_tool")).connect(transport).await?;
    let Some(tool) = arguments.get(1) else {
        println!("speaking {}", session.version());
        for tool in &session.list_tools().await?.items {
            println!("{}", tool.name);
        }
        session.close().await;
        return Ok(());
    };
    let arguments = RawJson::from_text(arguments.get(2).map_or("{}", String::as_str))?;
    let result = session.call_tool_raw(tool, arguments.as_raw(), &CallOptions::new()).await?;
    println!("{}", result.text.as_str());
    session.close().await;
    Ok(())
}
