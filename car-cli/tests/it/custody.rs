//! Tokens do not get lost between processes, whenever one of them is killed.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::car::until;
use crate::protected::{CALL, Protected};

/// How many rounds of killing there are where `CAR_ROUNDS` does not say.
const ROUNDS: u32 = 25;

/// How long the server takes over a refresh in the rounds: about as long as the rest of a call, so that many are killed
/// while one is under way.
const REFRESH: Duration = Duration::from_millis(60);

fn spawn(world: &Protected) -> Child {
    let mut command = world.car.command(&CALL);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_processes_with_a_token_that_is_refused_send_one_refresh() {
    let world = Protected::signed_in(|_| {}).await;
    world.authority.expire_access_tokens();
    let calls: Vec<_> = (0..10).map(|_| spawn(&world)).collect();
    for call in calls {
        let output = call.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, b"hi\n");
    }
    assert_eq!((world.refreshes(), world.visits()), (1, 1));
    assert!(world.authority.is_live(&world.access_token()), "the newest one is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_processes_with_a_token_that_has_expired_send_one_refresh() {
    let world = Protected::signed_in(|config| config.access_token_lifetime = Some(1)).await;
    let before = world.refreshes();
    world.authority.set(|config| config.access_token_lifetime = Some(3_600));
    until(|| !world.authority.is_live(&world.access_token())).await;
    let calls: Vec<_> = (0..10).map(|_| spawn(&world)).collect();
    for call in calls {
        let output = call.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // Enabling the tool may have renewed it already, if that took longer than its life.
    assert!(world.refreshes() <= before + 1, "{} and {before}", world.refreshes());
    assert!(world.refreshes() >= 1 && world.visits() == 1);
    assert!(world.authority.is_live(&world.access_token()));
}

/// Kills a call at another moment of its life each time. The next one has to succeed without anybody signing in: at a
/// server that takes each refresh token once, and takes a second use for a theft.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_killed_at_any_moment_costs_no_sign_in() {
    let rounds = std::env::var("CAR_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    // A token without a life of its own: every call has to renew it.
    let world = Protected::signed_in(|config| config.access_token_lifetime = Some(0)).await;
    world.authority.set(|config| config.refresh_delay = REFRESH);
    let began = Instant::now();
    world.car.run(&CALL).ends(0);
    let whole = began.elapsed();
    let (mut in_the_middle, mut too_late) = (0, 0);
    for round in 0..rounds {
        let (refreshes, calls) = (world.refreshes(), world.server.ledger().method("tools/call"));
        let mut call = spawn(&world);
        // The fractions of the golden ratio: spread evenly, in no order, and the same in every run.
        let moment = whole.mul_f64((f64::from(round) * 0.618_034).fract());
        tokio::time::sleep(moment).await;
        if call.try_wait().unwrap().is_some() {
            too_late += 1;
        }
        call.kill().unwrap();
        call.wait().unwrap();
        let has_asked = world.refreshes() > refreshes;
        let has_called = world.server.ledger().method("tools/call") > calls;
        in_the_middle += u32::from(has_asked && !has_called);
        let run = world.car.run(&CALL);
        assert_eq!(run.status, 0, "round {round}, killed after {moment:?}: {}", run.err);
        assert_eq!(world.visits(), 1);
    }
    println!(
        "{rounds} rounds in {:?}: {in_the_middle} killed during a refresh, {too_late} too late",
        began.elapsed()
    );
    assert!(in_the_middle > 0, "no refresh was interrupted, so nothing was shown");
    assert!(world.authority.is_live(&world.access_token()));
}

/// Ctrl-C and the end of the terminal reach the whole group of processes; the one that renews is in a group of its own.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_call_costs_no_sign_in() {
    use std::os::unix::process::CommandExt as _;
    let world = Protected::signed_in(|_| {}).await;
    world.authority.set(|config| config.refresh_delay = Duration::from_millis(300));
    for (round, signal) in ["-INT", "-TERM", "-HUP", "-KILL"].into_iter().enumerate() {
        world.authority.expire_access_tokens();
        let mut command = world.car.command(&CALL);
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
        let mut call = command.spawn().unwrap();
        until(|| world.refreshes() == round + 1).await;
        let group = format!("-{}", call.id());
        assert!(std::process::Command::new("kill").args([signal, "--", &group]).status().unwrap().success());
        call.wait().unwrap();
        world.car.run(&CALL).ends(0);
        assert_eq!((world.refreshes(), world.visits()), (round + 1, 1), "{signal}");
    }
}
