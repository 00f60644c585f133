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
mod tests;
