//! The clients that are not ours: how each is started, and what it cannot do. A local one starts our server itself and
//! speaks to it over standard streams.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::{job, lines};
use crate::shell::{Failure, cargo, run};
use crate::{place, setup};

pub(super) const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";

/// How a client is started.
enum Kind {
    /// An SDK for TypeScript, by the name of its package.
    TypeScript(&'static str),
    /// The same, which starts our server itself and speaks to it over standard streams.
    TypeScriptLocal(&'static str),
    /// PyPI `mcp`: the line of today, or the old one.
    Python { is_old: bool },
    /// The same over standard streams.
    PythonLocal { is_old: bool },
    /// crates.io `rmcp`.
    Rmcp,
    /// npm `mcp-remote`: local on one side, remote on the other, driven by the SDK for TypeScript.
    Bridge,
    /// The command line of the inspector: one request for each run.
    Inspector,
}

/// A client that is not ours.
pub(in crate::interop) struct Client {
    pub(in crate::interop) name: &'static str,
    /// The revision that it has to agree on.
    pub(in crate::interop) revision: &'static str,
    /// What it cannot do by its nature, and why.
    pub(in crate::interop) cannot: &'static [(&'static str, &'static str)],
    kind: Kind,
}

const NEW_SDK: &str = "@modelcontextprotocol/client";
const OLD_SDK: &str = "@modelcontextprotocol/sdk";

const ONE_REQUEST: &[(&str, &str)] = &[
    ("progress", "it prints the result only"),
    ("change", "each run makes one request and ends"),
    ("elicitation", "it declares no such capability: nobody sits before it"),
];

pub(in crate::interop) const CLIENTS: &[Client] = &[
    Client {
        name: "typescript client, modern",
        revision: MODERN,
        cannot: &[],
        kind: Kind::TypeScript(NEW_SDK),
    },
    Client {
        name: "typescript client, legacy",
        revision: LEGACY,
        cannot: &[],
        kind: Kind::TypeScript(NEW_SDK),
    },
    Client { name: "typescript sdk", revision: LEGACY, cannot: &[], kind: Kind::TypeScript(OLD_SDK) },
    Client { name: "python, modern", revision: MODERN, cannot: &[], kind: Kind::Python { is_old: false } },
    Client { name: "python, legacy", revision: LEGACY, cannot: &[], kind: Kind::Python { is_old: false } },
    Client { name: "python 1.x", revision: LEGACY, cannot: &[], kind: Kind::Python { is_old: true } },
    Client { name: "rust rmcp, modern", revision: MODERN, cannot: &[], kind: Kind::Rmcp },
    Client { name: "rust rmcp, legacy", revision: LEGACY, cannot: &[], kind: Kind::Rmcp },
    Client {
        name: "typescript client, local, modern",
        revision: MODERN,
        cannot: &[],
        kind: Kind::TypeScriptLocal(NEW_SDK),
    },
    Client {
        name: "typescript client, local, legacy",
        revision: LEGACY,
        cannot: &[],
        kind: Kind::TypeScriptLocal(NEW_SDK),
    },
    Client {
        name: "typescript sdk, local",
        revision: LEGACY,
        cannot: &[],
        kind: Kind::TypeScriptLocal(OLD_SDK),
    },
    Client {
        name: "python, local, modern",
        revision: MODERN,
        cannot: &[],
        kind: Kind::PythonLocal { is_old: false },
    },
    Client {
        name: "python, local, legacy",
        revision: LEGACY,
        cannot: &[],
        kind: Kind::PythonLocal { is_old: false },
    },
    Client {
        name: "python 1.x, local",
        revision: LEGACY,
        cannot: &[],
        kind: Kind::PythonLocal { is_old: true },
    },
    Client { name: "mcp-remote", revision: LEGACY, cannot: &[], kind: Kind::Bridge },
    Client {
        name: "inspector command line, modern",
        revision: MODERN,
        cannot: ONE_REQUEST,
        kind: Kind::Inspector,
    },
    Client {
        name: "inspector command line, legacy",
        revision: LEGACY,
        cannot: ONE_REQUEST,
        kind: Kind::Inspector,
    },
];

impl Client {
    /// Whether a line says that these reports of progress reached the client, all and in order.
    ///
    /// The SDK for TypeScript reads a local server's answer and what was written just before it at once, and hands the
    /// reports on when nobody listens any more: it then complains of them, and they are `late`. How many are depends on
    /// the moment at which it reads, so any number may be.
    pub(in crate::interop) fn has_progress(&self, line: &Value, wanted: &[f64]) -> bool {
        let told = |name: &str| {
            let steps: Option<Vec<f64>> =
                line[name].as_array().map(|all| all.iter().filter_map(Value::as_f64).collect());
            steps.unwrap_or_default()
        };
        let may_be_late = matches!(self.kind, Kind::TypeScriptLocal(_) | Kind::Bridge);
        let late = told("late");
        (may_be_late || late.is_empty()) && [told("steps"), late].concat() == wanted
    }

    /// Tells whether it starts our server itself, and so cannot reach one that runs.
    pub(in crate::interop) const fn is_local(&self) -> bool {
        matches!(self.kind, Kind::TypeScriptLocal(_) | Kind::PythonLocal { .. })
    }

    /// Returns what the client saw of the server at `url`, one value for each thing, and what went wrong.
    pub(super) fn seen(&self, url: &str) -> Result<(Vec<Value>, Option<String>), Failure> {
        self.seen_with(&json!({ "url": url }))
    }

    /// As [`Client::seen`], of what a job with a `url` says; one with a `token` and `servers` goes through the daemon.
    pub(in crate::interop) fn seen_with(
        &self,
        by_url: &Value,
    ) -> Result<(Vec<Value>, Option<String>), Failure> {
        let url = by_url["url"].as_str().ok_or("expected a job with a url")?;
        match self.kind {
            Kind::TypeScript(package) => lines(&mut self.typescript(package, by_url)?),
            Kind::TypeScriptLocal(package) => lines(&mut self.typescript(package, &local())?),
            Kind::Python { is_old } => lines(&mut self.python(is_old, by_url)),
            Kind::PythonLocal { is_old } => lines(&mut self.python(is_old, &local())),
            Kind::Rmcp => lines(Command::new(build_rmcp()?).arg(job(self, by_url))),
            Kind::Bridge => {
                let node = setup::node::command()?;
                let script = setup::node::clients().join("node_modules/mcp-remote/dist/proxy.js");
                let mut command = vec![
                    node.get_program().to_string_lossy().into_owned(),
                    script.display().to_string(),
                    url.to_owned(),
                ];
                if let Some(token) = by_url["token"].as_str() {
                    command.extend(["--header".to_owned(), format!("Authorization: Bearer {token}")]);
                }
                lines(&mut self.typescript(NEW_SDK, &with(by_url, "command", &json!(command)))?)
            }
            Kind::Inspector => match by_url["servers"].as_array() {
                None => self.inspect(url),
                Some(servers) => self.inspect_all(url, by_url["token"].as_str().unwrap_or_default(), servers),
            },
        }
    }

    fn python(&self, is_old: bool, more: &Value) -> Command {
        let python = if is_old { setup::python::old_program() } else { setup::python::program() };
        let mut command = Command::new(python);
        command.arg(place::root().join("peers/python/foreign.py")).arg(job(self, more));
        command
    }

    fn typescript(&self, package: &str, more: &Value) -> Result<Command, Failure> {
        let mut more = more.clone();
        more["modules"] = json!(setup::node::folder().join("node_modules"));
        more["package"] = json!(package);
        let mut command = setup::node::command()?;
        command.arg(place::root().join("peers/node/foreign.cjs")).arg(job(self, &more));
        // What it remembers of servers must not outlive the run.
        command.env("MCP_REMOTE_CONFIG_DIR", home()?);
        Ok(command)
    }

    /// Makes the inspector's requests one by one, and tells them in the words of the other clients' programs.
    fn inspect(&self, url: &str) -> Result<(Vec<Value>, Option<String>), Failure> {
        let listed = self.inspect_one(url, &[], &["tools/list"])?;
        let tools = listed["result"]["tools"].as_array().map(Vec::len);
        let echo = ["tools/call", "--tool-name", "echo", "--tool-arg", "message=hello"];
        let called = self.inspect_one(url, &[], &echo)?;
        let text = called["result"]["content"][0]["text"].clone();
        let seen = vec![
            json!({ "saw": "connect" }),
            json!({ "saw": "list", "tools": tools }),
            json!({ "saw": "call", "text": text }),
        ];
        Ok((seen, None))
    }

    /// The same through the daemon: one call to each server behind it.
    fn inspect_all(
        &self,
        url: &str,
        token: &str,
        servers: &[Value],
    ) -> Result<(Vec<Value>, Option<String>), Failure> {
        let header = format!("Authorization: Bearer {token}");
        let header = ["--header", header.as_str()];
        let listed = self.inspect_one(url, &header, &["tools/list"])?;
        let tools = listed["result"]["tools"].as_array().into_iter().flatten();
        let names: Vec<_> = tools.map(|tool| &tool["name"]).collect();
        let mut seen = vec![json!({ "saw": "connect" }), json!({ "saw": "list", "tools": names })];
        for server in servers {
            let tool = server["echo"]["tool"].as_str().unwrap_or_default();
            let echo = ["tools/call", "--tool-name", tool, "--tool-arg", "message=hello"];
            let called = self.inspect_one(url, &header, &echo)?;
            let text = &called["result"]["content"][0]["text"];
            seen.push(json!({ "saw": "call", "of": server["name"], "text": text }));
        }
        Ok((seen, None))
    }

    fn inspect_one(&self, url: &str, more: &[&str], request: &[&str]) -> Result<Value, Failure> {
        let era = if self.revision == MODERN { "modern" } else { "legacy" };
        let mut command = setup::node::command()?;
        command
            .arg(setup::node::clients().join("node_modules/.bin/mcp-inspector"))
            .args(["--cli", url, "--transport", "http", "--protocol-era", era])
            .args(more)
            .args(["--format", "json", "--quiet", "--method"])
            .args(request)
            .env("HOME", home()?);
        let (mut seen, complaint) = lines(&mut command)?;
        match (seen.pop(), complaint) {
            (Some(value), None) => Ok(value),
            (_, complaint) => Err(format!(
                "the inspector's {}: {}",
                request.join(" "),
                complaint.unwrap_or_else(|| "no JSON".to_owned())
            )
            .into()),
        }
    }
}

/// Returns a job that is told by a command instead of a URL.
fn with(job: &Value, member: &str, value: &Value) -> Value {
    let mut job = job.clone();
    if let Some(members) = job.as_object_mut() {
        members.remove("url");
        members.insert(member.to_owned(), value.clone());
    }
    job
}

/// Says how our server is started by a client.
fn local() -> Value {
    json!({ "command": [place::program("everything-server"), "--stdio"] })
}

/// Returns a folder for what clients write at home.
fn home() -> Result<PathBuf, Failure> {
    let home = place::target().join("interop-clients");
    std::fs::create_dir_all(&home)?;
    Ok(home)
}

fn build_rmcp() -> Result<PathBuf, Failure> {
    let target = place::target().join("peers");
    let mut build = cargo(&["build", "--quiet", "--locked", "--package", "peer-rmcp-client", "--target-dir"]);
    run(build.arg(&target).current_dir(place::root().join("peers")))?;
    Ok(target.join("debug").join(format!("peer-rmcp-client{}", std::env::consts::EXE_SUFFIX)))
}
