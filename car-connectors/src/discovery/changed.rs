//! What has changed of a service since a person agreed to it.

use car_agentdns::{Lifecycle, Offer, Service, Verification};
use car_connectors_store::KnownService;

use super::find::{Change, ChangedPart};
use super::propose::Way;

/// Returns what a person agreed to under a service's reference, or else under its name: another source may tell of it by
/// another reference.
pub(crate) fn agreed<'a>(known: &'a [KnownService], service: &Service) -> Option<&'a KnownService> {
    let identifier = service.identifier.to_string();
    let by_reference = |known: &&KnownService| Some(known.reference.as_str()) == service.reference.as_deref();
    let by_name = |known: &&KnownService| known.identifier == identifier;
    known.iter().find(by_reference).or_else(|| known.iter().find(by_name))
}

/// Compares a service with what a person agreed to. New versions and other words are no change; that somebody else
/// publishes it, that it is elsewhere, or that it is told of by another source, is one.
pub(crate) fn changes(known: &KnownService, service: &Service) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut differ = |what, before: &str, now: String| {
        if before != now {
            changes.push(Change { what, before: before.to_owned(), now });
        }
    };
    let publisher = &service.publisher;
    let was_checked = known.verification != Verification::None.as_str();
    let lost_check = was_checked && publisher.verification == Verification::None;
    match known.publisher == publisher.name && lost_check {
        // The same name, and nobody checks any more whose it is.
        true => {
            let before = format!("{} ({})", known.publisher, known.verification);
            differ(
                ChangedPart::Publisher,
                &before,
                format!("{} ({})", publisher.name, publisher.verification.as_str()),
            );
        }
        false => differ(ChangedPart::Publisher, &known.publisher, publisher.name.clone()),
    }
    differ(ChangedPart::Source, &known.source, service.provenance.source.clone());
    if let Some(endpoint) = &known.endpoint {
        differ(ChangedPart::Endpoint, endpoint, now(service, endpoint, endpoint_of));
    }
    if let Some(package) = &known.package {
        differ(ChangedPart::Package, package, now(service, package, package_of));
    }
    changes
}

/// Returns what was agreed to if it is still offered, and what is offered in its place otherwise.
fn now(service: &Service, before: &str, of: impl Fn(&Offer) -> Option<String>) -> String {
    let offered: Vec<String> = service.offers.iter().filter_map(of).collect();
    match offered.iter().any(|offered| offered == before) {
        true => before.to_owned(),
        false if offered.is_empty() => "none".to_owned(),
        false => offered.join(", "),
    }
}

/// Returns where an offer runs.
pub(crate) fn endpoint_of(offer: &Offer) -> Option<String> {
    match offer {
        Offer::Remote { url, .. } => Some(url.clone()),
        _ => None,
    }
}

/// Returns which package an offer is, without its version.
pub(crate) fn package_of(offer: &Offer) -> Option<String> {
    match offer {
        Offer::Package { registry_type, identifier, .. } => Some(format!("{registry_type}:{identifier}")),
        _ => None,
    }
}

/// Returns whether an offer is the one that a person agreed to.
pub(crate) fn is_agreed(known: &KnownService, offer: &Offer) -> bool {
    match offer {
        Offer::Remote { .. } => known.endpoint.is_some() && known.endpoint == endpoint_of(offer),
        _ => known.package.is_some() && known.package == package_of(offer),
    }
}

/// Says that a way is another one than a person agreed to, which is still offered and cannot be taken.
pub(crate) fn other_way(known: &KnownService, offer: &Offer) -> Option<Change> {
    let (what, before) = match (&known.endpoint, &known.package) {
        _ if is_agreed(known, offer) => return None,
        (Some(endpoint), _) => (ChangedPart::Endpoint, endpoint),
        (None, package) => (ChangedPart::Package, package.as_ref()?),
    };
    let now = endpoint_of(offer).or_else(|| package_of(offer)).unwrap_or_else(|| "none".to_owned());
    Some(Change { what, before: before.clone(), now })
}

/// Says that the way that a person agreed to is carried out otherwise now. A package that is the same can be run with other
/// options of its runner, which can do anything.
pub(crate) fn other_command(known: &KnownService, way: &Way) -> Option<Change> {
    let (before, now) = (known.command.as_ref()?, command_of(way));
    let differs = is_agreed(known, &way.offer) && *before != now;
    differs.then(|| Change { what: ChangedPart::Command, before: before.clone(), now })
}

/// Returns how a way is carried out, without the version: a new one is no change.
pub(crate) fn command_of(way: &Way) -> String {
    let shown: Vec<&str> = way.shown.iter().chain(&way.shown_values).map(String::as_str).collect();
    let shown = shown.join(" ");
    match &way.offer {
        Offer::Package { version: Some(version), .. } if !version.is_empty() => {
            shown.replace(version, "{version}")
        }
        _ => shown,
    }
}

/// Says that a service should not be taken any more, if its source says so.
pub(crate) fn advice(service: &Service) -> Option<String> {
    match &service.lifecycle {
        Lifecycle::Deprecated { message } => Some(match message.as_deref() {
            None | Some("") => "its publisher advises against it: it is deprecated".to_owned(),
            Some(message) => format!("its publisher advises against it: it is deprecated: {message:?}"),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use car_agentdns::{Provenance, Publisher, SourceKind, Transport};

    use super::*;

    fn service() -> Service {
        let provenance = Provenance::new(SourceKind::Registry, "official", 1, 2);
        let mut service = Service::new("agentdns://io.github.a/b".parse().unwrap(), "B", provenance);
        service.reference = Some("io.github.a/b".to_owned());
        service.publisher = Publisher::new("io.github.a", Verification::RegistryNamespace);
        service.offers = vec![Offer::Remote {
            transport: Transport::StreamableHttp,
            url: "https://b.example/mcp".to_owned(),
        }];
        service
    }

    fn known() -> KnownService {
        let mut known = KnownService::new("io.github.a/b", "agentdns://io.github.a/b");
        known.source = "official".to_owned();
        known.publisher = "io.github.a".to_owned();
        known.verification = "registry_namespace".to_owned();
        known.endpoint = Some("https://b.example/mcp".to_owned());
        known
    }

    fn told(known: &KnownService, service: &Service) -> Vec<String> {
        let told = |change: Change| format!("{}: {} -> {}", change.what.as_str(), change.before, change.now);
        changes(known, service).into_iter().map(told).collect()
    }

    #[test]
    fn takes_new_words_and_versions_for_no_change() {
        let mut reworded = service();
        reworded.description = "other words".to_owned();
        reworded.version = Some("2.0.0".to_owned());
        reworded.offers.push(Offer::Package {
            registry_type: "npm".to_owned(),
            identifier: "b".to_owned(),
            version: None,
        });
        assert_eq!(changes(&known(), &reworded), []);
    }

    #[test]
    fn tells_what_changed_hands_or_moved() {
        let mut moved = service();
        moved.offers = vec![Offer::Remote {
            transport: Transport::StreamableHttp,
            url: "https://evil.example/".to_owned(),
        }];
        assert_eq!(told(&known(), &moved), ["endpoint: https://b.example/mcp -> https://evil.example/"]);
        moved.offers.clear();
        assert_eq!(told(&known(), &moved), ["endpoint: https://b.example/mcp -> none"]);
        let mut elsewhere = service();
        elsewhere.provenance.source = "other".to_owned();
        elsewhere.publisher.verification = Verification::None;
        let expected = [
            "publisher: io.github.a (registry_namespace) -> io.github.a (none)",
            "source: official -> other",
        ];
        assert_eq!(told(&known(), &elsewhere), expected);
        let mut packaged = known();
        packaged.endpoint = None;
        packaged.package = Some("npm:b".to_owned());
        assert_eq!(told(&packaged, &service()), ["package: npm:b -> none"]);
        let mut sold = service();
        sold.publisher.name = "io.github.c".to_owned();
        assert_eq!(told(&known(), &sold), ["publisher: io.github.a -> io.github.c"]);
    }

    #[test]
    fn tells_the_way_that_was_agreed_to_from_others() {
        assert_eq!(other_way(&known(), &service().offers[0]), None);
        let package =
            Offer::Package { registry_type: "npm".to_owned(), identifier: "b".to_owned(), version: None };
        let change = other_way(&known(), &package).unwrap();
        assert_eq!((change.before.as_str(), change.now.as_str()), ("https://b.example/mcp", "npm:b"));
        assert_eq!(other_way(&KnownService::new("r", "agentdns://a/b"), &package), None);
    }

    #[test]
    fn knows_a_service_again_by_its_name() {
        let all = [known()];
        let mut renamed = service();
        renamed.reference = Some("agentdns://io.github.a/b".to_owned());
        assert!(agreed(&all, &renamed).is_some());
        renamed.identifier = "agentdns://io.github.a/c".parse().unwrap();
        assert!(agreed(&all, &renamed).is_none());
    }
}
