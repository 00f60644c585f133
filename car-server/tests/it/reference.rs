//! The reference in `docs/` is that of this release.

use std::fs;
use std::path::Path;

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference").join(name)).unwrap()
}

const COMMAND: &str = "cargo run -p car-server --features schema --example websocket_reference";

#[test]
fn the_reference_that_is_published_is_the_one_of_this_release() {
    let published: serde_json::Value = serde_json::from_str(&page("connectors-websocket.json")).unwrap();
    assert!(
        published == car_server::reference::websocket(),
        "make it anew with `{COMMAND} > docs/reference/connectors-websocket.json`"
    );
    assert!(
        page("connectors-websocket.md") == car_server::reference::websocket_markdown(),
        "make it anew with `{COMMAND} markdown > docs/reference/connectors-websocket.md`"
    );
}

#[test]
fn everything_in_it_is_described() {
    let reference = car_server::reference::websocket();
    let mut bare = Vec::new();
    for group in ["methods", "notifications", "$defs"] {
        for (name, about) in reference[group].as_object().unwrap() {
            if group != "$defs" && about["description"].as_str().is_none_or(str::is_empty) {
                bare.push(name.clone());
            }
            for schema in [about, &about["params"], &about["result"]] {
                for (member, property) in schema["properties"].as_object().into_iter().flatten() {
                    if property["description"].as_str().is_none_or(str::is_empty) {
                        bare.push(format!("{name}: {member}"));
                    }
                }
            }
        }
    }
    assert!(bare.is_empty(), "nothing is said of {bare:?}");
}
