//! The servers that are not ours: how each is started, and what its tools want.

use std::process::Command;

use crate::server::START_TIME;
use crate::shell::{Background, Failure, cargo, run};
use crate::{place, setup};

/// How a server is started.
enum Kind {
    /// npm `@modelcontextprotocol/server-everything` over Streamable HTTP.
    Npm,
    /// PyPI `mcp`, in one era.
    Python { era: &'static str },
    /// crates.io `rmcp`.
    Rmcp,
}

/// A server that is not ours.
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) slug: &'static str,
    /// Arguments, as JSON, for tools that need more than the least their schema asks for.
    pub(super) arguments: &'static [(&'static str, &'static str)],
    /// Tools that may answer with an error of their own: on purpose, or because nobody is there to ask.
    pub(super) may_err: &'static [&'static str],
    /// Tools that ask the user, which `car call` declares that it cannot.
    pub(super) asks: &'static [&'static str],
    kind: Kind,
}

/// What the tools of `peers/` want; both servers have the same.
const PEER_ARGUMENTS: &[(&str, &str)] = &[
    ("echo", r#"{"message":"hello"}"#),
    ("add", r#"{"a":19,"b":23}"#),
    ("sleep", r#"{"ms":50}"#),
    ("progress", r#"{"steps":3}"#),
    ("structured", r#"{"city":"Paris"}"#),
    ("large", r#"{"bytes":100000}"#),
];

pub(super) const SERVERS: &[Server] = &[
    Server {
        name: "npm everything",
        slug: "npm_everything",
        arguments: &[
            ("echo", r#"{"message":"hello"}"#),
            ("get-annotated-message", r#"{"messageType":"success","includeImage":true}"#),
            ("get-resource-links", r#"{"count":2}"#),
            ("get-resource-reference", r#"{"resourceType":"Text","resourceId":1}"#),
            ("get-structured-content", r#"{"location":"Chicago"}"#),
            ("get-sum", r#"{"a":19,"b":23}"#),
            (
                "gzip-file-as-resource",
                r#"{"name":"a.gz","data":"data:text/plain,hello","outputType":"resource"}"#,
            ),
            ("trigger-long-running-operation", r#"{"duration":1,"steps":2}"#),
            ("trigger-sampling-request", r#"{"prompt":"hello","maxTokens":10}"#),
        ],
        may_err: &[
            "trigger-elicitation-request",
            "trigger-sampling-request",
            "trigger-url-elicitation",
            "get-roots-list",
            // It runs as a task of 2025-11-25 only, which was experimental and is gone; the server says so.
            "simulate-research-query",
        ],
        asks: &[],
        kind: Kind::Npm,
    },
    Server {
        name: "python modern",
        slug: "python_modern",
        arguments: PEER_ARGUMENTS,
        may_err: &["fail"],
        asks: &["ask"],
        kind: Kind::Python { era: "modern" },
    },
    Server {
        name: "python legacy",
        slug: "python_legacy",
        arguments: PEER_ARGUMENTS,
        may_err: &["fail"],
        asks: &["ask"],
        kind: Kind::Python { era: "legacy" },
    },
    Server {
        name: "rust rmcp",
        slug: "rust_rmcp",
        arguments: PEER_ARGUMENTS,
        may_err: &["fail"],
        asks: &["ask"],
        kind: Kind::Rmcp,
    },
];

impl Server {
    /// Starts the server on a free port; returns its URL.
    pub(super) fn start(&self) -> Result<(Background, String), Failure> {
        match self.kind {
            Kind::Npm => {
                let port = free_port()?;
                let script = setup::node::folder()
                    .join("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
                let mut command = setup::node::command()?;
                command.arg(script).arg("streamableHttp").env("PORT", port.to_string());
                let url = format!("http://127.0.0.1:{port}/mcp");
                Background::start(&mut command, START_TIME, |line| {
                    line.contains("listening on port").then(|| url.clone())
                })
            }
            Kind::Python { era } => {
                let mut command = Command::new(setup::python::program());
                command.arg(place::root().join("peers/python/server.py")).args(["--era", era]);
                start_saying_url(&mut command)
            }
            Kind::Rmcp => {
                let target = place::target().join("peers");
                let mut build =
                    cargo(&["build", "--quiet", "--locked", "--package", "peer-rmcp-server", "--target-dir"]);
                run(build.arg(&target).current_dir(place::root().join("peers")))?;
                let program = format!("peer-rmcp-server{}", std::env::consts::EXE_SUFFIX);
                start_saying_url(&mut Command::new(target.join("debug").join(program)))
            }
        }
    }
}

/// Starts a server of ours, which prints its URL when it is ready.
fn start_saying_url(command: &mut Command) -> Result<(Background, String), Failure> {
    Background::start(command, START_TIME, |line| line.starts_with("http://").then(|| line.trim().to_owned()))
}

/// Finds a free port for a server that cannot take port 0 and say which one it got.
fn free_port() -> Result<u16, Failure> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
