//! `car login SLUG`: signs in to a connector's server, in a browser or as the options say.

use std::sync::Arc;

use car_connectors::oauth::driver::{CallbackAddress, LoopbackAgent, SignedIn};
use car_connectors::store::Secret;
use car_connectors::{Assertion, ConnectorManager, ConnectorStatus, SignInMethod, SignInOptions};
use clap::ValueEnum;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header;
use crate::sign_in::{DeviceScreen, Terminal};

/// Sign in to a connector's server
///
/// A browser opens and comes back by itself. Over SSH, or without a browser, use --no-browser: the address is printed, and
/// the one at which the browser ends is pasted back. What is given here is kept for the next sign-in.
#[derive(clap::Args, Default)]
pub(crate) struct Login {
    /// The connector
    slug: String,
    /// Open no browser: print the address, and take the one that the browser ends at
    #[arg(long, conflicts_with = "device")]
    no_browser: bool,
    /// Sign in on another device, with a code
    #[arg(long)]
    device: bool,
    /// Have the browser come back to this port, where the client was registered with it
    #[arg(long, value_name = "PORT")]
    callback_port: Option<u16>,
    /// Have the browser come back to this path, such as /callback
    #[arg(long, value_name = "PATH")]
    callback_path: Option<String>,
    /// Have the browser come back to this name of the machine: `127.0.0.1`, `[::1]` or `localhost`
    #[arg(long, value_name = "HOST")]
    callback_host: Option<String>,
    /// The id of a client that was registered by hand
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Take the client's secret, or its private key as PEM, from this environment variable
    #[arg(long, value_name = "VARIABLE", requires = "client_id")]
    client_secret_env: Option<String>,
    /// Take the client's secret from a line of standard input; asked for on a terminal
    #[arg(long, requires = "client_id", conflicts_with = "client_secret_env")]
    client_secret_stdin: bool,
    /// The name under which the authorization server knows the private key
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    /// Ask for this scope besides those that the server asks for
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Go on where another account signs in than before
    #[arg(long)]
    switch_account: bool,
    /// Let the server name addresses in private networks for its sign-in
    #[arg(long)]
    allow_private: bool,
    /// How tokens are got
    #[arg(long, value_enum, value_name = "METHOD")]
    method: Option<Method>,
    /// Where a workload's token, or a person's identity token, comes from: env:NAME or file:PATH
    #[arg(long, value_name = "FROM")]
    assertion: Option<String>,
    /// The token endpoint of the enterprise's identity provider
    #[arg(long, value_name = "URL")]
    idp_token_endpoint: Option<url::Url>,
    /// The client's id at the identity provider
    #[arg(long, value_name = "ID")]
    idp_client_id: Option<String>,
}

/// How tokens are got.
#[derive(Clone, Copy, ValueEnum)]
enum Method {
    /// A person consents in a browser
    Person,
    /// The program is a client in its own right; needs --client-id and a secret or key
    ClientCredentials,
    /// A workload proves its identity with a token of its platform; needs --assertion
    WorkloadIdentity,
    /// An enterprise's identity provider vouches; needs --assertion, --idp-token-endpoint and --idp-client-id
    EnterpriseManaged,
}

/// How a sign-in went, as a program gets it.
#[derive(Serialize)]
struct Answer<'a> {
    signed_in: Signed<'a>,
    connector: &'a ConnectorStatus,
}

#[derive(Serialize)]
struct Signed<'a> {
    issuer: &'a str,
    client_id: &'a str,
    account: Option<String>,
    scopes: Option<String>,
    renewable: bool,
}

impl Login {
    /// A sign-in with nothing but defaults, for a connector that was added a moment ago.
    pub(super) fn to(slug: &str) -> Self {
        Self { slug: slug.to_owned(), ..Self::default() }
    }

    fn options(&self) -> Result<SignInOptions, Failure> {
        let mut options = SignInOptions::new();
        options.method = self.method()?;
        options.client_id.clone_from(&self.client_id);
        options.client_secret = self.client_secret()?;
        options.key_id.clone_from(&self.key_id);
        options.scopes = (!self.scope.is_empty()).then(|| self.scope.clone());
        options.callback = self.callback();
        options.allow_private = self.allow_private.then_some(true);
        options.other_account = self.switch_account;
        Ok(options)
    }

    fn callback(&self) -> CallbackAddress {
        let mut address = CallbackAddress::default();
        address.host.clone_from(&self.callback_host);
        address.port = self.callback_port;
        address.path = self.callback_path.as_ref().map(|path| match path.starts_with('/') {
            true => path.clone(),
            false => format!("/{path}"),
        });
        address
    }

    fn client_secret(&self) -> Result<Option<Secret>, Failure> {
        if let Some(variable) = &self.client_secret_env {
            let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
            let missing = || {
                Failure::usage(format!("the variable {variable} for the client's secret is not set"))
                    .hinted("set it, or give the secret with --client-secret-stdin")
            };
            return value.map(|value| Some(Secret::new(value.trim_end()))).ok_or_else(missing);
        }
        if self.client_secret_stdin {
            return header::secret_line("the client's secret").map(Some);
        }
        Ok(None)
    }

    fn method(&self) -> Result<Option<SignInMethod>, Failure> {
        let Some(method) = self.method else { return Ok(None) };
        let needs = |what: &str| Failure::usage(format!("this way to sign in needs {what}"));
        let assertion = || -> Result<Assertion, Failure> {
            let text = self.assertion.as_deref().ok_or_else(|| needs("--assertion"))?;
            let assertion = Assertion::parse(text).ok_or_else(|| {
                Failure::usage(format!("expected --assertion env:NAME or file:PATH, found {text:?}"))
            })?;
            // It is read again at every renewal, from whatever folder the command is called in then.
            Ok(match assertion {
                Assertion::File(path) => Assertion::File(std::path::absolute(&path).unwrap_or(path)),
                variable @ Assertion::Variable(_) => variable,
            })
        };
        Ok(Some(match method {
            Method::Person => SignInMethod::Person,
            Method::ClientCredentials => SignInMethod::ClientCredentials,
            Method::WorkloadIdentity => SignInMethod::WorkloadIdentity { assertion: assertion()? },
            Method::EnterpriseManaged => SignInMethod::EnterpriseManaged {
                idp_token_endpoint: self
                    .idp_token_endpoint
                    .clone()
                    .ok_or_else(|| needs("--idp-token-endpoint"))?,
                idp_client_id: self.idp_client_id.clone().ok_or_else(|| needs("--idp-client-id"))?,
                id_token: assertion()?,
            },
        }))
    }
}

/// Signs in, dials the connector, and shows how it stands.
pub(crate) async fn run(context: &Context, arguments: Login) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let outcome = sign_in(context, &manager, &arguments).await;
    context.finish(&manager).await;
    outcome
}

/// The same, with a manager that there is already.
pub(super) async fn sign_in(
    context: &Context,
    manager: &ConnectorManager,
    arguments: &Login,
) -> Result<Exit, Failure> {
    let known = context.connector(manager, &arguments.slug).await?;
    let (slug, options) = (known.slug.as_str(), arguments.options()?);
    let is_unattended = context.is_unattended(slug, options.method.as_ref())?;
    let signed_in = if is_unattended {
        manager.sign_in_unattended(slug, &options).await?
    } else if arguments.device {
        let display = DeviceScreen::new(context.screen.clone(), arguments.switch_account);
        manager.sign_in_by_device(slug, &options, &display).await?
    } else {
        let terminal = Terminal::new(context.screen.clone(), !arguments.no_browser, arguments.switch_account);
        let address = options.callback.or(&context.callback(slug)?);
        let agent = LoopbackAgent::new(Arc::new(terminal)).with_address(address);
        manager.sign_in(slug, &options, &agent).await?
    };
    let status = manager.refresh(slug).await?;
    show(context, &status, &signed_in);
    Ok(Exit::Done)
}

fn show(context: &Context, status: &ConnectorStatus, signed_in: &SignedIn) {
    let account = signed_in.identity.as_ref().map(ToString::to_string);
    let signed = Signed {
        issuer: &signed_in.issuer,
        client_id: &signed_in.client_id,
        account: account.clone(),
        scopes: signed_in.scopes.as_ref().map(ToString::to_string),
        renewable: signed_in.is_renewable,
    };
    context.screen.result(&Answer { signed_in: signed, connector: status }, || {
        let account = account.map(|account| format!(" as {account}")).unwrap_or_default();
        let count = status.tool_count.map_or_else(String::new, |count| format!(": {count} tools"));
        format!("signed in to {}{account}{count}", status.slug)
    });
    if status.enabled_count == 0 {
        let slug = &status.slug;
        context.screen.note(format_args!("next: `car tools {slug}`, then `car enable {slug} TOOL…`"));
    }
}
