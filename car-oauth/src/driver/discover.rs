//! From a challenge to an authorization server whose metadata holds.

use url::Url;

use super::web::{Answer, Web};
use crate::challenge::Demand;
use crate::error::Error;
use crate::issuer::Issuer;
use crate::legacy::{LegacyLookup, LegacyServer};
use crate::lookup::{Fetched, Lookup, Tried};
use crate::pkce::S256;
use crate::quirk::Quirk;
use crate::resource::canonical_resource;
use crate::resource_metadata::{ProtectedResource, ResourceLookup};
use crate::scope::Scopes;
use crate::server_metadata::{AuthorizationServer, ServerLookup};

/// Who authorizes for a server, and how that was found out.
#[derive(Clone, Debug)]
pub(crate) struct Discovered {
    /// Nothing for a server of revision 2025-03-26.
    pub(crate) resource: Option<ProtectedResource>,
    pub(crate) server: AuthorizationServer,
    legacy: Option<LegacyServer>,
    /// Where resource metadata was looked for in vain.
    tried: Tried,
    fallback_resource: String,
}

impl Discovered {
    /// Returns the resource that tokens are for.
    pub(crate) fn resource_indicator(&self) -> &str {
        self.resource.as_ref().map_or(&self.fallback_resource, ProtectedResource::resource)
    }

    pub(crate) fn resource_scopes(&self) -> Option<&Scopes> {
        self.resource.as_ref().and_then(ProtectedResource::scopes)
    }

    /// Says where metadata was looked for, if the endpoints are no more than assumed: should they not answer either, then
    /// that is what is wrong.
    pub(crate) fn assumed(&self) -> Option<Tried> {
        match &self.legacy {
            Some(LegacyServer::Assumed(assumed)) => Some(self.tried.clone().and(assumed.tried())),
            _ => None,
        }
    }

    /// Proves that a code may be asked for.
    pub(crate) fn pkce(&self, quirk: &Quirk) -> Result<S256, Error> {
        match &self.legacy {
            // The revision that such a server is of required PKCE without a word for it in the metadata that it lacks.
            Some(LegacyServer::Assumed(assumed)) => Ok(assumed.assume_s256_as_2025_03_26_requires_it()),
            _ if quirk.s256_unlisted => self.server.pkce_on_the_word_of_a_table(),
            _ => self.server.pkce(),
        }
    }
}

/// Reads the metadata of a server: who authorizes for it.
pub(crate) async fn resource(web: &Web, server: &Url, demand: &Demand) -> Result<Found, Error> {
    let mut lookup = ResourceLookup::new(server, demand)?;
    loop {
        let url = lookup.url().clone();
        let answer = web.get("resource metadata", &url).await?;
        let fetched = fetched("resource metadata", &url, &answer)?;
        match lookup.answered(fetched)? {
            Lookup::Found(resource) => return Ok(Found::Resource(resource)),
            Lookup::Next(next) => lookup = next,
            Lookup::Missing(tried) => return Ok(Found::Nothing(tried)),
        }
    }
}

/// What a server says of who authorizes for it.
pub(crate) enum Found {
    Resource(ProtectedResource),
    Nothing(Tried),
}

/// Finds the authorization server: `preferred`, if the resource names it, else the first that answers.
pub(crate) async fn discover(
    web: &Web,
    server: &Url,
    demand: &Demand,
    preferred: &[Issuer],
) -> Result<Discovered, Error> {
    let fallback_resource = canonical_resource(server);
    let resource = match resource(web, server, demand).await? {
        Found::Resource(resource) => resource,
        Found::Nothing(tried) => {
            let legacy = discover_legacy(web, server).await?;
            let server = match &legacy {
                LegacyServer::Published(server) => server.clone(),
                LegacyServer::Assumed(assumed) => assumed.server().clone(),
            };
            web.check(&server)?;
            return Ok(Discovered { resource: None, server, legacy: Some(legacy), tried, fallback_resource });
        }
    };
    let issuers = resource.issuers();
    let ordered = preferred.iter().filter(|issuer| issuers.contains(issuer));
    let ordered = ordered.chain(issuers.iter().filter(|issuer| !preferred.contains(issuer)));
    let mut first_error = None;
    for issuer in ordered {
        match authorization_server(web, issuer).await {
            Ok(server) => {
                return Ok(Discovered {
                    resource: Some(resource),
                    server,
                    legacy: None,
                    tried: Tried::default(),
                    fallback_resource,
                });
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error
        .unwrap_or_else(|| Error::NoMetadata { server: fallback_resource, tried: Tried::default() }))
}

/// Reads the metadata of an authorization server.
pub(crate) async fn authorization_server(web: &Web, issuer: &Issuer) -> Result<AuthorizationServer, Error> {
    let mut lookup = ServerLookup::new(issuer);
    loop {
        let url = lookup.url().clone();
        let answer = web.get("authorization server metadata", &url).await?;
        let fetched = fetched("authorization server metadata", &url, &answer)?;
        match lookup.answered(fetched)? {
            Lookup::Found(server) => {
                web.check(&server)?;
                return Ok(server);
            }
            Lookup::Next(next) => lookup = next,
            Lookup::Missing(tried) => {
                return Err(Error::NoServerMetadata { issuer: issuer.to_string(), tried });
            }
        }
    }
}

async fn discover_legacy(web: &Web, server: &Url) -> Result<LegacyServer, Error> {
    let lookup = LegacyLookup::new(server)?;
    let url = lookup.url().clone();
    let answer = web.get("authorization server metadata", &url).await?;
    lookup.answered(fetched("authorization server metadata", &url, &answer)?)
}

fn fetched<'a>(what: &'static str, url: &Url, answer: &'a Answer) -> Result<Fetched<'a>, Error> {
    match answer.status {
        200..=299 => Ok(Fetched::Document(&answer.body)),
        400..=499 if !matches!(answer.status, 408 | 429) => Ok(Fetched::Absent { status: answer.status }),
        status => Err(Error::ServerFailed {
            issuer: url.origin().ascii_serialization(),
            endpoint: what,
            status,
            what: "expected a metadata document".to_owned(),
        }),
    }
}
