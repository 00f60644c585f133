//! The whole walk: add, tools, enable, call, events, a denied call, remove.

use std::io::Write as _;
use std::process::Stdio;

use car_testkit::double::{Config, Double};
use serde_json::json;

use crate::car::{Car, ended};

async fn added() -> (Double, Car) {
    let server = Double::start(Config::default()).await.unwrap();
    let car = Car::new();
    car.run(&["add", "Docs", &server.url()]).ends(0);
    (server, car)
}

#[tokio::test(flavor = "multi_thread")]
async fn walks_from_add_to_remove() {
    let (_server, car) = added().await;
    assert!(car.run(&["list"]).ends(0).out.contains("docs"));
    assert!(car.run(&["tools", "docs"]).ends(0).out.lines().any(|line| line.starts_with("echo ")));
    assert_eq!(car.run(&["enable", "Docs", "echo"]).ends(0).out, "enabled docs/echo as mcp_docs_echo\n");
    assert_eq!(car.run(&["call", "docs", "echo", "message=hi"]).ends(0).out, "hi\n");

    let events = car.run(&["events", "--json"]).ends(0).json();
    let last = events["events"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["tool"], &last["outcome"], &last["who"]),
        (&json!("echo"), &json!("ok"), &json!("car"))
    );
    assert!(car.run(&["events", "verify"]).ends(0).out.starts_with("intact: "));

    assert_eq!(car.run(&["disable", "docs", "echo"]).ends(0).out, "disabled docs/echo\n");
    car.run(&["call", "docs", "echo", "message=hi"]).ends(1);
    assert_eq!(car.run(&["remove", "docs"]).ends(0).out, "removed docs\n");
    car.run(&["status", "docs"]).ends(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_programs_with_one_document_each() {
    let (_server, car) = added().await;
    let lines: [&[&str]; 9] = [
        &["list"],
        &["status", "docs"],
        &["tools", "docs"],
        &["enable", "docs", "--all"],
        &["refresh", "docs"],
        &["policy", "explain", "mcp_docs_echo"],
        &["doctor", "--connect"],
        &["disable", "docs", "echo"],
        &["remove", "docs"],
    ];
    for line in lines {
        let line: Vec<&str> = line.iter().copied().chain(["--json"]).collect();
        let run = car.run(&line).ends(0);
        assert!(run.json().is_object(), "{line:?}");
        assert_eq!(run.err, "", "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_nothing_for_a_tool_that_is_not_enabled_or_is_denied() {
    let (server, car) = added().await;
    car.run(&["enable", "docs", "echo"]).ends(0);
    let before = server.ledger().connections();
    let run = car.run(&["call", "docs", "eco", "message=1"]).ends(1);
    assert!(run.err.contains("did you mean \"echo\"? if not, enable it with"), "{}", run.err);

    let path = car.home().join("policy.toml");
    let mut policy = std::fs::File::options().create_new(true).write(true).open(&path).unwrap();
    policy.write_all(b"[[deny_connector]]\nconnector = \"docs\"\n").unwrap();
    let run = car.run(&["call", "docs", "echo", "message=1"]).ends(4);
    assert!(run.err.contains("deny_connector") && run.err.contains("policy.toml:1:1"), "{}", run.err);
    let error = &car.run(&["call", "docs", "echo", "message=1", "--json"]).ends(4).json()["error"];
    assert_eq!((&error["kind"], &error["connector"]), (&json!("denied"), &json!("docs")));
    assert_eq!(server.ledger().connections(), before);

    let told = car.run(&["events"]).ends(0).out;
    assert!(told.contains("not_routed") && told.contains("deny"), "{told}");
    assert_eq!(car.run(&["policy", "explain", "docs/echo", "--json"]).json()["verdict"], "deny");
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_what_tools_answer() {
    let (_server, car) = added().await;
    car.run(&["enable", "docs", "--all"]).ends(0);
    let run = car.run(&["call", "docs", "fail"]).ends(5);
    assert_eq!(run.out, "This tool always fails.\n");
    assert_eq!(car.run(&["call", "docs", "fail", "--json"]).ends(5).json()["isError"], true);
    // The tool's schema wants a text, so the digits are one.
    assert_eq!(car.run(&["call", "docs", "echo", "message=05"]).ends(0).out, "05\n");
    assert_eq!(car.run(&["call", "docs", "echo", "message=5"]).ends(0).out, "5\n");
    assert!(car.run(&["call", "docs", "add", "a=1", "b=2"]).ends(0).out.contains('3'));
    assert!(car.run(&["call", "docs", "content"]).ends(0).out.contains("[image image/png, "));
    let run = car.run(&["call", "docs", "add", "a=one", "b=2"]).ends(1);
    assert!(run.err.contains("/a"), "{}", run.err);
    car.run(&["call", "docs", "add", "{\"a\": }"]).ends(2);
    let run = car.run(&["call", "docs", "sleep", "ms=60000", "--timeout", "0.2"]).ends(1);
    assert!(run.err.contains("in time"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn takes_arguments_and_secrets_from_standard_input() {
    let (server, car) = added().await;
    let typed = |line: &[&str], text: &str| {
        let mut command = car.command(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    car.run(&["enable", "docs", "echo"]).ends(0);
    let output = typed(&["call", "docs", "echo", "--args-file", "-"], "{\"message\":\"from a file\"}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "from a file\n");
    let output = typed(&["add", "Two", &server.url(), "--header-stdin", "X-Key", "-vvv"], "hunter2\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(!String::from_utf8(output.stderr).unwrap().contains("hunter2"));
    assert_eq!(car.run(&["status", "two", "--json"]).json()["connector"]["secret_headers"], json!(["X-Key"]));
    let manifest = std::fs::read_to_string(car.home().join("connectors.json")).unwrap();
    assert!(!manifest.contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn warns_of_a_secret_in_the_arguments() {
    let server = Double::start(Config::default()).await.unwrap();
    let car = Car::new();
    let run = car.run(&["add", "Docs", &server.url(), "--header", "X-Key: hunter2"]).ends(0);
    assert!(run.err.contains("--header-env and --header-stdin"), "{}", run.err);
    let mut command = car.command(&["add", "Two", &server.url(), "--header-env", "X-Key=KEY"]);
    command.env("KEY", "hunter2");
    assert!(!ended(command).ends(0).err.contains("warning"));
}

#[tokio::test(flavor = "multi_thread")]
async fn says_which_record_was_changed() {
    let (_server, car) = added().await;
    car.run(&["enable", "docs", "echo"]).ends(0);
    car.run(&["call", "docs", "echo", "message=hi"]).ends(0);
    let path = car.home().join("events/events-000001.jsonl");
    let text = std::fs::read_to_string(&path).unwrap().replacen("\"allow\"", "\"alloW\"", 1);
    std::fs::File::options().write(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
    let run = car.run(&["events", "verify"]).ends(1);
    assert!(run.out.contains("NOT INTACT") && run.out.contains("record 1"), "{}", run.out);
    let problem = &car.run(&["events", "verify", "--json"]).ends(1).json()["problem"];
    assert_eq!(problem["seq"], 1);
}
