//! Which URLs may be called or shown to a browser: https, and http to this machine only.

use url::Url;

use crate::Error;

/// A URL that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Checks a URL.
    ///
    /// # Errors
    /// [`Error::InsecureEndpoint`] says what is wrong with it.
    pub fn parse(what: &'static str, url: &str) -> Result<Self, Error> {
        Url::parse(url).map(Self).map_err(|_| Error::InsecureEndpoint {
            what,
            url: url.to_owned(),
            reason: "it is not a URL",
        })
    }

    /// Returns the URL.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// Returns the URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}
