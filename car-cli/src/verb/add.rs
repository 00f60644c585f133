//! `car add NAME URL`: dials a server, lists its tools, and keeps it.

use std::convert::Infallible;

use car_connectors::NewConnector;
use car_connectors::store::Secret;

use super::login::{self, Login};
use super::status::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header::{self, Header};
use crate::sign_in::can_ask;

/// Add a remote MCP server by its URL
///
/// Nothing is kept unless the server answers. A secret in a header is best given with --header-env or --header-stdin.
#[derive(clap::Args)]
pub(crate) struct Add {
    /// The connector's name, of your choice
    name: String,
    /// The server's MCP endpoint
    url: String,
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
}

/// Takes a typed secret over before an error of the command line could repeat it.
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

impl Add {
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
    let mut new = NewConnector::remote(&arguments.name, &arguments.url);
    for (name, value) in arguments.headers(context)? {
        new = new.with_header(name, value);
    }
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
        let count =
            status.tool_count.map_or_else(|| "its tools".to_owned(), |count| format!("{count} tools"));
        format!("added {slug}: {count}, none enabled yet")
    });
    context.screen.note(format_args!("next: `car tools {slug}`, then `car enable {slug} TOOL…`"));
    Ok(Exit::Done)
}
