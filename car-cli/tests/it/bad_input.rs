//! State and servers that are not as they should be: one clear error, a right status, nothing lost.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use car_testkit::double::{Config, Double};
use car_testkit::hostile::{Hostile, Mode};

use crate::car::Car;
use crate::typing::EVERY_VERB;

pub(crate) fn put(path: &Path, text: &str) {
    std::fs::File::options()
        .create(true)
        .write(true)
        .truncate(true)
        .open(path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

#[test]
fn leaves_a_broken_manifest_byte_for_byte_whatever_is_run() {
    let car = Car::new();
    let path = car.home().join("connectors.json");
    let text = "{\"version\": 1,\n  \"connectors\": [oops]}\n";
    put(&path, text);
    for line in EVERY_VERB {
        let run = car.run(line);
        let said = run.err.contains("line 2, column") && run.err.contains("connectors.json");
        assert!(said && run.status == 1, "{line:?}: {}", run.err);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{line:?}");
    }
    let run = car.run(&["doctor"]).ends(1);
    assert!(run.out.contains("line 2, column"), "{}", run.out);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn keeps_nothing_of_a_server_that_cannot_be_reached() {
    let car = Car::new();
    let run = car.run(&["add", "Docs", "http://127.0.0.1:1/mcp"]).ends(1);
    assert!(run.err.starts_with("car: docs: the server cannot be reached\n  because: "), "{}", run.err);
    assert!(run.err.contains("\n  next: "), "{}", run.err);
    let error = &car.run(&["add", "Docs", "nonsense", "--json"]).ends(1).json()["error"];
    assert_eq!(error["kind"], "invalid_input");
    assert_eq!(car.run(&["list", "--json"]).ends(0).json()["connectors"].as_array().unwrap().len(), 0);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn stops_a_call_at_ctrl_c_and_tells_the_server() {
    let server = Double::start(Config::default()).await.unwrap();
    let car = Car::new();
    car.run(&["add", "Docs", &server.url()]).ends(0);
    car.run(&["enable", "docs", "sleep"]).ends(0);
    let mut command = car.command(&["call", "docs", "sleep", "ms=60000"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    crate::car::until(|| server.ledger().method("tools/call") == 1).await;
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    crate::car::until(|| server.ledger().cancelled() == 1).await;
    let events = car.run(&["events", "--json"]).ends(0).json();
    assert_eq!(events["events"].as_array().unwrap().last().unwrap()["outcome"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_a_server_that_wants_a_sign_in_and_ends_with_status_3() {
    let server = Hostile::start(Mode::Unauthorized).await.unwrap();
    let car = Car::new();
    let run = car.run(&["add", "Docs", &server.url()]).ends(3);
    assert!(run.err.starts_with("car: docs: ") && run.err.contains("\n  next: "), "{}", run.err);
    assert_eq!(car.run(&["tools", "docs", "--json"]).ends(3).json()["error"]["kind"], "auth_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn says_one_clear_error_for_a_url_without_an_mcp_server() {
    for mode in
        [Mode::Html, Mode::NotFound, Mode::ServerError, Mode::NotHttp, Mode::NotJson, Mode::RedirectElsewhere]
    {
        let server = Hostile::start(mode).await.unwrap();
        let car = Car::new();
        let run = car.run(&["add", "Docs", &server.url()]).ends(1);
        assert!(run.err.starts_with("car: docs: ") && run.err.contains("\n  next: "), "{mode}: {}", run.err);
        assert!(car.run(&["list"]).ends(0).out.is_empty(), "{mode}");
    }
}
