//! Where a request goes: a URL that was parsed once, and its origin.

use crate::error::Error;
use http::{HeaderValue, Uri};
use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};
use url::Url;

/// The scheme of a [`Target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "HTTP has these two schemes and gets no third")]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// Returns the scheme's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Returns the port that a URL of this scheme means when it names none.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Scheme, host and port: what a connection, a credential and a redirect are bound to.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    /// Of the rest. Every call looks its origin up twice, so it is worked out once.
    hash: u64,
    scheme: Scheme,
    host: Arc<str>,
    port: u16,
}

impl Origin {
    /// Returns the scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the host as it stands in a URL: a lower-case name, or an address (IPv6 in brackets).
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, the scheme's own where the URL named none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns `host:port`, always with the port.
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Returns the host without the brackets that a URL puts around an IPv6 address.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
    }

    fn from_url(url: &Url) -> Result<Self, Error> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(invalid(url, format!("expected http or https, found {other}"))),
        };
        let host = url.host_str().ok_or_else(|| invalid(url, "it has no host"))?;
        let port = url.port().unwrap_or_else(|| scheme.default_port());
        let mut hasher = DefaultHasher::new();
        (scheme, host, port).hash(&mut hasher);
        Ok(Self { hash: hasher.finish(), scheme, host: host.into(), port })
    }
}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Takes the hash that an [`Origin`] brings with it.
///
/// Origins come from whoever configures the client, not from a peer, so nobody can make them collide.
#[derive(Default)]
pub(crate) struct OriginHasher(u64);

impl Hasher for OriginHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An `http` or `https` URL, parsed once into the pieces that every request to it needs.
///
/// Cheap to clone. A user name or password in the URL is refused: it would end up in logs and errors, and
/// credentials belong into headers. A fragment is dropped: it is never sent.
#[derive(Clone)]
pub struct Target {
    parts: Arc<Parts>,
}

struct Parts {
    url: Url,
    origin: Origin,
    host_header: HeaderValue,
    origin_form: Uri,
    absolute_form: Uri,
}

impl Target {
    /// Parses a URL.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidUrl`] if it is not an absolute `http` or `https` URL, or holds a user name or password.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let parsed = Url::parse(url)
            .map_err(|error| Error::InvalidUrl { url: printable(url), reason: error.to_string() })?;
        Self::from_url(&parsed)
    }

    /// Takes over a URL that is already parsed.
    ///
    /// # Errors
    ///
    /// As [`Target::parse`].
    pub fn from_url(url: &Url) -> Result<Self, Error> {
        if !url.username().is_empty() || url.password().is_some() {
            let reason = "it holds a user name or password; send credentials in a header instead";
            return Err(invalid(url, reason));
        }
        let mut url = url.clone();
        url.set_fragment(None);
        let origin = Origin::from_url(&url)?;
        let authority = match url.port() {
            Some(port) => format!("{}:{port}", origin.host),
            None => origin.host.to_string(),
        };
        let uri = |text: &str| text.parse::<Uri>().map_err(|error| invalid(&url, error));
        let path = &url[url::Position::BeforePath..];
        let parts = Parts {
            host_header: HeaderValue::from_str(&authority).map_err(|error| invalid(&url, error))?,
            origin_form: uri(path)?,
            absolute_form: uri(url.as_str())?,
            url,
            origin,
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// Resolves a reference, as in a `Location` header, against this URL.
    ///
    /// # Errors
    ///
    /// As [`Target::parse`].
    pub fn join(&self, reference: &str) -> Result<Self, Error> {
        let joined = self
            .parts
            .url
            .join(reference)
            .map_err(|error| Error::InvalidUrl { url: printable(reference), reason: error.to_string() })?;
        Self::from_url(&joined)
    }

    /// Returns the URL, without fragment.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.parts.url
    }

    /// Returns the origin.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.parts.origin
    }

    pub(crate) fn host_header(&self) -> &HeaderValue {
        &self.parts.host_header
    }

    /// Returns path and query: what a request line to the server itself names.
    pub(crate) fn origin_form(&self) -> &Uri {
        &self.parts.origin_form
    }

    /// Returns the whole URL: what HTTP/2 and a request line to a proxy need.
    pub(crate) fn absolute_form(&self) -> &Uri {
        &self.parts.absolute_form
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.parts.url.as_str())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.parts.url == other.parts.url
    }
}

impl Eq for Target {}

impl std::str::FromStr for Target {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        Self::parse(url)
    }
}

fn invalid(url: &Url, reason: impl fmt::Display) -> Error {
    let mut shown = url.clone();
    // Neither call fails on a URL that has a host; on one that has none there is nothing to hide.
    let hidden = shown.set_username("").and_then(|()| shown.set_password(None));
    let url = if hidden.is_ok() { shown.to_string() } else { printable(shown.as_str()) };
    Error::InvalidUrl { url, reason: reason.to_string() }
}

/// Keeps what could not be parsed from showing a password: with an `@` in it nobody knows what stands before.
fn printable(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("[redacted]@{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_default_ports_out_of_the_origin() {
        for (url, origin, host) in [
            ("https://Example.com:443/a?b=c#d", "https://example.com", "example.com"),
            ("http://example.com:8080", "http://example.com:8080", "example.com:8080"),
            ("http://[::1]:80/", "http://[::1]", "[::1]"),
            ("https://[::1]:8443/", "https://[::1]:8443", "[::1]:8443"),
        ] {
            let target = Target::parse(url).expect(url);
            assert_eq!(target.origin().to_string(), origin);
            assert_eq!(target.host_header(), host);
        }
    }

    #[test]
    fn drops_the_fragment_and_keeps_the_query() {
        let target = Target::parse("https://example.com/a%20b?c=d&e#f").expect("valid");
        assert_eq!(target.to_string(), "https://example.com/a%20b?c=d&e");
        assert_eq!(target.origin_form(), "/a%20b?c=d&e");
    }

    #[test]
    fn refuses_credentials_in_the_url_without_showing_them() {
        for url in ["http://me:hunter2@example.com/", "http://hunter2@example.com/", "http:me:hunter2@[bad"] {
            let error = Target::parse(url).expect_err(url).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn refuses_what_is_not_http() {
        for url in ["", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://"] {
            assert!(matches!(Target::parse(url), Err(Error::InvalidUrl { .. })), "{url}");
        }
    }

    #[test]
    fn joins_references() {
        let target = Target::parse("https://example.com/a/b").expect("valid");
        assert_eq!(target.join("../c?d").expect("valid").to_string(), "https://example.com/c?d");
        assert_eq!(target.join("//other.example/").expect("valid").origin().host(), "other.example");
        assert!(target.join("mailto:a@b").is_err());
    }
}
