//! The authorization request (RFC 6749 §4.1.1, RFC 8707), and what is remembered until its answer.

use url::Url;

use crate::Error;
use crate::client_auth::check_issuer;
use crate::issuer::Issuer;
use crate::pkce::{CodeVerifier, S256};
use crate::registration::KnownClient;
use crate::response::{AuthorizationCode, AuthorizationResponse, State};
use crate::scope::Scopes;
use crate::server_metadata::AuthorizationServer;
use crate::token::{CodeGrant, Grant, TokenRequest};

/// Parameters that nobody else may set: ours, and those that would overrule ours (RFC 9101) or send the answer to where
/// nobody listens.
const RESERVED: [&str; 12] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "dpop_jkt",
    "request",
    "request_uri",
    "response_mode",
];

/// A request to a person to let the client in.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "its maker writes it out in full")]
pub struct AuthorizationRequest<'a> {
    /// Who is asked.
    pub server: &'a AuthorizationServer,
    /// That it offers S256.
    pub proof: S256,
    /// Who asks.
    pub client: &'a KnownClient,
    /// Where the answer goes.
    pub redirect_uri: &'a str,
    /// What is asked for; none leaves it to the server.
    pub scope: Option<Scopes>,
    /// The server that the token is for (RFC 8707 §2.1).
    pub resource: Option<&'a str>,
    /// Parameters that this server wants besides.
    pub extra: &'a [(String, String)],
    /// The thumbprint of the key that the code is bound to (RFC 9449 §10).
    pub dpop_jkt: Option<String>,
}

impl AuthorizationRequest<'_> {
    /// Returns the URL to show to a person, and what is needed when the answer comes.
    ///
    /// Both arguments are fresh random bytes.
    ///
    /// # Errors
    /// [`Error::EndpointMissing`]; [`Error::ClientOfAnotherIssuer`]; [`Error::InvalidSettings`] where an extra
    /// parameter would replace one of ours.
    pub fn begin(
        self,
        state_random: [u8; 32],
        verifier_random: [u8; 32],
    ) -> Result<(Url, PendingAuthorization), Error> {
        check_issuer(self.client, &self.server.issuer)?;
        if let Some((name, _)) = self.extra.iter().find(|(name, _)| RESERVED.contains(&name.as_str())) {
            return Err(Error::InvalidSettings {
                what: format!("the parameter {name} is set by the sign-in itself"),
            });
        }
        let state = State::from_random(state_random);
        let verifier = CodeVerifier::from_random(verifier_random);
        let url = self.url(&state, &verifier)?;
        let pending = PendingAuthorization {
            state,
            response_iss: self.server.response_iss_supported(),
            authorized: Authorized {
                issuer: self.server.issuer.clone(),
                client: self.client.clone(),
                verifier,
                redirect_uri: self.redirect_uri.to_owned(),
                resource: self.resource.map(str::to_owned),
                scope: self.scope,
            },
        };
        Ok((url, pending))
    }

    fn url(&self, state: &State, verifier: &CodeVerifier) -> Result<Url, Error> {
        let mut url = self.server.authorization_endpoint()?.url().clone();
        let challenge = verifier.challenge();
        let scope = self.scope.as_ref().map(Scopes::to_string).filter(|scope| !scope.is_empty());
        let parameters = [
            ("response_type", Some("code")),
            ("client_id", Some(self.client.client_id.as_str())),
            ("redirect_uri", Some(self.redirect_uri)),
            ("scope", scope.as_deref()),
            ("state", Some(state.expose())),
            ("code_challenge", Some(challenge.as_str())),
            ("code_challenge_method", Some("S256")),
            ("resource", self.resource),
            ("dpop_jkt", self.dpop_jkt.as_deref()),
        ];
        self.drop_conflicts(&mut url);
        let mut query = url.query_pairs_mut();
        query.extend_pairs(parameters.iter().filter_map(|(name, value)| Some((name, (*value)?))));
        query.extend_pairs(self.extra.iter().map(|(name, value)| (name, value)));
        drop(query);
        Ok(url)
    }

    /// Takes out of the endpoint's own query what we set. The rest stays as it is (RFC 6749 §3.1); with both in it, the
    /// server would have to refuse the request, or take the value that is not ours.
    fn drop_conflicts(&self, url: &mut Url) {
        let is_ours =
            |name: &str| RESERVED.contains(&name) || self.extra.iter().any(|(extra, _)| extra == name);
        if !url.query_pairs().any(|(name, _)| is_ours(&name)) {
            return;
        }
        let kept: Vec<_> = url.query_pairs().filter(|(name, _)| !is_ours(name)).map(owned).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
}

fn owned<A: ToString, B: ToString>((name, value): (A, B)) -> (String, String) {
    (name.to_string(), value.to_string())
}

/// What the answer has to fit, and what is sent when it does.
#[derive(Debug)]
pub struct PendingAuthorization {
    state: State,
    /// Whether the answer has to name the issuer (RFC 9207 §2.4).
    response_iss: bool,
    authorized: Authorized,
}

/// What belongs to a code, recorded before anyone was asked: an answer cannot change it.
#[derive(Clone, Debug)]
struct Authorized {
    issuer: Issuer,
    client: KnownClient,
    verifier: CodeVerifier,
    redirect_uri: String,
    resource: Option<String>,
    scope: Option<Scopes>,
}

/// Why an answer did not lead to a code.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// It does not belong to this sign-in, which goes on: anything on the machine can call at the listener.
    Foreign(Box<PendingAuthorization>, Error),
    /// It belongs to this sign-in, which it ends.
    Final(Error),
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Foreign(_, error) | Rejection::Final(error) => error,
        }
    }
}

impl PendingAuthorization {
    /// Returns the state, by which a front end finds the sign-in that an answer belongs to.
    #[must_use]
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// Returns who was asked.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.authorized.issuer
    }

    /// Returns where the answer was asked to go.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.authorized.redirect_uri
    }

    /// Checks an answer and takes the code out of it. State and issuer are compared before anything else is read.
    ///
    /// # Errors
    /// [`Rejection`].
    pub fn accept(self, answer: AuthorizationResponse) -> Result<AuthorizedCode, Rejection> {
        let answer = match answer.check_state(&self.state) {
            Ok(answer) => answer,
            Err(error) => return Err(Rejection::Foreign(Box::new(self), error)),
        };
        let code = answer
            .check_issuer(&self.authorized.issuer, self.response_iss)
            .and_then(crate::response::IssuerChecked::outcome)
            .map_err(Rejection::Final)?;
        Ok(AuthorizedCode { code, authorized: self.authorized })
    }
}

/// A code, and all that its exchange needs. Only an answer that was checked leads to one.
#[derive(Clone, Debug)]
pub struct AuthorizedCode {
    code: AuthorizationCode,
    authorized: Authorized,
}

impl AuthorizedCode {
    /// Returns who gave the code.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.authorized.issuer
    }

    /// Returns whom it was given to.
    #[must_use]
    pub const fn client(&self) -> &KnownClient {
        &self.authorized.client
    }

    /// Returns what the token will be for.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.authorized.resource.as_deref()
    }

    /// Returns what was asked for.
    #[must_use]
    pub const fn scope(&self) -> Option<&Scopes> {
        self.authorized.scope.as_ref()
    }

    /// Exchanges the code at the server that gave it (RFC 6749 §4.1.3).
    ///
    /// # Errors
    /// [`Error::IssuerMismatch`] for any other server: a code in the wrong hands is what a mix-up is after.
    /// [`Error::EndpointMissing`].
    pub fn token_request(&self, server: &AuthorizationServer) -> Result<TokenRequest, Error> {
        let Authorized { issuer, verifier, redirect_uri, .. } = &self.authorized;
        if server.issuer != *issuer {
            let (expected, found) = (issuer.to_string(), Some(server.issuer.to_string()));
            return Err(Error::IssuerMismatch { expected, found });
        }
        let grant = CodeGrant { code: &self.code.0, redirect_uri, verifier };
        let endpoint = server.token_endpoint()?;
        Ok(TokenRequest::new(endpoint, Grant::AuthorizationCode(grant), self.resource(), None))
    }
}

#[cfg(test)]
mod tests;
