//! Each kind of answer, and where it leads.

use super::*;

fn error(code: i64, data: &str) -> ErrorObject {
    let mut error = ErrorObject::new(code);
    error.data = (!data.is_empty()).then(|| RawJson::from_text(data).unwrap());
    error
}

fn probing(preference: EraPreference) -> Probing {
    match start(preference) {
        Step::Probe(probing) => probing,
        other => panic!("expected a probe, found {other:?}"),
    }
}

fn discovered(versions: &[&str]) -> DiscoverResult {
    DiscoverResult::new(
        versions.iter().map(|version| (*version).to_owned()).collect::<Vec<_>>(),
        crate::capability::ServerCapabilities::new(),
    )
}

#[test]
fn takes_a_modern_server_at_its_word() {
    let result = discovered(&["2025-11-25", "2026-07-28"]);
    let step = probing(EraPreference::Auto).handle_reply(ProbeReply::Discovered(&result));
    assert!(matches!(step, Ok(Step::Modern(ProtocolVersion::V2026_07_28))));
}

#[test]
fn falls_back_on_whatever_a_modern_server_would_not_send() {
    let errors =
        [error(-32000, ""), error(-32601, ""), error(-32602, ""), error(-32022, ""), error(-32022, "{}")];
    let replies =
        errors.iter().map(ProbeReply::Error).chain([ProbeReply::OtherResult, ProbeReply::NotModern]);
    for reply in replies {
        let step = probing(EraPreference::Auto).handle_reply(reply);
        assert!(matches!(step, Ok(Step::Initialize(_))), "{reply:?} gave {step:?}");
        let step = probing(EraPreference::Modern).handle_reply(reply);
        assert!(matches!(step, Err(NegotiationError::NotModern { .. })), "{reply:?} gave {step:?}");
    }
}

#[test]
fn corrects_the_version_once() {
    let refused = error(-32022, r#"{"supported":["2026-07-28"],"requested":"2026-07-28"}"#);
    let Ok(Step::Probe(second)) = probing(EraPreference::Auto).handle_reply(ProbeReply::Error(&refused))
    else {
        panic!("expected a second probe");
    };
    let third = second.handle_reply(ProbeReply::Error(&refused));
    assert!(matches!(third, Err(NegotiationError::NoCommonVersion { .. })));
}

#[test]
fn never_initializes_a_server_that_names_modern_versions_only() {
    let refused = error(-32022, r#"{"supported":["2027-01-01"]}"#);
    let step = probing(EraPreference::Auto).handle_reply(ProbeReply::Error(&refused));
    assert!(matches!(step, Err(NegotiationError::NoCommonVersion { .. })));
    let mixed = error(-32022, r#"{"supported":["2027-01-01","2025-11-25"]}"#);
    let step = probing(EraPreference::Auto).handle_reply(ProbeReply::Error(&mixed));
    assert!(matches!(step, Ok(Step::Initialize(_))));
    let legacy = discovered(&["2025-06-18"]);
    let step = probing(EraPreference::Auto).handle_reply(ProbeReply::Discovered(&legacy));
    assert!(matches!(step, Ok(Step::Initialize(_))));
}

#[test]
fn a_modern_refusal_of_our_request_is_not_hidden() {
    for code in [HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY] {
        let step = probing(EraPreference::Auto).handle_reply(ProbeReply::Error(&error(code, "")));
        assert!(matches!(step, Err(NegotiationError::ProbeRefused { .. })));
    }
}

#[test]
fn initialize_may_reveal_a_modern_server_once() {
    let Step::Initialize(initializing) =
        probing(EraPreference::Auto).handle_reply(ProbeReply::NotModern).unwrap()
    else {
        panic!("expected initialize")
    };
    let refused = error(-32022, r#"{"supported":["2026-07-28"]}"#);
    let Ok(Step::Probe(probing)) = initializing.handle_error(&refused) else { panic!("expected a probe") };
    let Ok(Step::Initialize(initializing)) = probing.handle_reply(ProbeReply::NotModern) else {
        panic!("expected initialize")
    };
    assert!(matches!(initializing.handle_error(&refused), Err(NegotiationError::InitializeRefused { .. })));
}

#[test]
fn takes_legacy_versions_only_from_initialize() {
    let initializing = || match start(EraPreference::Legacy) {
        Step::Initialize(initializing) => initializing,
        other => panic!("expected initialize, found {other:?}"),
    };
    assert_eq!(initializing().handle_result("2025-03-26"), Ok(ProtocolVersion::V2025_03_26));
    assert!(initializing().handle_result("2026-07-28").is_err());
    assert!(initializing().handle_result("1.0").is_err());
}
