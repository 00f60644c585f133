//! One entry of a table of quirks.

use url::Url;

use super::Quirk;
use super::pattern::{HostPattern, IssuerPattern};
use crate::client_auth::AuthMethod;
use crate::issuer::Issuer;
use crate::scope::Scopes;

/// What is said about some servers. An effect that is not mentioned leaves what others say as it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) servers: Vec<HostPattern>,
    pub(super) issuers: Vec<IssuerPattern>,
    pub(super) omit_resource: Option<bool>,
    pub(super) redirect_host: Option<String>,
    pub(super) redirect_port: Option<u16>,
    pub(super) redirect_path: Option<String>,
    pub(super) client_name: Option<String>,
    pub(super) authorize_parameters: Vec<(String, String)>,
    pub(super) scopes: Option<Scopes>,
    pub(super) token_auth_method: Option<AuthMethod>,
    pub(super) no_registration: Option<bool>,
    pub(super) s256_unlisted: Option<bool>,
    pub(super) hint: Option<String>,
}

impl Entry {
    pub(super) fn is_about(&self, server: &Url, issuer: Option<&Issuer>) -> bool {
        let by_server = self.servers.iter().any(|pattern| pattern.matches(server));
        let by_issuer = |issuer: &Issuer| self.issuers.iter().any(|pattern| pattern.matches(&issuer.url()));
        by_server || issuer.is_some_and(by_issuer)
    }

    pub(super) fn add_to(&self, sum: &mut Quirk) {
        sum.omit_resource = self.omit_resource.unwrap_or(sum.omit_resource);
        sum.s256_unlisted = self.s256_unlisted.unwrap_or(sum.s256_unlisted);
        sum.no_registration = self.no_registration.unwrap_or(sum.no_registration);
        sum.redirect_port = self.redirect_port.or(sum.redirect_port);
        replace(&mut sum.redirect_host, self.redirect_host.as_ref());
        replace(&mut sum.redirect_path, self.redirect_path.as_ref());
        replace(&mut sum.client_name, self.client_name.as_ref());
        replace(&mut sum.token_auth_method, self.token_auth_method.as_ref());
        replace(&mut sum.hint, self.hint.as_ref());
        if let Some(scopes) = &self.scopes {
            sum.scopes = Some(sum.scopes.take().unwrap_or_default().union(scopes));
        }
        for (name, value) in &self.authorize_parameters {
            sum.authorize_parameters.retain(|(other, _)| other != name);
            sum.authorize_parameters.push((name.clone(), value.clone()));
        }
        sum.sources.push(format!("{}: {}", self.name, self.source));
    }
}

fn replace<T: Clone>(value: &mut Option<T>, by: Option<&T>) {
    if let Some(by) = by {
        *value = Some(by.clone());
    }
}
