//! Local servers: one process for all callers, ended when nobody uses it, started again when somebody does.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use car_connectors::store::StdioCommand;
use car_connectors::{ConnectorManager, NewConnector, ToolSelection};

use crate::support::{Place, call};

fn changed(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// The server of the test kit. A test run of this package alone does not build it.
pub(crate) fn stdio_server() -> &'static str {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let built = test.parent().and_then(Path::parent).unwrap().join("stdio-server");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../car-testkit/src/bin/stdio-server.rs");
        if changed(&built) < changed(&source) {
            #[expect(
                clippy::disallowed_methods,
                reason = "the test needs a program that another package has"
            )]
            let mut cargo = std::process::Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--package", "car-testkit", "--bin", "stdio-server"]);
            assert!(cargo.status().unwrap().success());
        }
        built
    });
    program.to_str().unwrap()
}

async fn ready(manager: &ConnectorManager, mode: &str) {
    let command = StdioCommand::new(stdio_server(), ["--mode", mode]);
    manager.add(NewConnector::local("Files", command)).await.unwrap();
    manager.enable_tools("files", &ToolSelection::All).await.unwrap();
}

/// Asks the server for its own number.
async fn pid(manager: &ConnectorManager) -> u32 {
    let outcome = call(manager, "files", "pids", "{}").await.unwrap();
    let text = outcome.raw.get();
    let digits = text.split(|character: char| !character.is_ascii_digit()).find(|part| part.len() > 1);
    digits.unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}

#[tokio::test]
async fn one_process_serves_all_callers_and_ends_with_the_manager() {
    let place = Place::new();
    let manager = place.manager().await;
    ready(&manager, "good").await;
    let pids = futures_util::future::join_all((0..20).map(|_| pid(&manager))).await;
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    manager.close().await;
    #[cfg(target_os = "linux")]
    assert!(!runs(pids[0]));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_server_that_nobody_uses_is_ended_and_started_again_for_the_next_call() {
    let place = Place::new();
    let options = place.options().with_idle(Duration::from_millis(50));
    let manager = ConnectorManager::load(options).await.unwrap();
    ready(&manager, "good").await;
    let first = pid(&manager).await;
    let waited = Instant::now();
    while runs(first) {
        assert!(waited.elapsed() < Duration::from_secs(20), "it still runs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!manager.status("files").await.unwrap().connected);
    assert_ne!(pid(&manager).await, first);
    manager.close().await;
}

#[tokio::test]
async fn a_server_that_ends_after_every_call_is_started_again_or_its_end_is_told() {
    let place = Place::new();
    let manager = place.manager().await;
    ready(&manager, "exits-after-call").await;
    let mut answered = 0;
    while answered < 3 {
        match call(&manager, "files", "echo", r#"{"text":"hi"}"#).await {
            Ok(outcome) => {
                assert!(outcome.raw.get().contains("hi"));
                answered += 1;
            }
            // It was about to end when the call came: whether it took that is not known, so it is not sent again.
            Err(error) => assert!(error.is_transient() && error.hint().is_some(), "{error:?}"),
        }
    }
    manager.close().await;
}

#[tokio::test]
async fn what_is_no_message_is_named_in_the_log() {
    let place = Place::new();
    let manager = place.manager().await;
    ready(&manager, "banner").await;
    manager.close().await;
    let log = String::from_utf8(manager.server_log("files").await.unwrap()).unwrap();
    assert!(log.contains("were no messages; the first: Welcome!"), "{log}");
    manager.remove("files").await.unwrap();
    assert!(!place.home().logs_path().join("files.log").exists());
}
