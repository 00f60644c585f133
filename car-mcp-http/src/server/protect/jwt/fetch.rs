//! Fetches an issuer's keys: where they are (RFC 8414, OpenID Connect Discovery 1.0), and the set itself.

use std::net::IpAddr;
use std::time::Duration;

use car_http::header::{ACCEPT, CACHE_CONTROL};
use car_http::{Bytes, Client, HeaderMap, HeaderValue, Request, StatusCode, Target, Timeouts, Url};
use serde::Deserialize;

use super::key::{Key, read_set};

/// A larger document is not read. Sets with certificates for each key have some 10 KiB.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// How long one document may take: requests wait for it.
const TIMEOUT: Duration = Duration::from_secs(5);
/// For how long keys are fresh where the issuer does not say.
const DEFAULT_FRESH: Duration = Duration::from_secs(10 * 60);
/// Keys are not fetched more often than this, whatever the issuer says.
const MIN_FRESH: Duration = Duration::from_secs(60);
/// Keys are fetched at least this often, so that one that was taken back is not believed for long.
const MAX_FRESH: Duration = Duration::from_secs(60 * 60);

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// Where keys come from.
#[derive(Debug)]
pub(super) struct Fetcher {
    pub(super) client: Client,
    pub(super) source: Source,
}

#[derive(Debug)]
pub(super) enum Source {
    /// This URL.
    Jwks(Target),
    /// The URL that the metadata of this issuer names.
    Issuer {
        /// Exactly as it is written.
        name: String,
        url: Url,
    },
}

/// Keys, and for how long they are fresh.
pub(super) type Fetched = (Vec<Key>, Duration);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{url} could not be fetched")]
    Http {
        url: Url,
        #[source]
        source: Box<car_http::Error>,
    },
    #[error("expected the status 200 from {url}, found {status}")]
    Status { url: Url, status: StatusCode },
    #[error("expected the metadata of the issuer at {0}")]
    NoMetadata(Url),
    #[error("expected the URL of keys that nobody can change on the way, found {0:?}")]
    UnsafeJwksUrl(String),
    #[error("expected a set of keys at {0}, with at least one to check signatures with")]
    NoKeys(Url),
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    /// Fetches the keys.
    pub(super) async fn fetch(&self) -> Result<Fetched, FetchError> {
        let discovered;
        let target = match &self.source {
            Source::Jwks(target) => target,
            Source::Issuer { name, url } => {
                discovered = self.discover(name, url).await?;
                &discovered
            }
        };
        let (headers, text) = self.get(target).await?;
        let no_keys = || FetchError::NoKeys(target.url().clone());
        let keys = read_set(&text).filter(|keys| !keys.is_empty()).ok_or_else(no_keys)?;
        Ok((keys, fresh_for(&headers)))
    }

    /// Looks at each place where the metadata may be; the first document there speaks.
    async fn discover(&self, name: &str, issuer: &Url) -> Result<Target, FetchError> {
        let mut last = FetchError::NoMetadata(issuer.clone());
        for place in metadata_urls(issuer) {
            let target = Target::from_url(&place)
                .map_err(|error| FetchError::Http { url: place.clone(), source: Box::new(error) })?;
            match self.get(&target).await {
                Ok((_, text)) => return jwks_target(name, &text).ok_or(FetchError::NoMetadata(place))?,
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn get(&self, target: &Target) -> Result<(HeaderMap, Bytes), FetchError> {
        let url = || target.url().clone();
        let http = |error| FetchError::Http { url: url(), source: Box::new(error) };
        let timeouts = Timeouts::default().with_connect(TIMEOUT).with_total(TIMEOUT);
        let request = Request::get(target.clone())
            .with_header(ACCEPT, HeaderValue::from_static("application/json"))
            .with_timeouts(timeouts);
        let response = self.client.send(request).await.map_err(http)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status { url: url(), status: response.status() });
        }
        let (_, headers, body) = response.into_parts();
        Ok((headers, body.collect(MAX_DOCUMENT_BYTES).await.map_err(http)?))
    }
}

/// Reads metadata; nothing where it is none, or is that of another issuer (RFC 8414 §3.3).
fn jwks_target(issuer: &str, text: &[u8]) -> Option<Result<Target, FetchError>> {
    let metadata: Metadata = serde_json::from_slice(text).ok()?;
    if metadata.issuer != issuer {
        return None;
    }
    let refused = || FetchError::UnsafeJwksUrl(metadata.jwks_uri.clone());
    let url = Url::parse(&metadata.jwks_uri).ok().filter(is_safe).ok_or_else(refused);
    Some(url.and_then(|url| Target::from_url(&url).map_err(|_| refused())))
}

/// Whether nobody on the way can change what comes from there: https, or this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let is_here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    url.scheme() == "https" || url.scheme() == "http" && is_here
}

/// The places in the order in which clients of MCP look, too. For an issuer with a path the root is not among them: there
/// another issuer speaks.
fn metadata_urls(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut paths = vec![format!("{OAUTH}{path}"), format!("{OPENID}{path}")];
    if !path.is_empty() {
        paths.push(format!("{path}{OPENID}"));
    }
    let at = |path: &String| {
        let mut url = issuer.clone();
        url.set_path(path);
        url
    };
    paths.iter().map(at).collect()
}

/// For how long an answer is fresh (RFC 9111 §5.2.2.1), within our bounds.
fn fresh_for(headers: &HeaderMap) -> Duration {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut directives =
        values.flat_map(|value| value.split(',')).filter_map(|part| part.trim().split_once('='));
    let max_age = directives.find(|(name, _)| name.eq_ignore_ascii_case("max-age"));
    let seconds = max_age.and_then(|(_, value)| value.trim_matches('"').parse().ok());
    seconds.map_or(DEFAULT_FRESH, Duration::from_secs).clamp(MIN_FRESH, MAX_FRESH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_for_metadata_where_clients_look() {
        let places = |issuer: &str| -> Vec<String> {
            metadata_urls(&Url::parse(issuer).unwrap()).iter().map(ToString::to_string).collect()
        };
        for issuer in ["https://as.example", "https://as.example/"] {
            assert_eq!(
                places(issuer),
                [
                    "https://as.example/.well-known/oauth-authorization-server",
                    "https://as.example/.well-known/openid-configuration",
                ]
            );
        }
        assert_eq!(
            places("https://as.example/t1"),
            [
                "https://as.example/.well-known/oauth-authorization-server/t1",
                "https://as.example/.well-known/openid-configuration/t1",
                "https://as.example/t1/.well-known/openid-configuration",
            ]
        );
    }

    #[test]
    fn keys_are_fresh_as_the_issuer_says_within_bounds() {
        let cases = [
            ("max-age=1200", 1200),
            ("public, MAX-AGE=\"1200\", must-revalidate", 1200),
            ("max-age=0", 60),
            ("no-store", 600),
            ("max-age=99999999", 3600),
            ("max-age=-1", 600),
            ("", 600),
        ];
        for (value, seconds) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(value));
            assert_eq!(fresh_for(&headers).as_secs(), seconds, "{value}");
        }
    }

    #[test]
    fn only_what_nobody_can_change_on_the_way_is_safe() {
        for url in ["https://as.example", "http://localhost:1", "http://127.0.0.1", "http://[::1]:8"] {
            assert!(is_safe(&Url::parse(url).unwrap()), "{url}");
        }
        for url in
            ["http://as.example", "http://localhost.evil.example", "http://10.0.0.1", "ftp://localhost"]
        {
            assert!(!is_safe(&Url::parse(url).unwrap()), "{url}");
        }
    }

    #[test]
    fn metadata_speaks_for_its_own_issuer_only() {
        let read = |text: &str| jwks_target("https://as.example", text.as_bytes());
        let good = r#"{"issuer":"https://as.example","jwks_uri":"https://as.example/keys"}"#;
        assert!(matches!(read(good), Some(Ok(_))));
        for issuer in ["https://evil.example", "https://as.example/", "https://AS.example"] {
            let text = format!(r#"{{"issuer":"{issuer}","jwks_uri":"https://as.example/keys"}}"#);
            assert!(read(&text).is_none(), "{issuer}");
        }
        assert!(read("<html>").is_none());
        let unsafe_url = r#"{"issuer":"https://as.example","jwks_uri":"http://as.example/keys"}"#;
        assert!(matches!(read(unsafe_url), Some(Err(FetchError::UnsafeJwksUrl(_)))));
    }
}
