//! Servers that are dialed by their URL.

use std::collections::HashSet;
use std::sync::Arc;

use car_connectors_store::{Connector, EntryName, Secret, SecretStore, expand};
use car_http::{Client, HeaderName, HeaderValue, Target, header};
use car_mcp::Session;
use car_mcp_http::{Credentials, HttpTransport};

use super::Dialer;
use crate::error::{Error, ErrorKind, session_error};
use crate::options::Variables;

/// Everything that a remote connector needs to be dialed.
pub(crate) struct RemotePlan {
    target: Target,
    headers: Vec<(HeaderName, HeaderValue)>,
    credentials: Option<Arc<dyn Credentials>>,
    /// In place of the client that all others are dialed with.
    client: Option<Client>,
}

impl RemotePlan {
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
        Ok(Self { target, headers, credentials: None, client: None })
    }

    /// Resolves a connector of the manifest. Blocks on the keychain, if the connector has secrets.
    pub(super) fn resolve(
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
                    .hinted("set the variable, or mend the project's file")
            })?;
            headers.push((name.clone(), Secret::from(value)));
        }
        Self::new(&connector.url, &headers)
    }

    /// Tells whether a header of the user says who asks: then nothing else does.
    pub(super) fn has_authorization(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == header::AUTHORIZATION)
    }

    /// Lets somebody prove who asks.
    pub(super) fn with_credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Dials with another client than all others are dialed with.
    pub(super) fn with_client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Dials the server and makes the handshake.
    pub(super) async fn dial(self, slug: &str, dialer: &Dialer) -> Result<Session, Error> {
        let mut transport =
            HttpTransport::builder(self.client.unwrap_or_else(|| dialer.client.clone()), self.target);
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
        let session = dialer.session.clone();
        session.connect(transport.build()).await.map_err(|error| session_error(slug, error))
    }
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
