//! Other people's server, over standard streams.

use std::path::{Path, PathBuf};

use car_mcp::proto::Era;
use car_mcp_stdio::{Command, StdioTransport};

use crate::server::{call, client};

/// Returns the server's script where it is installed. A developer may go without it; the machines that decide may not.
fn script() -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/node/node_modules");
    let script = tools.join("@modelcontextprotocol/server-everything/dist/index.js");
    #[expect(clippy::disallowed_methods, reason = "the one variable that says whether a skip is a failure")]
    let is_ci = std::env::var("CI").as_deref() == Ok("true");
    let found = script.is_file();
    assert!(found || !is_ci, "server-everything is not installed; run `cargo xtask setup`");
    found.then_some(script)
}

#[tokio::test]
async fn the_everything_server_of_npm_is_spoken_with() {
    let Some(script) = script() else { return };
    #[expect(clippy::disallowed_methods, reason = "the server needs the PATH of whoever runs the test")]
    let command = Command::new("node").arg(script).arg("stdio").inherit(|name| std::env::var_os(name));
    let transport = StdioTransport::builder(command).build();
    let (log, noise) = (transport.stderr(), transport.noise());
    let session = client().connect(transport).await.unwrap();
    assert_eq!(session.version().era(), Era::Legacy);
    let tools = session.list_tools().await.unwrap();
    assert!(tools.items.iter().any(|tool| tool.name == "echo"), "{tools:?}");
    assert_eq!(call(&session, "echo", r#"{"message":"hi"}"#).await.unwrap(), "Echo: hi");
    session.close().await;
    assert_eq!(noise.told(), None);
    assert!(!log.text().is_empty(), "it greets on standard error");
}
