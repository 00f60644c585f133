//! What can go wrong, sorted by whose fault it is: the MCP server's, the authorization server's, the person's, ours.

use crate::lookup::Tried;

/// The cause underneath an error of another crate.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a sign-in, a refresh or a request for a token failed. Holds no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // ---- the MCP server's metadata
    /// Nothing tells who authorizes for the server.
    #[error("{server} wants a sign-in and says nowhere how; tried {tried}")]
    NoMetadata {
        /// The MCP server.
        server: String,
        /// Where was looked.
        tried: Tried,
    },
    /// The server takes requests without a sign-in, and says nowhere how one would be made.
    #[error("{server} takes requests without a sign-in, and says nowhere how one would be made")]
    NoSignInNeeded {
        /// The MCP server.
        server: String,
    },
    /// A metadata document cannot be used.
    #[error("the metadata at {url} cannot be used: {what}")]
    InvalidMetadata {
        /// Where it was.
        url: String,
        /// What was expected, what was found.
        what: String,
    },
    /// The metadata is for another server (RFC 9728 §3.3).
    #[error("the metadata of {server} is for another resource: {found}")]
    ResourceMismatch {
        /// The MCP server.
        server: String,
        /// The resource that the metadata names.
        found: String,
    },

    // ---- the authorization server's metadata
    /// The authorization server has no metadata.
    #[error("the authorization server {issuer} publishes no metadata; tried {tried}")]
    NoServerMetadata {
        /// The issuer.
        issuer: String,
        /// Where was looked.
        tried: Tried,
    },
    /// The metadata, an answer or a token is of another issuer (RFC 8414 §3.3, RFC 9207 §2.4).
    #[error("expected the issuer {expected}, found {}", found.as_deref().unwrap_or("none"))]
    IssuerMismatch {
        /// The issuer that was asked.
        expected: String,
        /// The issuer that answered; nothing if it does not say.
        found: Option<String>,
    },
    /// The server does not offer PKCE with S256.
    #[error(
        "{issuer} does not offer PKCE with S256 (it offers {}), so a stolen code could be used",
        listed(offered)
    )]
    PkceNotSupported {
        /// The issuer.
        issuer: String,
        /// What it offers.
        offered: Vec<String>,
    },
    /// A URL that has to be https is not.
    #[error("the {what} {url} is refused: {reason}")]
    InsecureEndpoint {
        /// Which one.
        what: &'static str,
        /// The URL, cut where it is long.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The server does not have an endpoint that is needed.
    #[error("{issuer} names no {what}")]
    EndpointMissing {
        /// The issuer.
        issuer: String,
        /// Which one.
        what: &'static str,
    },

    // ---- the client's registration
    /// No client is known, and none can be made.
    #[error("{issuer} registers no clients by itself, and no client id was given")]
    ClientUnknown {
        /// The issuer.
        issuer: String,
        /// Which ways are open, in words.
        ways: Vec<String>,
    },
    /// The client that was given belongs to another authorization server.
    #[error("the client id {client_id} belongs to {bound}, but the server now sends to {issuer}")]
    ClientOfAnotherIssuer {
        /// The client.
        client_id: String,
        /// Whose it is.
        bound: String,
        /// Who asks now.
        issuer: String,
    },
    /// The registration was refused (RFC 7591 §3.2.2).
    #[error("{issuer} refused to register this client: {error}{}", detail(description.as_deref()))]
    RegistrationRefused {
        /// The issuer.
        issuer: String,
        /// Its error code, or the status.
        error: String,
        /// Its words, cleaned.
        description: Option<String>,
        /// Whether the redirect URI is what it does not like.
        redirect_uri: bool,
    },

    // ---- what the person and the browser bring back
    /// The answer does not belong to this sign-in.
    #[error("the answer of the browser does not belong to this sign-in: {what}")]
    ForeignResponse {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The answer cannot be read.
    #[error("the answer of the browser cannot be used: {what}")]
    InvalidResponse {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The authorization server, or the person, said no (RFC 6749 §4.1.2.1).
    #[error("the sign-in was refused: {error}{}", detail(description.as_deref()))]
    AuthorizationRefused {
        /// The error code.
        error: String,
        /// The server's words, cleaned.
        description: Option<String>,
    },
    /// Nobody finished the sign-in in time.
    #[error("the sign-in was not finished within {seconds} seconds")]
    SignInTimedOut {
        /// How long it was waited for.
        seconds: u64,
    },
    /// Another account signed in than before.
    #[error("{found} signed in, where {expected} was before")]
    IdentityChanged {
        /// Who it was.
        expected: String,
        /// Who it is.
        found: String,
    },
    /// The redirect URI cannot be used.
    #[error("the redirect address {uri} cannot be used: {reason}")]
    InvalidRedirectUri {
        /// The address.
        uri: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The port for the answer of the browser is not free.
    #[error("the port {port} for the browser's answer is in use")]
    CallbackPort {
        /// The port; 0 stands for any.
        port: u16,
        /// Why.
        #[source]
        source: std::io::Error,
    },

    // ---- tokens
    /// A token was refused (RFC 6749 §5.2).
    #[error("{issuer} refused a token: {error}{}", detail(description.as_deref()))]
    TokenRefused {
        /// The issuer.
        issuer: String,
        /// Its error code.
        error: String,
        /// Its words, cleaned.
        description: Option<String>,
    },
    /// An answer of the authorization server makes no sense.
    #[error("the {endpoint} answer of {issuer} cannot be used: {what}")]
    InvalidTokenResponse {
        /// The issuer.
        issuer: String,
        /// Which endpoint answered.
        endpoint: &'static str,
        /// What was expected, what was found.
        what: String,
    },
    /// The authorization server failed.
    #[error("the {endpoint} endpoint of {issuer} failed with status {status}: {what}")]
    ServerFailed {
        /// The issuer.
        issuer: String,
        /// Which endpoint.
        endpoint: &'static str,
        /// The HTTP status.
        status: u16,
        /// What kind of answer it was; none of its text.
        what: String,
    },
    /// A token cannot be renewed at the moment; nothing was said about it.
    #[error("the token cannot be renewed right now: {reason}")]
    NotNow {
        /// Why.
        reason: String,
    },
    /// A person has to sign in.
    #[error("a sign-in is needed: {reason}")]
    SignInRequired {
        /// Why.
        reason: String,
    },
    /// More was asked for again and again.
    #[error("the server asked for more permissions {rounds} times and is still not content")]
    TooManyStepUps {
        /// How many times a person was asked.
        rounds: u32,
    },

    // ---- ours, and the machine's
    /// The settings of a sign-in cannot be used.
    #[error("invalid sign-in settings: {what}")]
    InvalidSettings {
        /// What is wrong.
        what: String,
    },
    /// A key cannot be used.
    #[error("the key cannot be used: {what}")]
    InvalidKey {
        /// What is wrong; nothing of the key.
        what: String,
    },
    /// Tokens could not be read or kept.
    #[error("tokens could not be {action}")]
    Vault {
        /// "read", "stored", "locked" or "removed".
        action: &'static str,
        /// Why.
        source: Cause,
    },
    /// A request did not come to an answer.
    #[cfg(feature = "driver")]
    #[error("could not ask the {what} at {url}")]
    Http {
        /// Which endpoint or document.
        what: &'static str,
        /// Its URL without the query.
        url: String,
        /// Why.
        source: Box<car_http::Error>,
    },
}

fn listed(words: &[String]) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn detail(text: Option<&str>) -> String {
    text.map(|text| format!(" ({text})")).unwrap_or_default()
}

/// Statuses that mean "later": RFC 9110 §15.5.9 and §15.6, RFC 6585 §4.
const LATER: [u16; 2] = [408, 429];

impl Error {
    /// What is wrong with an address that strangers may not point to.
    pub const PRIVATE_ADDRESS: &'static str =
        "a server on the internet names an address of this machine or of a private network";

    /// Returns whether the same may succeed later: nothing was said about the tokens.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotNow { .. } => true,
            Self::ServerFailed { status, .. } => *status >= 500 || LATER.contains(status),
            // RFC 6749 §4.1.2.1 has both for the authorization endpoint; token endpoints say them too.
            Self::TokenRefused { error, .. } | Self::AuthorizationRefused { error, .. } => {
                matches!(error.as_str(), "temporarily_unavailable" | "server_error" | "slow_down")
            }
            #[cfg(feature = "driver")]
            Self::Http { source, .. } => source.is_transient(),
            _ => false,
        }
    }

    /// Returns whether only a person can go on from here.
    #[must_use]
    pub const fn is_sign_in_required(&self) -> bool {
        matches!(self, Self::SignInRequired { .. })
    }

    /// Returns whether a server named an address of this machine or of a private network, and was not followed there.
    #[must_use]
    pub fn is_private_address(&self) -> bool {
        match self {
            Self::InsecureEndpoint { reason, .. } => *reason == Self::PRIVATE_ADDRESS,
            #[cfg(feature = "driver")]
            Self::Http { source, .. } => matches!(**source, car_http::Error::AddressRefused { .. }),
            _ => false,
        }
    }

    /// Returns whether the grant, and with it the refresh token, is no longer any good (RFC 6749 §5.2).
    #[must_use]
    pub fn is_invalid_grant(&self) -> bool {
        matches!(self, Self::TokenRefused { error, .. } if error == "invalid_grant")
    }

    /// Returns whether the authorization server does not know the client (any more).
    #[must_use]
    pub fn is_invalid_client(&self) -> bool {
        matches!(self, Self::TokenRefused { error, .. } | Self::AuthorizationRefused { error, .. }
            if matches!(error.as_str(), "invalid_client" | "unauthorized_client"))
    }
}
