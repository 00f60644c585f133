//! One connector as the rest of the workspace knows it, and how it stands in the file.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

use super::oauth::OauthClient;
use super::origin::ProjectOrigin;
use super::service_origin::Origin;
use crate::StoreError;
use crate::members::{Members, Node, Reader, Source, Writer};

/// A tool source: a remote server by its address, or a local one by its command.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Connector {
    /// The name that identifies it in files, routes and commands.
    pub slug: String,
    /// The name that a person gave it.
    pub name: String,
    /// The address of a remote server; empty for a local one.
    pub url: String,
    /// The command that starts a local server.
    pub stdio: Option<StdioCommand>,
    /// The names of headers whose values are in the [`SecretStore`](crate::SecretStore).
    pub secret_headers: Vec<String>,
    /// What sign-in left behind that is not a secret.
    pub oauth: Option<OauthClient>,
    /// The tools that may be called, by the server's names for them.
    pub enabled_tools: Vec<String>,
    /// Whether its prompts are passed on.
    pub shares_prompts: bool,
    /// Whether its resources are passed on.
    pub shares_resources: bool,
    /// The project's file that it comes from; nothing for one that the user added.
    pub project: Option<ProjectOrigin>,
    /// The entry of a registry, catalog or root that it was made of; nothing for one that the user described.
    pub origin: Option<Origin>,
    members: Members,
}

/// The command that starts a local server.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct StdioCommand {
    /// The program.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables added to its environment; those that are secret are named in `secret_env` instead.
    pub env: BTreeMap<String, String>,
    /// The names of variables whose values are in the [`SecretStore`](crate::SecretStore).
    pub secret_env: Vec<String>,
    /// The folder that it is started in; without one, that of the program.
    pub cwd: Option<String>,
    members: Members,
}

impl fmt::Debug for StdioCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may come out of the user's environment: only the names of variables are shown.
        formatter
            .debug_struct("StdioCommand")
            .field("command", &self.command)
            .field("args", &self.args)
            .field("env", &self.env.keys())
            .field("secret_env", &self.secret_env)
            .field("cwd", &self.cwd)
            .finish_non_exhaustive()
    }
}

impl Connector {
    /// Describes a remote server.
    #[must_use]
    pub fn remote(slug: impl Into<String>, name: impl Into<String>, url: impl Into<String>) -> Self {
        Self { slug: slug.into(), name: name.into(), url: url.into(), ..Self::default() }
    }

    /// Describes a local server.
    #[must_use]
    pub fn local(slug: impl Into<String>, name: impl Into<String>, command: StdioCommand) -> Self {
        Self { slug: slug.into(), name: name.into(), stdio: Some(command), ..Self::default() }
    }

    /// Returns a member that this type has no field for, as it stands in the file.
    #[must_use]
    pub fn extra(&self, name: &str) -> Option<&RawValue> {
        if KNOWN.contains(&name) { None } else { self.members.raw(name) }
    }

    /// Sets a member that this type has no field for, or with `None` removes it. A field's own name is ignored.
    pub fn set_extra(&mut self, name: &str, value: Option<Box<RawValue>>) {
        if !KNOWN.contains(&name) {
            self.members.set(name, value);
        }
    }

    pub(super) fn read<'a>(source: Source<'a>, part: &'a str) -> Result<Self, StoreError> {
        let object = Reader::new(source, part)?;
        Ok(Self {
            slug: object.required("slug")?,
            name: object.required("name")?,
            url: object.optional("url")?.unwrap_or_default(),
            stdio: object.raw("stdio").map(|part| StdioCommand::read(source, part)).transpose()?,
            secret_headers: object.optional("secret_headers")?.unwrap_or_default(),
            oauth: object.raw("oauth").map(|part| OauthClient::read(source, part)).transpose()?,
            enabled_tools: object.optional("enabled_tools")?.unwrap_or_default(),
            shares_prompts: object.optional("shares_prompts")?.unwrap_or_default(),
            shares_resources: object.optional("shares_resources")?.unwrap_or_default(),
            project: object.raw("project").map(|part| ProjectOrigin::read(source, part)).transpose()?,
            origin: object.raw("origin").map(|part| Origin::read(source, part)).transpose()?,
            members: object.into_members(),
        })
    }

    pub(super) fn writer(&self) -> Writer {
        let mut object = self.members.writer();
        object.set("slug", &self.slug);
        object.set("name", &self.name);
        object.set_unless_empty("url", &self.url);
        object.place("stdio", self.stdio.as_ref().map(|stdio| Node::Object(stdio.writer())));
        object.set_unless_empty("secret_headers", &self.secret_headers);
        object.place("oauth", self.oauth.as_ref().map(|oauth| Node::Object(oauth.writer())));
        object.set_unless_empty("enabled_tools", &self.enabled_tools);
        object.set_unless_empty("shares_prompts", &self.shares_prompts);
        object.set_unless_empty("shares_resources", &self.shares_resources);
        object.place("project", self.project.as_ref().map(|project| Node::Object(project.writer())));
        object.place("origin", self.origin.as_ref().map(|origin| Node::Object(origin.writer())));
        object
    }
}

/// The members that [`Connector`] has fields for.
const KNOWN: [&str; 11] = [
    "slug",
    "name",
    "url",
    "stdio",
    "secret_headers",
    "oauth",
    "enabled_tools",
    "shares_prompts",
    "shares_resources",
    "project",
    "origin",
];

/// What the file has beside the known members makes no other command of it.
impl PartialEq for StdioCommand {
    fn eq(&self, other: &Self) -> bool {
        let Self { command, args, env, secret_env, cwd, members: _ } = self;
        *command == other.command
            && *args == other.args
            && *env == other.env
            && *secret_env == other.secret_env
            && *cwd == other.cwd
    }
}

impl StdioCommand {
    /// Describes a command with its arguments.
    #[must_use]
    pub fn new<A: Into<String>>(command: impl Into<String>, args: impl IntoIterator<Item = A>) -> Self {
        Self { command: command.into(), args: args.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    fn read<'a>(source: Source<'a>, part: &'a str) -> Result<Self, StoreError> {
        let object = Reader::new(source, part)?;
        Ok(Self {
            command: object.required("command")?,
            args: object.optional("args")?.unwrap_or_default(),
            env: object.optional("env")?.unwrap_or_default(),
            secret_env: object.optional("secret_env")?.unwrap_or_default(),
            cwd: object.optional("cwd")?,
            members: object.into_members(),
        })
    }

    fn writer(&self) -> Writer {
        let mut object = self.members.writer();
        object.set("command", &self.command);
        object.set_unless_empty("args", &self.args);
        object.set_unless_empty("env", &self.env);
        object.set_unless_empty("secret_env", &self.secret_env);
        object.set_unless_empty("cwd", &self.cwd);
        object
    }
}
