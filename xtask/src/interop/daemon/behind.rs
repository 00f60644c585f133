//! The servers behind the daemon: which of their tools shows what, and what to expect of it.

use serde_json::{Value, json};

use crate::interop::arguments;
use crate::interop::servers::{SERVERS, Server};
use crate::shell::Failure;

/// What a tool with progress reports.
pub(super) const STEPS: [f64; 3] = [1.0, 2.0, 3.0];

/// A tool and what it is given, as JSON.
type Call = (&'static str, &'static str);

/// A server behind the daemon.
pub(super) struct Behind {
    /// Its name in the table of servers.
    name: &'static str,
    echo: Call,
    /// What the answer to `hello` holds.
    pub(super) says: &'static str,
    progress: Call,
    /// Asks the user for a name.
    elicitation: Call,
    /// What it says to a user who is called Ada.
    pub(super) greets: &'static str,
}

const ECHO: Call = ("echo", r#"{"message":"hello"}"#);

/// One of the handshake era and two of today's, each on another SDK.
pub(super) const BEHIND: &[Behind] = &[
    Behind {
        name: "npm everything",
        echo: ECHO,
        says: "hello",
        progress: ("trigger-long-running-operation", r#"{"duration":1,"steps":3}"#),
        elicitation: ("trigger-elicitation-request", "{}"),
        greets: "Ada",
    },
    Behind {
        name: "python modern",
        echo: ECHO,
        says: "hello",
        progress: ("progress", r#"{"steps":3}"#),
        elicitation: ("ask", "{}"),
        greets: "Hello, Ada!",
    },
    Behind {
        name: "rust rmcp",
        echo: ECHO,
        says: "hello",
        progress: ("progress", r#"{"steps":3}"#),
        elicitation: ("ask", "{}"),
        greets: "Hello, Ada!",
    },
];

impl Behind {
    pub(super) fn server(&self) -> &'static Server {
        SERVERS.iter().find(|server| server.name == self.name).expect("the server is in the table")
    }

    /// Says what a client is to do, in the names that the daemon gives to the tools.
    ///
    /// # Errors
    /// Names a tool that the server does not have.
    pub(super) fn job(&self, tools: &[Value]) -> Result<Value, Failure> {
        let server = self.server();
        let canonical = |name: &str| {
            let tool = tools.iter().find(|tool| tool["name"] == name);
            tool.map(|tool| tool["canonical"].clone())
                .ok_or_else(|| format!("{} has no tool {name}", server.name))
        };
        let given = |(tool, arguments): Call| -> Result<Value, Failure> {
            let arguments: Value = serde_json::from_str(arguments)?;
            Ok(json!({ "tool": canonical(tool)?, "arguments": arguments }))
        };
        let calls = tools.iter().map(|tool| {
            let name = tool["name"].as_str().unwrap_or_default();
            json!({
                "tool": tool["canonical"],
                "arguments": arguments::of(server, name, &tool["input_schema"]),
                "may_err": server.may_err.contains(&name),
            })
        });
        Ok(json!({
            "name": server.name,
            "calls": calls.collect::<Vec<_>>(),
            "echo": given(self.echo)?,
            "progress": given(self.progress)?,
            "elicitation": given(self.elicitation)?,
        }))
    }
}
