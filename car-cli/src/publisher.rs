//! Who publishes a service, and how that is known: never more than what was checked, and never that it is safe.

use car_connectors::agentdns::{Service, SourceKind, Verification};
use car_connectors::store::visible;

/// The namespace of people and organizations at GitHub, in a registry that checks namespaces.
const GITHUB: &str = "io.github.";

/// Says in a sentence who publishes a service, and who says so.
pub(crate) fn published(service: &Service) -> String {
    let name = visible(&service.publisher.name);
    let source = visible(&service.provenance.source);
    match service.publisher.verification {
        Verification::RegistryNamespace => match service.publisher.name.strip_prefix(GITHUB) {
            Some(account) => format!(
                "published by someone who controlled the GitHub account {} when it was published",
                visible(account)
            ),
            None => format!(
                "published by someone who controlled the domain {} when it was published",
                visible(&domain(&service.publisher.name))
            ),
        },
        Verification::TlsDomain => format!("listed by {name} itself, over TLS"),
        Verification::Root => format!("the root {source} says that it is of {name}"),
        Verification::User => "added by you".to_owned(),
        _ if service.provenance.kind == SourceKind::Local => "added by you".to_owned(),
        _ => format!("listed by {source}; that it is of {name} is only what the record says"),
    }
}

/// Returns the domain that a namespace is, written backwards: `com.example` is `example.com`.
fn domain(namespace: &str) -> String {
    namespace.rsplit('.').collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use car_connectors::agentdns::{Provenance, Publisher};

    use super::*;

    #[test]
    fn says_what_was_checked_and_no_more() {
        let table = [
            (
                "io.github.ann",
                Verification::RegistryNamespace,
                "published by someone who controlled the GitHub account ann when it was published",
            ),
            (
                "com.example.shop",
                Verification::RegistryNamespace,
                "published by someone who controlled the domain shop.example.com when it was published",
            ),
            (
                "io.github.ann",
                Verification::None,
                "listed by ours; that it is of io.github.ann is only what the record says",
            ),
            ("example.com", Verification::TlsDomain, "listed by example.com itself, over TLS"),
            ("example.com", Verification::Root, "the root ours says that it is of example.com"),
            ("a\u{202e}b", Verification::Root, "the root ours says that it is of a<U+202E>b"),
        ];
        for (name, verification, expected) in table {
            let identifier = "agentdns://example.com/mail".parse().unwrap();
            let provenance = Provenance::new(SourceKind::Registry, "ours", 0, 0);
            let mut service = Service::new(identifier, "Mail", provenance);
            service.publisher = Publisher::new(name, verification);
            assert_eq!(published(&service), expected);
        }
    }
}
