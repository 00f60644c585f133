//! A server that the person names themselves: by its URL, or by the command that starts it.

use car_connectors::NewConnector;
use car_connectors::store::{Connector, ProjectOrigin, Secret, StdioCommand};

use super::meant::Server;
use super::secret;
use crate::context::Context;
use crate::failure::Failure;
use crate::header::{self, Header};

/// What can be given with a URL or a command.
#[derive(clap::Args)]
#[group(skip)]
#[command(next_help_heading = "With a URL or a command")]
pub(super) struct Options {
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
    /// Write it to the project's .car/connectors.toml, with variables for secrets; no server is contacted
    #[arg(long, conflicts_with_all = ["env", "header", "header_stdin", "no_login", "no_project"])]
    pub(super) project: bool,
}

impl Options {
    /// Refuses what a service that somebody else describes cannot be given.
    pub(super) fn refuse(&self) -> Result<(), Failure> {
        if self.project {
            return Err(Failure::usage(
                "a service from a registry or a root cannot be written to a project's file",
            )
            .hinted("add it for yourself, or write its URL or command with `car add NAME … --project`"));
        }
        let has_headers =
            !(self.header.is_empty() && self.header_env.is_empty() && self.header_stdin.is_empty());
        match has_headers {
            true => Err(Failure::usage("headers are for a server that is given by its URL").hinted(
                "what a service asks for is given with --set-from KEY=VARIABLE; `--show` lists the keys",
            )),
            false => Ok(()),
        }
    }

    /// Describes an entry of the project's file: where a value would be, there is the name of its variable.
    pub(super) fn entry(&self, name: &str, server: Server<'_>) -> Result<Connector, Failure> {
        let mut entry = match server {
            Server::Local { program, words } => {
                let mut command = StdioCommand::new(program, words);
                let names = self.env_from.iter();
                command.env = names.map(|name| (name.clone(), format!("${{{name}}}"))).collect();
                Connector::local("", name, command)
            }
            Server::Remote(url) => Connector::remote("", name, url),
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

    /// Describes the connector, with its secrets.
    pub(super) fn connector(
        &self,
        context: &Context,
        name: &str,
        server: Server<'_>,
    ) -> Result<NewConnector, Failure> {
        Ok(match server {
            Server::Remote(url) => {
                let new = NewConnector::remote(name, url);
                self.headers(context)?
                    .into_iter()
                    .fold(new, |new, (name, value)| new.with_header(name, value))
            }
            Server::Local { program, words } => {
                let new = NewConnector::local(name, StdioCommand::new(program, words));
                let variables = self.variables(context)?.into_iter();
                variables.fold(new, |new, (name, value)| new.with_variable(name, value))
            }
        })
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
