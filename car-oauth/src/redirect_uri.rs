//! Where the browser comes back to (RFC 8252).

use std::fmt;

use url::Url;

use crate::Error;
use crate::endpoint::{Endpoint, is_loopback};
use crate::lookup::shown;

/// The hosts that a listener on this machine is reached by. RFC 8252 §8.3 prefers the address; servers that know only
/// one of them by heart need the right one.
pub(crate) const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// A redirect URI that may be registered and used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectUri {
    /// A listener on this machine takes the answer (RFC 8252 §7.3).
    Loopback(String),
    /// A front end of somebody else takes the answer and brings it: https, or its own listener on this machine.
    FrontEnd(String),
}

impl RedirectUri {
    /// Makes the address of a listener on this machine: `http://{host}:{port}{path}`.
    ///
    /// # Errors
    /// [`Error::InvalidRedirectUri`] for a host that is not this machine (`127.0.0.1`, `localhost` and `[::1]` are), for
    /// port 0, and for a path that does not begin with a slash or is more than a path.
    pub fn loopback(host: &str, port: u16, path: &str) -> Result<Self, Error> {
        let uri = format!("http://{host}:{port}{path}");
        let refused = |reason| Err(Error::InvalidRedirectUri { uri: shown(&uri), reason });
        if !LOOPBACK_HOSTS.contains(&host) {
            return refused("its host has to be 127.0.0.1, localhost or [::1]");
        }
        if port == 0 {
            return refused("it has no port");
        }
        // What the parser would write differently is not what a person registered.
        let parsed = Url::parse(&uri).ok();
        if !path.starts_with('/') || parsed.is_none_or(|parsed| parsed.path() != path) {
            return refused("its path has to begin with a slash, without query and fragment");
        }
        Ok(Self::Loopback(uri))
    }

    /// Checks the address of a front end.
    ///
    /// # Errors
    /// [`Error::InvalidRedirectUri`] for anything but https and http to this machine, and for a user or a fragment
    /// (RFC 6749 §3.1.2).
    pub fn front_end(uri: &str) -> Result<Self, Error> {
        match Endpoint::parse("redirect URI", uri) {
            Ok(_) => Ok(Self::FrontEnd(uri.to_owned())),
            Err(Error::InsecureEndpoint { url, reason, .. }) => {
                Err(Error::InvalidRedirectUri { uri: url, reason })
            }
            Err(other) => Err(other),
        }
    }

    /// Returns the address as it is registered and sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Loopback(uri) | Self::FrontEnd(uri) => uri,
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Returns whether a client that was registered with one address may use another: the same, or on this machine the
/// same but for the port (RFC 8252 §7.3). `localhost` and `127.0.0.1` are different addresses.
#[must_use]
pub fn matches_registered(registered: &str, wanted: &str) -> bool {
    if registered == wanted {
        return true;
    }
    let (Ok(mut registered), Ok(mut wanted)) = (Url::parse(registered), Url::parse(wanted)) else {
        return false;
    };
    let is_ours = |url: &Url| url.scheme() == "http" && is_loopback(url);
    if !is_ours(&registered) || !is_ours(&wanted) {
        return false;
    }
    let dropped = registered.set_port(None).is_ok() && wanted.set_port(None).is_ok();
    dropped && registered == wanted
}

/// Returns the kind of application that an address makes of a client (OpenID Connect Registration §2): `web` for a
/// page on the web, `native` for this machine and for schemes of its own.
pub(crate) fn is_web(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| url.scheme() == "https" && !is_loopback(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_addresses_of_this_machine_only() {
        for (host, port, path, wanted) in [
            ("127.0.0.1", 3118, "/callback", Some("http://127.0.0.1:3118/callback")),
            ("localhost", 80, "/", Some("http://localhost:80/")),
            ("[::1]", 65535, "/oauth/callback", Some("http://[::1]:65535/oauth/callback")),
            ("evil.example", 80, "/", None),
            ("127.0.0.1@evil.example", 80, "/", None),
            ("0.0.0.0", 80, "/", None),
            ("localhost", 0, "/", None),
            ("localhost", 80, "callback", None),
            ("localhost", 80, "", None),
            ("localhost", 80, "/a?b", None),
            ("localhost", 80, "/a#b", None),
            ("localhost", 80, "/a/../b", None),
            ("localhost", 80, "/a b", None),
        ] {
            let uri = RedirectUri::loopback(host, port, path).ok();
            assert_eq!(uri.map(|uri| uri.to_string()).as_deref(), wanted, "{host} {port} {path}");
        }
    }

    #[test]
    fn takes_a_front_end_on_https_or_on_this_machine() {
        for uri in ["https://app.example/oauth/callback?from=car", "http://localhost:8080/cb"] {
            assert_eq!(RedirectUri::front_end(uri).unwrap().as_str(), uri);
        }
        for uri in
            ["http://app.example/cb", "javascript:alert(1)", "car://cb", "https://app.example/#x", "/cb", ""]
        {
            let error = RedirectUri::front_end(uri).unwrap_err();
            assert!(matches!(error, Error::InvalidRedirectUri { .. }), "{error}");
        }
    }

    #[test]
    fn lets_the_port_differ_on_this_machine_only() {
        for (registered, wanted, matches) in [
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:2/cb", true),
            ("http://[::1]:1/cb", "http://[::1]:2/cb", true),
            ("http://localhost:1/cb", "http://localhost:2/cb", true),
            ("https://app.example/cb", "https://app.example/cb", true),
            ("car://cb", "car://cb", true),
            ("http://localhost:1/cb", "http://127.0.0.1:1/cb", false),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/other", false),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb?x", false),
            ("https://app.example:1/cb", "https://app.example:2/cb", false),
            ("https://localhost:1/cb", "https://localhost:2/cb", false),
            ("http://app.example:1/cb", "http://app.example:2/cb", false),
            ("http://127.0.0.1.evil.example:1/", "http://127.0.0.1.evil.example:2/", false),
            ("", "http://127.0.0.1:1/", false),
        ] {
            assert_eq!(matches_registered(registered, wanted), matches, "{registered} {wanted}");
        }
    }
}
