//! Whom a request says it comes from and goes to: what keeps web pages away from servers that trust their machine.
//!
//! ```text
//!  Host, :authority  ─▶ loopback, or allowed  ─▶ served    missing, repeated ─▶ 400    another ─▶ 403
//!  Origin            ─▶ absent, loopback, or allowed ─▶ served    null, another ─▶ 403
//! ```
//!
//! A page whose name was made to point at this machine (DNS rebinding) is told by the name: it is the page's own, not
//! the machine's. Loopback names are always accepted, with any port, because only pages of this machine have them.
//!
//! Source: specification 2026-07-28, "Streamable HTTP", section "Security"; RFC 9112, section 3.2; RFC 6761, section 6.3.

use std::net::{IpAddr, Ipv6Addr};

use http::header::{HOST, ORIGIN};
use http::request::Parts;

/// The hosts and origins that are accepted: those of this machine, and what is added. For other routes beside the service's
/// own.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    hosts: Names<Host>,
    origins: Names<Origin>,
}

#[derive(Clone, Debug)]
enum Names<T> {
    /// Loopback, and these.
    Only(Vec<T>),
    Any,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

impl<T> Names<T> {
    fn push(&mut self, name: T) {
        if let Self::Only(names) = self {
            names.push(name);
        }
    }
}

/// A host as names are compared: lower case, without a final dot, the port apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Host {
    name: Box<str>,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: Box<str>,
    host: Host,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stranger {
    /// It does not say, or not clearly, whom it goes to: status 400.
    #[error("expected one Host header, found none or several")]
    NoHost,
    /// It goes to somebody else: status 403.
    #[error("this host is not served here")]
    Host,
    /// It comes from a page of somebody else: status 403.
    #[error("this origin is not served here")]
    Origin,
}

impl Guard {
    /// Accepts a host: `name` with any port, or `name:port`. Returns whether it is one.
    pub fn allow_host(&mut self, host: &str) -> bool {
        Host::read(host).map(|host| self.hosts.push(host)).is_some()
    }

    /// Accepts an origin: `scheme://name` or `scheme://name:port`. Returns whether it is one.
    pub fn allow_origin(&mut self, origin: &str) -> bool {
        Origin::read(origin).map(|origin| self.origins.push(origin)).is_some()
    }

    pub(super) fn allow_any_host(&mut self) {
        self.hosts = Names::Any;
    }

    pub(super) fn allow_any_origin(&mut self) {
        self.origins = Names::Any;
    }

    /// Checks whom a request goes to, and which page it comes from.
    ///
    /// # Errors
    /// Says which of the two is not served.
    pub fn check(&self, head: &Parts) -> Result<(), Stranger> {
        let mut headers = head.headers.get_all(HOST).iter();
        let authority = head.uri.authority().map(http::uri::Authority::as_str);
        match (headers.next(), headers.next(), authority) {
            (_, Some(_), _) | (None, None, None) => return Err(Stranger::NoHost),
            (header, None, authority) => {
                // Where both are there, whoever stands between may have gone by either.
                let header = header.map(|header| header.to_str().unwrap_or_default());
                if !header.into_iter().chain(authority).all(|host| self.is_host(host)) {
                    return Err(Stranger::Host);
                }
            }
        }
        let mut origins = head.headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) if self.is_origin(origin.to_str().unwrap_or_default()) => Ok(()),
            _ => Err(Stranger::Origin),
        }
    }

    fn is_host(&self, text: &str) -> bool {
        let Names::Only(hosts) = &self.hosts else { return true };
        is_plain_loopback(text)
            || Host::read(text).is_some_and(|host| {
                host.is_loopback()
                    || hosts.iter().any(|allowed| {
                        allowed.name == host.name && (allowed.port.is_none() || allowed.port == host.port)
                    })
            })
    }

    fn is_origin(&self, text: &str) -> bool {
        let Names::Only(origins) = &self.origins else { return true };
        Origin::read(text).is_some_and(|origin| origin.is_loopback() || origins.contains(&origin))
    }
}

/// Tells the two names that nearly every local client uses, without taking them apart.
fn is_plain_loopback(text: &str) -> bool {
    let rest = text.strip_prefix("127.0.0.1:").or_else(|| text.strip_prefix("localhost:"));
    rest.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

impl Host {
    fn read(text: &str) -> Option<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                (address.parse::<Ipv6Addr>().ok()?.to_string(), port)
            }
            None => {
                let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
                (registered_name(name)?, port)
            }
        };
        let port = match port.strip_prefix(':') {
            // A colon without a number is the scheme's own port (RFC 3986, section 3.2.3).
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            None if port.is_empty() => None,
            _ => return None,
        };
        Some(Self { name: name.into(), port })
    }

    fn is_loopback(&self) -> bool {
        match self.name.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            // Names below `localhost` never leave the machine.
            Err(_) => &*self.name == "localhost" || self.name.ends_with(".localhost"),
        }
    }
}

/// Reads a name or an IPv4 address as names are compared.
fn registered_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    is_name.then(|| name.to_ascii_lowercase())
}

impl Origin {
    fn read(text: &str) -> Option<Self> {
        let (scheme, host) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let mut host = Host::read(host)?;
        host.port = host.port.or(match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        });
        is_scheme.then(|| Self { scheme: scheme.into(), host })
    }

    fn is_loopback(&self) -> bool {
        matches!(&*self.scheme, "http" | "https") && self.host.is_loopback()
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;

    use super::*;

    fn guard() -> Guard {
        let mut guard = Guard::default();
        assert!(guard.allow_host("mcp.example.com"));
        assert!(guard.allow_host("[2001:db8::1]:8443"));
        assert!(guard.allow_host("Pinned.Example.com.:8443"));
        assert!(guard.allow_origin("https://app.example.com"));
        assert!(guard.allow_origin("vscode-webview://panel"));
        guard
    }

    fn check(headers: &[(&str, &str)]) -> Result<(), Stranger> {
        let request =
            headers.iter().fold(Request::get("/mcp"), |request, (name, value)| request.header(*name, *value));
        guard().check(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn serves_loopback_and_what_was_allowed() {
        for host in [
            "localhost",
            "localhost:80",
            "LOCALHOST:3000",
            "localhost.:3000",
            "app.localhost:3000",
            "127.0.0.1",
            "127.0.0.1:65535",
            "127.1.2.3:1",
            "[::1]",
            "[::1]:3000",
            "[::ffff:127.0.0.1]:3000",
            "mcp.example.com",
            "MCP.example.com.:9",
            "[2001:db8:0::1]:8443",
            "pinned.example.com:8443",
        ] {
            assert_eq!(check(&[("host", host)]), Ok(()), "{host}");
        }
    }

    #[test]
    fn refuses_other_hosts() {
        for host in [
            "evil.example.com",
            "evil.example.com:3000",
            "localhost.evil.example.com",
            "evillocalhost",
            "127.0.0.1.evil.example.com",
            "127.0.0.1:3000.evil.example.com",
            "localhost:3000@evil.example.com",
            "evil.example.com@localhost:3000",
            "localhost:99999",
            "localhost:-1",
            "localhost:+80",
            "localhost: 80",
            "0.0.0.0:3000",
            "[::]:3000",
            "2130706433",
            "0177.0.0.1",
            "127.1",
            "[::1",
            "[::1]x",
            "::1",
            "localhost..",
            "",
            "localhost/",
            "localhost,evil.example.com",
            "pinned.example.com",
            "pinned.example.com:443",
        ] {
            assert_eq!(check(&[("host", host)]), Err(Stranger::Host), "{host}");
        }
    }

    #[test]
    fn refuses_a_request_without_a_host_or_with_two() {
        assert_eq!(check(&[]), Err(Stranger::NoHost));
        assert_eq!(check(&[("host", "localhost"), ("host", "localhost")]), Err(Stranger::NoHost));
    }

    #[test]
    fn looks_at_the_authority_too() {
        let read = |uri: &str, host: Option<&str>| {
            let request =
                host.into_iter().fold(Request::get(uri), |request, host| request.header("host", host));
            guard().check(&request.body(()).unwrap().into_parts().0)
        };
        assert_eq!(read("http://localhost:3000/mcp", None), Ok(()));
        assert_eq!(read("http://evil.example.com/mcp", None), Err(Stranger::Host));
        assert_eq!(read("http://evil.example.com/mcp", Some("localhost")), Err(Stranger::Host));
        assert_eq!(read("http://localhost/mcp", Some("evil.example.com")), Err(Stranger::Host));
    }

    #[test]
    fn an_origin_is_loopback_or_allowed_and_never_null() {
        for origin in [
            "http://localhost",
            "http://localhost:6274",
            "https://127.0.0.1:3000",
            "http://[::1]:3000",
            "https://app.example.com",
            "HTTPS://APP.example.com:443",
            "vscode-webview://panel",
        ] {
            assert_eq!(check(&[("host", "localhost"), ("origin", origin)]), Ok(()), "{origin}");
        }
        for origin in [
            "null",
            "",
            "localhost",
            "http://evil.example.com",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.example.com",
            "https://app.example.com@evil.example.com",
            "http://localhost.evil.example.com",
            "http://localhost/",
            "http://localhost, http://localhost",
            "file://localhost",
            "vscode-webview://other",
            "://localhost",
        ] {
            let found = check(&[("host", "localhost"), ("origin", origin)]);
            assert_eq!(found, Err(Stranger::Origin), "{origin}");
        }
        let twice = [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://localhost")];
        assert_eq!(check(&twice), Err(Stranger::Origin));
    }

    #[test]
    fn what_is_no_name_cannot_be_allowed() {
        let mut guard = Guard::default();
        for host in ["", "a b", "http://a", "a:b", "[::1"] {
            assert!(!guard.allow_host(host), "{host}");
        }
        for origin in ["null", "example.com", "https://", "https://a/b"] {
            assert!(!guard.allow_origin(origin), "{origin}");
        }
    }

    proptest! {
        #[test]
        fn the_short_way_for_loopback_lets_nobody_in_that_the_long_way_refuses(
            text in "(127\\.0\\.0\\.1|localhost)[:.0-9a-z@]{0,7}",
        ) {
            let is_long_way = Host::read(&text).is_some_and(|host| host.is_loopback());
            prop_assert!(is_long_way || !is_plain_loopback(&text));
        }
    }
}
