//! Ends: by closing, by dropping, by the server itself; and what comes after.

use std::time::{Duration, Instant};

use car_mcp::transport::{Transport as _, TransportError};
use car_mcp::{Error, Session};
use car_mcp_stdio::{EXIT_WAIT, TERM_WAIT};

use crate::server::{call, client, connect, family, gone_within, told, transport};

const AT_ONCE: Duration = Duration::from_secs(1);

fn is_closed(error: &Error) -> bool {
    matches!(error, Error::Transport(TransportError::Closed { .. }))
}

async fn pid(session: &Session) -> String {
    call(session, "pids", "{}").await.unwrap().split(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn closing_lets_the_server_end_and_takes_what_it_left_behind() {
    for mode in ["good", "legacy"] {
        let session = connect(mode).await;
        let pids = family(&session).await;
        let start = Instant::now();
        session.close().await;
        assert!(start.elapsed() < EXIT_WAIT, "{mode}: the end of its input was enough");
        gone_within(AT_ONCE, &pids).await;
        let error = call(&session, "echo", "{}").await.unwrap_err();
        assert!(is_closed(&error), "{mode}: closed is closed: {error}");
    }
}

#[tokio::test]
async fn a_server_that_will_not_end_is_gone_in_the_stated_time() {
    let session = connect("stubborn").await;
    let pids = family(&session).await;
    let start = Instant::now();
    session.close().await;
    let took = start.elapsed();
    gone_within(AT_ONCE, &pids).await;
    assert!(took >= EXIT_WAIT + TERM_WAIT, "it was given its time: {took:?}");
    assert!(took < EXIT_WAIT + TERM_WAIT + AT_ONCE, "{took:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_lingers_is_asked_to_end_before_it_is_killed() {
    let (short, long) = (Duration::from_millis(50), Duration::from_secs(20));
    let transport = transport("lingers").exit_wait(short).term_wait(long).build();
    let session = client().connect(transport).await.unwrap();
    let start = Instant::now();
    session.close().await;
    assert!((short..long).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_times_can_be_set() {
    let short = Duration::from_millis(50);
    let transport = transport("stubborn").exit_wait(short).term_wait(short).build();
    let session = client().connect(transport).await.unwrap();
    let start = Instant::now();
    session.close().await;
    assert!((short * 2..AT_ONCE).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn dropping_kills_the_whole_group() {
    for mode in ["good", "stubborn"] {
        let session = connect(mode).await;
        let pids = family(&session).await;
        drop(session);
        gone_within(AT_ONCE, &pids).await;
    }
}

#[tokio::test]
async fn a_close_that_is_not_waited_for_still_ends_the_server() {
    let short = Duration::from_millis(50);
    let transport = transport("stubborn").exit_wait(short).term_wait(short).build();
    let session = client().connect(transport).await.unwrap();
    let pids = family(&session).await;
    let mut close = Box::pin(session.close());
    assert!(futures_util::poll!(&mut close).is_pending());
    drop(close);
    gone_within(AT_ONCE, &pids).await;
}

#[test]
fn the_end_of_the_runtime_ends_the_server() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (session, pids) = runtime.block_on(async {
        let session = connect("stubborn").await;
        let pids = family(&session).await;
        (session, pids)
    });
    drop(runtime);
    drop(session);
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    other.block_on(gone_within(AT_ONCE, &pids));
}

#[tokio::test]
async fn a_crash_fails_what_was_under_way_and_the_next_call_starts_anew() {
    for mode in ["good", "legacy"] {
        let session = connect(mode).await;
        let pids = family(&session).await;
        let (held, crash) = tokio::join!(call(&session, "hold", "{}"), call(&session, "crash", "{}"));
        for error in [held.unwrap_err(), crash.unwrap_err()] {
            assert!(is_closed(&error) && error.is_transient(), "{mode}: {error}");
            let told = told(&error);
            assert!(told.contains("exit status: 7") && told.contains("out of cheese"), "{mode}: {told}");
        }
        gone_within(AT_ONCE, &pids).await;
        assert_eq!(call(&session, "echo", r#"{"text":"again"}"#).await.unwrap(), "again", "{mode}");
        assert_ne!(pid(&session).await, pids[0].to_string(), "{mode}");
    }
}

#[tokio::test]
async fn calls_that_find_the_server_gone_share_one_new_run() {
    let session = connect("good").await;
    call(&session, "crash", "{}").await.unwrap_err();
    let (one, two, three) = tokio::join!(pid(&session), pid(&session), pid(&session));
    assert!(one == two && two == three, "{one} {two} {three}");
}

#[tokio::test]
async fn a_server_that_ends_after_each_call_can_be_called_again() {
    let session = connect("exits-after-call").await;
    for number in 0..5 {
        let (text, expected) = (format!(r#"{{"text":"{number}"}}"#), number.to_string());
        match call(&session, "echo", &text).await {
            Ok(answer) => assert_eq!(answer, expected),
            // It may have taken this call before it ended, so it is not sent again. The next one meets a new run.
            Err(error) => {
                assert!(number > 0 && is_closed(&error), "{error}");
                assert_eq!(call(&session, "echo", &text).await.unwrap(), expected);
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_keeps_crashing_is_started_ever_less_often() {
    let session = connect("good").await;
    let start = Instant::now();
    for _ in 0..4 {
        assert!(is_closed(&call(&session, "crash", "{}").await.unwrap_err()));
    }
    // 100 + 200 + 400 ms between the four runs.
    assert!(start.elapsed() >= Duration::from_millis(700), "{:?}", start.elapsed());
}

/// A process that nobody waits for stays in the table for ever.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_run_leaves_an_entry_in_the_table_of_processes() {
    use car_mcp_stdio::Supervisor;

    let supervisor = Supervisor::program(crate::server::client_program(), ["supervise"]);
    let session = client().connect(transport("exits-on-probe").supervisor(supervisor).build()).await.unwrap();
    for _ in 0..3 {
        call(&session, "crash", "{}").await.unwrap_err();
    }
    session.close().await;
    let children = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let of = |task: std::fs::DirEntry| {
            std::fs::read_to_string(task.path().join("children")).unwrap_or_default()
        };
        tasks.map(|task| of(task.unwrap())).collect::<String>()
    };
    assert!(crate::server::holds_within(AT_ONCE, || children().is_empty()).await, "{}", children());
}

#[tokio::test]
async fn an_idle_transport_closes_without_ever_starting() {
    let transport = transport("good").build();
    transport.close().await;
    assert!(matches!(transport.start().await, Err(TransportError::Closed { .. })));
}
