//! What the registry and the root of this run list: servers that are really there, among others that are not.

use serde_json::{Value, json};

use crate::server::registry_entry;
use crate::setup::versions;

/// The npm package that is run.
const NPM: &str = "@modelcontextprotocol/server-everything";
/// The identifier under which the root knows the remote server.
pub(super) const IDENTIFIER: &str = "agentdns://example.com/testing/everything";

/// A service that is found by need, added by name and called.
pub(super) struct Wanted {
    /// What somebody needs, in words.
    pub(super) need: &'static str,
    /// What is found and added.
    pub(super) reference: &'static str,
    /// The connector's name.
    pub(super) name: &'static str,
    pub(super) tool: &'static str,
    pub(super) arguments: &'static [&'static str],
    /// What its answer holds.
    pub(super) expected: &'static str,
}

/// What is found and added: one of npm, one of PyPI, one that runs elsewhere, and the same by its identifier.
pub(super) const WANTED: &[Wanted] = &[
    Wanted {
        need: "try out every feature of the protocol",
        reference: "io.github.example/everything",
        name: "sampler",
        tool: "get-sum",
        arguments: &["a=19", "b=23"],
        expected: "42",
    },
    Wanted {
        need: "what time is it in another time zone",
        reference: "io.github.example/clock",
        name: "clock",
        tool: "convert_time",
        arguments: &["source_timezone=Asia/Tokyo", "time=12:00", "target_timezone=UTC"],
        expected: "T03:00:00",
    },
    Wanted {
        need: "check what a client shows of images and sound",
        reference: "com.example/fixtures",
        name: "fixtures",
        tool: "test_simple_text",
        arguments: &[],
        expected: "text",
    },
    Wanted {
        need: "a conformance fixture that a root knows",
        reference: IDENTIFIER,
        name: "by identifier",
        tool: "test_simple_text",
        arguments: &[],
        expected: "text",
    },
];

/// What stands in the registry besides, so that a search has something to choose from: name and description.
const OTHERS: &[(&str, &str)] = &[
    ("com.example/issues", "Opens, lists and closes issues in a tracker"),
    ("com.example/mail", "Sends and searches mail"),
    ("com.example/weather", "Tells the weather of the next days"),
    ("io.github.example/notes", "Keeps notes and finds them again"),
    ("io.github.example/pictures", "Draws pictures from a description"),
    ("io.github.example/calendar", "Reads and plans events in a calendar"),
];

/// Returns the registry's entries; `remote` is where the remote server answers.
pub(super) fn registry(remote: &str) -> Value {
    let (uvx, uvx_version) = versions::of_uvx();
    let stdio = json!({ "type": "stdio" });
    let mut servers = vec![
        json!({
            "name": "io.github.example/everything",
            "description": "Tries out every feature of the protocol: echo, sums, long operations, sampling",
            "version": versions::of_npm(NPM),
            "packages": [{ "registryType": "npm", "identifier": NPM, "version": versions::of_npm(NPM), "transport": stdio }],
        }),
        json!({
            "name": "io.github.example/clock",
            "description": "Tells the time, and converts it from one time zone to another",
            "version": uvx_version,
            "packages": [{ "registryType": "pypi", "identifier": uvx, "version": uvx_version, "transport": stdio }],
        }),
        json!({
            "name": "com.example/fixtures",
            "description": "Answers with text, images and sound, to check what a client shows",
            "version": "1.0.0",
            "remotes": [{ "type": "streamable-http", "url": remote }],
        }),
    ];
    servers.extend(OTHERS.iter().map(|(name, description)| {
        json!({
            "name": name, "description": description, "version": "1.0.0",
            "remotes": [{ "type": "streamable-http", "url": "https://example.com/mcp" }],
        })
    }));
    servers.iter().map(registry_entry).collect()
}

/// Returns the root's records.
pub(super) fn root(remote: &str) -> Value {
    json!([{
        "identifier": IDENTIFIER,
        "name": "Everything",
        "kind": "server",
        "protocol": "mcp",
        "description": "The fixtures of the conformance suite, as a root knows them",
        "endpoint": remote,
    }])
}
