//! Tools that changed since a person agreed to them.

use car_testkit::double::{Config, Double};
use serde_json::Value;

use crate::bad_input::put;
use crate::car::Car;
#[cfg(target_os = "linux")]
use crate::terminal::Terminal;

/// A connector whose tool `echo` is not what the person agreed to: its description was another one.
async fn changed() -> (Double, Car) {
    let server = Double::start(Config::default()).await.unwrap();
    let car = Car::new();
    car.run(&["add", "Docs", &server.url()]).ends(0);
    car.run(&["enable", "docs", "echo", "add"]).ends(0);
    let path = car.home().join("pins/docs.json");
    let mut pins: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let pin = &mut pins["tools"]["echo"];
    pin["definition"]["description"] = "Only says hello.\u{200b}".into();
    pin["sha256"] = "0".repeat(64).into();
    put(&path, &pins.to_string());
    (server, car)
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_what_changed_and_takes_yes_from_a_script() {
    let (server, car) = changed().await;
    let refused = car.run(&["call", "docs", "echo", "message=hi"]).ends(1);
    assert!(refused.err.contains("car tools docs --changed"), "{}", refused.err);
    car.run(&["call", "docs", "add", "a=1", "b=2"]).ends(0);
    let before = server.ledger().method("tools/call");

    let shown = car.run(&["tools", "docs", "--changed"]).ends(0);
    assert!(shown.out.contains("docs/echo is not what you agreed to"), "{}", shown.out);
    assert!(shown.out.contains("    - Only says hello.<U+200B>\n    + "), "{}", shown.out);
    assert!(shown.err.contains("car approve docs"), "{}", shown.err);
    let shown = car.run(&["tools", "docs", "--changed", "--json"]).ends(0).json();
    assert_eq!(shown["changed"][0]["differences"][0]["member"], "description");
    assert!(car.run(&["tools", "docs"]).ends(0).out.lines().any(|line| line.contains(" changed ")));
    let told = car.run(&["refresh", "docs"]).ends(0).out;
    assert!(told.contains("changed    1 out of service: not what you agreed to"), "{told}");

    let run = car.run(&["approve", "docs", "echo"]).ends(1);
    assert!(run.err.contains("nobody is here to agree") && run.err.contains("--yes"), "{}", run.err);
    let run = car.run(&["approve", "docs", "add", "--yes"]).ends(1);
    assert!(run.err.contains("the tool \"add\" has not changed"), "{}", run.err);
    car.run(&["call", "docs", "echo", "message=hi"]).ends(1);
    assert_eq!(server.ledger().method("tools/call"), before);

    let run = car.run(&["approve", "docs", "--all", "--yes"]).ends(0);
    assert!(
        run.out.contains("- Only says hello") && run.out.ends_with("approved docs/echo as it is now\n"),
        "{}",
        run.out
    );
    assert_eq!(car.run(&["call", "docs", "echo", "message=hi"]).ends(0).out, "hi\n");
    let run = car.run(&["approve", "docs", "--all", "--json"]).ends(0).json();
    assert_eq!(run["approved"].as_array().unwrap().len(), 0);
    assert!(car.run(&["tools", "docs", "--changed"]).ends(0).err.contains("is what you agreed to"));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn asks_a_person_who_has_seen_the_difference() {
    let (_server, car) = changed().await;
    let answer = |word: &str| {
        let mut terminal = Terminal::start(car.command(&["approve", "docs", "echo"]));
        let seen = terminal.sees("[y/N] ").to_owned();
        assert!(seen.contains("- Only says hello.<U+200B>"), "{seen}");
        terminal.types(word);
        terminal.ends().0
    };
    assert_eq!(answer("\n"), 1);
    car.run(&["call", "docs", "echo", "message=hi"]).ends(1);
    assert_eq!(answer("y\n"), 0);
    car.run(&["call", "docs", "echo", "message=hi"]).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_prompts_and_resources_on_where_that_is_wanted() {
    let server = Double::start(Config::default()).await.unwrap();
    let car = Car::new();
    car.run(&["add", "Docs", &server.url()]).ends(0);
    let shared = || {
        let status = car.run(&["status", "docs", "--json"]).ends(0).json();
        let status = &status["connector"];
        (status["shares_prompts"] == true, status["shares_resources"] == true)
    };
    assert_eq!(shared(), (false, false));
    assert_eq!(car.run(&["enable", "docs", "--prompts"]).ends(0).out, "enabled the prompts of docs\n");
    assert_eq!(shared(), (true, false));
    let both = car.run(&["enable", "docs", "echo", "--resources"]).ends(0).out;
    assert_eq!(both, "enabled docs/echo as mcp_docs_echo\nenabled the resources of docs\n");
    assert_eq!(shared(), (true, true));
    assert!(car.run(&["status", "docs"]).ends(0).out.contains("shared     prompts and resources"));
    let run = car.run(&["disable", "docs", "--prompts", "--resources", "--json"]).ends(0).json();
    assert_eq!((&run["shares_prompts"], &run["enabled_tools"][0]["name"]), (&false.into(), &"echo".into()));
    assert_eq!(shared(), (false, false));
}
