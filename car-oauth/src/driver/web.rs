//! Asking what a server names: https, no private addresses, no redirects for secrets, bodies with a cap.

use std::time::Duration;

use car_http::{
    AddressPolicy, Client, ClientBuilder, HeaderMap, HeaderValue, Request, Target, Timeouts, header,
};
use url::Url;
use zeroize::Zeroizing;

use super::tokens::secret_value;
use crate::challenge::Demand;
use crate::endpoint::{Endpoint, is_private_name};
use crate::error::Error;
use crate::secret::Secret;
use crate::server_metadata::AuthorizationServer;

/// The largest document or answer that is read. Real metadata has some kilobytes; a key set or a token with many claims a
/// few more.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;

/// How often a metadata request follows a redirect, within its origin: enough for a missing slash and a moved path.
const MAX_METADATA_REDIRECTS: usize = 3;

/// How long one request may take in all. Token endpoints answer within seconds; a person may be waiting.
const TOTAL: Duration = Duration::from_secs(30);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// The two clients: one for documents that anybody may read, one for requests that carry secrets.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    documents: Client,
    /// For the server itself, which the person named: it may be anywhere.
    own: Client,
    secrets: Client,
    /// Names of this machine and of private networks are refused before anything is dialed.
    guarded: bool,
}

impl Web {
    /// Makes the clients on the settings of `base`. Private addresses are refused unless `allow_private`.
    pub(crate) fn new(base: &ClientBuilder, allow_private: bool) -> Result<Self, Error> {
        let policy = if allow_private { AddressPolicy::Any } else { AddressPolicy::PublicOnly };
        let build = |builder: ClientBuilder| {
            builder.build().map_err(|error| Error::InvalidSettings { what: error.to_string() })
        };
        let own = build(base.clone().address_policy(AddressPolicy::Any))?;
        let base = base.clone().address_policy(policy);
        Ok(Self {
            own,
            documents: build(base.clone().max_redirects(MAX_METADATA_REDIRECTS))?,
            secrets: build(base.max_redirects(0))?,
            guarded: !allow_private,
        })
    }

    /// Reads a document.
    pub(crate) async fn get(&self, what: &'static str, url: &Url) -> Result<Answer, Error> {
        let request = self.request(what, url, |target| {
            Request::get(target).with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
        })?;
        send(&self.documents, what, url, request).await
    }

    /// Asks the server what it demands of a request that carries no token: any message will do. Nothing where it takes it.
    pub(crate) async fn probe(&self, server: &Url) -> Result<Option<Demand>, Error> {
        const PING: &str = r#"{"jsonrpc":"2.0","id":"sign-in","method":"ping"}"#;
        let target = Target::from_url(server).map_err(|source| failed("MCP server", server, source))?;
        let accept = HeaderValue::from_static("application/json, text/event-stream");
        let request = Request::post(target, PING.as_bytes().to_vec())
            .with_header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .with_header(header::ACCEPT, accept)
            .with_timeouts(timeouts());
        let response = self.own.send(request).await.map_err(|source| failed("MCP server", server, source))?;
        if !matches!(response.status().as_u16(), 401 | 403) {
            return Ok(None);
        }
        let values = response.headers().get_all(header::WWW_AUTHENTICATE);
        let values: Vec<_> = values.iter().filter_map(|value| value.to_str().ok()).collect();
        Ok(Some(Demand::from_values(values)))
    }

    /// Reads what the authorization server tells of whom a token belongs to.
    pub(crate) async fn userinfo(&self, url: &Url, token: &Secret) -> Result<Zeroizing<Vec<u8>>, Error> {
        let what = "userinfo endpoint";
        let mut request = self.request(what, url, Request::get)?;
        let bearer = Secret::new(format!("Bearer {}", token.expose()));
        request.headers.insert(header::AUTHORIZATION, secret_value(&bearer)?);
        let answer = send(&self.secrets, what, url, request).await?;
        match answer.status {
            200..=299 => Ok(answer.body),
            status => Err(Error::ServerFailed {
                issuer: url.origin().ascii_serialization(),
                endpoint: "userinfo",
                status,
                what: "expected who signed in".to_owned(),
            }),
        }
    }

    /// Sends what nobody else may read.
    pub(crate) async fn post(
        &self,
        what: &'static str,
        url: &Url,
        content_type: &'static str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, Error> {
        let mut request = self.request(what, url, |target| Request::post(target, body))?;
        request.headers = headers;
        request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        request.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        send(&self.secrets, what, url, request).await
    }

    /// Checks that nothing that an authorization server names is on this machine or in its network.
    pub(crate) fn check(&self, server: &AuthorizationServer) -> Result<(), Error> {
        let optional = [
            ("registration endpoint", server.registration_endpoint()),
            ("revocation endpoint", server.revocation_endpoint()),
            ("device authorization endpoint", server.device_authorization_endpoint()),
            ("userinfo endpoint", server.userinfo_endpoint()),
            ("authorization endpoint", server.authorization_endpoint().ok()),
            ("token endpoint", server.token_endpoint().ok()),
        ];
        for (what, endpoint) in optional {
            endpoint.map_or(Ok(()), |endpoint: &Endpoint| self.check_name(what, endpoint.url()))?;
        }
        Ok(())
    }

    /// Checks a URL that a server names, be it for us or for the person's browser.
    pub(crate) fn check_name(&self, what: &'static str, url: &Url) -> Result<(), Error> {
        if self.guarded && is_private_name(url) {
            return Err(Error::InsecureEndpoint {
                what,
                url: without_query(url),
                reason: Error::PRIVATE_ADDRESS,
            });
        }
        Ok(())
    }

    fn request(
        &self,
        what: &'static str,
        url: &Url,
        make: impl FnOnce(Target) -> Request,
    ) -> Result<Request, Error> {
        self.check_name(what, url)?;
        let target = Target::from_url(url).map_err(|source| failed(what, url, source))?;
        Ok(make(target).with_timeouts(timeouts()))
    }
}

fn timeouts() -> Timeouts {
    let mut timeouts = Timeouts::default();
    (timeouts.connect, timeouts.total) = (CONNECT, Some(TOTAL));
    timeouts
}

async fn send(client: &Client, what: &'static str, url: &Url, request: Request) -> Result<Answer, Error> {
    let response = client.send(request).await.map_err(|source| failed(what, url, source))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.into_body().collect(MAX_BODY_BYTES).await;
    let body = body.map_err(|source| failed(what, url, source))?;
    Ok(Answer { status, headers, body: Zeroizing::new(body.to_vec()) })
}

fn failed(what: &'static str, url: &Url, source: car_http::Error) -> Error {
    Error::Http { what, url: without_query(url), source: Box::new(source) }
}

/// Returns a URL as it may be shown: a query may hold what is nobody's business.
pub(crate) fn without_query(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    shown.into()
}
