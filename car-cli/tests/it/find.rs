//! `car find`: everything is ranked together, nothing that is found is contacted, and nobody who fails is waited for.

use car_testkit::double::{Config, Double};
use car_testkit::hostile::{Hostile, Mode};
use car_testkit::registry::{RegistryConfig, RegistryServer};
use serde_json::json;

use crate::car::Car;
use crate::seeker::{Seeker, record, root};

const NOWHERE: &str = "http://127.0.0.1:1/mcp";

#[tokio::test(flavor = "multi_thread")]
async fn finds_by_need_and_says_what_to_add_it_with() {
    let root = root(vec![
        record("mail", "Mail", "Sends and searches mail", NOWHERE),
        record("issues", "Issues", "Opens and closes issues in a tracker", NOWHERE),
        record("weather", "Weather", "Tells the weather of the next days", NOWHERE),
    ])
    .await;
    let seeker = Seeker::alone().with_root(root.url());
    let run = seeker.run(&["find", "open", "an", "issue", "in", "my", "tracker"]).ends(0);
    let mut lines = run.out.lines();
    let headings: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(headings, ["SCORE", "NAME", "FROM", "VERSION", "WHAT", "ADD", "WITH"]);
    let first = lines.next().unwrap();
    assert!(first.contains(" Issues ") && first.ends_with("agentdns://example.com/issues"), "{}", run.out);
    assert!(run.err.contains("next: `car add NAME`"), "{}", run.err);

    let verbose = seeker.run(&["find", "open an issue", "--verbose"]).ends(0);
    assert!(verbose.out.contains("Issues: agentdns://example.com/issues\n"), "{}", verbose.out);
    assert!(verbose.out.contains("says that it is of example.com"), "{}", verbose.out);
    assert!(verbose.out.contains("\"issue\" in "), "{}", verbose.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_a_program_with_the_whole_search_in_one_document() {
    let root = root(vec![record("mail", "Mail", "Sends and searches mail", NOWHERE)]).await;
    let seeker = Seeker::alone().with_root(root.url());
    let run = seeker.run(&["find", "send mail", "--json"]).ends(0);
    assert_eq!(run.err, "");
    let found = run.json();
    assert_eq!(found["need"], "send mail");
    assert_eq!(found["services"][0]["service"]["identifier"], "agentdns://example.com/mail");
    assert_eq!(found["services"][0]["service"]["provenance"]["kind"], "root");
    assert!(found["services"][0]["score"].as_f64().unwrap() > 0.0);
    assert_eq!(found["searched"][0]["kind"], "root");
    assert_eq!((&found["left_out"], &found["ranked_by"]), (&json!([]), &json!("words")));
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_nothing_is_no_failure() {
    let root = root(vec![record("mail", "Mail", "Sends and searches mail", NOWHERE)]).await;
    let seeker = Seeker::alone().with_root(root.url());
    let run = seeker.run(&["find", "xylophone"]).ends(0);
    assert_eq!(run.out, "");
    assert!(run.err.contains("nothing fits"), "{}", run.err);
    assert_eq!(seeker.run(&["find", "xylophone", "--json"]).ends(0).json()["services"], json!([]));
}

#[test]
fn refuses_what_makes_no_sense_with_status_2() {
    let long = "x".repeat(2_001);
    let lines: [&[&str]; 12] = [
        &["find"],
        &["find", ""],
        &["find", " \n "],
        &["find", "a\u{1b}[2J"],
        &["find", &long],
        &["find", "mail", "--limit", "0"],
        &["find", "mail", "--limit", "1000000"],
        &["find", "mail", "--limit", "many"],
        &["find", "mail", "--limit=-1"],
        &["find", "mail", "--timeout", "0"],
        &["find", "mail", "--timeout", "soon"],
        &["find", "mail", "--timeout=-1"],
    ];
    for line in lines {
        let run = Seeker::alone().run(line).ends(2);
        assert!(run.out.is_empty() && !run.err.is_empty(), "{line:?}: {}", run.out);
    }
    let run = Seeker::alone().run(&["find", "mail", "--source", "nobody"]).ends(1);
    assert!(run.err.contains("nobody") && run.err.contains("\n  next: "), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_what_is_connected_and_dials_nobody_for_it() {
    let server = Double::start(Config::default()).await.unwrap();
    let root = root(vec![record("parrot", "Parrot", "Echoes every message", &server.url())]).await;
    let seeker = Seeker::alone().with_root(root.url());
    seeker.run(&["add", "Docs", &server.url()]).ends(0);
    seeker.run(&["enable", "docs", "echo"]).ends(0);
    let before = server.ledger().connections();
    let found = seeker.run(&["find", "echo a message", "--json"]).ends(0).json();
    let services = found["services"].as_array().unwrap();
    let named = |identifier: &str| services.iter().find(|one| one["service"]["identifier"] == identifier);
    assert!(named("agentdns://local/tools/mcp_docs_echo").is_some(), "{found}");
    // It is the same server under the root's name.
    assert_eq!(named("agentdns://example.com/parrot").unwrap()["connected_as"], "docs", "{found}");
    let shown = seeker.run(&["find", "echo a message"]).ends(0).out;
    assert!(shown.contains("[connected as docs]"), "{shown}");
    assert_eq!(server.ledger().connections(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn leaves_out_a_source_that_is_down_or_slow_and_says_so() {
    let good = root(vec![record("mail", "Mail", "Sends and searches mail", NOWHERE)]).await;
    let slow = Hostile::start(Mode::Silent).await.unwrap();
    let slow = slow.url().trim_end_matches("/mcp").to_owned();
    let all = format!("{} http://127.0.0.1:1 {slow}", good.url());
    let seeker = Seeker::alone().with_root(all);
    let run = seeker.run(&["find", "send mail", "--timeout", "1"]).ends(0);
    assert!(run.out.contains("agentdns://example.com/mail"), "{}{}", run.out, run.err);
    assert!(run.err.contains("not searched: 127.0.0.1-1: "), "{}", run.err);
    assert_eq!(run.err.matches("not searched: ").count(), 2, "{}", run.err);
    let found = seeker.run(&["find", "send mail", "--timeout", "1", "--json"]).ends(0).json();
    let left_out = found["left_out"].as_array().unwrap();
    assert!(left_out.iter().all(|one| one["hint"].is_string()), "{found}");
    assert_eq!(left_out.len(), 2, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_nobody_when_it_is_offline() {
    let root = root(vec![record("mail", "Mail", "Sends and searches mail", NOWHERE)]).await;
    let seeker = Seeker::alone().with_root(root.url());
    let run = seeker.run(&["find", "send mail", "--offline"]);
    assert_eq!(root.ledger().connections(), 0, "{}{}", run.out, run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_a_strangers_words_as_text() {
    let words = "Sends mail \u{202e}liam sdneS";
    let root = root(vec![record("mail", "Mail", words, NOWHERE)]).await;
    let seeker = Seeker::alone().with_root(root.url());
    let shown = seeker.run(&["find", "send mail"]).ends(0).out;
    assert!(shown.contains("Sends mail <U+202E>liam sdneS"), "{shown}");
}

#[test]
fn names_the_variable_that_cannot_be_used() {
    for (variable, text) in [("CAR_MCP_REGISTRY", "nonsense"), ("CAR_AGENTDNS_ROOT", "ftp://example.com")] {
        let mut command = Car::new().command(&["find", "mail"]);
        command.env(variable, text);
        let run = crate::car::ended(command).ends(1);
        assert!(run.err.contains(variable) && run.err.contains("\n  next: "), "{}", run.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_a_copy_of_a_registry_also_when_the_registry_is_gone() {
    let mut registry = RegistryServer::start(RegistryConfig::default()).await.unwrap();
    let seeker = Seeker::alone().with_registry(registry.url());
    let listed = seeker.run(&["sources", "sync", "--json"]).ends(0).json();
    let source = &listed["sources"][0];
    assert_eq!((&source["is_complete"], &source["kind"]), (&json!(true), &json!("registry")), "{listed}");
    assert!(source["services"].as_u64().unwrap() > 20, "{listed}");
    let need = ["find", "open an issue in my tracker", "--json"];
    let found = seeker.run(&need).ends(0).json();
    let first = &found["services"][0];
    assert_eq!(first["service"]["reference"], "com.example.tracker/issues", "{found}");
    // Not the first in the list of a registry, which has the oldest first.
    assert_eq!(first["service"]["version"], "1.10.0", "{found}");

    registry.stop().await;
    let offline = seeker.run(&["find", "open an issue in my tracker", "--json", "--offline"]).ends(0).json();
    assert_eq!(offline["services"][0]["service"]["reference"], "com.example.tracker/issues");
    let shown = seeker.run(&["find", "post messages in the team chat", "--offline"]).ends(0).out;
    assert!(shown.contains("[deprecated]"), "{shown}");
    let shown = seeker.run(&["add", "com.example.tracker/issues", "--show", "--offline"]).ends(0).out;
    assert!(shown.contains("npx -y @example-tracker/mcp@1.10.0"), "{shown}");
}
