//! The client of a root.

use std::time::Duration;

use car_http::{AddressPolicy, ClientBuilder, HeaderMap, header};

use super::answer::Resolved;
use super::wire::ResolveRequest;
use crate::ask::{Bearer, Limit, Need};
use crate::error::Error;
use crate::name::ServiceIdentifier;
use crate::service::{Provenance, Service, SourceKind};
use crate::web::{Bounds, Web};

/// Where a root is asked, below its base URL.
const PATH: &str = "agentdns/resolve";

/// How long a root may take in all, a second attempt included: a person waits.
const TOTAL: Duration = Duration::from_secs(4);

/// The largest answer that is read, in bytes: a hundred records of ten kilobytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long a record may be taken for true where the root does not say, in seconds.
const DEFAULT_TTL: u64 = 300;

/// The longest that a record may be taken for true, in seconds: a day. What moved is found again by then.
const MAX_TTL: u64 = 24 * 60 * 60;

/// An AgentDNS root at a base URL.
#[derive(Clone, Debug)]
pub struct RemoteRoot {
    web: Web,
}

impl RemoteRoot {
    /// Makes the client of a root. Nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::InvalidBase`] and [`Error::Settings`].
    pub fn new(http: &ClientBuilder, base: &str, bearer: Option<Bearer>) -> Result<Self, Error> {
        Ok(Self { web: Web::new(http, base, bearer, AddressPolicy::Any)? })
    }

    /// Asks for services. `now` is in seconds since 1970.
    ///
    /// It takes at most four seconds. A question changes nothing, so it is asked once more where the connection closed
    /// before any answer, and where the root says when to come back and that is soon enough.
    ///
    /// # Errors
    /// Says why there is no answer.
    ///
    /// # Cancel safety
    /// Dropping the future drops the request.
    pub async fn resolve(&self, need: &Need, limit: Limit, now: u64) -> Result<Resolved, Error> {
        let body = serde_json::to_vec(&ResolveRequest::new(need, limit)).expect("text and a number are JSON");
        let bounds = Bounds { total: TOTAL, body: MAX_BODY_BYTES };
        let answer = self.web.post(PATH, body, bounds).await?;
        let provenance = Provenance::new(SourceKind::Root, self.web.place(), now, ttl(&answer.headers));
        let resolved = Resolved::from_json(&answer.body, limit, self.web.base(), &provenance);
        let resolved = resolved.map_err(|error| self.web.malformed(error.to_string()))?;
        tracing::debug!(
            root = self.web.place(),
            services = resolved.services.len(),
            set_aside = resolved.set_aside.len(),
            left_out = resolved.left_out,
            "a root answered"
        );
        Ok(resolved)
    }

    /// Asks for one service by its identifier. Nothing else that the root may answer is taken for it. What is on this
    /// machine is never asked for.
    ///
    /// # Errors
    /// Says why there is no answer.
    ///
    /// # Cancel safety
    /// Dropping the future drops the request.
    pub async fn get(&self, identifier: &ServiceIdentifier, now: u64) -> Result<Option<Service>, Error> {
        if identifier.is_local() {
            return Ok(None);
        }
        let need =
            Need::new(&identifier.to_string()).expect("an identifier is a need: short, and without blanks");
        let resolved = self.resolve(&need, Limit::DEFAULT, now).await?;
        Ok(resolved.services.into_iter().find(|service| service.identifier == *identifier))
    }
}

/// Returns how many seconds records may be taken for true (RFC 9111, section 5.2.2).
fn ttl(headers: &HeaderMap) -> u64 {
    let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut ttl = DEFAULT_TTL;
    for directive in values.flat_map(|value| value.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return 0,
            // A number too large to be read is a long time all the same (RFC 9111, section 1.2.2).
            "max-age" => match value.trim().trim_matches('"') {
                digits if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => {}
                digits => ttl = digits.parse().unwrap_or(MAX_TTL).min(MAX_TTL),
            },
            _ => {}
        }
    }
    ttl
}

#[cfg(test)]
mod tests {
    use car_http::HeaderValue;

    use super::*;

    #[test]
    fn takes_the_time_to_live_from_the_root_within_a_day() {
        for (value, expected) in [
            ("", 300),
            ("private", 300),
            ("max-age=60", 60),
            ("private, Max-Age = \"60\"", 60),
            ("max-age=0", 0),
            ("max-age=604800", 86_400),
            ("max-age=99999999999999999999999999", 86_400),
            ("max-age=-1", 300),
            ("max-age=soon", 300),
            ("max-age=60, no-store", 0),
            ("no-cache", 0),
            ("s-maxage=5", 300),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
            assert_eq!(ttl(&headers), expected, "{value}");
        }
        assert_eq!(ttl(&HeaderMap::new()), 300);
    }
}
