//! The end of a server whose client was killed.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use car_mcp::transport::TransportError;
use car_mcp_stdio::{StartError, Supervisor};
use rand::RngExt as _;

use crate::server::{client_program, family, gone_within, holds_within, runs, server_program, transport};

/// How many clients are killed.
const KILLS: u32 = 100;

/// A client, its supervisor, its server and the server's own child, all marked with a folder that is only theirs: every
/// process gets `TMPDIR` from the one that starts it.
fn start_client(mark: &Path, mode: &str, tool: &str) -> Child {
    #[expect(clippy::disallowed_methods, reason = "the test kills a client, which has to be a process")]
    let mut client = std::process::Command::new(client_program());
    client.args(["--call", tool, "{}", "--"]).arg(server_program()).args(["--mode", mode]);
    client.env("TMPDIR", mark).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    client.process_group(0).spawn().unwrap()
}

/// Returns the processes that carry the mark.
fn marked(mark: &Path) -> BTreeSet<u32> {
    let mark = format!("TMPDIR={}", mark.display());
    let pids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let carries = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    pids.filter(carries).filter(|pid| runs(*pid)).collect()
}

#[tokio::test]
async fn nothing_outlives_a_client_that_is_killed_at_any_moment() {
    let mut most = 0;
    for kill in 0..KILLS {
        let folder = tempfile::tempdir().unwrap();
        let mode = if kill % 2 == 0 { "good" } else { "stubborn" };
        let mut client = start_client(folder.path(), mode, "hold");
        let moment = rand::rng().random_range(Duration::ZERO..Duration::from_millis(40));
        // Not for something to happen: the moment is the test's own choice.
        tokio::time::sleep(moment).await;
        most = most.max(marked(folder.path()).len());
        client.kill().unwrap();
        client.wait().unwrap();
        let gone = holds_within(Duration::from_secs(2), || marked(folder.path()).is_empty()).await;
        assert!(gone, "after {moment:?} in mode {mode}: {:?} still run", marked(folder.path()));
    }
    assert!(most >= 3, "a client, its supervisor and its server were there: {most}");
}

#[tokio::test]
async fn a_grandchild_goes_with_a_client_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = start_client(folder.path(), "stubborn", "pids-and-hold");
    assert!(holds_within(Duration::from_secs(20), || marked(folder.path()).len() == 4).await);
    client.kill().unwrap();
    client.wait().unwrap();
    assert!(holds_within(Duration::from_secs(2), || marked(folder.path()).is_empty()).await);
}

#[tokio::test]
async fn a_supervised_server_ends_as_any_other() {
    for close in [true, false] {
        let supervisor = Supervisor::program(client_program(), ["supervise"]);
        let short = Duration::from_millis(100);
        let transport =
            transport("stubborn").supervisor(supervisor).exit_wait(short).term_wait(short).build();
        let session = crate::server::client().connect(transport).await.unwrap();
        let pids = family(&session).await;
        if close {
            session.close().await;
        }
        drop(session);
        gone_within(Duration::from_secs(1), &pids).await;
    }
}

#[tokio::test]
async fn any_program_that_does_its_part_is_a_supervisor() {
    let script = r#"trap "" TERM INT HUP; echo ready; while read -r line; do :; done; kill -KILL 0"#;
    let transport = transport("good").supervisor(Supervisor::program("/bin/sh", ["-c", script])).build();
    let session = crate::server::client().connect(transport).await.unwrap();
    let pids = family(&session).await;
    session.close().await;
    gone_within(Duration::from_secs(1), &pids).await;
}

#[tokio::test]
async fn a_supervisor_that_does_not_do_its_part_is_an_error() {
    for (program, args, problem) in [
        ("/no/such/program", vec![], "could not be started"),
        ("/bin/sh", vec!["-c", "exit 0"], "ended before"),
        ("/bin/sh", vec!["-c", "echo unready; exec cat"], "did not say `ready`"),
    ] {
        let transport = transport("good").supervisor(Supervisor::program(program, args)).build();
        let error = transport.start().await.unwrap_err();
        let TransportError::Misconfigured { source } = error else { panic!("{error}") };
        let error: Box<StartError> = source.downcast().unwrap();
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[tokio::test]
async fn a_supervisor_that_somebody_starts_by_hand_kills_nothing() {
    #[expect(clippy::disallowed_methods, reason = "the test is whoever starts it")]
    let mut supervisor = std::process::Command::new(client_program());
    let output = supervisor.arg("supervise").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "it was not killed");
    assert!(String::from_utf8_lossy(&output.stderr).contains("leader of a process group"), "{output:?}");
}
