//! Asking a source: one origin, no redirects, a cap on every body, a deadline on every request.

use std::time::Duration;

use bytes::Bytes;
use car_http::{
    AddressPolicy, Client, ClientBuilder, HeaderMap, HeaderValue, Method, Phase, Request, Target, Timeouts,
    header,
};
use tokio::time::Instant;
use url::Url;

use crate::ask::Bearer;
use crate::error::Error;

/// How long connecting to a source may take. A person is waiting, and others are asked beside it.
pub(crate) const CONNECT: Duration = Duration::from_secs(2);

/// How much of what a source says of an error is repeated, in characters: one line of it.
const MAX_MESSAGE_CHARS: usize = 200;

/// A source: its base URL, the client that asks it, and who asks.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    client: Client,
    base: Url,
    place: String,
    bearer: Option<Bearer>,
    accept: HeaderValue,
}

/// A whole answer with a status of 2xx, or 304 where that was asked for.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// How long it may take, to the last byte.
    pub(crate) total: Duration,
    /// The largest body, in bytes.
    pub(crate) body: usize,
}

impl Web {
    /// Makes a source of its base URL, with or without a slash at its end. Its address may be anywhere, as the user named
    /// it, unless the policy says otherwise.
    pub(crate) fn new(
        http: &ClientBuilder,
        base: &str,
        bearer: Option<Bearer>,
        policy: AddressPolicy,
    ) -> Result<Self, Error> {
        let base = base_url(base)?;
        let client = http.clone().address_policy(policy).max_redirects(0).build();
        let client = client.map_err(|source| Error::Settings { source: Box::new(source) })?;
        let place = base.as_str().trim_end_matches('/').to_owned();
        Ok(Self { client, base, place, bearer, accept: HeaderValue::from_static("application/json") })
    }

    /// Makes a source of one document: what is asked is `""`. It is shown without its query, which may hold a secret.
    pub(crate) fn document(client: Client, url: &Url, accept: &'static str) -> Self {
        let mut place = url.clone();
        place.set_query(None);
        place.set_fragment(None);
        let accept = HeaderValue::from_static(accept);
        Self { client, base: url.clone(), place: place.into(), bearer: None, accept }
    }

    /// Returns the base URL, as it is shown.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Returns the base URL. Its path ends with a slash.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Asks for a path below the base, written without a slash at its beginning and encoded already.
    pub(crate) async fn get(&self, path: &str, etag: Option<&str>, bounds: Bounds) -> Result<Answer, Error> {
        let mut request = self.request(Method::GET, path)?;
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            request.headers.insert(header::IF_NONE_MATCH, etag);
        }
        self.send(request, bounds).await
    }

    /// Sends a JSON document to a path below the base: a question that changes nothing. It is asked once more where the
    /// connection closed before any answer, or where status 429 or 503 says when to come back; both together stay
    /// within the bounds.
    pub(crate) async fn post(&self, path: &str, body: Vec<u8>, bounds: Bounds) -> Result<Answer, Error> {
        let mut request = self.request(Method::POST, path)?.with_body(body);
        request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let start = Instant::now();
        let first = self.exchange(request.clone(), bounds).await;
        let wait = match &first {
            Err(error) if error.is_closed_before_response() => Some(Duration::ZERO),
            Ok(answer) if matches!(answer.status, 429 | 503) => retry_after(&answer.headers),
            _ => None,
        };
        let left = |wait: Duration| {
            bounds.total.checked_sub(start.elapsed().saturating_add(wait)).filter(|left| !left.is_zero())
        };
        match wait.filter(|wait| left(*wait).is_some()) {
            None => self.judge(first, bounds),
            Some(wait) => {
                tokio::time::sleep(wait).await;
                let total = left(Duration::ZERO).unwrap_or_default();
                self.judge(self.exchange(request, Bounds { total, ..bounds }).await, bounds)
            }
        }
    }

    fn request(&self, method: Method, path: &str) -> Result<Request, Error> {
        let url =
            self.base.join(path).map_err(|error| self.malformed(format!("no path {path:?}: {error}")))?;
        let target = Target::from_url(&url).map_err(|error| self.malformed(error.to_string()))?;
        let mut request = Request::new(method, target);
        request.headers.insert(header::ACCEPT, self.accept.clone());
        if let Some(bearer) = &self.bearer {
            let value = HeaderValue::from_str(&format!("Bearer {}", bearer.expose()));
            let mut value = value.expect("a bearer token has visible ASCII characters only");
            value.set_sensitive(true);
            request.headers.insert(header::AUTHORIZATION, value);
        }
        Ok(request)
    }

    async fn send(&self, request: Request, bounds: Bounds) -> Result<Answer, Error> {
        self.judge(self.exchange(request, bounds).await, bounds)
    }

    /// Sends a request and reads the answer, whatever its status.
    async fn exchange(&self, request: Request, bounds: Bounds) -> Result<Answer, car_http::Error> {
        let mut timeouts = Timeouts::default();
        timeouts.connect = CONNECT.min(bounds.total);
        timeouts.total = Some(bounds.total);
        let response = self.client.send(request.with_timeouts(timeouts)).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect(bounds.body).await?;
        Ok(Answer { status, headers, body })
    }

    /// Tells an answer that can be used from one that cannot.
    fn judge(&self, outcome: Result<Answer, car_http::Error>, bounds: Bounds) -> Result<Answer, Error> {
        let answer = outcome.map_err(|error| match error {
            // A second attempt had less time; what the caller waited is the whole.
            car_http::Error::Timeout { phase: Phase::Total, .. } => {
                Error::TimedOut { place: self.place.clone(), after: bounds.total }
            }
            other => self.failed(other),
        })?;
        let encoding = answer.headers.get(header::CONTENT_ENCODING).map(|encoding| encoding.as_bytes());
        match answer.status {
            304 => Ok(answer),
            // None was asked for, and none is read: a small body may unfold to a huge one.
            200..=299 if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) => {
                Err(self.malformed("expected plain JSON, found an encoded body"))
            }
            200..=299 => Ok(answer),
            _ => Err(self.refused(&answer)),
        }
    }

    fn refused(&self, answer: &Answer) -> Error {
        let place = self.place.clone();
        let text = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
        match answer.status {
            status @ (401 | 403) => Error::Unauthorized { place, status },
            404 => Error::NotFound { place, what: "the path; check the base URL".to_owned() },
            429 => Error::RateLimited { place, retry_after: retry_after(&answer.headers) },
            300..=399 => {
                let to = text(header::LOCATION).and_then(|to| self.base.join(to).ok());
                let to = to.map_or_else(|| "nowhere".to_owned(), |to| to.origin().ascii_serialization());
                Error::Redirected { place, to }
            }
            status => Error::Refused { place, status, message: message(&answer.body) },
        }
    }

    fn failed(&self, error: car_http::Error) -> Error {
        let place = self.place.clone();
        match error {
            car_http::Error::Timeout { after, .. } => Error::TimedOut { place, after },
            car_http::Error::BodyTooLarge { cap, .. } => Error::TooLarge { place, cap },
            car_http::Error::Redirect { to, .. } => Error::Redirected { place, to },
            car_http::Error::TooManyRedirects { .. } => {
                Error::Redirected { place, to: "another place".to_owned() }
            }
            car_http::Error::Protocol { .. } => Error::Malformed { place, what: "it is not HTTP".to_owned() },
            other => Error::Unreachable { place, source: Box::new(other) },
        }
    }

    /// Says that an answer is not what it should be.
    pub(crate) fn malformed(&self, what: impl Into<String>) -> Error {
        Error::Malformed { place: self.place.clone(), what: what.into() }
    }
}

/// Returns when to come back (RFC 9110, section 10.2.3), where it is said in seconds; a date would need a clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Reads a base URL: http or https, with a host, without password, query and fragment.
pub(crate) fn base_url(text: &str) -> Result<Url, Error> {
    let invalid =
        |text: &str, reason: &str| Error::InvalidBase { text: text.to_owned(), reason: reason.to_owned() };
    let mut url = Url::parse(text.trim()).map_err(|error| invalid(text, &error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(text, "only http and https can be asked"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // What was given holds a secret: it is not repeated.
        return Err(invalid(&url.origin().ascii_serialization(), "it holds a user name or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        url.set_query(None);
        url.set_fragment(None);
        return Err(invalid(url.as_str(), "a base URL has no query and no fragment"));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// Returns what an error document says (RFC 9457, or a member `error` or `message`), on one line.
fn message(body: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    let said = ["detail", "message", "error", "title"].iter().find_map(|name| match &document[*name] {
        serde_json::Value::String(text) => Some(text.as_str()),
        serde_json::Value::Object(inner) => inner.get("message").and_then(|text| text.as_str()),
        _ => None,
    })?;
    Some(said.chars().map(|one| if one.is_control() { ' ' } else { one }).take(MAX_MESSAGE_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_base_with_or_without_its_slash() {
        for text in ["https://example.com/api", "https://example.com/api/", " https://example.com/api "] {
            assert_eq!(base_url(text).unwrap().join("v1").unwrap().as_str(), "https://example.com/api/v1");
        }
    }

    #[test]
    fn refuses_what_is_no_base_and_shows_no_password() {
        for (text, reason) in [
            ("example.com", "relative URL without a base"),
            ("", "relative URL without a base"),
            ("ftp://example.com", "only http and https"),
            ("https://", "empty host"),
            ("https://ada:s3cret@example.com", "a user name or a password"),
            ("https://example.com/?token=s3cret", "no query"),
        ] {
            let error = base_url(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn repeats_one_line_of_an_error_document() {
        assert_eq!(message(br#"{"detail":"no\nsuch"}"#).unwrap(), "no such");
        assert_eq!(message(br#"{"error":{"message":"full"}}"#).unwrap(), "full");
        assert_eq!(message(b"<html>"), None);
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(1_000));
        assert_eq!(message(long.as_bytes()).unwrap().len(), MAX_MESSAGE_CHARS);
    }
}
