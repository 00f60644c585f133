//! The server under test, and how to speak with it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use car_mcp::proto::RawJson;
use car_mcp::proto::capability::Implementation;
use car_mcp::{CallOptions, Error, Session, SessionBuilder};
use car_mcp_stdio::{Builder, Command, StdioTransport};

/// Where programs of this workspace are built to.
fn programs() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().to_owned()
}

fn changed(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// Returns a program of the workspace. What a test run has not built, or has built from other sources, is built now.
fn program(package: &str, kind: &str, name: &str, built: &Path, source: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(source);
    let built = programs().join(built).with_extension(std::env::consts::EXE_EXTENSION);
    if changed(&built) < changed(&source) {
        #[expect(clippy::disallowed_methods, reason = "the test needs a program that another package has")]
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", package, kind, name]);
        assert!(cargo.status().unwrap().success(), "{name} cannot be built");
    }
    built
}

/// The path of the server.
pub(crate) fn server_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let name = "stdio-server";
    let source = "car-testkit/src/bin/stdio-server.rs";
    PROGRAM.get_or_init(|| program("car-testkit", "--bin", name, Path::new(name), source))
}

/// The path of the example, which is a client and its own supervisor.
#[cfg(target_os = "linux")]
pub(crate) fn client_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let (source, built) = ("car-mcp-stdio/examples/local_server.rs", Path::new("examples/local_server"));
    PROGRAM.get_or_init(|| program("car-mcp-stdio", "--example", "local_server", built, source))
}

/// The path of the example that is a server.
pub(crate) fn serving_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let (source, built) = ("car-mcp-stdio/examples/serve_tools.rs", Path::new("examples/serve_tools"));
    PROGRAM.get_or_init(|| program("car-mcp-stdio", "--example", "serve_tools", built, source))
}

/// The command that starts the server in a mode.
pub(crate) fn command(mode: &str) -> Command {
    Command::new(server_program()).args(["--mode", mode])
}

pub(crate) fn transport(mode: &str) -> Builder {
    StdioTransport::builder(command(mode))
}

pub(crate) fn client() -> SessionBuilder {
    Session::builder(Implementation::new("test"))
}

pub(crate) async fn connect(mode: &str) -> Session {
    client().connect(transport(mode).build()).await.unwrap()
}

/// Calls a tool and returns the text of its answer.
pub(crate) async fn call(session: &Session, tool: &str, arguments: &str) -> Result<String, Error> {
    call_with(session, tool, arguments, &CallOptions::new()).await
}

pub(crate) async fn call_with(
    session: &Session,
    tool: &str,
    arguments: &str,
    options: &CallOptions,
) -> Result<String, Error> {
    let arguments = RawJson::from_text(arguments).unwrap();
    let result = session.call_tool(tool, arguments.as_raw(), options).await?;
    Ok(result.content[0].as_text().unwrap_or_default().to_owned())
}

/// The chain of an error's texts.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Tells whether a process runs. One that is dead and that nobody has collected does not.
#[cfg(target_os = "linux")]
pub(crate) fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}

/// Elsewhere the system's own program has to tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn runs(pid: u32) -> bool {
    #[expect(clippy::disallowed_methods, reason = "there is no other way to see a process that is not ours")]
    let ps = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let stat = String::from_utf8_lossy(&ps.stdout).trim().to_owned();
    !stat.is_empty() && !stat.starts_with('Z')
}

/// Waits until something holds. The state of other processes cannot be awaited, only looked at.
pub(crate) async fn holds_within(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    condition()
}

/// The numbers of the server and of a process that it has started.
pub(crate) async fn family(session: &Session) -> Vec<u32> {
    let pids = call(session, "pids", "{}").await.unwrap();
    let pids: Vec<u32> = pids.split(' ').map(|pid| pid.parse().unwrap()).collect();
    assert!(pids.len() == 2 && pids.iter().all(|pid| runs(*pid)), "{pids:?}");
    pids
}

pub(crate) async fn gone_within(limit: Duration, pids: &[u32]) {
    let gone = holds_within(limit, || !pids.iter().any(|pid| runs(*pid))).await;
    assert!(gone, "{:?} still run", pids.iter().filter(|pid| runs(**pid)).collect::<Vec<_>>());
}
