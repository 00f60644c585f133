//! Which proxy, if any, a request goes through; and the CONNECT request that asks a proxy for a tunnel.

use crate::{
    error::Error,
    target::{Origin, Target},
};
use http::HeaderValue;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use std::{fmt, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::Url;

/// The longest answer of a proxy to CONNECT: the usual limit of servers for a head.
const CONNECT_ANSWER_CAP: usize = 8 * 1024;

/// Through which proxies requests go.
#[derive(Clone, Default)]
pub struct ProxyConfig {
    rules: Option<Arc<Rules>>,
}

struct Rules {
    matcher: Matcher,
    /// The entries `host:port` of `NO_PROXY`, which the matcher does not know.
    direct: Vec<String>,
}

impl ProxyConfig {
    /// Returns a configuration that uses no proxy.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in lower case first and then in upper case,
    /// with the meaning that curl gives them.
    ///
    /// The caller passes the look-up, usually of the process's environment. Under CGI (where `REQUEST_METHOD` is
    /// set) `HTTP_PROXY` is ignored, because there it is the client's header `Proxy`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfiguration`] if a proxy's URL cannot be used: going around a proxy in silence would be
    /// worse than not going at all.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let under_cgi = variable("REQUEST_METHOD").is_some();
        let read = |lower: &str| {
            let upper = lower.to_ascii_uppercase();
            let value = variable(lower).or_else(|| variable(&upper)).unwrap_or_default();
            (upper, value.trim().to_owned())
        };
        let (http, https) = (read("http_proxy"), read("https_proxy"));
        let (all, no) = (read("all_proxy"), read("no_proxy").1);
        let http = if under_cgi { (http.0, String::new()) } else { http };
        for (name, value) in [&http, &https, &all] {
            check_proxy_url(name, value)?;
        }
        if http.1.is_empty() && https.1.is_empty() && all.1.is_empty() {
            return Ok(Self::none());
        }
        let direct = no
            .split(',')
            .map(|entry| entry.trim().trim_start_matches('.').to_ascii_lowercase())
            .filter(|entry| entry.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()))
            .collect();
        let matcher = Matcher::builder().http(http.1).https(https.1).all(all.1).no(no).build();
        Ok(Self { rules: Some(Arc::new(Rules { matcher, direct })) })
    }

    /// Returns the proxy for a target, if it is to go through one.
    pub(crate) fn for_target(&self, target: &Target) -> Option<Proxy> {
        let rules = self.rules.as_deref()?;
        let origin = target.origin();
        let suffix = format!(".{}", origin.host_and_port());
        if rules.direct.iter().any(|entry| suffix.ends_with(&format!(".{entry}"))) {
            return None;
        }
        rules.matcher.intercept(target.absolute_form()).map(|intercept| Proxy { intercept })
    }
}

impl fmt::Debug for ProxyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The matcher shows URLs without what stands before the `@`.
        f.debug_tuple("ProxyConfig").field(&self.rules.as_ref().map(|rules| &rules.matcher)).finish()
    }
}

fn check_proxy_url(name: &str, value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Ok(());
    }
    let with_scheme = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let refuse = |what: &str| Err(Error::configuration(format!("{name} {what}")));
    match Url::parse(&with_scheme) {
        Ok(url) if url.host_str().is_none() => refuse("has no host"),
        Ok(url) if url.scheme() == "http" => Ok(()),
        Ok(url) => refuse(&format!("names a proxy of the kind `{}`; only http is supported", url.scheme())),
        Err(error) => refuse(&format!("is not a URL: {error}")),
    }
}

/// The proxy that one request goes through.
pub(crate) struct Proxy {
    intercept: Intercept,
}

impl Proxy {
    pub(crate) fn host(&self) -> &str {
        let host = self.intercept.uri().host().unwrap_or_default();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    pub(crate) fn port(&self) -> u16 {
        // 80 is what the scheme `http` means; curl's 1080 is a habit from SOCKS.
        self.intercept.uri().port_u16().unwrap_or(80)
    }

    /// Returns the proxy as `host:port`, which holds no password.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.intercept.uri().host().unwrap_or_default(), self.port())
    }

    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.intercept.basic_auth()
    }

    pub(crate) fn failed(&self, origin: &Origin, what: impl Into<String>) -> Error {
        Error::Proxy { origin: origin.clone(), proxy: self.name(), what: what.into(), source: None }
    }

    /// Asks the proxy for a tunnel to the origin (RFC 9110 §9.3.6). Afterwards the socket speaks to the origin.
    pub(crate) async fn tunnel(&self, socket: &mut TcpStream, origin: &Origin) -> Result<(), Error> {
        let broken = |error: std::io::Error| Error::Proxy {
            origin: origin.clone(),
            proxy: self.name(),
            what: "the connection to it broke".to_owned(),
            source: Some(error.into()),
        };
        let authority = origin.host_and_port();
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
        if let Some(value) = self.authorization() {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(value.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        socket.write_all(&request).await.map_err(broken)?;
        // Byte by byte, so that not one byte of what follows the head is taken: once per connection, it is cheap.
        let mut answer = Vec::with_capacity(128);
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() == CONNECT_ANSWER_CAP {
                return Err(self.failed(origin, "its answer is too long"));
            }
            answer.push(socket.read_u8().await.map_err(broken)?);
        }
        let line = String::from_utf8_lossy(answer.split(|byte| *byte == b'\r').next().unwrap_or_default());
        match line.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()) {
            Some(200..=299) => Ok(()),
            Some(407) => Err(self.failed(origin, "it asks for other credentials (407)")),
            Some(status) => Err(self.failed(origin, format!("it answered with status {status}"))),
            None => Err(self.failed(origin, "its answer is not HTTP")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy_for(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let look_up =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let config = ProxyConfig::from_variables(look_up).expect("valid");
        config.for_target(&Target::parse(url).expect("valid")).map(|proxy| proxy.name())
    }

    #[test]
    fn picks_the_proxy_of_the_scheme() {
        let both = [("HTTP_PROXY", "http://p:1"), ("https_proxy", "q:2")];
        assert_eq!(proxy_for(&both, "http://a.example/").as_deref(), Some("p:1"));
        assert_eq!(proxy_for(&both, "https://a.example/").as_deref(), Some("q:2"));
        assert_eq!(proxy_for(&[("HTTP_PROXY", "p:1")], "https://a.example/"), None);
        assert_eq!(proxy_for(&[("ALL_PROXY", "p:1")], "https://a.example/").as_deref(), Some("p:1"));
        assert_eq!(proxy_for(&[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")], "http://a.example/"), None);
    }

    #[test]
    fn goes_around_the_proxy_where_told() {
        for (no_proxy, url, direct) in [
            ("*", "http://a.example/", true),
            ("a.example", "http://a.example/", true),
            (".example", "http://a.example/", true),
            ("a.example", "http://b.a.example/", true),
            ("a.example", "http://ba.example/", false),
            ("b.example, a.example", "http://a.example/", true),
            ("127.0.0.1", "http://127.0.0.1:5/", true),
            ("10.0.0.0/8", "http://10.1.2.3/", true),
            ("10.0.0.0/8", "http://11.1.2.3/", false),
            ("::1", "http://[::1]/", true),
            ("a.example:81", "http://a.example:81/", true),
            ("a.example:81", "http://a.example:82/", false),
            ("a.example:81", "http://ba.example:81/", false),
            ("", "http://localhost/", false),
        ] {
            let proxy = proxy_for(&[("HTTP_PROXY", "p:1"), ("NO_PROXY", no_proxy)], url);
            assert_eq!(proxy.is_none(), direct, "{no_proxy} {url}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_use_without_showing_the_password() {
        for value in ["socks5://me:hunter2@p:1", "https://me:hunter2@p:1", "http://me:hunter2@:x"] {
            let error = ProxyConfig::from_variables(|name| (name == "HTTPS_PROXY").then(|| value.to_owned()))
                .expect_err(value)
                .to_string();
            assert!(error.contains("HTTPS_PROXY") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn does_not_show_credentials() {
        let config = ProxyConfig::from_variables(|name| {
            (name == "HTTP_PROXY").then(|| "http://me:hunter2@p.example:1".to_owned())
        })
        .expect("valid");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
