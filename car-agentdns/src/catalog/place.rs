//! Where catalogs and cards are, and what may be named there.

use url::{Host, Url};

use super::naming;
#[cfg(any(feature = "http", test))]
use crate::error::Error;
use crate::reach::is_private_name;

/// Where a domain puts its catalog.
pub(super) const WELL_KNOWN: &str = "/.well-known/ai-catalog.json";

/// The places of cards on a server's origin, before there was one below its endpoint: newest first.
#[cfg(feature = "http")]
pub(super) const OLDER_CARDS: [&str; 4] = [
    "/.well-known/mcp/server-card.json",
    "/.well-known/mcp.json",
    "/.well-known/mcp",
    "/.well-known/mcp-server.json",
];

/// Reads what a user names: a domain, whose catalog is at the well-known place, or a URL.
#[cfg(any(feature = "http", test))]
pub(super) fn catalog(text: &str, allow_private: bool) -> Result<Url, Error> {
    let mut url = parse(text, allow_private)?;
    if matches!(url.path(), "" | "/") && url.query().is_none() {
        url.set_path(WELL_KNOWN);
    }
    Ok(url)
}

/// Reads a URL or a domain. Plain http is for this machine, and for private networks where the user allows them.
#[cfg(any(feature = "http", test))]
pub(super) fn parse(text: &str, allow_private: bool) -> Result<Url, Error> {
    let text = text.trim();
    let whole = match text.contains("://") {
        true => text.to_owned(),
        false => {
            let as_http = Url::parse(&format!("http://{text}"));
            let scheme = if as_http.as_ref().is_ok_and(is_loopback) { "http" } else { "https" };
            format!("{scheme}://{text}")
        }
    };
    let invalid =
        |text: &str, reason: &str| Error::InvalidBase { text: text.to_owned(), reason: reason.to_owned() };
    let mut url = match Url::parse(&whole) {
        Ok(url) => url,
        // What cannot be read may hold a password: only its end is shown.
        Err(error) => return Err(invalid(text.rsplit('@').next().unwrap_or_default(), &error.to_string())),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(&url.origin().ascii_serialization(), "it holds a user name or a password"));
    }
    url.set_fragment(None);
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) || (allow_private && is_private_name(&url)) => {}
        "http" => return Err(invalid(&shown(&url), "only https can be asked, but for this machine")),
        _ => return Err(invalid(&shown(&url), "only https can be asked")),
    }
    Ok(url)
}

/// Returns a URL as it is shown: without its query, which may hold a secret.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// Returns whether a URL is on this machine by its looks.
#[cfg(any(feature = "http", test))]
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Says why a URL that a document names is not used, if so. `is_private` says that the document is in a private network
/// itself, or that the user allows those.
pub(super) fn objection(url: &Url, is_private: bool) -> Option<&'static str> {
    let is_plain = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Some("it names a place that is not https"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("it names a place with a password");
    }
    match (is_private_name(url), is_private) {
        (true, false) => Some("it names a place in a private network"),
        (true, true) => None,
        (false, _) if is_plain => Some("it names a place that is not https"),
        (false, _) => None,
    }
}

/// Returns the domain that speaks through a URL: the catalog at the well-known place of a host, over TLS at the usual port.
/// Anybody may be given another path of a host, or another port.
pub(super) fn speaker(url: &Url) -> Option<String> {
    let is_its_own = url.scheme() == "https" && url.port().is_none() && url.path() == WELL_KNOWN;
    (is_its_own && matches!(url.host(), Some(Host::Domain(_)))).then(|| naming::organization(url)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_domains_catalog_and_takes_a_url_as_it_is() {
        for (text, allow_private, expected) in [
            ("acme.example", false, "https://acme.example/.well-known/ai-catalog.json"),
            (" Acme.Example:8443 ", false, "https://acme.example:8443/.well-known/ai-catalog.json"),
            ("https://acme.example/", false, "https://acme.example/.well-known/ai-catalog.json"),
            ("https://acme.example/c.json?a=b#c", false, "https://acme.example/c.json?a=b"),
            ("localhost:8080", false, "http://localhost:8080/.well-known/ai-catalog.json"),
            ("127.0.0.1:8080", false, "http://127.0.0.1:8080/.well-known/ai-catalog.json"),
            ("http://[::1]:8080/c", false, "http://[::1]:8080/c"),
            ("http://10.0.0.1/c", true, "http://10.0.0.1/c"),
        ] {
            assert_eq!(catalog(text, allow_private).unwrap().as_str(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_asked_and_shows_no_secret() {
        for (text, allow_private) in [
            ("", false),
            ("https://", false),
            ("ftp://acme.example/", false),
            ("http://acme.example/", true),
            ("http://10.0.0.1/", false),
            ("https://ada:s3cret@acme.example/", false),
            ("ada:s3cret@acme.example", false),
            ("https://ada:s3cret@acme.example:port/", false),
            ("http://acme.example/?key=s3cret", false),
        ] {
            let error = parse(text, allow_private).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn lets_only_private_documents_name_private_places() {
        for (url, public, private) in [
            ("https://b.example/x", true, true),
            ("http://b.example/x", false, false),
            ("https://10.0.0.1/x", false, true),
            ("http://127.0.0.1:1/x", false, true),
            ("https://u:p@b.example/x", false, false),
            ("file:///etc/passwd", false, false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(objection(&url, false).is_none(), public, "{url}");
            assert_eq!(objection(&url, true).is_none(), private, "{url}");
        }
    }

    #[test]
    fn hears_a_domain_at_its_own_place_only() {
        for (url, expected) in [
            ("https://Acme.example/.well-known/ai-catalog.json", Some("acme.example")),
            ("https://acme.example/~eve/.well-known/ai-catalog.json", None),
            ("https://acme.example/catalog.json", None),
            ("https://acme.example:8443/.well-known/ai-catalog.json", None),
            ("http://acme.example/.well-known/ai-catalog.json", None),
            ("https://203.0.113.7/.well-known/ai-catalog.json", None),
        ] {
            assert_eq!(speaker(&Url::parse(url).unwrap()).as_deref(), expected, "{url}");
        }
    }
}
