//! `car sources`: who is asked, in which order, and with which token.

use std::io::Write as _;
use std::process::Stdio;

use car_testkit::root::{ReferenceRoot, RootConfig};
use serde_json::{Value, json};

use crate::car::{Car, Ended, ended};
use crate::seeker::Seeker;

fn names(car: &Car) -> Vec<String> {
    let listed = car.run(&["sources", "--json"]).ends(0).json();
    let sources = listed["sources"].as_array().unwrap().clone();
    sources.iter().map(|source| source["name"].as_str().unwrap().to_owned()).collect()
}

fn typed(car: &Car, line: &[&str], text: &str) -> Ended {
    let mut command = car.command(line);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ended {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn asks_the_official_registry_where_nobody_says_anything() {
    let car = Car::new();
    let run = car.run(&["sources"]).ends(0);
    assert!(run.out.starts_with("SOURCE") && run.out.contains("official"), "{}", run.out);
    assert!(run.out.contains("default") && run.out.contains("not read yet"), "{}", run.out);
    let checks = car.run(&["doctor", "--json"]).ends(0).json();
    let check = checks["checks"].as_array().unwrap().iter().find(|check| check["name"] == "sources").unwrap();
    assert_eq!(check["detail"], "official (registry)");
    // Nobody was asked, and nothing was written.
    assert_eq!(std::fs::read_dir(car.home()).unwrap().count(), 0);
}

#[test]
fn adds_orders_and_removes_sources() {
    let car = Car::new();
    let run = car.run(&["sources", "add", "registry", "https://registry.example.com"]).ends(0);
    assert_eq!(run.out, "added registry.example.com: the registry https://registry.example.com\n");
    let line = [
        "sources",
        "add",
        "registry",
        "https://b.example",
        "--name",
        "b",
        "--before",
        "registry.example.com",
    ];
    car.run(&line).ends(0);
    car.run(&["sources", "add", "catalog", "example.com", "--name", "shop"]).ends(0);
    let added =
        car.run(&["sources", "add", "root", "https://c.example", "--name", "c", "--json"]).ends(0).json();
    assert_eq!((&added["source"]["name"], &added["source"]["kind"]), (&json!("c"), &json!("root")));
    let mine: Vec<_> = names(&car).into_iter().filter(|name| name != "official").collect();
    assert_eq!(mine, ["b", "registry.example.com", "shop", "c"]);
    assert_eq!(car.run(&["sources", "remove", "shop"]).ends(0).out, "removed shop\n");
    assert!(!names(&car).contains(&"shop".to_owned()));
}

#[test]
fn refuses_sources_that_cannot_be() {
    let car = Car::new();
    car.run(&["sources", "add", "registry", "https://a.example", "--name", "a"]).ends(0);
    let text = std::fs::read_to_string(car.home().join("sources.toml")).unwrap();
    for (line, status) in [
        (&["sources", "add", "shop", "https://b.example"][..], 2),
        (&["sources", "add", "registry"], 2),
        (&["sources", "add", "root", "https://b.example", "--token-env", "NOT_SET"], 2),
        (&["sources", "sync", "--timeout", "0"], 2),
        (&["sources", "remove"], 2),
        (&["sources", "add", "registry", "nonsense"], 1),
        (&["sources", "add", "registry", "ftp://b.example"], 1),
        (&["sources", "add", "registry", "https://ada:hunter2@b.example"], 1),
        (&["sources", "add", "registry", "https://b.example", "--name", "a"], 1),
        (&["sources", "add", "registry", "https://b.example", "--before", "nobody"], 1),
        (&["sources", "remove", "nobody"], 1),
        (&["sources", "sync", "nobody"], 1),
        (&["sources", "logout", "nobody"], 1),
    ] {
        let run = car.run(line).ends(status);
        assert!(!run.err.contains("hunter2") && run.out.is_empty(), "{line:?}: {}", run.err);
        assert_eq!(std::fs::read_to_string(car.home().join("sources.toml")).unwrap(), text, "{line:?}");
    }
}

async fn protected() -> ReferenceRoot {
    let mut config = RootConfig::default();
    config.token = Some("s3cret".to_owned());
    ReferenceRoot::start(config).await.unwrap()
}

fn left_out(car: &Car) -> Value {
    let mut command = car.command(&["find", "send mail", "--json"]);
    command.env("CAR_MCP_REGISTRY", "none");
    ended(command).ends(0).json()["left_out"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_a_source_who_asks_and_writes_the_token_nowhere_else() {
    let (root, open) = (protected().await, ReferenceRoot::start(RootConfig::default()).await.unwrap());
    let car = Car::new();
    car.run(&["sources", "add", "root", &root.url(), "--name", "ours"]).ends(0);
    car.run(&["sources", "add", "root", &open.url(), "--name", "open"]).ends(0);
    let told = left_out(&car);
    assert!(told[0]["hint"].as_str().unwrap().contains("car sources login ours"), "{told}");

    let run = typed(&car, &["sources", "login", "ours", "-vvv"], "s3cret\n").ends(0);
    assert!(!run.err.contains("s3cret") && !run.out.contains("s3cret"), "{}", run.err);
    assert_eq!(left_out(&car), json!([]));
    let file = std::fs::read_to_string(car.home().join("sources.toml")).unwrap();
    assert!(!file.contains("s3cret"), "{file}");
    let listed = car.run(&["sources", "--json"]).ends(0).json();
    let ours = listed["sources"].as_array().unwrap().iter().find(|source| source["name"] == "ours").unwrap();
    assert_eq!(ours["has_token"], true);

    assert!(root.ledger().seen().iter().any(|seen| seen.authorization() == Some("Bearer s3cret")));
    assert!(open.ledger().seen().iter().all(|seen| seen.authorization().is_none()));

    car.run(&["sources", "logout", "ours"]).ends(0);
    assert_eq!(left_out(&car).as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_a_token_that_would_begin_another_header() {
    let root = protected().await;
    let car = Car::new();
    let mut command =
        car.command(&["sources", "add", "root", &root.url(), "--name", "ours", "--token-env", "T"]);
    command.env("T", "s3cret\r\nx-evil: 1");
    let run = ended(command).ends(1);
    assert!(!run.err.contains("s3cret"), "{}", run.err);
    assert!(!names(&car).contains(&"ours".to_owned()));
}

#[test]
fn variables_stand_in_for_the_sources_of_their_kind() {
    let seeker = Seeker::alone().with_root("https://a.example https://b.example");
    let listed = seeker.run(&["sources", "--json"]).ends(0).json();
    let sources = listed["sources"].as_array().unwrap();
    assert!(
        sources.iter().all(|source| source["from"] == "variable" && source["kind"] == "root"),
        "{listed}"
    );
    assert_eq!(sources.len(), 2);
    let run = Seeker::alone().run(&["sources"]).ends(0);
    assert!(run.out.is_empty() && run.err.contains("car sources add"), "{}", run.err);
}
