//! What an entry of a catalog is called.

use url::{Host, Url};

use crate::name::{NameError, ServiceIdentifier};

/// What the identifiers begin with that name a publisher.
const AIR: &str = "urn:air:";

/// The longest name that is made of a title, in characters.
const MAX_SLUG_CHARS: usize = 64;

/// Returns the host of a URL as an organization: a domain in lower case, or an address whose colons are dashes.
pub(super) fn organization(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => Some(name.trim_end_matches('.').to_ascii_lowercase()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string().replace(':', "-")),
    }
}

/// Reads `urn:air:{domain}:{namespace…}:{name}`. Nothing for what is something else, or cannot be written as a name.
pub(super) fn air(text: &str) -> Option<ServiceIdentifier> {
    let prefix = text.get(..AIR.len()).filter(|prefix| prefix.eq_ignore_ascii_case(AIR))?;
    let mut parts = text[prefix.len()..].split(':');
    let domain = parts.next()?.to_ascii_lowercase();
    let mut parts: Vec<&str> = parts.collect();
    let name = parts.pop()?;
    // A stranger names nothing on this machine.
    ServiceIdentifier::new(domain, parts, name).ok().filter(|identifier| !identifier.is_local())
}

/// Names something by its organization and what it is called.
pub(super) fn of_name(organization: &str, name: &str) -> Result<ServiceIdentifier, NameError> {
    ServiceIdentifier::new(organization, std::iter::empty::<String>(), slug(name))
}

/// Returns the last part of an identifier: what it names, for people.
pub(super) fn last_part(identifier: &str) -> &str {
    let parts = identifier.trim_end_matches(['/', ':']).rsplit(['/', ':']);
    parts.into_iter().next().unwrap_or_default()
}

/// Returns a text as one word of lower-case letters, digits and dashes.
pub(super) fn slug(text: &str) -> String {
    let words = text.split(|one: char| !one.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    slug.chars().take(MAX_SLUG_CHARS).collect::<String>().trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_names_its_publisher() {
        for (text, expected) in [
            ("urn:air:acme.example:mcp:search", Some("agentdns://acme.example/mcp/search")),
            ("URN:AIR:Acme.Example:mcp:eu:Search", Some("agentdns://acme.example/mcp/eu/Search")),
            ("urn:air:acme.example:search", Some("agentdns://acme.example/search")),
            ("urn:air:acme.example", None),
            ("urn:air:acme.example:", None),
            ("urn:air::mcp:search", None),
            ("urn:air:local:search", None),
            ("urn:air:acme.example:mcp:..:search", None),
            ("urn:air:acme.example:two words", None),
            ("urn:ai", None),
            ("urn:ä", None),
            ("https://acme.example/search", None),
        ] {
            assert_eq!(air(text).map(|name| name.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn makes_a_name_of_a_title() {
        for (title, expected) in [
            ("Acme Search (beta)", "agentdns://acme.example/acme-search-beta"),
            ("com.acme/search", "agentdns://acme.example/com-acme-search"),
            ("  ÄX9  ", "agentdns://acme.example/x9"),
        ] {
            assert_eq!(of_name("acme.example", title).unwrap().to_string(), expected);
        }
        assert!(of_name("acme.example", "日本語").is_err());
        let long = of_name("acme.example", &"word ".repeat(100)).unwrap();
        assert!(long.name().len() <= MAX_SLUG_CHARS && !long.name().ends_with('-'));
        assert_eq!(last_part("urn:x:acme:search"), "search");
        assert_eq!(last_part("https://acme.example/mcp/search/"), "search");
        assert_eq!(last_part(""), "");
    }

    #[test]
    fn takes_hosts_for_organizations() {
        for (url, expected) in [
            ("https://ACME.example./x", "acme.example"),
            ("http://127.0.0.1:8080/", "127.0.0.1"),
            ("http://[::1]:8080/", "--1"),
        ] {
            assert_eq!(organization(&Url::parse(url).unwrap()).unwrap(), expected);
        }
    }
}
