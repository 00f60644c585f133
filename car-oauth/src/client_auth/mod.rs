//! How a client proves who it is at the token endpoint (RFC 6749 §2.3.1, RFC 8414 §2, RFC 7523 §2.2).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::Error;
use crate::form::encoded;
use crate::issuer::Issuer;
use crate::jwt::client_assertion;
use crate::registration::KnownClient;
use crate::secret::Secret;
use crate::server_metadata::AuthorizationServer;
use crate::sign::Sign;
use crate::time::Timestamp;
use crate::token::TokenRequest;

/// A method of client authentication, by its registered name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum AuthMethod {
    /// `none`: a public client.
    None,
    /// `client_secret_basic`.
    ClientSecretBasic,
    /// `client_secret_post`.
    ClientSecretPost,
    /// `private_key_jwt`.
    PrivateKeyJwt,
    /// One that we do not speak.
    Other(String),
}

impl From<String> for AuthMethod {
    fn from(name: String) -> Self {
        match name.as_str() {
            "none" => Self::None,
            "client_secret_basic" => Self::ClientSecretBasic,
            "client_secret_post" => Self::ClientSecretPost,
            "private_key_jwt" => Self::PrivateKeyJwt,
            _ => Self::Other(name),
        }
    }
}

impl From<AuthMethod> for String {
    fn from(method: AuthMethod) -> Self {
        method.as_str().to_owned()
    }
}

impl AuthMethod {
    /// Returns the registered name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::Other(name) => name,
        }
    }
}

/// What a client proves itself with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientCredential {
    /// Nothing: a public client.
    Public,
    /// A shared secret.
    Secret(Secret),
    /// A private key.
    Key(Arc<dyn Sign>),
}

impl ClientCredential {
    /// Returns the methods that can be used with it, best first. A secret that the server does not want to see is left
    /// at home: some hand one out although they only take public clients.
    const fn methods(&self) -> &'static [AuthMethod] {
        match self {
            Self::Public => &[AuthMethod::None],
            Self::Secret(_) => {
                &[AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::None]
            }
            Self::Key(_) => &[AuthMethod::PrivateKeyJwt],
        }
    }
}

/// Chooses the method for a credential, from what the registration answered and what the metadata says.
///
/// The registration counts where the metadata does not contradict it, for it may name what was asked for instead of
/// what will work. Metadata that is absent or empty stands for `client_secret_basic` (RFC 8414 §2). A public client has
/// nothing to show, so it shows nothing, even to a server that does not list `none`.
///
/// # Errors
/// [`Error::InvalidSettings`] where the server takes nothing that this credential can be used with.
pub fn choose_method(
    credential: &ClientCredential,
    registered: Option<&AuthMethod>,
    supported: Option<&[AuthMethod]>,
) -> Result<AuthMethod, Error> {
    let usable = credential.methods();
    let preferred = registered.filter(|method| usable.contains(method));
    let chosen = match (credential, supported.filter(|methods| !methods.is_empty())) {
        (ClientCredential::Public, _) => Some(&AuthMethod::None),
        (_, None) => preferred.or_else(|| usable.first()),
        (_, Some(supported)) => {
            let mut candidates = preferred.into_iter().chain(usable);
            candidates.find(|method| supported.contains(method))
        }
    };
    chosen.cloned().ok_or_else(|| {
        let names =
            |methods: &[AuthMethod]| methods.iter().map(AuthMethod::as_str).collect::<Vec<_>>().join(", ");
        Error::InvalidSettings {
            what: format!(
                "expected a client that authenticates with one of {}, found a credential for {}",
                names(supported.unwrap_or_default()),
                names(usable)
            ),
        }
    })
}

/// A client that proves who it is, by a method that its credential fits.
#[derive(Clone, Debug)]
pub struct ClientAuthentication {
    client: KnownClient,
    method: AuthMethod,
}

impl ClientAuthentication {
    /// Prepares a client for one method.
    ///
    /// # Errors
    /// [`Error::InvalidSettings`] where the credential does not fit the method.
    pub fn new(client: &KnownClient, method: AuthMethod) -> Result<Self, Error> {
        if method != AuthMethod::None && !client.credential.methods().contains(&method) {
            let what =
                format!("the credential of the client {} does not fit {}", client.client_id, method.as_str());
            return Err(Error::InvalidSettings { what });
        }
        Ok(Self { client: client.clone(), method })
    }

    /// Prepares a client for a server, by the method that [`choose_method`] finds.
    ///
    /// # Errors
    /// [`Error::ClientOfAnotherIssuer`]; [`Error::InvalidSettings`] where the server takes neither credential nor
    /// algorithm.
    pub fn for_server(client: &KnownClient, server: &AuthorizationServer) -> Result<Self, Error> {
        check_issuer(client, &server.issuer)?;
        let method = choose_method(
            &client.credential,
            client.auth_method.as_ref(),
            server.token_auth_methods.as_deref(),
        )?;
        if let ClientCredential::Key(key) = &client.credential {
            let algorithms = &server.token_auth_signing_algorithms;
            if !algorithms.is_empty() && !algorithms.iter().any(|name| name == key.algorithm()) {
                let (wanted, found) = (algorithms.join(", "), key.algorithm());
                return Err(Error::InvalidSettings {
                    what: format!("expected a key for one of {wanted}, found one for {found}"),
                });
            }
        }
        Self::new(client, method)
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> &AuthMethod {
        &self.method
    }

    /// Puts the proof into a request, in place of what an earlier call put there.
    ///
    /// `jti` has to be fresh every time: a server takes an assertion once (RFC 7523 §3 (7)).
    ///
    /// # Errors
    /// [`Error::ClientOfAnotherIssuer`], so that no credential reaches another server; [`Error::InvalidKey`].
    pub fn apply(
        &self,
        request: &mut TokenRequest,
        issuer: &Issuer,
        now: Timestamp,
        jti: [u8; 32],
    ) -> Result<(), Error> {
        check_issuer(&self.client, issuer)?;
        let client_id = self.client.client_id.as_str();
        request.set_authorization(None);
        let form = request.form_mut();
        for name in ["client_id", "client_secret", "client_assertion_type", "client_assertion"] {
            form.remove(name);
        }
        match (&self.method, &self.client.credential) {
            (AuthMethod::ClientSecretBasic, ClientCredential::Secret(secret)) => {
                request.set_authorization(Some(basic(client_id, secret)));
            }
            (AuthMethod::ClientSecretPost, ClientCredential::Secret(secret)) => {
                form.set("client_id", client_id);
                form.set("client_secret", secret.expose());
            }
            (AuthMethod::PrivateKeyJwt, ClientCredential::Key(key)) => {
                let assertion = client_assertion(client_id, issuer.as_str(), &**key, now, jti)?;
                form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                form.set("client_assertion", assertion.expose());
            }
            // `new` lets no other pair through than a client that names itself only.
            _ => form.set("client_id", client_id),
        }
        Ok(())
    }
}

/// Checks whose client it is: a credential is shown to nobody else, whoever a resource names as its server now.
pub(crate) fn check_issuer(client: &KnownClient, issuer: &Issuer) -> Result<(), Error> {
    if client.issuer == *issuer {
        return Ok(());
    }
    Err(Error::ClientOfAnotherIssuer {
        client_id: client.client_id.clone(),
        bound: client.issuer.to_string(),
        issuer: issuer.to_string(),
    })
}

/// Makes the value of the header; both parts are encoded first, for an identifier may hold a colon (RFC 6749 §2.3.1).
fn basic(client_id: &str, secret: &Secret) -> Secret {
    let (id, secret) = (encoded(client_id), encoded(secret.expose()));
    let pair = Zeroizing::new([id.as_str(), ":", secret.as_str()].concat());
    let mut header = String::with_capacity(6 + pair.len().div_ceil(3) * 4);
    header.push_str("Basic ");
    STANDARD.encode_string(pair.as_bytes(), &mut header);
    Secret::new(header)
}

#[cfg(test)]
mod tests;
