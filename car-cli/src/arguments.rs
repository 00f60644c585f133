//! What can be typed: the global options and the verbs.

use std::path::PathBuf;

use car_connectors::store::SecretMode;
use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use crate::verb;

/// Shown under the help of the command itself.
const AFTER_HELP: &str = "\
Exit status: 0 done, 1 failed, 2 usage, 3 sign-in needed, 4 denied by policy, 5 the tool itself answered with an
error, 130 stopped with Ctrl-C.

Environment: CAR_HOME (state folder), CAR_SECRETS (auto, keychain or file), CAR_CLIENT_METADATA (the URL of a client ID
metadata document), CAR_MCP_REGISTRY and CAR_AGENTDNS_ROOT (base URLs of registries and roots to find services in),
BROWSER, HTTPS_PROXY, HTTP_PROXY, NO_PROXY, SSL_CERT_FILE, NO_COLOR.";

/// Adds remote MCP servers as tool sources, and calls their tools under one policy and one log.
#[derive(Parser)]
#[command(name = "car", version, after_help = AFTER_HELP, max_term_width = 110, subcommand_required = true)]
pub(crate) struct Arguments {
    /// What holds for every verb.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What holds for every verb.
#[derive(clap::Args)]
pub(crate) struct Global {
    /// Keep state in this folder instead of ~/.car
    #[arg(long, global = true, value_name = "DIR", env = "CAR_HOME")]
    pub(crate) home: Option<PathBuf>,
    /// Leave the connectors of the project out, as if there were no .car/connectors.toml
    #[arg(long, global = true)]
    pub(crate) no_project: bool,
    /// Write exactly one JSON document to standard output, and nothing else there
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Write nothing but results and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say on standard error what is done; twice for more
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Where secrets are kept
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "MODE",
        env = "CAR_SECRETS",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) secrets: Secrets,
}

/// Where secrets are kept.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Secrets {
    /// The system keychain, or a file for the owner only where no keychain answers
    Auto,
    /// The system keychain, or not at all
    Keychain,
    /// A file for the owner only
    File,
}

impl From<Secrets> for SecretMode {
    fn from(secrets: Secrets) -> Self {
        match secrets {
            Secrets::Auto => Self::Auto,
            Secrets::Keychain => Self::Keychain,
            Secrets::File => Self::File,
        }
    }
}

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Verb {
    Find(verb::find::Find),
    Add(verb::add::Add),
    Trust(verb::trust::Trust),
    Login(verb::login::Login),
    Logout(verb::logout::Logout),
    List(verb::list::List),
    Status(verb::status::Status),
    Tools(verb::tools::Tools),
    Enable(verb::enable::Enable),
    Disable(verb::disable::Disable),
    Approve(verb::approve::Approve),
    Call(verb::call::Call),
    Refresh(verb::refresh::Refresh),
    Remove(verb::remove::Remove),
    Logs(verb::logs::Logs),
    Policy(verb::policy::Policy),
    Events(verb::events::Events),
    Sources(verb::sources::Sources),
    Serve(verb::serve::Serve),
    Ui(verb::ui::Ui),
    Token(verb::token::Token),
    Doctor(verb::doctor::Doctor),
    Completions(verb::completions::Completions),
    #[command(hide = true)]
    RenewTokens(verb::renew_tokens::RenewTokens),
    #[command(hide = true)]
    Supervise(verb::supervise::Supervise),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn describes_a_command_that_clap_accepts() {
        Arguments::command().debug_assert();
    }
}
