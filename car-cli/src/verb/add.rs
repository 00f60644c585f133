//! `car add NAME URL` and `car add NAME -- COMMAND…`: dials or starts a server, lists its tools, and keeps it.

use std::convert::Infallible;

use car_connectors::NewConnector;
use car_connectors::store::{Connector, ProjectOrigin, Secret, StdioCommand, visible};

use super::login::{self, Login};
use super::status::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header::{self, Header};
use crate::sign_in::can_ask;

/// Add an MCP server: a remote one by its URL, or a local one by the command that starts it
///
/// Nothing is kept unless the server answers. A secret is best given with --header-env, --header-stdin or --env-from.
/// A command comes last, after --, as in: car add files -- npx -y @modelcontextprotocol/server-filesystem .
#[derive(clap::Args)]
pub(crate) struct Add {
    /// The connector's name, of your choice
    name: String,
    /// The server's MCP endpoint
    #[arg(required_unless_present = "command", conflicts_with = "command")]
    url: Option<String>,
    /// The command that starts a local server, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
    /// Set this variable for a local server (other users of this machine may see what is typed)
    #[arg(long, value_name = "NAME=VALUE", value_parser = secret, requires = "command")]
    env: Vec<Secret>,
    /// Set this variable for a local server to the value that it has here
    #[arg(long, value_name = "NAME", requires = "command")]
    env_from: Vec<String>,
    /// Send this header with every request (other users of this machine may see what is typed)
    #[arg(long, value_name = "NAME: VALUE", value_parser = secret)]
    header: Vec<Secret>,
    /// Send this header, with the value of an environment variable
    #[arg(long, value_name = "NAME=VARIABLE")]
    header_env: Vec<String>,
    /// Send this header, with a line of standard input as its value; asked for on a terminal
    #[arg(long, value_name = "NAME")]
    header_stdin: Vec<String>,
    /// Do not sign in where the server wants that: `car login` can do it later
    #[arg(long)]
    no_login: bool,
    /// Write it to the project's .car/connectors.toml, with variables for secrets; no server is contacted
    #[arg(long, conflicts_with_all = ["env", "header", "header_stdin", "no_login", "no_project"])]
    project: bool,
}

/// Takes a typed secret over before an error of the command line could repeat it.
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

impl Add {
    /// Describes an entry of the project's file: where a value would be, there is the name of its variable.
    fn entry(&self) -> Result<Connector, Failure> {
        let mut entry = match self.command.split_first() {
            Some((program, words)) => {
                let mut command = StdioCommand::new(program, words);
                let names = self.env_from.iter();
                command.env = names.map(|name| (name.clone(), format!("${{{name}}}"))).collect();
                Connector::local("", &self.name, command)
            }
            None => Connector::remote("", &self.name, self.url.as_deref().unwrap_or_default()),
        };
        let mut project = ProjectOrigin::default();
        for typed in &self.header_env {
            // Only its shape is looked at: the variable need not be set here.
            let (name, _) = header::from_variable(typed, |_| Some("value".to_owned()))?;
            let variable = typed.split_once('=').map_or("", |(_, variable)| variable);
            project.headers.insert(name, format!("${{{variable}}}"));
        }
        entry.project = Some(project);
        Ok(entry)
    }

    fn connector(&self, context: &Context) -> Result<NewConnector, Failure> {
        let Some((program, words)) = self.command.split_first() else {
            let mut new = NewConnector::remote(&self.name, self.url.as_deref().unwrap_or_default());
            for (name, value) in self.headers(context)? {
                new = new.with_header(name, value);
            }
            return Ok(new);
        };
        let mut new = NewConnector::local(&self.name, StdioCommand::new(program, words));
        for (name, value) in self.variables(context)? {
            new = new.with_variable(name, value);
        }
        Ok(new)
    }

    fn variables(&self, context: &Context) -> Result<Vec<(String, Secret)>, Failure> {
        let mut variables = Vec::new();
        for typed in &self.env {
            let Some((name, value)) = typed.expose().split_once('=') else {
                // What was typed may be a secret: it is not repeated.
                return Err(Failure::usage("expected --env NAME=VALUE, found no '='")
                    .hinted("--env-from NAME takes it from here"));
            };
            variables.push((name.to_owned(), Secret::new(value)));
        }
        for name in &self.env_from {
            let value = std::env::var(name).map_err(|_| {
                Failure::usage(format!("the variable {name} is not set here"))
                    .hinted("set it, or use --env NAME=VALUE")
            })?;
            variables.push((name.clone(), Secret::new(value)));
        }
        if !self.env.is_empty() {
            context.screen.warning(
                "other processes can see the value given with --env, and the shell keeps it in its history; --env-from \
                 avoids that",
            );
        }
        Ok(variables)
    }

    fn headers(&self, context: &Context) -> Result<Vec<Header>, Failure> {
        let mut headers = Vec::new();
        for typed in &self.header {
            headers.push(header::typed(typed)?);
        }
        for variable in &self.header_env {
            headers.push(header::from_variable(variable, |name| std::env::var(name).ok())?);
        }
        headers.extend(header::from_input(&self.header_stdin)?);
        if !self.header.is_empty() {
            context.screen.warning(
                "other processes can see the value given with --header, and the shell keeps it in its history; \
                 --header-env and --header-stdin avoid that",
            );
        }
        Ok(headers)
    }
}

/// Adds the connector, and shows how it stands.
pub(crate) async fn run(context: &Context, arguments: Add) -> Result<Exit, Failure> {
    if arguments.project {
        return add_to_project(context, &arguments).await;
    }
    let new = arguments.connector(context)?;
    let manager = context.manager().await?;
    let wait = context.screen.wait(format!("contacting {}", arguments.name));
    let added = wait.on(manager.add(new)).await;
    let status = match added {
        Err(error) if error.is_auth_required() && !arguments.no_login && can_ask() => {
            let slug = error.connector().unwrap_or(&arguments.name).to_owned();
            context.screen.note(format_args!("{slug} was added, and its server wants a sign-in"));
            let signed_in = login::sign_in(context, &manager, &Login::to(&slug)).await;
            context.finish(&manager).await;
            return signed_in;
        }
        added => {
            context.finish(&manager).await;
            added?
        }
    };
    let slug = status.slug.clone();
    context.screen.result(&Answer { connector: &status }, || {
        let count = status.tool_count.map_or_else(|| "its tools".to_owned(), counted);
        format!("added {slug}: {count}, none enabled yet")
    });
    context.screen.note(format_args!("next: `car tools {slug}`, then `car enable {slug} TOOL…`"));
    Ok(Exit::Done)
}

/// Writes the connector to the project's file, and shows how it stands.
async fn add_to_project(context: &Context, arguments: &Add) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let status = manager.add_to_project(arguments.entry()?).await?;
    context.finish(&manager).await;
    context.screen.result(&Answer { connector: &status }, || {
        format!("added {} to {}", status.slug, visible(status.project_file.as_deref().unwrap_or_default()))
    });
    context
        .screen
        .note(format_args!("next: `car tools {0}`; others are asked to `car trust` it", status.slug));
    Ok(Exit::Done)
}

/// Says how many tools there are.
pub(super) fn counted(count: usize) -> String {
    match count {
        1 => "1 tool".to_owned(),
        count => format!("{count} tools"),
    }
}
