//! What the tests share: a protected server with its authorization server, a clock, a person, and a client's request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use car_http::{Client, HeaderValue, Request, Target, Url, header};
use car_oauth::driver::{
    Ambient, Authorizer, AuthorizerBuilder, CallbackAddress, Invitation, Refusal, Settings, SystemAmbient,
    UserAgent, Vault, Visit,
};
use car_oauth::identity::Identity;
use car_oauth::response::AuthorizationResponse;
use car_oauth::{Error, Timestamp};
use car_testkit::authority::{Authority, AuthorityConfig, Endpoint, Protection, ProtectionConfig, Seen};
use car_testkit::double::{Config, Double};
use car_testkit::location_of;
use futures_util::future::BoxFuture;

use crate::custody::vaults::TestVault;

/// How long access tokens last, in seconds. Short enough that proofs of possession stay within the server's idea of the
/// time when the test's clock has moved past it.
pub(crate) const LIFETIME: u64 = 200;

/// How often a request is sent before the test calls it a loop.
const MAX_SENDS: usize = 8;

/// The time, as the test has it. It begins with the real one, which signatures are checked against.
pub(crate) struct Clock {
    now: AtomicU64,
    /// What every die shows, if the test has said so.
    dice: Mutex<Option<u8>>,
}

impl Clock {
    pub(crate) fn advance(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn rewind(&self, seconds: u64) {
        self.now.fetch_sub(seconds, Ordering::SeqCst);
    }

    pub(crate) fn throw(&self, dice: u8) {
        *self.dice.lock().unwrap() = Some(dice);
    }
}

impl Ambient for Clock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.now.load(Ordering::SeqCst))
    }

    fn random(&self) -> [u8; 32] {
        let fixed = *self.dice.lock().unwrap();
        fixed.map_or_else(|| SystemAmbient::default().random(), |dice| [dice; 32])
    }
}

/// A protected server, the authorization server that it names, and what a program has.
pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) protection: Protection,
    pub(crate) server: Double,
    pub(crate) vault: TestVault,
    pub(crate) clock: Arc<Clock>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    pub(crate) async fn with(
        authority: impl FnOnce(&mut AuthorityConfig),
        protection: impl FnOnce(&mut ProtectionConfig),
    ) -> Self {
        let mut config = AuthorityConfig::default();
        config.access_token_lifetime = Some(LIFETIME.try_into().unwrap());
        authority(&mut config);
        let mut demands = ProtectionConfig::default();
        protection(&mut demands);
        let authority = Authority::start(config).await.unwrap();
        let protection = authority.protection(demands);
        let mut config = Config::default();
        config.protection = Some(protection.clone());
        Self {
            server: Double::start(config).await.unwrap(),
            authority,
            protection,
            vault: TestVault::default(),
            clock: Arc::new(Clock {
                now: AtomicU64::new(SystemAmbient::default().now().seconds()),
                dice: Mutex::default(),
            }),
        }
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&self.server.url()).unwrap()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::new(self.url(), "Docs")
    }

    pub(crate) fn builder(&self, settings: Settings) -> AuthorizerBuilder {
        self.over(settings, Arc::new(self.vault.clone()))
    }

    pub(crate) fn over(&self, settings: Settings, vault: Arc<dyn Vault>) -> AuthorizerBuilder {
        Authorizer::builder(settings, vault).ambient(Arc::clone(&self.clock) as Arc<dyn Ambient>)
    }

    /// A program without anybody to ask, as it has just been started.
    pub(crate) fn program(&self) -> Authorizer {
        self.builder(self.settings()).build().unwrap()
    }

    /// A program that a person has signed in to.
    pub(crate) async fn signed_in(&self) -> Authorizer {
        let program = self.program();
        program.sign_in(&Person::default()).await.unwrap();
        program
    }

    /// Lets the tokens given out so far come to their end, here and there.
    pub(crate) fn expire(&self) {
        self.clock.advance(LIFETIME);
        self.authority.expire_access_tokens();
    }

    pub(crate) fn refreshes(&self) -> Vec<Seen> {
        self.granted("refresh_token")
    }

    /// The requests to the token endpoint with this grant.
    pub(crate) fn granted(&self, grant: &str) -> Vec<Seen> {
        let all = self.authority.requests(Endpoint::Token).into_iter();
        all.filter(|seen| seen.param("grant_type") == Some(grant)).collect()
    }

    /// How often somebody was sent to sign in.
    pub(crate) fn visits(&self) -> usize {
        self.authority.count(Endpoint::Authorize)
    }

    pub(crate) async fn ask(&self, program: &Authorizer) -> Result<u16, Error> {
        ask(program, &self.url(), "ping").await
    }
}

/// Sends a message as a client does: with its proof, and again as long as the authorizer says so. Returns the status;
/// everything but 401 and 403 got past the check.
pub(crate) async fn ask(program: &Authorizer, url: &Url, method: &str) -> Result<u16, Error> {
    let client = Client::new().unwrap();
    for _ in 0..MAX_SENDS {
        let proof = program.prove("POST", url).await?;
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
        let mut request = Request::post(Target::from_url(url).unwrap(), body);
        request.headers.extend(proof.headers);
        request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = client.send(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if !matches!(status, 401 | 403) {
            program.answered(&headers);
            return Ok(status);
        }
        let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
        let challenges: Vec<_> = challenges.map(|value| value.to_str().unwrap().to_owned()).collect();
        let generation = proof.generation;
        let refusal = Refusal { status, challenges: &challenges, headers: &headers, generation };
        if !program.refused(&refusal).await? {
            return Ok(status);
        }
    }
    panic!("it is sent again and again");
}

/// Whether a request got past the check.
pub(crate) fn is_let_in(outcome: &Result<u16, Error>) -> bool {
    matches!(outcome, Ok(status) if !matches!(status, 401 | 403))
}

/// A person whose browser goes where it is sent, and who says yes or no to another account.
#[derive(Clone, Copy, Default)]
pub(crate) struct Person {
    pub(crate) takes_other_account: bool,
}

/// Where the person's browser comes back to. Nobody listens: the test reads the address itself.
const CALLBACK: &str = "http://127.0.0.1:4711/callback";

struct Browser(Option<String>);

impl UserAgent for Person {
    fn prepare<'a>(
        &'a self,
        _name: &'a str,
        _wanted: &'a CallbackAddress,
    ) -> BoxFuture<'a, Result<Box<dyn Visit>, Error>> {
        Box::pin(async { Ok(Box::new(Browser(None)) as Box<dyn Visit>) })
    }

    fn confirm_account<'a>(&'a self, _before: &'a Identity, _now: &'a Identity) -> BoxFuture<'a, bool> {
        Box::pin(async { self.takes_other_account })
    }
}

impl Visit for Browser {
    fn redirect_uri(&self) -> &str {
        CALLBACK
    }

    fn open<'a>(&'a mut self, invitation: &'a Invitation) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            self.0 = Some(location_of(&invitation.url).await.unwrap());
            Ok(())
        })
    }

    fn answer(&mut self) -> BoxFuture<'_, Result<AuthorizationResponse, Error>> {
        let ended_at = self.0.take().expect("the browser comes back once");
        Box::pin(async move { AuthorizationResponse::from_url(&ended_at) })
    }

    fn ignore<'a>(&'a mut self, why: &'a Error) -> BoxFuture<'a, ()> {
        panic!("the browser brought something else: {why}")
    }

    fn conclude<'a>(self: Box<Self>, _name: &'a str, _outcome: Result<(), &'a Error>) -> BoxFuture<'a, ()>
    where
        Self: 'a,
    {
        Box::pin(async {})
    }
}

/// Waits until something is so; a server is told of it by another task.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it becomes so");
}

/// Asserts that only a person can go on, and that nobody was asked meanwhile.
#[track_caller]
pub(crate) fn assert_sign_in_required(outcome: &Result<u16, Error>) {
    assert!(outcome.as_ref().is_err_and(Error::is_sign_in_required), "{outcome:?}");
}

/// Asserts that the same may succeed later.
#[track_caller]
pub(crate) fn assert_transient(outcome: &Result<u16, Error>) {
    assert!(outcome.as_ref().is_err_and(Error::is_transient), "{outcome:?}");
}

/// Asserts that a request got past the check.
#[track_caller]
pub(crate) fn assert_let_in(outcome: &Result<u16, Error>) {
    assert!(is_let_in(outcome), "{outcome:?}");
}
