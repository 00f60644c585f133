//! `car add SERVICE`: shown first, agreed to, and asked about again when it has changed.

use std::io::Write as _;
use std::process::Stdio;

use car_testkit::double::{Config, Double};

use crate::car::ended;
use crate::seeker::{Seeker, record, root};

const IDENTIFIER: &str = "agentdns://example.com/testing/parrot";

#[tokio::test(flavor = "multi_thread")]
async fn shows_a_service_before_anything_of_it_is_contacted() {
    let server = Double::start(Config::default()).await.unwrap();
    let root = root(vec![record("testing/parrot", "Parrot", "Repeats words", &server.url())]).await;
    let seeker = Seeker::alone().with_root(root.url());
    let shown = seeker.run(&["add", IDENTIFIER, "--show"]).ends(0).out;
    for expected in [
        "service   agentdns://example.com/testing/parrot\n",
        "called    Parrot\n",
        "says      Repeats words\n",
        "publisher the root 127.0.0.1",
        "\nway 1: remote, which is taken\n",
        &server.url(),
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
