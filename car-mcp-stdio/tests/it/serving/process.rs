//! The example as a process that our own client starts.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::negotiate::EraPreference;
use car_mcp::proto::{Era, RawJson};
use car_mcp::{CallOptions, Error, Session};
use car_mcp_stdio::{Command, StdioTransport};

/// The path of the example. A test run builds it; one of a single target may not have, so it is built here then.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let programs = test.parent().and_then(Path::parent).unwrap();
        let built = programs.join("examples/serve_tools").with_extension(std::env::consts::EXE_EXTENSION);
        if !built.is_file() {
            #[expect(clippy::disallowed_methods, reason = "the test needs a program of this package")]
            let mut cargo = std::process::Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--package", "car-mcp-stdio"]);
            assert!(cargo.args(["--example", "serve_tools"]).status().unwrap().success());
        }
        built
    })
}

async fn connect(era: EraPreference) -> Session {
    let transport = StdioTransport::builder(Command::new(program())).build();
    Session::builder(Implementation::new("test")).era(era).connect(transport).await.unwrap()
}

async fn call(session: &Session, tool: &str, arguments: &str) -> Result<String, Error> {
    let arguments = RawJson::from_text(arguments).unwrap();
    let result = session.call_tool(tool, arguments.as_raw(), &CallOptions::new()).await?;
    Ok(result.content[0].as_text().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn our_client_finds_the_newest_era_and_calls_tools_in_both() {
    for (preference, era) in [(EraPreference::Auto, Era::Modern), (EraPreference::Legacy, Era::Legacy)] {
        let session = connect(preference).await;
        assert_eq!(session.version().era(), era);
        let names: Vec<_> =
            session.list_tools().await.unwrap().items.iter().map(|tool| tool.name.clone()).collect();
        assert_eq!(names, ["echo", "count", "wait"]);
        assert_eq!(call(&session, "echo", r#"{"text":"hi\nthere"}"#).await.unwrap(), "hi\nthere");
        assert_eq!(call(&session, "count", r#"{"text":"four"}"#).await.unwrap(), r#"{"characters":4}"#);
        let calls = (0..50).map(|_| call(&session, "wait", r#"{"milliseconds":20}"#));
        for outcome in futures_util::future::join_all(calls).await {
            assert_eq!(outcome.unwrap(), "waited");
        }
        session.close().await;
    }
}
