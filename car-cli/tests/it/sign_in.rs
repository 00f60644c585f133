//! Signing in as a person or a program types it.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use car_testkit::authority::{Account, Client, Endpoint, RefreshTokens};
use serde_json::json;

use crate::car::{ended, until};
use crate::protected::{CALL, Protected, SECRETS};

#[tokio::test(flavor = "multi_thread")]
async fn takes_the_address_that_the_browser_ended_at() {
    let world = Protected::start(|_| {}).await;
    let signed_in = world.sign_in(&[]).await.ends(0);
    assert!(signed_in.out.starts_with("signed in to docs"), "{}", signed_in.out);
    world.car.run(&["enable", "docs", "echo"]).ends(0);
    assert_eq!(world.car.run(&CALL).ends(0).out, "hi\n");
    assert!(world.authority.is_live(&world.access_token()));

    let run = world.car.run(&["logout", "docs"]).ends(0);
    assert!(run.out.contains("took the tokens back"), "{}", run.out);
    world.at_once(&CALL).ends(3);
    world.sign_in(&[]).await.ends(0);
    world.car.run(&CALL).ends(0);
    assert_eq!(world.authority.count(Endpoint::Register), 1, "the client is known from before");
}

#[tokio::test(flavor = "multi_thread")]
async fn ignores_what_is_pasted_and_is_no_answer() {
    let world = Protected::start(|_| {}).await;
    let (mut login, page, told) = world.begin(&[]);
    let answer = car_testkit::location_of(&page).await.unwrap();
    let mut typed = login.stdin.take().unwrap();
    let foreign = answer.replacen("state=", "state=x", 1);
    write!(typed, "what?\nhttps://example.com/\n{foreign}\n{answer}\n").unwrap();
    assert_eq!(login.wait().unwrap().code(), Some(0), "{}", told.join().unwrap());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_opens_brings_the_answer_back_by_itself() {
    use std::os::unix::fs::OpenOptionsExt as _;
    let world = Protected::start(|_| {}).await;
    let browser = world.car.home().join("browser");
    let mut options = std::fs::File::options();
    let mut script = options.create_new(true).write(true).mode(0o700).open(&browser).unwrap();
    script.write_all(b"#!/bin/sh\ncurl -sL \"$1\" >/dev/null 2>&1 &\n").unwrap();
    drop(script);
    let mut command = world.car.command(&["login", "docs", "--json"]);
    command.env("BROWSER", &browser).env("PATH", "/usr/bin:/bin");
    let run = ended(command).ends(0);
    assert_eq!(run.json()["signed_in"]["renewable"], json!(true));
    assert_eq!(world.visits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_browser_and_terminal_it_ends_at_once() {
    let world = Protected::start(|_| {}).await;
    let before = world.manifest();
    let run = world.at_once(&["login", "docs"]).ends(3);
    assert!(run.err.contains("no browser and no terminal") && run.err.contains("\n  next: "), "{}", run.err);
    let error = &world.at_once(&["login", "docs", "--json"]).ends(3).json()["error"];
    assert_eq!((&error["kind"], &error["connector"]), (&json!("auth_required"), &json!("docs")));
    // The same where standard input, which should bring the address, has ended.
    world.at_once(&["login", "docs", "--no-browser"]).ends(3);
    assert_eq!((world.visits(), world.record()), (0, None));
    assert_eq!(world.manifest(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_needs_a_person_ends_at_once() {
    let world = Protected::signed_in(|config| config.refresh_tokens = RefreshTokens::Never).await;
    world.car.run(&CALL).ends(0);
    world.authority.expire_access_tokens();
    let asked = world.authority.count(Endpoint::Token);
    let run = world.at_once(&CALL).ends(3);
    assert!(run.err.contains("car login docs"), "{}", run.err);
    let line: Vec<_> = CALL.iter().copied().chain(["--json"]).collect();
    assert_eq!(world.at_once(&line).ends(3).json()["error"]["kind"], "auth_required");
    assert_eq!(world.authority.count(Endpoint::Token), asked);
    world.sign_in(&[]).await.ends(0);
    world.car.run(&CALL).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_keeps_the_sign_in() {
    let mut world = Protected::signed_in(|_| {}).await;
    world.authority.expire_access_tokens();
    world.authority.stop().await;
    let line: Vec<_> = CALL.iter().copied().chain(["--json"]).collect();
    let error = &world.at_once(&line).ends(1).json()["error"];
    assert_eq!(error["kind"], "unreachable", "{error}");
    world.authority.restart().await.unwrap();
    world.car.run(&CALL).ends(0);
    assert_eq!(world.visits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_in_use_is_named() {
    let world = Protected::start(|_| {}).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = world.at_once(&["login", "docs", "--no-browser", "--callback-port", &port]).ends(1);
    assert!(run.err.contains(&port) && run.err.contains("--callback-port"), "{}", run.err);
    drop(taken);
    let (mut login, page, _told) = world.begin(&["--callback-port", &port]);
    let redirect = page.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
    assert_eq!(redirect, format!("http://127.0.0.1:{port}/callback"));
    login.kill().unwrap();
    login.wait().unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_during_a_sign_in_leaves_nothing_behind() {
    let world = Protected::start(|_| {}).await;
    let before = world.manifest();
    let (mut login, page, told) = world.begin(&[]);
    let redirect = page.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
    let address =
        redirect.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap().to_owned();
    assert!(TcpListener::bind(&address).is_err(), "it listens");
    let id = login.id().to_string();
    // Waiting would close it, and its end is an answer too.
    let _input = login.stdin.take();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(login.wait().unwrap().code(), Some(130), "{}", told.join().unwrap());
    drop(TcpListener::bind(&address).unwrap());
    assert_eq!((world.record(), world.manifest()), (None, before));
    world.sign_in(&[]).await.ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_its_own_right_needs_no_person() {
    let client = Client::confidential("robot", "hush-hush", &[]);
    let world = Protected::start(|config| config.clients = vec![client]).await;
    let line = [
        "login",
        "docs",
        "--method",
        "client-credentials",
        "--client-id",
        "robot",
        "--client-secret-env",
        "HUSH",
    ];
    let mut command = world.car.command(&line);
    command.env("HUSH", "hush-hush");
    ended(command).ends(0);
    world.car.run(&["enable", "docs", "echo"]).ends(0);
    // The variable is not needed again.
    world.authority.expire_access_tokens();
    world.car.run(&CALL).ends(0);
    world.at_once(&["login", "docs"]).ends(0);
    assert_eq!(world.visits(), 0);
    assert!(!world.manifest().contains("hush-hush"));
    let run = world.car.run(&line).ends(2);
    assert!(run.err.contains("HUSH"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_needs_a_word() {
    let world = Protected::signed_in(|_| {}).await;
    let scope = ["--scope", "openid"];
    world.sign_in(&scope).await.ends(0);
    let before = world.record();
    world.authority.set(|config| config.account = Account::new("user-2", "grace@example.com", "Grace"));
    let run = world.sign_in(&scope).await.ends(1);
    assert!(run.err.contains("grace@example.com") && run.err.contains("--switch-account"), "{}", run.err);
    assert_eq!(world.record(), before);
    let run = world.sign_in(&["--scope", "openid", "--switch-account"]).await.ends(0);
    assert!(run.out.contains("grace@example.com"), "{}", run.out);
    world.car.run(&CALL).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_shown_or_written_down_holds_a_secret() {
    let client = Client::confidential("by-hand", "hush-hush", &[]);
    let world = Protected::start(|config| config.clients = vec![client]).await;
    let first = world.sign_in(&["-vvv", "--scope", "openid"]).await.ends(0);
    let mut shown = format!("{}{}", first.out, first.err);
    world.car.run(&["enable", "docs", "echo"]).ends(0);
    for end in ["renewed", "refused", "signed out"] {
        match end {
            "renewed" => world.authority.expire_access_tokens(),
            "refused" => world.authority.revoke_everything(),
            _ => {}
        }
        let lines: [&[&str]; 9] = [
            &["call", "docs", "echo", "message=hi", "-vvv"],
            &["call", "docs", "echo", "message=hi", "--json"],
            &["refresh", "docs", "-vvv"],
            &["status", "docs", "--json"],
            &["list", "-vvv"],
            &["doctor", "--connect", "-vvv"],
            &["events", "--json"],
            &["renew-tokens", "docs", "-vvv", "--json"],
            &["logout", "docs", "-vvv"],
        ];
        for line in lines {
            let run = world.car.run(line);
            shown.push_str(&run.out);
            shown.push_str(&run.err);
        }
        let run = world.sign_in(&["-vvv"]).await.ends(0);
        shown.push_str(&run.out);
        shown.push_str(&run.err);
    }
    shown.push_str(&world.manifest());
    for entry in std::fs::read_dir(world.car.home().join("events")).unwrap() {
        shown.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert!(shown.contains("echo") && shown.len() > 10_000, "something was shown");
    for secret in SECRETS {
        let place = shown.find(secret).map(|place| shown[place..].chars().take(40).collect::<String>());
        assert_eq!(place, None);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_process_has_a_secret_among_its_arguments() {
    let world = Protected::signed_in(|_| {}).await;
    world.authority.expire_access_tokens();
    world.authority.set(|config| config.refresh_delay = Duration::from_millis(500));
    let mut command = world.car.command(&CALL);
    let mut call = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(|| world.refreshes() == 1).await;
    let home = world.car.home().display().to_string();
    let mut ours = String::new();
    for entry in std::fs::read_dir("/proc").unwrap() {
        let line = std::fs::read(entry.unwrap().path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.contains(&home) {
            ours.push_str(&line);
        }
    }
    assert!(ours.contains("renew-tokens") && ours.contains("--refused="), "{ours}");
    assert!(SECRETS.iter().all(|secret| !ours.contains(secret)), "{ours}");
    assert_eq!(call.wait().unwrap().code(), Some(0));
}
