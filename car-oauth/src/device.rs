//! Signing in on another device (RFC 8628).

use std::time::Duration;

use crate::Error;
use crate::endpoint::Endpoint;
use crate::form::Form;
use crate::issuer::Issuer;
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::token::answer::{Answer, Source, seconds, text, token};
use crate::token::{TokenRequest, TokenResponse, with_target};

/// How often to ask where the server does not say (RFC 8628 §3.2), in seconds.
const INTERVAL: u64 = 5;

/// How much slower to ask after `slow_down` (RFC 8628 §3.5), in seconds.
const SLOW_DOWN: u64 = 5;

/// The slowest that we ask, in seconds: a server that asks for less would let the code run out between two questions.
const MAX_INTERVAL: u64 = 60;

/// The longest that a sign-in is waited for, in seconds. Servers give minutes; nobody is still there after a day.
const MAX_LIFETIME: u64 = 24 * 60 * 60;

/// The longest code for a person to type, in characters.
const MAX_USER_CODE: usize = 64;

/// A request for a code that a person types elsewhere (RFC 8628 §3.1).
#[derive(Clone, Copy, Debug)]
pub struct DeviceRequest<'a> {
    endpoint: &'a Endpoint,
    resource: Option<&'a str>,
    scope: Option<&'a Scopes>,
}

impl<'a> DeviceRequest<'a> {
    /// Asks the device authorization endpoint for a code for a token for `resource`.
    #[must_use]
    pub const fn new(endpoint: &'a Endpoint, resource: Option<&'a str>, scope: Option<&'a Scopes>) -> Self {
        Self { endpoint, resource, scope }
    }

    /// Returns what to send; the client has to be put into it.
    #[must_use]
    pub fn request(&self) -> TokenRequest {
        TokenRequest::from_form(self.endpoint, with_target(Form::new(), self.resource, self.scope))
    }
}

/// What to tell the person, and what to ask with meanwhile (RFC 8628 §3.2).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceAnswer {
    /// What the token endpoint is asked with.
    pub device_code: Secret,
    /// What the person types: visible ASCII and blanks.
    pub user_code: String,
    /// Where the person types it.
    pub verification_uri: Endpoint,
    /// The same with the code in it, for a link or a QR code.
    pub verification_uri_complete: Option<Endpoint>,
    /// How many seconds the codes are good for.
    pub expires_in: u64,
    /// How many seconds have to pass between two questions.
    pub interval: u64,
}

impl DeviceAnswer {
    /// Reads the answer of the device authorization endpoint.
    ///
    /// # Errors
    /// As [`TokenResponse::parse`], and [`Error::InsecureEndpoint`] where the person would be sent to a URL that no
    /// browser should open.
    pub fn parse(status: u16, body: &[u8], issuer: &Issuer) -> Result<Self, Error> {
        let source = Source { issuer, endpoint: "device authorization" };
        let answer = Answer::read(status, body, source)?;
        let missing = |name| source.invalid(format!("expected a {name}, found none"));
        let uri = text(answer.verification_uri.as_ref())
            .or_else(|| text(answer.verification_url.as_ref()))
            .ok_or_else(|| missing("verification_uri"))?;
        let complete = text(answer.verification_uri_complete.as_ref());
        let user_code = text(answer.user_code.as_ref()).ok_or_else(|| missing("user_code"))?;
        if user_code.len() > MAX_USER_CODE || !user_code.bytes().all(is_typed) {
            let what =
                format!("expected a user_code of at most {MAX_USER_CODE} characters that can be typed");
            return Err(source.invalid(what));
        }
        Ok(Self {
            user_code: user_code.to_owned(),
            verification_uri: Endpoint::parse("verification URI", uri)?,
            // The person can type the code: what is wrong with this one does no harm when it is not shown.
            verification_uri_complete: complete.and_then(|uri| Endpoint::parse("verification URI", uri).ok()),
            expires_in: seconds(answer.expires_in.as_ref())
                .ok_or_else(|| missing("number for expires_in"))?
                .min(MAX_LIFETIME),
            interval: seconds(answer.interval.as_ref()).unwrap_or(INTERVAL).clamp(1, MAX_INTERVAL),
            device_code: token(answer.device_code, "device_code", is_typed, source)?
                .ok_or_else(|| missing("device_code"))?,
        })
    }
}

fn is_typed(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

/// When to ask whether the person is done, and what to make of the answers (RFC 8628 §3.5).
#[derive(Clone, Debug)]
pub struct DevicePolling {
    /// Seconds between two questions, as the server wants them.
    interval: u64,
    /// How often in a row the server could not be asked.
    failures: u32,
    lifetime: u64,
    began: Timestamp,
}

/// What to do after an answer.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller that ignores a step would wait for ever")]
#[expect(clippy::large_enum_variant, reason = "made once in seconds")]
pub enum DeviceStep {
    /// Ask again after that time.
    Wait(Duration),
    /// The person let the client in.
    Done(TokenResponse),
    /// It is over.
    Failed(Error),
}

impl DevicePolling {
    /// Begins to wait for the person.
    #[must_use]
    pub const fn new(answer: &DeviceAnswer, now: Timestamp) -> Self {
        Self { interval: answer.interval, failures: 0, lifetime: answer.expires_in, began: now }
    }

    /// Returns how long to wait before the next question, the first one too.
    ///
    /// A server that could not be asked is left alone for twice as long each time, up to a minute.
    #[must_use]
    pub fn next_wait(&self) -> Duration {
        let doubled = self.interval.saturating_mul(1_u64.checked_shl(self.failures).unwrap_or(u64::MAX));
        Duration::from_secs(doubled.min(MAX_INTERVAL.max(self.interval)))
    }

    /// Takes the answer to a question.
    pub fn answered(&mut self, answer: Result<TokenResponse, Error>, now: Timestamp) -> DeviceStep {
        let error = match answer {
            Ok(tokens) => return DeviceStep::Done(tokens),
            Err(error) => error,
        };
        let code = match &error {
            Error::TokenRefused { error, .. } => error.as_str(),
            _ => "",
        };
        match code {
            "authorization_pending" => self.failures = 0,
            "slow_down" => {
                self.failures = 0;
                self.interval = self.interval.saturating_add(SLOW_DOWN);
            }
            "expired_token" => return DeviceStep::Failed(self.timed_out()),
            "access_denied" => return DeviceStep::Failed(refused(error)),
            _ if error.is_transient() => self.failures = self.failures.saturating_add(1),
            _ => return DeviceStep::Failed(error),
        }
        if now.since(self.began) >= self.lifetime {
            return DeviceStep::Failed(self.timed_out());
        }
        DeviceStep::Wait(self.next_wait())
    }

    const fn timed_out(&self) -> Error {
        Error::SignInTimedOut { seconds: self.lifetime }
    }
}

/// It is the person who said no, not a token that is bad.
fn refused(error: Error) -> Error {
    match error {
        Error::TokenRefused { error, description, .. } => Error::AuthorizationRefused { error, description },
        other => other,
    }
}

#[cfg(test)]
mod tests {
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
            assert!(
                matches!(&error, Error::InvalidTokenResponse { what, .. } if what.contains(name)),
                "{error}"
            );
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
        assert!(matches!(
            parse(json!({ "verification_uri": "nowhere" })),
            Err(Error::InsecureEndpoint { .. })
        ));
        let answer = parse(json!({ "verification_uri_complete": "nowhere" })).unwrap();
        assert!(answer.verification_uri_complete.is_none());
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
}
