//! `car add SERVICE`: shown first, agreed to, and asked about again when it has changed.

use std::io::Write as _;
use std::process::Stdio;

use car_testkit::double::{Config, Double};
use serde_json::{Value, json};

use crate::car::ended;
use crate::seeker::{Seeker, record, registry, root};

const IDENTIFIER: &str = "agentdns://example.com/testing/parrot";

#[tokio::test(flavor = "multi_thread")]
async fn shows_a_service_before_anything_of_it_is_contacted() {
    let server = Double::start(Config::default()).await.unwrap();
    let root = root(vec![record("testing/parrot", "Parrot", "Repeats \u{202e}words", &server.url())]).await;
    let seeker = Seeker::alone().with_root(root.url());
    let shown = seeker.run(&["add", IDENTIFIER, "--show"]).ends(0).out;
    for expected in [
        "service   agentdns://example.com/testing/parrot\n",
        "called    Parrot\n",
        "says      Repeats <U+202E>words\n",
        "publisher the root 127.0.0.1",
        &format!("\nway 1: remote, which is taken\n  contacts {}\n", server.url()),
    ] {
        assert!(shown.contains(expected), "{expected:?} in {shown}");
    }
    let shown = seeker.run(&["add", IDENTIFIER, "--show", "--json"]).ends(0).json();
    assert_eq!(shown["way"], 0);
    assert_eq!(shown["proposal"]["service"]["name"], "Parrot");
    assert_eq!(server.ledger().connections(), 0);
    assert_eq!(seeker.file("connectors.json"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn adds_nothing_where_nobody_can_agree() {
    let root =
        root(vec![record("testing/parrot", "Parrot", "Repeats words", "http://127.0.0.1:1/mcp")]).await;
    let seeker = Seeker::alone().with_root(root.url());
    for line in [&["add", IDENTIFIER][..], &["add", "mine", IDENTIFIER], &["add", IDENTIFIER, "mine"]] {
        let run = seeker.run(line).ends(2);
        assert!(run.err.contains("--show") && run.err.contains("--yes"), "{}", run.err);
    }
    assert_eq!(seeker.run(&["add", IDENTIFIER, "--json"]).ends(2).json()["error"]["kind"], "usage");
    assert_eq!(root.ledger().connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn adds_a_service_by_its_identifier_like_any_other_server() {
    let server = Double::start(Config::default()).await.unwrap();
    let root = root(vec![record("testing/parrot", "Parrot", "Repeats words", &server.url())]).await;
    let seeker = Seeker::alone().with_root(root.url());
    let run = seeker.run(&["add", IDENTIFIER, "--yes"]).ends(0);
    assert!(run.out.contains("way 1: remote") && run.out.contains("\nadded parrot: "), "{}", run.out);
    seeker.run(&["call", "parrot", "echo", "message=hi"]).ends(1);
    seeker.run(&["enable", "parrot", "echo"]).ends(0);
    assert_eq!(seeker.run(&["call", "parrot", "echo", "message=hi"]).ends(0).out, "hi\n");
    assert!(seeker.file("connectors.json").contains(IDENTIFIER));
    // Both words may come first.
    let added = seeker.run(&["add", "second", IDENTIFIER, "--yes", "--json"]).ends(0).json();
    assert_eq!(added["connector"]["slug"], "second");
    assert_eq!(added["proposal"]["reference"], IDENTIFIER);
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_nothing_of_a_service_that_does_not_answer() {
    let root =
        root(vec![record("testing/parrot", "Parrot", "Repeats words", "http://127.0.0.1:1/mcp")]).await;
    let seeker = Seeker::alone().with_root(root.url());
    let run = seeker.run(&["add", IDENTIFIER, "--yes"]).ends(1);
    assert!(run.err.contains("cannot be reached") && run.err.contains("\n  next: "), "{}", run.err);
    assert!(seeker.run(&["list"]).ends(0).out.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_again_when_a_service_has_moved() {
    let (before, now) =
        (Double::start(Config::default()).await.unwrap(), Double::start(Config::default()).await.unwrap());
    let told = |url: &str| vec![record("testing/parrot", "Parrot", "Repeats words", url)];
    let first = root(told(&before.url())).await;
    let seeker = Seeker::alone().with_root(first.url());
    seeker.run(&["add", IDENTIFIER, "--yes"]).ends(0);
    seeker.run(&["remove", "parrot"]).ends(0);

    let second = root(told(&now.url())).await;
    let seeker = seeker.with_root(second.url());
    let found = seeker.run(&["find", "repeat words"]).ends(0).out;
    assert!(found.contains("changed since you added it"), "{found}");
    let shown = seeker.run(&["add", IDENTIFIER, "--show"]).ends(0).out;
    assert!(shown.contains("\nchanged since you agreed to it:\n"), "{shown}");
    assert!(shown.contains(&format!("\n  endpoint: was {}, is {}\n", before.url(), now.url())), "{shown}");
    let refused = seeker.run(&["add", IDENTIFIER, "--yes"]).ends(1);
    assert!(
        refused.err.contains("--accept-changes") && refused.err.contains(&before.url()),
        "{}",
        refused.err
    );
    assert_eq!(seeker.run(&["add", IDENTIFIER, "--yes", "--json"]).json()["error"]["kind"], "changed");
    assert_eq!(now.ledger().connections(), 0);
    seeker.run(&["add", IDENTIFIER, "--yes", "--accept-changes"]).ends(0);
    assert!(now.ledger().connections() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn says_which_services_there_are_for_a_name_that_nobody_knows() {
    let root = root(Vec::new()).await;
    let seeker = Seeker::alone().with_root(root.url());
    let error = &seeker.run(&["add", IDENTIFIER, "--yes", "--json"]).ends(1).json()["error"];
    assert_eq!(error["kind"], "not_found");
    assert!(error["message"].as_str().unwrap().contains(IDENTIFIER), "{error}");
    for name in
        ["agentdns://", "agentdns://example.com", "agentdns://example.com/a b", "agentdns://a.example/x?y"]
    {
        let run = seeker.run(&["add", name, "--show"]).ends(1);
        assert!(run.err.starts_with("car: ") && run.err.contains("expected"), "{name}: {}", run.err);
    }
}

#[test]
fn refuses_options_that_do_not_belong_together() {
    let url = "http://127.0.0.1:1/mcp";
    let lines: [&[&str]; 13] = [
        &["add", "docs", url, "--yes"],
        &["add", "docs", url, "--show"],
        &["add", "docs", url, "--set", "a=hunter2"],
        &["add", "docs", url, "--way", "1"],
        &["add", "docs", url, "--offline"],
        &["add", "docs", url, "--source", "official"],
        &["add", "files", "--yes", "--", "x"],
        &["add", IDENTIFIER, "--project"],
        &["add", IDENTIFIER, "--yes", "--show"],
        &["add", IDENTIFIER, "--yes", "--header", "X: hunter2"],
        &["add", IDENTIFIER, "--yes", "--env", "A=hunter2"],
        &["add", IDENTIFIER, "name", "--", "x"],
        &["add", "docs"],
    ];
    for line in lines {
        let run = Seeker::alone().run(line).ends(2);
        assert!(run.out.is_empty() && !run.err.contains("hunter2"), "{line:?}: {}", run.err);
    }
}

/// A remote server that wants a token, and a package that does the same.
fn parrot(url: &str) -> Value {
    json!({
        "name": "com.example/parrot", "description": "Repeats words", "version": "1.2.0",
        "remotes": [{ "type": "streamable-http", "url": url, "headers": [{
            "name": "X-Key", "value": "Key {key}", "isRequired": true,
            "variables": { "key": { "description": "Your key", "isRequired": true, "isSecret": true } },
        }] }],
        "packages": [{
            "registryType": "npm", "identifier": "@example/parrot", "version": "1.2.0",
            "transport": { "type": "stdio" },
            "environmentVariables": [
                { "name": "API_KEY", "isRequired": true, "isSecret": true },
                { "name": "UNITS", "default": "metric" },
            ],
            "packageArguments": [{ "type": "named", "name": "--mode", "value": "good" }],
        }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_what_is_secret_in_the_keychain_and_nowhere_else() {
    let server = Double::start(Config::default()).await.unwrap();
    let registry = registry(vec![parrot(&server.url())]).await;
    let seeker = Seeker::alone().with_registry(registry.url());
    let mut command =
        seeker.command(&["add", "com.example/parrot", "--yes", "--set-from", "key=KEY", "-vvv"]);
    command.env("KEY", "hunter2");
    let run = ended(command).ends(0);
    assert!(run.out.contains("\n  header X-Key: Key {key}\n"), "{}", run.out);
    assert!(run.out.contains("\n  asks for key (secret): Your key\n"), "{}", run.out);
    let seen = server.ledger().seen();
    assert!(seen.iter().any(|seen| seen.headers.get("x-key").is_some_and(|value| value == "Key hunter2")));
    seeker.run(&["enable", "parrot", "echo"]).ends(0);
    seeker.run(&["call", "parrot", "echo", "message=hi"]).ends(0);
    assert!(seeker.file("secrets.json").contains("hunter2"));
    for text in [run.out, run.err, seeker.file("connectors.json"), seeker.file("known_services.json")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(!seeker.run(&["events", "--json"]).ends(0).out.contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn says_what_a_service_asks_for_and_warns_of_a_secret_in_the_arguments() {
    let server = Double::start(Config::default()).await.unwrap();
    let registry = registry(vec![parrot(&server.url())]).await;
    let seeker = Seeker::alone().with_registry(registry.url());
    let add = |more: &[&str]| {
        let line: Vec<&str> = ["add", "com.example/parrot", "--yes"].iter().chain(more).copied().collect();
        seeker.run(&line)
    };
    for (more, expected) in [
        (&[][..], "it asks for key"),
        (&["--set", "keyy=hunter2"], "did you mean \"key\"?"),
        (&["--set", "hunter2"], "expected --set KEY=VALUE"),
        (&["--set", "key=hunter2", "--set", "key=hunter2"], "key is given twice"),
        (&["--set-from", "key=NOT_SET"], "the variable NOT_SET for key is not set"),
        (&["--set-from", "key"], "expected --set-from KEY=VARIABLE"),
        (&["--way", "3"], "from 1 to 2"),
        (&["--way", "0"], "from 1 to 2"),
        (&["--way", "pypi"], "one of: remote, npm"),
    ] {
        let run = add(more).ends(2);
        assert!(run.err.contains(expected) && !run.err.contains("hunter2"), "{more:?}: {}", run.err);
    }
    assert_eq!(server.ledger().connections(), 0);
    let run = add(&["--set", "key=hunter2"]).ends(0);
    assert!(run.err.contains("--set-from") && !run.err.contains("hunter2"), "{}", run.err);

    let mut command =
        seeker.command(&["add", "com.example/parrot@1.2.0", "two", "--yes", "--set-stdin", "key"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hunter2\n").unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_every_way_and_what_stands_in_the_way_of_it() {
    let mut shop = parrot("https://example.com/mcp");
    shop["remotes"] = json!([]);
    shop["packages"][0]["identifier"] = json!("--call=sh");
    shop["name"] = json!("com.example/shop");
    let registry = registry(vec![parrot("https://example.com/mcp"), shop]).await;
    let seeker = Seeker::alone().with_registry(registry.url());
    let shown = seeker.run(&["add", "com.example/parrot", "--show", "--way", "npm"]).ends(0).out;
    for expected in [
        "service   com.example/parrot\n",
        "version   1.2.0\n",
        "that it is of com.example is only what the record says\n",
        "\nway 1: remote\n  contacts https://example.com/mcp\n",
        "\nway 2: npm, which is taken\n  starts npx -y @example/parrot@1.2.0 --mode good\n",
        "\n  with API_KEY={API_KEY}\n",
        "\n  asks for UNITS (optional; else metric)\n",
    ] {
        assert!(shown.contains(expected), "{expected:?} in {shown}");
    }
    let shown = seeker.run(&["add", "com.example/shop", "--show"]).ends(0).out;
    assert!(shown.contains("\n  cannot be added: "), "{shown}");
    let run = seeker.run(&["add", "com.example/shop", "--yes", "--set", "API_KEY=x"]).ends(1);
    assert!(run.err.contains("cannot be added") && run.err.contains("\n  next: "), "{}", run.err);
    // A name that is near to it is known from the copy.
    seeker.run(&["sources", "sync"]).ends(0);
    let run = seeker.run(&["add", "com.example/parott", "--show"]).ends(1);
    assert!(run.err.contains("com.example/parrot"), "{}", run.err);
    let run = seeker.run(&["add", "docs", "example.com/mcp", "--show"]).ends(1);
    assert!(run.err.contains("a URL begins with https://"), "{}", run.err);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn starts_a_package_with_exactly_the_command_line_that_was_shown() {
    use std::os::unix::fs::PermissionsExt as _;

    let registry = registry(vec![parrot("https://example.com/mcp")]).await;
    let seeker = Seeker::alone().with_registry(registry.url());
    let folder = tempfile::tempdir().unwrap();
    let (npx, words) = (folder.path().join("npx"), folder.path().join("words"));
    let server = crate::local::server().display();
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" \"$API_KEY\" \"$UNITS\" >> '{}'\nexec '{server}' --mode good\n",
        words.display()
    );
    crate::bad_input::put(&npx, &script);
    std::fs::set_permissions(&npx, std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());

    let run = |line: &[&str]| {
        let mut command = seeker.command(line);
        command.env("PATH", &path).env("KEY", "hunter2");
        ended(command).ends(0)
    };
    run(&["add", "com.example/parrot", "--yes", "--way", "npm", "--set-from", "API_KEY=KEY"]);
    let written = std::fs::read_to_string(&words).unwrap();
    let expected = "-y\n@example/parrot@1.2.0\n--mode\ngood\nhunter2\nmetric\n";
    assert!(written.starts_with(expected), "{written}");
    let manifest = seeker.file("connectors.json");
    assert!(manifest.contains("@example/parrot@1.2.0") && !manifest.contains("hunter2"), "{manifest}");
    run(&["enable", "parrot", "echo"]);
    assert_eq!(run(&["call", "parrot", "echo", "text=hi"]).out, "hi\n");
}
