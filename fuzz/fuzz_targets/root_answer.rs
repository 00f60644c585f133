//! A root's answer never makes the client do or show what the contract forbids, whatever it says.

#![no_main]

use std::collections::HashSet;
use std::sync::LazyLock;

use car_agentdns::root::Resolved;
use car_agentdns::{Limit, Offer, Provenance, SourceKind, is_private_name};
use libfuzzer_sys::fuzz_target;
use url::Url;

static ROOT: LazyLock<Url> = LazyLock::new(|| "https://root.example.com/".parse().expect("it is a URL"));

fuzz_target!(|body: &[u8]| {
    let limit = Limit::new(3).expect("three may be wanted");
    let provenance = Provenance::new(SourceKind::Root, "https://root.example.com", 1, 300);
    let Ok(resolved) = Resolved::from_json(body, limit, &ROOT, &provenance) else { return };
    assert!(resolved.services.len() <= limit.get() && resolved.set_aside.len() <= 100);
    let mut known = HashSet::new();
    for service in &resolved.services {
        assert!(known.insert(&service.identifier), "{} comes twice", service.identifier);
        assert!(!service.identifier.is_local());
        assert!(service.name.chars().count() <= 200 && !service.name.contains(char::is_control));
        assert!(service.description.chars().count() <= 4_000);
        for offer in &service.offers {
            let Offer::Remote { url, .. } = offer else { panic!("a root offers nothing but places") };
            let url: Url = url.parse().expect("what is offered is a URL");
            assert!(url.scheme() == "https" && !is_private_name(&url), "{url}");
            assert!(
                url.username().is_empty() && url.password().is_none() && url.fragment().is_none(),
                "{url}"
            );
        }
    }
    for aside in &resolved.set_aside {
        assert!(aside.reason.chars().count() <= 300 && !aside.reason.contains(char::is_control));
    }
});
