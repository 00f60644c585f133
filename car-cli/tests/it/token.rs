//! Tokens by command.

use serde_json::json;

use crate::bad_input::put;
use crate::car::Car;

#[test]
fn makes_lists_and_revokes_tokens() {
    let car = Car::new();
    let run = car.run(&["token", "add", "laptop"]).ends(0);
    let secret = run.out.trim_end();
    assert!(secret.starts_with("car_") && !run.out.contains(' '), "nothing but the token: {}", run.out);
    assert!(run.err.contains("no daemon runs, start one with `car serve`"), "{}", run.err);
    assert!(!run.err.contains(secret));
    let kept = std::fs::read_to_string(car.home().join("access.json")).unwrap();
    assert!(!kept.contains(&secret[4..]));

    let line = ["token", "add", "ci", "--scope", "read", "--expires", "30d", "--json"];
    let added = car.run(&line).ends(0).json();
    let token = &added["token"];
    assert_eq!(
        (&token["name"], &token["scope"], &token["ended"]),
        (&json!("ci"), &json!("read"), &json!(false))
    );
    let life = token["expires_at"].as_u64().unwrap() - token["created_at"].as_u64().unwrap();
    assert_eq!(life, 30 * 24 * 60 * 60);
    assert!(added["secret"].as_str().unwrap().starts_with("car_"));
    assert_eq!(added["mcp_url"], json!(null));

    let listed = car.run(&["token", "list"]).ends(0).out;
    assert!(listed.contains("laptop") && listed.contains("never") && !listed.contains(secret), "{listed}");
    assert_eq!(car.run(&["token", "list", "--json"]).json()["tokens"][1], *token);

    assert_eq!(car.run(&["token", "revoke", "laptop"]).ends(0).out, "revoked the token laptop\n");
    let id = token["id"].as_str().unwrap();
    assert_eq!(car.run(&["token", "revoke", id, "--json"]).ends(0).json()["revoked"]["name"], "ci");
    assert!(car.run(&["token", "list"]).ends(0).out.is_empty());
}

#[test]
fn says_what_is_wrong_with_a_token_that_cannot_be() {
    let car = Car::new();
    car.run(&["token", "add", "laptop"]).ends(0);
    let before = std::fs::read_to_string(car.home().join("access.json")).unwrap();
    let lines: [(&[&str], i32, &str); 7] = [
        (&["token", "add", "laptop"], 1, "token \"laptop\" already exists"),
        (&["token", "add", "two words"], 2, "ASCII letters, digits"),
        (&["token", "add", "x", "--expires", "soon"], 2, "such as 30d"),
        (&["token", "add", "x", "--scope", "all"], 2, "invalid value 'all'"),
        (&["token", "add", "x", "--connector", "nope"], 1, "there is no connector \"nope\""),
        (&["token", "revoke", "lapto"], 1, "did you mean \"laptop\"?"),
        (&["token"], 2, "add"),
    ];
    for (line, status, words) in lines {
        let run = car.run(line).ends(status);
        assert!(run.err.contains(words), "{line:?}: {}", run.err);
    }
    assert_eq!(std::fs::read_to_string(car.home().join("access.json")).unwrap(), before);
}

#[test]
fn leaves_a_broken_file_of_tokens_alone() {
    let car = Car::new();
    let path = car.home().join("access.json");
    put(&path, "{\"version\": 1,\n oops}\n");
    for line in [&["token", "list"][..], &["token", "add", "x"], &["token", "revoke", "x"]] {
        let run = car.run(line).ends(1);
        assert!(run.err.contains("access.json is not usable: line 2"), "{line:?}: {}", run.err);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"version\": 1,\n oops}\n");
}
