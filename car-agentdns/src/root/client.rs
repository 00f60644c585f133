//! The client of a root.

use std::time::Duration;

use car_http::{AddressPolicy, ClientBuilder};

use crate::ask::{Bearer, Limit, Need};
use crate::error::{Error, SetAside};
use crate::service::Service;
use crate::web::{Bounds, Web};

/// How long a root may take in all.
const TOTAL: Duration = Duration::from_secs(4);

/// The largest answer that is read, in bytes: a hundred records of ten kilobytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// An AgentDNS root at a base URL.
#[derive(Clone, Debug)]
pub struct RemoteRoot {
    web: Web,
}

/// What a root answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Resolved {
    /// The services, in the root's own order, which is its advice.
    pub services: Vec<Service>,
    /// Records that cannot be used.
    pub set_aside: Vec<SetAside>,
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
    /// # Errors
    /// Says why there is no answer.
    ///
    /// # Cancel safety
    /// Dropping the future drops the request.
    pub async fn resolve(&self, need: &Need, limit: Limit, now: u64) -> Result<Resolved, Error> {
        let _ = (
            &self.web,
            need,
            limit,
            now,
            TOTAL,
            MAX_BODY_BYTES,
            Bounds { total: TOTAL, body: MAX_BODY_BYTES },
        );
        todo!("root")
    }
}
