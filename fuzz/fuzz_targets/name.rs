//! A text that is read as a service's name is that name, spelled in the one way there is.

#![no_main]

use car_agentdns::ServiceIdentifier;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(identifier) = ServiceIdentifier::parse(text) else { return };
    let shown = identifier.to_string();
    assert!(shown.eq_ignore_ascii_case(text), "read {text:?}, showed {shown:?}");
    assert_eq!(shown["agentdns://".len()..], text["agentdns://".len()..], "changed more than the scheme");
    assert_eq!(
        ServiceIdentifier::parse(&shown).as_ref(),
        Ok(&identifier),
        "{shown:?} is read as another one"
    );
    let made = ServiceIdentifier::new(identifier.organization(), identifier.category(), identifier.name());
    assert_eq!(made.as_ref(), Ok(&identifier), "made of its parts, {shown:?} is another one");
});
