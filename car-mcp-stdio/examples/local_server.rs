//! Starts a server, and lists its tools or calls one.
//!
//! ```text
//! cargo run -p car-mcp-stdio --example local_server -- npx -y @modelcontextprotocol/server-everything@2026.8.2
//! cargo run -p car-mcp-stdio --example local_server -- --call echo '{"message":"hi"}' -- COMMAND [ARGUMENT]…
//! ```
//!
//! The program is its own supervisor: with the one argument `supervise` it watches over a server until its client is
//! gone, by whatever way.

use car_mcp::proto::RawJson;
use car_mcp::proto::capability::Implementation;
use car_mcp::{CallOptions, Session};
use car_mcp_stdio::{Command, StdioTransport, Supervisor, supervise};

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["supervise"] {
        return Ok(supervise().await?);
    }
    let mut call = None;
    if arguments.first().is_some_and(|first| first == "--call") && arguments.len() > 4 {
        let rest = arguments.split_off(4);
        call = Some((arguments[1].clone(), arguments[2].clone()));
        arguments = rest;
    }
    let (program, arguments) = arguments
        .split_first()
        .ok_or("usage: local_server [--call TOOL ARGUMENTS --] COMMAND [ARGUMENT]…")?;
    #[expect(
        clippy::disallowed_methods,
        reason = "a program, not a library: it says what its environment is"
    )]
    let command = Command::new(program).args(arguments).inherit(|name| std::env::var_os(name));
    let supervisor = Supervisor::program(std::env::current_exe()?, ["supervise"]);
    let transport = StdioTransport::builder(command).supervisor(supervisor).build();
    let log = transport.stderr();
    let session = Session::builder(Implementation::new("local_server")).connect(transport).await?;
    let outcome = show(&session, call).await;
    session.close().await;
    if outcome.is_err() {
        print(&format!("the server said: {}", log.text()));
    }
    outcome
}

async fn show(session: &Session, call: Option<(String, String)>) -> Result<(), Failure> {
    let Some((tool, arguments)) = call else {
        print(&format!("speaking {}", session.version()));
        session.list_tools().await?.items.iter().for_each(|tool| print(&tool.name));
        return Ok(());
    };
    let arguments = RawJson::from_text(&arguments)?;
    let result = session.call_tool_raw(&tool, arguments.as_raw(), &CallOptions::new()).await?;
    print(result.text.as_str());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn print(line: &str) {
    println!("{line}");
}
