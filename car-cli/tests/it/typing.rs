//! What can be typed, and what is said to what cannot; no server is needed.

use crate::car::{Car, ended};

/// One line for every verb, all about a connector that is not there.
pub(crate) const EVERY_VERB: [&[&str]; 19] = [
    &["find", "send mail", "--offline"],
    &["add", "Docs", "not a url"],
    &["add", "io.github.owner/server", "--show", "--offline"],
    &["trust", "--yes"],
    &["list"],
    &["status"],
    &["status", "nope"],
    &["tools", "nope"],
    &["enable", "nope", "echo"],
    &["disable", "nope", "--all"],
    &["approve", "nope", "--all"],
    &["call", "nope", "echo", "a=1"],
    &["refresh", "nope"],
    &["remove", "nope"],
    &["policy", "list"],
    &["policy", "explain", "docs/echo"],
    &["policy", "deny", "docs"],
    &["policy", "remove", "docs"],
    &["events"],
];

#[test]
fn ends_a_usage_error_with_status_2() {
    let car = Car::new();
    let lines: [&[&str]; 12] = [
        &[],
        &["approve", "docs"],
        &["approve", "docs", "echo", "--all"],
        &["tools", "docs", "--schema", "--changed"],
        &["policy", "deny"],
        &["fetch"],
        &["add", "Docs"],
        &["enable", "docs"],
        &["enable", "docs", "echo", "--all"],
        &["call", "docs", "echo", "--timeout", "0"],
        &["list", "--quiet", "--verbose"],
        &["events", "--limit", "many"],
    ];
    for line in lines {
        let run = car.run(line).ends(2);
        assert!(run.out.is_empty(), "{line:?}: {}", run.out);
        let line: Vec<&str> = line.iter().copied().chain(["--json"]).collect();
        let error = &car.run(&line).ends(2).json()["error"];
        assert_eq!(error["kind"], "usage", "{line:?}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
}

#[test]
fn answers_every_verb_with_one_json_document() {
    let car = Car::new();
    for line in EVERY_VERB.iter().copied().chain([
        &["events", "verify"][..],
        &["doctor"],
        &["doctor", "--connect"],
        &["completions", "fish"],
        &["token", "list"],
        &["token", "add", "laptop"],
        &["ui"],
    ]) {
        let line: Vec<&str> = line.iter().copied().chain(["--json"]).collect();
        let run = car.run(&line);
        assert!(run.json().is_object(), "{line:?}");
        assert_eq!(run.status != 0, run.json().get("error").is_some(), "{line:?}: {}", run.out);
        assert_eq!(run.err, "", "{line:?}");
    }
}

#[test]
fn says_what_to_do_about_an_unknown_connector() {
    let run = Car::new().run(&["tools", "docs"]).ends(1);
    let expected = "car: docs: there is no connector \"docs\"\n  next: there are no connectors yet; add one with `car add NAME URL`\n";
    assert_eq!(run.err, expected);
    assert_eq!(run.out, "");
}

#[test]
fn never_repeats_a_secret_that_was_mistyped() {
    let car = Car::new();
    let lines: [&[&str]; 3] = [
        &["add", "Docs", "http://127.0.0.1:1/", "--header", "Bearer hunter2"],
        &["add", "Docs", "http://127.0.0.1:1/", "--header", "Author ization: hunter2"],
        &["add", "Docs", "--header", "Authorization: hunter2"],
    ];
    for line in lines {
        let run = car.run(line).ends(2);
        assert!(!run.err.contains("hunter2") && !run.out.contains("hunter2"), "{}", run.err);
    }
}

#[test]
fn names_the_variable_that_holds_no_secret() {
    let run =
        Car::new().run(&["add", "D", "http://127.0.0.1:1/", "--header-env", "Authorization=TOKEN"]).ends(1);
    assert!(run.err.contains("the variable TOKEN for the header Authorization is not set"), "{}", run.err);
}

#[test]
fn writes_no_color_where_nobody_watches_or_wants_it() {
    let car = Car::new();
    let mut command = car.command(&["tools", "docs", "-v"]);
    command.env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1");
    assert!(!ended(command).ends(1).err.contains('\u{1b}'));
}

#[test]
fn prints_completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(Car::new().run(&["completions", shell]).ends(0).out.contains("disable"), "{shell}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn fails_when_its_result_cannot_be_written() {
    let mut command = Car::new().command(&["list", "--json"]);
    command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let run = command.stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8(run.stderr).unwrap().contains("the result cannot be written"));
}

#[test]
fn leaves_no_state_behind_when_it_only_looks() {
    let car = Car::new();
    for line in [
        &["list"][..],
        &["sources"],
        &["status"],
        &["policy", "list"],
        &["events"],
        &["events", "verify"],
        &["doctor"],
    ] {
        car.run(line).ends(0);
    }
    assert_eq!(std::fs::read_dir(car.home()).unwrap().count(), 0);
}

#[test]
fn explains_a_policy_that_cannot_be_read() {
    let car = Car::new();
    std::fs::create_dir(car.home().join("policy.toml")).unwrap();
    assert!(car.run(&["policy", "list"]).ends(1).err.contains("every call is denied"));
    assert_eq!(car.run(&["policy", "explain", "docs/echo", "--json"]).ends(0).json()["verdict"], "deny");
    assert_eq!(car.run(&["doctor", "--json"]).ends(1).json()["healthy"], false);
}

#[test]
fn every_variable_that_the_help_names_is_documented() {
    let help = Car::new().run(&["--help"]).ends(0).out;
    let words = help.split(|character: char| !(character.is_ascii_uppercase() || character == '_'));
    let named = help.split("Environment:").nth(1).unwrap();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut count = 0;
    for name in words.filter(|word| word.len() > 6 && named.contains(word)) {
        assert!(page.contains(&format!("`{name}`")), "docs/configuration.md says nothing of {name}");
        count += 1;
    }
    assert!(count >= 8, "{count} variables: {named}");
}
