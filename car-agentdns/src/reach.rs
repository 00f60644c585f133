//! Which names lead into the machine or its own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Endings of names that no public resolver answers for (RFC 2606, 6762, 8375).
const PRIVATE_ENDINGS: [&str; 8] =
    [".local", ".localhost", ".internal", ".home.arpa", ".test", ".invalid", ".lan", ".intranet"];

/// Returns whether the host of a URL is, by its looks, on this machine or in a private network. A record from a public
/// source that names such a place is not used: it would make the machine call itself or its neighbours.
///
/// A name that resolves to a private address is not seen here; whoever dials checks that.
#[must_use]
pub fn is_private_name(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
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
    address.is_private()
        || address.is_link_local()
        || address.is_loopback()
        || address.is_unspecified()
        || address.is_broadcast()
        || (address.octets()[0] == 100 && address.octets()[1] & 0b1100_0000 == 64)
}

const fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_private_places_by_their_looks() {
        let table = [
            ("http://localhost/", true),
            ("http://127.0.0.1:8080/", true),
            ("http://0x7f.1/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:10.0.0.1]/", true),
            ("http://[fe80::1]/", true),
            ("http://10.1.2.3/", true),
            ("http://169.254.169.254/latest/meta-data", true),
            ("http://100.64.0.1/", true),
            ("http://printer/", true),
            ("http://nas.local./", true),
            ("http://vault.INTERNAL/", true),
            ("https://example.com/", false),
            ("https://8.8.8.8/", false),
            ("https://100.128.0.1/", false),
            ("https://[2606:4700::1111]/", false),
        ];
        for (url, expected) in table {
            assert_eq!(is_private_name(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
