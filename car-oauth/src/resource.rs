//! The resource indicator of an MCP server (RFC 8707).

use url::Url;

/// Returns the URI that names a server in requests for a token, where its metadata names none.
///
/// Scheme and host are in lower case, a default port, the fragment, user and password are gone. So is the query:
/// RFC 8707 §2 advises against it, and people put keys there that an authorization server has no business to see.
/// The path stays as it was written; only the slash of an empty path is left out, as the MCP specification wants.
#[must_use]
pub fn canonical_resource(server: &Url) -> String {
    let path = if server.path() == "/" { "" } else { server.path() };
    format!("{}{path}", server.origin().ascii_serialization())
}

/// Returns whether a resource that metadata names is the server, or a part of the same origin that it lies in:
/// `https://h/a` covers `https://h/a/mcp`, not `https://h/ab`.
///
/// RFC 9728 §3.3 wants identity. Servers in the field name their origin for each of their endpoints, which the MCP
/// conformance suite expects to work; another origin never covers.
#[must_use]
pub fn covers(resource: &str, server: &Url) -> bool {
    let Ok(resource) = Url::parse(resource) else { return false };
    let is_web = matches!(resource.scheme(), "http" | "https");
    let has_more = !resource.username().is_empty() || resource.password().is_some();
    if !is_web || has_more || resource.fragment().is_some() || resource.origin() != server.origin() {
        return false;
    }
    if resource.query().is_some() && resource.query() != server.query() {
        return false;
    }
    let path = resource.path().strip_suffix('/').unwrap_or_else(|| resource.path());
    server.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns whether a resource is of the origin of the server.
pub(crate) fn has_origin_of(resource: &str, server: &Url) -> bool {
    Url::parse(resource).is_ok_and(|resource| resource.origin() == server.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_server_canonically() {
        for (server, wanted) in [
            ("https://MCP.Example.com/Mcp", "https://mcp.example.com/Mcp"),
            ("https://mcp.example.com", "https://mcp.example.com"),
            ("https://mcp.example.com/", "https://mcp.example.com"),
            ("https://mcp.example.com:443/a/", "https://mcp.example.com/a/"),
            ("https://mcp.example.com:8443/a?key=s3cret#x", "https://mcp.example.com:8443/a"),
            ("https://ada:pw@mcp.example.com/a", "https://mcp.example.com/a"),
            ("http://[::1]:3000/mcp", "http://[::1]:3000/mcp"),
        ] {
            assert_eq!(canonical_resource(&Url::parse(server).unwrap()), wanted);
        }
    }

    #[test]
    fn covers_itself_and_what_lies_below() {
        for (resource, server, wanted) in [
            ("https://h.example/mcp", "https://h.example/mcp", true),
            ("https://H.example/mcp", "https://h.example/mcp", true),
            ("https://h.example:443/mcp/", "https://h.example/mcp", true),
            ("https://h.example", "https://h.example/mcp", true),
            ("https://h.example/", "https://h.example/", true),
            ("https://h.example/a", "https://h.example/a/mcp", true),
            ("https://h.example/mcp?t=1", "https://h.example/mcp?t=1", true),
            ("https://h.example/mcp", "https://h.example/mcp?t=1", true),
            ("https://h.example/mcp?t=2", "https://h.example/mcp?t=1", false),
            ("https://h.example/a", "https://h.example/ab", false),
            ("https://h.example/mcp/deep", "https://h.example/mcp", false),
            ("https://h.example/MCP", "https://h.example/mcp", false),
            ("https://h.example/x/../mcp", "https://h.example/mcp", true),
        ] {
            assert_eq!(covers(resource, &Url::parse(server).unwrap()), wanted, "{resource} {server}");
        }
    }

    #[test]
    fn never_covers_another_origin() {
        let server = Url::parse("https://h.example/mcp").unwrap();
        for resource in [
            "https://evil.example/mcp",
            "http://h.example/mcp",
            "https://h.example:8443/mcp",
            "https://h.example.evil.example/",
            "https://h.example@evil.example/",
            "https://ada@h.example/mcp",
            "https://h.example/mcp#x",
            "urn:mcp:h.example",
            "data:,",
            "",
        ] {
            assert!(!covers(resource, &server), "{resource}");
        }
    }
}
