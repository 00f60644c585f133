//! What a sign-in needs and leaves behind that is not a secret.

use crate::StoreError;
use crate::members::{Members, Reader, Source, Writer};

/// The client that a sign-in registered or was given, and how signing in is done.
///
/// Everything may be empty: what a person did not say, discovery finds out.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OauthClient {
    /// Where tokens are refreshed.
    pub token_endpoint: String,
    /// The client's identifier.
    pub client_id: String,
    /// Whether the [`SecretStore`](crate::SecretStore) holds a client secret, or a private key in its place.
    pub has_client_secret: bool,
    /// The resource that the tokens are for.
    pub resource: Option<String>,
    /// The scopes that a person asked for, beyond those that the server asks for.
    pub scopes: Vec<String>,
    /// Who issued the tokens.
    pub issuer: Option<String>,
    /// Whose account it is, for people to read.
    pub account: Option<String>,
    /// How tokens are got, by the name of the grant; nothing for a person who consents in a browser.
    pub method: Option<String>,
    /// Whether the client id was given by a person, and not found out.
    pub pre_registered: bool,
    /// The name under which the authorization server knows the private key.
    pub key_id: Option<String>,
    /// Where the assertion of a workload or an identity provider comes from: `env:NAME` or `file:PATH`.
    pub assertion: Option<String>,
    /// The token endpoint of an enterprise's identity provider.
    pub idp_token_endpoint: Option<String>,
    /// Our client id at the identity provider.
    pub idp_client_id: Option<String>,
    /// Where the browser comes back to, where that is fixed: host, port, path.
    pub callback_host: Option<String>,
    /// The port of that.
    pub callback_port: Option<u16>,
    /// The path of that.
    pub callback_path: Option<String>,
    /// Whether the server's metadata may name addresses in private networks.
    pub allow_private: bool,
    members: Members,
}

/// What the file has beside the known members makes no other client of it.
impl PartialEq for OauthClient {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            token_endpoint,
            client_id,
            has_client_secret,
            resource,
            scopes,
            issuer,
            account,
            method,
            pre_registered,
            key_id,
            assertion,
            idp_token_endpoint,
            idp_client_id,
            callback_host,
            callback_port,
            callback_path,
            allow_private,
            members: _,
        } = self;
        *token_endpoint == other.token_endpoint
            && *client_id == other.client_id
            && *has_client_secret == other.has_client_secret
            && *resource == other.resource
            && *scopes == other.scopes
            && *issuer == other.issuer
            && *account == other.account
            && *method == other.method
            && *pre_registered == other.pre_registered
            && *key_id == other.key_id
            && *assertion == other.assertion
            && *idp_token_endpoint == other.idp_token_endpoint
            && *idp_client_id == other.idp_client_id
            && *callback_host == other.callback_host
            && *callback_port == other.callback_port
            && *callback_path == other.callback_path
            && *allow_private == other.allow_private
    }
}

impl OauthClient {
    /// Describes a client without a secret, resource or scopes.
    #[must_use]
    pub fn new(token_endpoint: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self { token_endpoint: token_endpoint.into(), client_id: client_id.into(), ..Self::default() }
    }

    pub(super) fn read<'a>(source: Source<'a>, part: &'a str) -> Result<Self, StoreError> {
        let object = Reader::new(source, part)?;
        Ok(Self {
            token_endpoint: object.optional("token_endpoint")?.unwrap_or_default(),
            client_id: object.optional("client_id")?.unwrap_or_default(),
            has_client_secret: object.optional("has_client_secret")?.unwrap_or_default(),
            resource: object.optional("resource")?,
            scopes: object.optional("scopes")?.unwrap_or_default(),
            issuer: object.optional("issuer")?,
            account: object.optional("account")?,
            method: object.optional("method")?,
            pre_registered: object.optional("pre_registered")?.unwrap_or_default(),
            key_id: object.optional("key_id")?,
            assertion: object.optional("assertion")?,
            idp_token_endpoint: object.optional("idp_token_endpoint")?,
            idp_client_id: object.optional("idp_client_id")?,
            callback_host: object.optional("callback_host")?,
            callback_port: object.optional("callback_port")?,
            callback_path: object.optional("callback_path")?,
            allow_private: object.optional("allow_private")?.unwrap_or_default(),
            members: object.into_members(),
        })
    }

    pub(super) fn writer(&self) -> Writer {
        let mut object = self.members.writer();
        object.set("token_endpoint", &self.token_endpoint);
        object.set("client_id", &self.client_id);
        object.set("has_client_secret", &self.has_client_secret);
        object.set_unless_empty("resource", &self.resource);
        object.set_unless_empty("scopes", &self.scopes);
        object.set_unless_empty("issuer", &self.issuer);
        object.set_unless_empty("account", &self.account);
        object.set_unless_empty("method", &self.method);
        object.set_unless_empty("pre_registered", &self.pre_registered);
        object.set_unless_empty("key_id", &self.key_id);
        object.set_unless_empty("assertion", &self.assertion);
        object.set_unless_empty("idp_token_endpoint", &self.idp_token_endpoint);
        object.set_unless_empty("idp_client_id", &self.idp_client_id);
        object.set_unless_empty("callback_host", &self.callback_host);
        object.set_unless_empty("callback_port", &self.callback_port);
        object.set_unless_empty("callback_path", &self.callback_path);
        object.set_unless_empty("allow_private", &self.allow_private);
        object
    }
}
