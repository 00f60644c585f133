//! What a protected resource demands, and the answers to those who do not meet it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use car_mcp::server::{Caller, Principal};
use http::request::Parts;
use http::{Response, StatusCode, Uri};

use super::bearer::{self, NoToken};
use super::cache::Cache;
use super::challenge::{Challenge, is_scope, unavailable};
use super::metadata::{Document, WELL_KNOWN};
use super::verifier::{TokenVerifier, VerifyError};
use crate::server::body::ResponseBody;

/// For how long a token that was found good is not checked again: long enough for a busy client's requests to cost a
/// look, short enough for a revoked token to be of little use.
const KEEP: Duration = Duration::from_secs(60);

/// Says why a resource cannot be protected so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidResource {
    /// The resource's identifier is none (RFC 9728 §1.2).
    #[error("expected the http or https URL of the resource without a fragment, found {0:?}")]
    Resource(String),
    /// No authorization server is named, so that no client could ever sign in.
    #[error("expected at least one authorization server, found none")]
    NoAuthorizationServer,
}

type ScopesOf = dyn Fn(&str, Option<&str>) -> Vec<String> + Send + Sync;
type Implies = dyn Fn(&str, &str) -> bool + Send + Sync;

/// A resource to which only bearers of tokens are let in.
pub struct ProtectedResource {
    document: Document,
    /// The path of the resource's identifier, without a slash at its end.
    path: String,
    metadata_url: String,
    required: Vec<String>,
    scopes_of: Option<Box<ScopesOf>>,
    implies: Option<Box<Implies>>,
    realm: Option<String>,
    cache: Cache,
    verifier: Arc<dyn TokenVerifier>,
}

impl ProtectedResource {
    /// Protects the resource of this identifier: the URL under which clients know the server, to which their tokens are
    /// bound (RFC 8707). Clients sign in at one of the authorization servers, whose tokens the verifier knows.
    ///
    /// # Errors
    /// Says why there can be no such resource.
    pub fn new<S: Into<String>>(
        resource: &str,
        authorization_servers: impl IntoIterator<Item = S>,
        verifier: impl TokenVerifier + 'static,
    ) -> Result<Self, InvalidResource> {
        let invalid = || InvalidResource::Resource(resource.to_owned());
        let uri: Uri = resource.parse().map_err(|_| invalid())?;
        let scheme =
            uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https")).ok_or_else(invalid)?;
        let authority =
            uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(invalid)?;
        if resource.contains('#') {
            return Err(invalid());
        }
        let authorization_servers: Vec<String> = authorization_servers.into_iter().map(Into::into).collect();
        if authorization_servers.is_empty() {
            return Err(InvalidResource::NoAuthorizationServer);
        }
        // RFC 9728 §3.1: the well-known part stands between the host and what follows it.
        let path = uri.path().trim_end_matches('/').to_owned();
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self {
            metadata_url: format!("{scheme}://{authority}{WELL_KNOWN}{path}{query}"),
            path,
            document: Document {
                resource: resource.to_owned(),
                authorization_servers,
                scopes_supported: Vec::new(),
                bearer_methods_supported: ["header"],
                resource_name: None,
                resource_documentation: None,
            },
            required: Vec::new(),
            scopes_of: None,
            implies: None,
            realm: None,
            cache: Cache::new(KEEP),
            verifier: Arc::new(verifier),
        })
    }

    /// Names the scopes that clients may ask for. A client that is not told by a challenge asks for all of them, so only
    /// those belong here that a client needs to begin with.
    #[must_use]
    pub fn scopes_supported<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.document.scopes_supported = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the scopes without which nothing is allowed. None, without it.
    #[must_use]
    pub fn required_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.required = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets which scopes an operation needs beside: all of them, for a client asks its user once. The function takes the
    /// method and, where the method has one, the name: that of the tool or prompt, the URI of the resource, the id of
    /// the task.
    #[must_use]
    pub fn scopes_for(
        mut self,
        scopes: impl Fn(&str, Option<&str>) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        self.scopes_of = Some(Box::new(scopes));
        self
    }

    /// Sets when one scope, which was granted, is as good as another, which is needed: `files:write` for `files:read`,
    /// say. Without it each scope stands for itself.
    #[must_use]
    pub fn implies(mut self, implies: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        self.implies = Some(Box::new(implies));
        self
    }

    /// Sets the name for people.
    #[must_use]
    pub fn resource_name(mut self, name: impl Into<String>) -> Self {
        self.document.resource_name = Some(name.into());
        self
    }

    /// Sets the URL of a page for developers.
    #[must_use]
    pub fn documentation(mut self, url: impl Into<String>) -> Self {
        self.document.resource_documentation = Some(url.into());
        self
    }

    /// Sets the `realm` of challenges. None, without it.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Sets for how long a token that was found good is not checked again; zero checks each time. A minute, without it.
    #[must_use]
    pub fn keep_answers_for(mut self, time: Duration) -> Self {
        self.cache = Cache::new(time);
        self
    }

    /// Returns the URL of the metadata document.
    pub fn metadata_url(&self) -> &str {
        &self.metadata_url
    }

    /// Answers a request for the metadata document; nothing where the request is for something else.
    pub fn route(&self, head: &Parts) -> Option<Response<ResponseBody>> {
        let rest = head.uri.path().strip_prefix(WELL_KNOWN)?;
        let is_ours = rest.is_empty() || rest.trim_end_matches('/') == self.path;
        is_ours.then(|| self.document.answer(&head.method))
    }

    /// Finds out who makes a request, by its head alone: before its body is read.
    ///
    /// # Errors
    /// The answer to a request that is not let in: 400, 401, 403 or 503.
    ///
    /// # Cancel safety
    /// May be dropped at any time.
    pub async fn authenticate(&self, head: &Parts) -> Result<Caller, Box<Response<ResponseBody>>> {
        let token = bearer::token(head).map_err(|no_token| self.refuse(no_token))?;
        let principal = match self.cache.get(token) {
            Some(principal) => principal,
            None => {
                let verified =
                    self.verifier.verify(token, head).await.map_err(|error| self.reject(&error))?;
                self.cache.keep(token, verified, now())
            }
        };
        self.check(&principal, &[])?;
        let mut caller = Caller::anonymous();
        caller.principal = Some(principal);
        Ok(caller)
    }

    /// Checks that a caller may do what the request wants. The name is that of [`ProtectedResource::scopes_for`].
    ///
    /// # Errors
    /// The answer to a request that needs more: 403, with all scopes that it needs.
    pub fn permit(
        &self,
        caller: &Caller,
        method: &str,
        name: Option<&str>,
    ) -> Result<(), Box<Response<ResponseBody>>> {
        let Some(scopes_of) = &self.scopes_of else { return Ok(()) };
        let needed = scopes_of(method, name);
        match &caller.principal {
            Some(principal) => self.check(principal, &needed),
            None => Err(self.refuse(NoToken::Absent)),
        }
    }

    fn check(&self, principal: &Principal, needed: &[String]) -> Result<(), Box<Response<ResponseBody>>> {
        let has = |needed: &String| {
            let implied =
                |granted: &str| self.implies.as_ref().is_some_and(|implies| implies(granted, needed));
            principal.scopes.iter().any(|granted| **granted == **needed || implied(granted))
        };
        if self.required.iter().chain(needed).all(has) {
            return Ok(());
        }
        let error = ("insufficient_scope", "the token does not allow this: more scopes are needed");
        Err(self.challenge(StatusCode::FORBIDDEN, needed, Some(error)))
    }

    fn refuse(&self, no_token: NoToken) -> Box<Response<ResponseBody>> {
        let (status, error) = match no_token {
            NoToken::Absent => (StatusCode::UNAUTHORIZED, None),
            NoToken::Malformed(what) => (StatusCode::BAD_REQUEST, Some(("invalid_request", what))),
            NoToken::Invalid(what) => (StatusCode::UNAUTHORIZED, Some(("invalid_token", what))),
        };
        self.challenge(status, &[], error)
    }

    fn reject(&self, error: &VerifyError) -> Box<Response<ResponseBody>> {
        tracing::debug!(%error, "a token was not taken");
        match error {
            VerifyError::Unavailable { retry_after } => Box::new(unavailable(*retry_after)),
            _ => self.challenge(StatusCode::UNAUTHORIZED, &[], Some(("invalid_token", &error.to_string()))),
        }
    }

    fn challenge(
        &self,
        status: StatusCode,
        needed: &[String],
        error: Option<(&'static str, &str)>,
    ) -> Box<Response<ResponseBody>> {
        let mut scopes: Vec<&str> = Vec::new();
        for scope in self.required.iter().chain(needed).map(String::as_str) {
            if is_scope(scope) && !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        let realm = self.realm.as_deref();
        Box::new(
            Challenge { realm, resource_metadata: &self.metadata_url, scopes: &scopes, error }
                .response(status),
        )
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the rim that reads the clock: what is kept ends with its token"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

impl fmt::Debug for ProtectedResource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProtectedResource")
            .field("document", &self.document)
            .field("required", &self.required)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
