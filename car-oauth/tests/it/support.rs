//! An MCP server behind an authorization server, and a browser whose answers a test can change.

use std::sync::{Arc, Mutex};

use car_oauth::Error;
use car_oauth::driver::{
    Authorizer, AuthorizerBuilder, CallbackAddress, Invitation, MemoryVault, Settings, UserAgent, Visit,
};
use car_oauth::response::AuthorizationResponse;
use car_testkit::authority::{Authority, AuthorityConfig, Endpoint, Protection, ProtectionConfig};
use car_testkit::double::{Config, Double};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// Where the browser comes back to. Nobody listens there.
pub(crate) const BACK: &str = "http://127.0.0.1:1/callback";

/// A protected MCP server on 127.0.0.1, and what a program keeps of it.
pub(crate) struct Site {
    pub(crate) authority: Authority,
    pub(crate) protection: Protection,
    pub(crate) server: Double,
    pub(crate) vault: MemoryVault,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let authority = Authority::start(AuthorityConfig::default()).await.unwrap();
        let protection = authority.protection(ProtectionConfig::default());
        let mut config = Config::default();
        config.protection = Some(protection.clone());
        let server = Double::start(config).await.unwrap();
        Self { authority, protection, server, vault: MemoryVault::default() }
    }

    /// A site whose authorization server is set up like this.
    pub(crate) async fn with(change: impl FnOnce(&mut AuthorityConfig)) -> Self {
        let site = Self::start().await;
        site.authority.set(change);
        site
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::new(self.url(), "docs")
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&self.server.url()).unwrap()
    }

    pub(crate) fn builder(&self) -> AuthorizerBuilder {
        Authorizer::builder(self.settings(), Arc::new(self.vault.clone()))
    }

    pub(crate) fn authorizer(&self) -> Authorizer {
        self.builder().build().unwrap()
    }

    /// Signs in with a browser that does as it is told, and returns why that failed.
    pub(crate) async fn fail(&self, browser: &Browser) -> Error {
        let authorizer = self.authorizer();
        let error = authorizer.sign_in(browser).await.expect_err("the attack succeeded");
        assert!(!authorizer.account().await.unwrap().signed_in, "tokens were kept");
        error
    }

    /// Asserts that no code and no token went to the authorization server.
    #[track_caller]
    pub(crate) fn assert_no_token_request(&self) {
        assert_eq!(self.authority.count(Endpoint::Token), 0, "a token was asked for");
    }

    /// Asserts that nothing was registered and nobody was sent to the authorization server.
    #[track_caller]
    pub(crate) fn assert_not_begun(&self, browser: &Browser) {
        assert_eq!(browser.opened(), [], "a page was opened");
        assert_eq!(self.authority.count(Endpoint::Register), 0, "a client was registered");
        self.assert_no_token_request();
    }
}

/// What becomes of the address that the browser would end at: the answers that are handed in, in this order.
type Rewrite = dyn Fn(&Url, String) -> Vec<String> + Send + Sync;

/// A browser that follows the authorization request, and hands in what a test makes of the answer.
#[derive(Clone)]
pub(crate) struct Browser {
    rewrite: Arc<Rewrite>,
    /// Whether the authorization endpoint is visited at all.
    follows: bool,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    opened: Vec<Url>,
    answers: Vec<String>,
    ignored: Vec<String>,
    pages: Vec<Result<(), String>>,
}

impl Browser {
    /// Hands in what the authorization server answers.
    pub(crate) fn honest() -> Self {
        Self::with(|_, answer| vec![answer])
    }

    /// Hands in what is made of the authorization request and the server's answer.
    pub(crate) fn with(rewrite: impl Fn(&Url, String) -> Vec<String> + Send + Sync + 'static) -> Self {
        Self { rewrite: Arc::new(rewrite), follows: true, seen: Arc::default() }
    }

    /// Never visits the authorization endpoint; hands in what is made of the request alone.
    pub(crate) fn forging(forge: impl Fn(&Url) -> String + Send + Sync + 'static) -> Self {
        Self { follows: false, ..Self::with(move |url, _| vec![forge(url)]) }
    }

    /// Returns every page that was opened.
    pub(crate) fn opened(&self) -> Vec<Url> {
        self.seen.lock().unwrap().opened.clone()
    }

    /// Returns why answers were ignored.
    pub(crate) fn ignored(&self) -> Vec<String> {
        self.seen.lock().unwrap().ignored.clone()
    }

    /// Returns every answer that was handed in.
    pub(crate) fn answers(&self) -> Vec<String> {
        self.seen.lock().unwrap().answers.clone()
    }
}

impl UserAgent for Browser {
    fn prepare<'a>(
        &'a self,
        _name: &'a str,
        wanted: &'a CallbackAddress,
    ) -> BoxFuture<'a, Result<Box<dyn Visit>, Error>> {
        let host = wanted.host.as_deref().unwrap_or("127.0.0.1");
        let redirect_uri = BACK.replace("127.0.0.1", host);
        let visit = Tab { browser: self.clone(), redirect_uri, answers: Vec::new().into_iter() };
        Box::pin(async move { Ok(Box::new(visit) as Box<dyn Visit>) })
    }
}

struct Tab {
    browser: Browser,
    redirect_uri: String,
    answers: std::vec::IntoIter<String>,
}

impl Visit for Tab {
    fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    fn open<'a>(&'a mut self, invitation: &'a Invitation) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let url = &invitation.url;
            self.browser.seen.lock().unwrap().opened.push(url.clone());
            // This browser runs no scripts and leaves the machine alone; that the page was opened is noted.
            let follows = self.browser.follows && url.host_str() == Some("127.0.0.1");
            let end = if follows { follow(url).await } else { String::new() };
            self.answers =
                if follows || !self.browser.follows { (self.browser.rewrite)(url, end) } else { Vec::new() }
                    .into_iter();
            Ok(())
        })
    }

    fn answer(&mut self) -> BoxFuture<'_, Result<AuthorizationResponse, Error>> {
        let next = self.answers.next();
        Box::pin(async move {
            // Nothing more to hand in: the person went away.
            let Some(next) = next else { return Err(Error::SignInTimedOut { seconds: 0 }) };
            self.browser.seen.lock().unwrap().answers.push(next.clone());
            AuthorizationResponse::from_url(&next)
        })
    }

    fn ignore<'a>(&'a mut self, why: &'a Error) -> BoxFuture<'a, ()> {
        self.browser.seen.lock().unwrap().ignored.push(why.to_string());
        Box::pin(async {})
    }

    fn conclude<'a>(self: Box<Self>, _name: &'a str, outcome: Result<(), &'a Error>) -> BoxFuture<'a, ()>
    where
        Self: 'a,
    {
        self.browser.seen.lock().unwrap().pages.push(outcome.map_err(ToString::to_string));
        Box::pin(async {})
    }
}

/// Returns where the authorization server sends the browser.
pub(crate) async fn follow(url: &Url) -> String {
    let got = get(url.as_str()).await.unwrap();
    got.header("location").unwrap_or_else(|| panic!("no redirect: {}", got.text)).to_owned()
}

/// An HTTP reply, as text.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Got {
    /// Returns a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// Reads a page with nothing but a socket.
pub(crate) async fn get(url: &str) -> std::io::Result<Got> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut socket = TcpStream::connect(host).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Got { status, text })
}

/// Returns a parameter of a URL.
pub(crate) fn param(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

/// Puts a parameter in place of the one with the same name.
pub(crate) fn replaced(url: &str, name: &str, value: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    let kept: Vec<_> = url
        .query_pairs()
        .filter(|(found, _)| found != name)
        .map(|(a, b)| (a.into_owned(), b.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
    url.into()
}
