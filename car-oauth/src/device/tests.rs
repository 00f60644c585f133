//! What a person is told, and how long is waited.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::token::fixtures::{ISSUER, endpoint, issuer};

fn body(changes: Value) -> Vec<u8> {
    let mut body = json!({
        "device_code": "hunter2", "user_code": "WDJB-MJHT", "expires_in": 1800, "interval": 5,
        "verification_uri": "https://as.example/device",
        "verification_uri_complete": "https://as.example/device?user_code=WDJB-MJHT",
    });
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body.to_string().into_bytes()
}

fn parse(changes: Value) -> Result<DeviceAnswer, Error> {
    DeviceAnswer::parse(200, &body(changes), &issuer(ISSUER))
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(1000 + seconds)
}

fn said(code: &str) -> Result<TokenResponse, Error> {
    let body = json!({ "error": code }).to_string();
    TokenResponse::parse(400, body.as_bytes(), &issuer(ISSUER))
}

fn failed() -> Result<TokenResponse, Error> {
    TokenResponse::parse(503, b"", &issuer(ISSUER))
}

fn waits(polling: &mut DevicePolling, answer: Result<TokenResponse, Error>) -> u64 {
    match polling.answered(answer, at(1)) {
        DeviceStep::Wait(time) => time.as_secs(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn asks_for_a_code_for_a_server() {
    let scope = Scopes::parse("a b");
    let endpoint = endpoint("/device");
    let request = DeviceRequest::new(&endpoint, Some("https://mcp.example"), Some(&scope)).request();
    assert_eq!(*request.body(), "resource=https%3A%2F%2Fmcp.example&scope=a+b");
}

#[test]
fn reads_what_the_person_needs() {
    let answer = parse(json!({})).unwrap();
    assert_eq!(answer.user_code, "WDJB-MJHT");
    assert_eq!(answer.verification_uri.as_str(), "https://as.example/device");
    assert!(answer.verification_uri_complete.is_some());
    assert_eq!((answer.expires_in, answer.interval), (1800, 5));
    assert!(!format!("{answer:?}").contains("hunter2"));
}

#[test]
fn the_older_name_of_the_address_is_read() {
    let old = json!({ "verification_uri": null, "verification_url": "https://as.example/old" });
    assert_eq!(parse(old).unwrap().verification_uri.as_str(), "https://as.example/old");
}

#[test]
fn times_are_bounded() {
    let times = |changes| parse(changes).map(|answer| (answer.expires_in, answer.interval)).unwrap();
    assert_eq!(times(json!({ "interval": null })), (1800, 5));
    assert_eq!(times(json!({ "interval": 0, "expires_in": "60" })), (60, 1));
    assert_eq!(times(json!({ "interval": 1e9, "expires_in": 1e9 })), (MAX_LIFETIME, MAX_INTERVAL));
}

#[test]
fn an_answer_without_what_is_needed_is_an_error() {
    for name in ["device_code", "user_code", "verification_uri", "expires_in"] {
        let error = parse(json!({ name: null })).unwrap_err();
        assert!(matches!(&error, Error::InvalidTokenResponse { what, .. } if what.contains(name)), "{error}");
    }
}

#[test]
fn a_user_code_that_steers_a_terminal_is_refused() {
    for code in ["A\u{1b}[2J", "A\nB", "\u{202e}AB", &"A".repeat(MAX_USER_CODE + 1)] {
        let refused = parse(json!({ "user_code": code }));
        assert!(matches!(refused, Err(Error::InvalidTokenResponse { .. })), "{code}");
    }
}

#[test]
fn an_address_that_cannot_be_opened_is_refused_and_the_longer_one_left_out() {
    assert!(matches!(parse(json!({ "verification_uri": "nowhere" })), Err(Error::InsecureEndpoint { .. })));
    let answer = parse(json!({ "verification_uri_complete": "nowhere" })).unwrap();
    assert!(answer.verification_uri_complete.is_none());
}

#[test]
fn a_person_is_sent_to_no_script_and_to_no_plain_page() {
    for uri in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://as.example/device"] {
        let refused = parse(json!({ "verification_uri": uri }));
        assert!(matches!(refused, Err(Error::InsecureEndpoint { .. })), "{uri}");
        let answer = parse(json!({ "verification_uri_complete": uri })).unwrap();
        assert!(answer.verification_uri_complete.is_none(), "{uri}");
    }
}

#[test]
fn waits_as_the_server_wants_and_longer_after_slow_down() {
    let mut polling = DevicePolling::new(&parse(json!({})).unwrap(), at(0));
    assert_eq!(polling.next_wait().as_secs(), 5);
    let answers = ["authorization_pending", "slow_down", "authorization_pending", "slow_down"];
    let found = answers.map(|code| waits(&mut polling, said(code)));
    assert_eq!(found, [5, 10, 10, 15]);
}

#[test]
fn backs_off_while_the_server_fails_and_returns_to_its_interval() {
    let mut polling = DevicePolling::new(&parse(json!({})).unwrap(), at(0));
    let found = [(); 6].map(|()| waits(&mut polling, failed()));
    assert_eq!(found, [10, 20, 40, 60, 60, 60]);
    assert_eq!(waits(&mut polling, said("authorization_pending")), 5);
    polling.failures = u32::MAX;
    assert_eq!(waits(&mut polling, failed()), 60);
}

#[test]
fn ends_with_tokens() {
    let mut polling = DevicePolling::new(&parse(json!({})).unwrap(), at(0));
    let tokens = TokenResponse::parse(200, br#"{"access_token":"at"}"#, &issuer(ISSUER));
    // The server decides whether it was in time.
    assert!(matches!(polling.answered(tokens, at(9999)), DeviceStep::Done(_)));
}

#[test]
fn ends_when_the_code_runs_out_by_either_clock() {
    let mut polling = DevicePolling::new(&parse(json!({})).unwrap(), at(0));
    let step = polling.answered(said("authorization_pending"), at(1799));
    assert!(matches!(step, DeviceStep::Wait(_)));
    for (answer, now) in
        [(said("authorization_pending"), at(1800)), (failed(), at(1800)), (said("expired_token"), at(1))]
    {
        let step = polling.answered(answer, now);
        assert!(matches!(step, DeviceStep::Failed(Error::SignInTimedOut { seconds: 1800 })), "{step:?}");
    }
}

#[test]
fn ends_when_the_person_or_the_server_says_no() {
    let mut polling = DevicePolling::new(&parse(json!({})).unwrap(), at(0));
    let step = polling.answered(said("access_denied"), at(1));
    assert!(matches!(step, DeviceStep::Failed(Error::AuthorizationRefused { .. })), "{step:?}");
    let step = polling.answered(said("invalid_client"), at(1));
    assert!(matches!(&step, DeviceStep::Failed(error) if error.is_invalid_client()), "{step:?}");
}

proptest! {
    #[test]
    fn any_answer_is_read_without_a_panic(user_code in ".{0,8}", uri in ".{0,20}", time in any::<f64>()) {
        let changes = json!({ "user_code": user_code, "verification_uri": uri, "interval": time });
        if let Ok(answer) = parse(changes) {
            prop_assert!((1..=MAX_INTERVAL).contains(&answer.interval));
        }
    }
}
