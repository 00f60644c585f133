//! Which servers and issuers an entry is about.

use url::Url;

/// A host name, or with `*.` all names below one; not that one itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostPattern {
    name: String,
    is_below: bool,
}

impl HostPattern {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let below = text.strip_prefix("*.");
        let name = below.unwrap_or(text);
        if name.contains('*') {
            return Err("a star may only stand for everything below a name, as in \"*.example.com\"");
        }
        if below.is_some() && !name.contains('.') {
            return Err("it is too wide; name at least two labels, as in \"*.example.com\"");
        }
        // The parser of URLs knows what a host is; what it would write differently could never match.
        let parsed = Url::parse(&format!("https://{name}/"));
        if parsed.ok().and_then(|url| url.host_str().map(|host| host == name)) != Some(true) {
            return Err("expected a host name in lower case, without scheme, port and path");
        }
        Ok(Self { name: name.to_owned(), is_below: below.is_some() })
    }

    pub(super) fn matches(&self, url: &Url) -> bool {
        let Some(host) = url.host_str().map(|host| host.trim_end_matches('.')) else { return false };
        if self.is_below {
            host.strip_suffix(self.name.as_str()).is_some_and(|below| below.ends_with('.'))
        } else {
            host == self.name
        }
    }
}

/// An issuer, or with `/*` at its end all issuers below a path; its host may be a pattern too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IssuerPattern {
    host: HostPattern,
    /// The path, or the path that others lie below, with a slash at its end.
    path: String,
    is_below: bool,
}

impl IssuerPattern {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let rest = text.strip_prefix("https://").ok_or("expected a URL that begins with https://")?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = HostPattern::parse(host)?;
        let (path, is_below) = match path.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (path, false),
        };
        if (is_below && !path.ends_with('/')) || path.contains('*') {
            return Err(
                "a star may only stand for everything below a path, as in \"https://as.example.com/*\"",
            );
        }
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self { host, path: path.to_owned(), is_below })
    }

    /// Matches the URL of an issuer on the ordinary port.
    pub(super) fn matches(&self, issuer: &Url) -> bool {
        let path = issuer.path();
        let fits = if self.is_below { path.starts_with(&self.path) } else { path == self.path };
        fits && issuer.scheme() == "https" && issuer.port().is_none() && self.host.matches(issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_hosts_by_whole_labels() {
        for (pattern, host, matches) in [
            ("mcp.example.com", "mcp.example.com", true),
            ("mcp.example.com", "MCP.Example.com", true),
            ("mcp.example.com", "mcp.example.com.", true),
            ("mcp.example.com", "a.mcp.example.com", false),
            ("mcp.example.com", "mcp.example.com.evil.example", false),
            ("*.example.com", "mcp.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "evilexample.com", false),
            ("localhost", "localhost:3000", true),
            ("127.0.0.1", "127.0.0.1", true),
        ] {
            let url = Url::parse(&format!("https://{host}/x")).unwrap();
            assert_eq!(HostPattern::parse(pattern).unwrap().matches(&url), matches, "{pattern} {host}");
        }
    }

    #[test]
    fn matches_issuers_by_host_and_path() {
        for (pattern, issuer, matches) in [
            ("https://as.example", "https://as.example", true),
            ("https://as.example", "https://as.example/", true),
            ("https://as.example", "https://as.example/t", false),
            ("https://as.example", "https://as.example:8443", false),
            ("https://as.example", "http://as.example", false),
            ("https://as.example/t", "https://as.example/t", true),
            ("https://as.example/*", "https://as.example/t/v2.0", true),
            ("https://as.example/t/*", "https://as.example/t", false),
            ("https://as.example/*", "https://as.example.evil.example/", false),
            ("https://*.as.example/*", "https://t1.as.example/x", true),
        ] {
            let url = Url::parse(issuer).unwrap();
            assert_eq!(IssuerPattern::parse(pattern).unwrap().matches(&url), matches, "{pattern} {issuer}");
        }
    }

    #[test]
    fn refuses_patterns_that_say_more_than_is_meant() {
        for pattern in [
            "*",
            "*.com",
            "mcp.*.com",
            "mcp*.example.com",
            "",
            "https://x.example",
            "x.example/a",
            "x.example:1",
            "X.example",
        ] {
            assert!(HostPattern::parse(pattern).is_err(), "{pattern}");
        }
        for pattern in [
            "as.example",
            "http://as.example",
            "https://as.example*",
            "https://as.example/a*",
            "https://as.example/*/b",
            "https://",
            "https://*/x",
        ] {
            assert!(IssuerPattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
