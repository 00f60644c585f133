//! Rules that come and go by command, and a person who is asked.

use car_testkit::double::{Config, Double};
use serde_json::json;

use crate::bad_input::put;
use crate::car::Car;
#[cfg(target_os = "linux")]
use crate::terminal::Terminal;

async fn enabled() -> (Double, Car) {
    let server = Double::start(Config::default()).await.unwrap();
    let car = Car::new();
    car.run(&["add", "Docs", &server.url()]).ends(0);
    car.run(&["enable", "docs", "echo"]).ends(0);
    (server, car)
}

fn verdict(car: &Car, arguments: &[&str]) -> serde_json::Value {
    let line: Vec<&str> = ["policy", "explain", "docs/echo"]
        .into_iter()
        .chain(arguments.iter().copied())
        .chain(["--json"])
        .collect();
    car.run(&line).ends(0).json()["verdict"].clone()
}

#[test]
fn adds_and_removes_rules_and_leaves_the_rest_of_the_file_alone() {
    let car = Car::new();
    let path = car.home().join("policy.toml");
    put(&path, "# ours\ndeny_tool = [\"mail/send\"] # for good\n");
    let run = car.run(&["policy", "deny", "docs", "--reason", "not yet"]).ends(0);
    assert!(
        run.out.starts_with("added deny_connector \"docs\"") && run.out.contains("not yet"),
        "{}",
        run.out
    );
    assert_eq!(verdict(&car, &[]), "deny");
    car.run(&["policy", "deny", "docs"]).ends(0);
    assert!(car.run(&["policy", "remove", "docs"]).ends(0).out.starts_with("removed "));
    assert_eq!(verdict(&car, &[]), "allow");

    car.run(&["policy", "deny", "docs/ec*"]).ends(0);
    assert_eq!(verdict(&car, &[]), "deny");
    car.run(&["policy", "allow", "docs/ec*"]).ends(0);
    car.run(&["policy", "deny", "mcp_docs_echo"]).ends(0);
    assert_eq!(verdict(&car, &[]), "deny");
    car.run(&["policy", "remove", "mcp_docs_echo", "--kind", "deny"]).ends(0);

    let added = car.run(&["policy", "ask", "docs", "--caller", "token:*", "--json"]).ends(0).json();
    assert_eq!((&added["added"]["kind"], &added["added"]["subject"]), (&json!("ask"), &json!("docs/*")));
    assert_eq!(
        (verdict(&car, &[]), verdict(&car, &["--caller", "token:ci"])),
        (json!("allow"), json!("ask"))
    );
    car.run(&["policy", "remove", "docs", "--kind", "deny"]).ends(1);
    assert_eq!(car.run(&["policy", "remove", "docs", "--json"]).ends(0).json()["removed"], 1);
    let run = car.run(&["policy", "remove", "docs"]).ends(1);
    assert!(run.err.contains("no such rule is about exactly \"docs\""), "{}", run.err);

    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# ours\ndeny_tool = [\"mail/send\"] # for good\n"), "{text}");
    assert_eq!(car.run(&["policy", "list", "--json"]).ends(0).json()["rules"].as_array().unwrap().len(), 1);
}

#[test]
fn leaves_a_policy_that_it_cannot_read_alone() {
    let car = Car::new();
    let path = car.home().join("policy.toml");
    for text in ["deny_tool = [", "deny_tols = []\n"] {
        put(&path, text);
        for line in [["policy", "deny", "docs"], ["policy", "ask", "docs"], ["policy", "remove", "docs"]] {
            let run = car.run(&line).ends(1);
            assert!(run.err.contains("policy.toml"), "{line:?}: {}", run.err);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_can_be_asked_about_is_denied_and_the_rule_named() {
    let (server, car) = enabled().await;
    car.run(&["policy", "ask", "docs/echo", "--reason", "it writes"]).ends(0);
    let before = server.ledger().method("tools/call");
    let run = car.run(&["call", "docs", "echo", "message=hi"]).ends(4);
    assert!(run.err.contains("next: the rule ask \"docs/echo\" wants a person"), "{}", run.err);
    assert!(run.err.contains("it writes"), "{}", run.err);
    let error = &car.run(&["call", "docs", "echo", "message=hi", "--json"]).ends(4).json()["error"];
    assert_eq!((&error["kind"], &error["connector"]), (&json!("denied"), &json!("docs")));
    assert_eq!(server.ledger().method("tools/call"), before);
    let asked = car.run(&["events", "--outcome", "ask", "--json"]).ends(0).json();
    assert_eq!(asked["events"].as_array().unwrap().len(), 2, "{asked}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_person_at_a_terminal_is_asked_and_their_word_holds() {
    let (server, car) = enabled().await;
    car.run(&["policy", "ask", "docs/echo"]).ends(0);
    let calls = || server.ledger().method("tools/call");
    let call = |answer: &str| {
        let mut terminal = Terminal::start(car.command(&["call", "docs", "echo", "message=hi"]));
        let seen = terminal.sees("[N]o: ").to_owned();
        assert!(seen.contains("car wants to call docs/echo with"), "{seen}");
        assert!(seen.contains("\"message\": \"hi\"") && seen.contains("ask \"docs/echo\""), "{seen}");
        terminal.types(answer);
        terminal.ends()
    };
    for no in ["n\n", "\n", "maybe\n"] {
        let (status, seen) = call(no);
        assert_eq!((status, calls()), (4, 0), "{seen}");
    }
    let (status, seen) = call("y\n");
    assert_eq!((status, calls()), (0, 1), "{seen}");
    assert!(seen.ends_with("hi\r\n"), "{seen}");
    // Once was once.
    assert_eq!(call("always\n").0, 0);
    // For good is for good, for whoever runs the command, also where nobody can be asked.
    assert_eq!(car.run(&["call", "docs", "echo", "message=hi"]).ends(0).out, "hi\n");
    assert_eq!(calls(), 3);
    // Another rule asks anew.
    car.run(&["policy", "remove", "docs/echo"]).ends(0);
    car.run(&["policy", "ask", "docs"]).ends(0);
    car.run(&["call", "docs", "echo", "message=hi"]).ends(4);
    assert_eq!(calls(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_only_the_records_that_are_wanted() {
    let (_server, car) = enabled().await;
    car.run(&["call", "docs", "echo", "message=hi"]).ends(0);
    car.run(&["policy", "deny", "docs"]).ends(0);
    car.run(&["call", "docs", "echo", "message=hi"]).ends(4);
    let count = |filter: &[&str]| {
        let line: Vec<&str> = ["events", "--json"].into_iter().chain(filter.iter().copied()).collect();
        car.run(&line).ends(0).json()["events"].as_array().unwrap().len()
    };
    let all = count(&[]);
    assert_eq!((count(&["--who", "car"]), count(&["--who", "page"])), (all, 0));
    assert_eq!((count(&["--outcome", "ok"]), count(&["--outcome", "deny"])), (1, 1));
    assert_eq!((count(&["--text", "DENY_CONNECTOR"]), count(&["--text", "nowhere"])), (1, 0));
    let run = car.run(&["events", "--who", "page"]).ends(0);
    assert!(run.err.contains("no such records"), "{}", run.err);
    assert!(car.run(&["events"]).ends(0).out.contains("WHO"));
}
