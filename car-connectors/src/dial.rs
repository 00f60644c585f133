//! From what the manifest says to a session: the connector resolved, its secrets fetched, its server dialed.
//!
//! ```text
//!  Connector (as written) ─▶ DialPlan (resolved: target, headers) ─▶ HttpTransport ─▶ Session
//! ```

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use car_connectors_store::{Connector, EntryName, Secret, SecretStore, expand};
use car_http::{Client, HeaderName, HeaderValue, Target, header};
use car_mcp::{Session, SessionBuilder};
use car_mcp_http::{Credentials, HttpTransport};

use crate::error::{Error, ErrorKind, session_error};
use crate::options::Variables;

/// What all connectors are dialed with.
pub(crate) struct Dialer {
    pub(crate) client: Client,
    pub(crate) session: SessionBuilder,
    pub(crate) max_body_bytes: Option<usize>,
}

/// Everything that one connector needs to be dialed.
pub(crate) struct DialPlan {
    target: Target,
    headers: Vec<(HeaderName, HeaderValue)>,
    credentials: Option<Arc<dyn Credentials>>,
    /// How long a project lets connecting take.
    startup: Option<Duration>,
}

impl DialPlan {
    /// Checks a URL and headers that a person gave.
    pub(crate) fn new(url: &str, headers: &[(String, Secret)]) -> Result<Self, Error> {
        let target = Target::parse(url).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, error.to_string())
                .hinted("give the full address, such as https://mcp.example.com/mcp")
        })?;
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| parse_header(name, value)).collect::<Result<_, _>>()?;
        let mut names = HashSet::new();
        if let Some((name, _)) = headers.iter().find(|(name, _)| !names.insert(name)) {
            // Its values are kept by name: one would be lost.
            let text = format!("the header {name} is given more than once");
            return Err(Error::new(ErrorKind::InvalidInput, text).hinted("give each header once"));
        }
        Ok(Self { target, headers, credentials: None, startup: None })
    }

    /// Resolves a connector of the manifest. Blocks on the keychain, if the connector has secrets.
    pub(crate) fn resolve(
        connector: &Connector,
        secrets: &SecretStore,
        variables: &Variables,
    ) -> Result<Self, Error> {
        let mut headers = Vec::with_capacity(connector.secret_headers.len());
        for name in &connector.secret_headers {
            let secret = secrets.get(&EntryName::header(&connector.slug, name))?.ok_or_else(|| {
                Error::new(
                    ErrorKind::Storage,
                    format!("the value of the header {name} is not stored any more"),
                )
                .hinted("remove the connector and add it again with the header")
            })?;
            headers.push((name.clone(), secret));
        }
        let project = connector.project.as_ref();
        for (name, value) in project.iter().flat_map(|project| &project.headers) {
            let value = expand(value, &**variables).map_err(|error| {
                Error::new(ErrorKind::InvalidInput, format!("the header {name} cannot be used: {error}"))
                    .hinted("set the variable, or give it a default in the project's file")
            })?;
            headers.push((name.clone(), Secret::from(value)));
        }
        let mut plan = Self::new(&connector.url, &headers)?;
        plan.startup = project.and_then(|project| seconds(project.startup_timeout_sec));
        Ok(plan)
    }

    /// Tells whether a header of the user says who asks: then nothing else does.
    pub(crate) fn has_authorization(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == header::AUTHORIZATION)
    }

    /// Lets somebody prove who asks.
    pub(crate) fn with_credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Dials the server and makes the handshake.
    pub(crate) async fn dial(self, slug: &str, dialer: &Dialer) -> Result<Session, Error> {
        let mut transport = HttpTransport::builder(dialer.client.clone(), self.target);
        if let Some(cap) = dialer.max_body_bytes {
            transport = transport.max_body_bytes(cap);
        }
        if let Some(credentials) = self.credentials {
            transport = transport.credentials(credentials);
        }
        for (name, value) in self.headers {
            transport = transport
                .header(name, value)
                .map_err(|error| session_error(slug, car_mcp::Error::Transport(error)))?;
        }
        let connecting = dialer.session.clone().connect(transport.build());
        let connected = match self.startup {
            None => connecting.await,
            Some(limit) => tokio::time::timeout(limit, connecting).await.map_err(|_| {
                Error::new(ErrorKind::TimedOut, "the server did not answer in time")
                    .of(slug)
                    .hinted("try again, or raise startup_timeout_sec in the project's file")
            })?,
        };
        connected.map_err(|error| session_error(slug, error))
    }
}

/// Takes seconds that a file gives as a time. What is none was refused when the file was read.
pub(crate) fn seconds(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

fn parse_header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), Error> {
    let invalid = |what: &str| {
        Error::new(ErrorKind::InvalidInput, format!("the {what} of the header {name:?} cannot be sent"))
            .hinted("a name has letters, digits and -; a value is one line of visible characters")
    };
    let header = HeaderName::try_from(name).map_err(|_| invalid("name"))?;
    let mut value = HeaderValue::try_from(value.expose()).map_err(|_| invalid("value"))?;
    value.set_sensitive(true);
    Ok((header, value))
}
