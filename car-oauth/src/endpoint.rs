//! Which URLs may be called or shown to a browser: https, and http to this machine only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::Error;
use crate::lookup::shown;

/// The longest URL that is taken; browsers and servers give up at about twice that.
const LONGEST_URL: usize = 4096;

/// A URL that was checked: it is https, or http to this machine, and it has no user, no password and no fragment.
///
/// # Security
/// What a peer names is opened in a browser or sent a secret. `javascript:`, `data:`, `file:` and the rest cannot be
/// one of these, nor can a plain http URL that somebody on the way could read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Checks a URL; `what` says in the error what it is for.
    ///
    /// # Errors
    /// [`Error::InsecureEndpoint`] says what is wrong with it.
    pub fn parse(what: &'static str, url: &str) -> Result<Self, Error> {
        let refused = |reason| Error::InsecureEndpoint { what, url: shown(url), reason };
        if url.len() > LONGEST_URL {
            return Err(refused("it is too long"));
        }
        // The parser would take these out without a word, and what was checked would not be what was written.
        if url
            .chars()
            .any(|character| character.is_control() || character.is_whitespace() || character == '\\')
        {
            return Err(refused("it holds a blank, a backslash or a control character"));
        }
        let parsed = Url::parse(url).map_err(|_| refused("it is not a URL"))?;
        match problem(&parsed) {
            None => Ok(Self(parsed)),
            Some(reason) => Err(refused(reason)),
        }
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

fn problem(url: &Url) -> Option<&'static str> {
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) => {}
        "http" => return Some("plain http is for this machine only"),
        _ => return Some("only https is allowed"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("it holds a user or a password");
    }
    if url.fragment().is_some() {
        return Some("it has a fragment");
    }
    None
}

/// Returns whether a URL leads to this machine by its name alone: `localhost` and what is below it (RFC 6761 §6.3),
/// 127.0.0.0/8 and `::1`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

/// Ends of names that no public resolver answers: RFC 6762 §3, the private-use name that ICANN reserved in 2024, what
/// home routers use, RFC 8375.
const PRIVATE_ENDINGS: [&str; 4] = [".local", ".internal", ".lan", ".home.arpa"];

/// Returns whether a URL is private by its name alone: this machine, a private or link-local address, a name without
/// a dot, or one with a private ending. Who gives such a URL means a network that strangers may not point into.
#[must_use]
pub fn is_private_name(url: &Url) -> bool {
    if is_loopback(url) {
        return true;
    }
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            !name.contains('.') || PRIVATE_ENDINGS.iter().any(|ending| name.ends_with(ending))
        }
        Some(Host::Ipv4(address)) => is_private_v4(address),
        Some(Host::Ipv6(address)) => match IpAddr::V6(address).to_canonical() {
            IpAddr::V4(address) => is_private_v4(address),
            IpAddr::V6(address) => is_private_v6(address),
        },
        None => false,
    }
}

const fn is_private_v4(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_link_local() || address.is_loopback() || address.is_unspecified()
}

const fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_unique_local() || address.is_unicast_link_local() || address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_https_and_http_to_this_machine() {
        for url in [
            "https://as.example/token",
            "https://as.example:8443/token?tenant=1",
            "HTTPS://AS.example/token",
            "http://localhost:3000/token",
            "http://as.localhost/token",
            "http://localhost./token",
            "http://127.8.9.1:1/",
            "http://[::1]:3000/token",
            "http://[::ffff:127.0.0.1]/token",
        ] {
            assert!(Endpoint::parse("token endpoint", url).is_ok(), "{url}");
        }
    }

    #[test]
    fn refuses_what_a_browser_or_a_stranger_could_misuse() {
        for (url, reason) in [
            ("http://as.example/token", "plain http is for this machine only"),
            ("http://localhost.evil.example/", "plain http is for this machine only"),
            ("http://127.0.0.1.evil.example/", "plain http is for this machine only"),
            ("http://192.168.1.1/", "plain http is for this machine only"),
            ("http://notlocalhost/", "plain http is for this machine only"),
            ("javascript:alert(1)", "only https is allowed"),
            ("JavaScript://as.example/%0aalert(1)", "only https is allowed"),
            ("data:text/html,x", "only https is allowed"),
            ("file:///etc/passwd", "only https is allowed"),
            ("vbscript:x", "only https is allowed"),
            ("ms-calculator:", "only https is allowed"),
            ("https://ada:pw@as.example/", "it holds a user or a password"),
            ("https://as.example@evil.example/", "it holds a user or a password"),
            ("https://as.example/#x", "it has a fragment"),
            ("https://as.example/\nx", "it holds a blank, a backslash or a control character"),
            (" https://as.example/", "it holds a blank, a backslash or a control character"),
            ("https:\\\\as.example", "it holds a blank, a backslash or a control character"),
            ("/token", "it is not a URL"),
            ("", "it is not a URL"),
            ("https://", "it is not a URL"),
        ] {
            let error = Endpoint::parse("token endpoint", url).unwrap_err();
            let Error::InsecureEndpoint { reason: found, what, .. } = &error else { panic!("{error}") };
            assert_eq!((*found, *what), (reason, "token endpoint"), "{url}");
            assert!(!error.to_string().contains("pw"), "{error}");
        }
        let long = format!("https://as.example/{}", "a".repeat(LONGEST_URL));
        assert!(Endpoint::parse("token endpoint", &long).is_err());
    }

    #[test]
    fn knows_private_names_from_public_ones() {
        for (url, private) in [
            ("https://10.1.2.3/", true),
            ("https://172.16.0.1/", true),
            ("https://172.32.0.1/", false),
            ("https://192.168.0.1/", true),
            ("https://169.254.169.254/", true),
            ("https://0.0.0.0/", true),
            ("https://8.8.8.8/", false),
            ("https://[fd00::1]/", true),
            ("https://[fe80::1]/", true),
            ("https://[::ffff:10.0.0.1]/", true),
            ("https://[2606:4700::1]/", false),
            ("https://intranet/", true),
            ("https://printer.local/", true),
            ("https://git.corp.internal./", true),
            ("https://nas.lan/", true),
            ("https://nas.home.arpa/", true),
            ("https://x.localhost/", true),
            ("https://local.example/", false),
            ("https://mcp.example.com/", false),
        ] {
            assert_eq!(is_private_name(&Url::parse(url).unwrap()), private, "{url}");
        }
    }
}
