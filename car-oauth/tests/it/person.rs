//! The person's side: a browser that is closed, a port that is taken, a keychain that refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use car_oauth::driver::{Authorizer, CallbackAddress, MemoryVault, UserAgent, Vault, Visit};
use car_oauth::{Cause, Error, Secret};
use car_testkit::authority::{Endpoint, Registration};
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;

use crate::replay::listening;
use crate::support::{Browser, Site, param};

/// By then something that should have ended has not: a limit against hanging, not a wait.
const HANG: std::time::Duration = std::time::Duration::from_secs(5);

/// Returns once the port is free: what serves it ends on the next turn of the runtime.
async fn until_free(port: u16) {
    let free = async {
        while TcpListener::bind(("127.0.0.1", port)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HANG, free).await.expect("the port stays taken");
}

fn port_of(page: &url::Url) -> u16 {
    let back = param(page.as_str(), "redirect_uri").unwrap();
    url::Url::parse(&back).unwrap().port().unwrap()
}

async fn assert_nothing_left(site: &Site, authorizer: &Authorizer, page: &url::Url) {
    until_free(port_of(page)).await;
    assert!(!authorizer.account().await.unwrap().signed_in);
    assert!(site.vault.load().await.unwrap().is_none(), "something is in the vault");
    site.assert_no_token_request();
}

#[tokio::test]
async fn a_sign_in_that_is_given_up_leaves_nothing_behind() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    let (agent, page) = listening();
    let mut signing_in = Box::pin(authorizer.sign_in(&agent));
    let page = tokio::select! {
        outcome = &mut signing_in => panic!("nobody came back: {outcome:?}"),
        page = page => page.unwrap(),
    };
    drop(signing_in);
    assert_nothing_left(&site, &authorizer, &page).await;
    // And it does not stand in the way of the next one.
    authorizer.sign_in(&Browser::honest()).await.unwrap();
}

#[tokio::test]
async fn a_browser_that_is_closed_ends_the_sign_in_in_time() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    let (agent, page) = listening();
    let agent = agent.with_patience(0);
    let signing_in = tokio::time::timeout(HANG, authorizer.sign_in(&agent)).await;
    let outcome = signing_in.expect("the sign-in waits for ever");
    assert!(matches!(&outcome, Err(Error::SignInTimedOut { seconds: 0 })), "{outcome:?}");
    assert_nothing_left(&site, &authorizer, &page.await.unwrap()).await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_before_anything_is_sent() {
    let site = Site::start().await;
    for host in ["127.0.0.1", "localhost"] {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wanted = taken.local_addr().unwrap().port();
        let mut address = CallbackAddress::default();
        (address.host, address.port) = (Some(host.to_owned()), Some(wanted));
        let (agent, _page) = listening();
        let error = site.authorizer().sign_in(&agent.with_address(address)).await.unwrap_err();
        let Error::CallbackPort { port, .. } = &error else { panic!("{error}") };
        assert_eq!(*port, wanted);
        assert!(error.to_string().contains(&wanted.to_string()), "{error}");
    }
    assert_eq!(site.authority.count(Endpoint::Register), 0);
}

/// A keychain that can be locked.
#[derive(Default)]
struct Keychain {
    inner: MemoryVault,
    refuses_to_read: AtomicBool,
    refuses_to_store: AtomicBool,
}

impl Vault for Keychain {
    fn load(&self) -> BoxFuture<'_, Result<Option<Secret>, Cause>> {
        if self.refuses_to_read.load(Ordering::SeqCst) {
            return Box::pin(async { Err("the keychain is locked".into()) });
        }
        self.inner.load()
    }

    fn store<'a>(&'a self, record: &'a Secret) -> BoxFuture<'a, Result<(), Cause>> {
        if self.refuses_to_store.load(Ordering::SeqCst) {
            return Box::pin(async { Err("the keychain is full".into()) });
        }
        self.inner.store(record)
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn Send>, Cause>> {
        self.inner.lock()
    }
}

/// The person has consented: that it will be lost with the program is said, and it serves until then.
#[tokio::test]
async fn tokens_that_cannot_be_stored_serve_this_program() {
    let site = Site::start().await;
    let keychain = Arc::new(Keychain::default());
    keychain.refuses_to_store.store(true, Ordering::SeqCst);
    let vault: Arc<dyn Vault> = Arc::clone(&keychain) as _;
    let authorizer = Authorizer::builder(site.settings(), vault).build().unwrap();
    let error = authorizer.sign_in(&Browser::honest()).await.unwrap_err();
    assert!(matches!(&error, Error::Vault { action: "stored", .. }), "{error}");
    let proof = authorizer.prove("POST", site.url().as_str()).await.unwrap();
    let token = proof.headers[0].1.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    assert!(site.authority.is_live(&token));
    assert!(keychain.inner.load().await.unwrap().is_none());
}

#[tokio::test]
async fn a_vault_that_cannot_be_read_stops_a_sign_in_before_anything_is_registered() {
    let site = Site::start().await;
    let keychain = Arc::new(Keychain::default());
    keychain.refuses_to_read.store(true, Ordering::SeqCst);
    let vault: Arc<dyn Vault> = Arc::clone(&keychain) as _;
    let authorizer = Authorizer::builder(site.settings(), vault).build().unwrap();
    let browser = Browser::honest();
    let error = authorizer.sign_in(&browser).await.unwrap_err();
    assert!(matches!(&error, Error::Vault { action: "read", .. }), "{error}");
    let error = authorizer.prove("POST", site.url().as_str()).await.unwrap_err();
    assert!(matches!(&error, Error::Vault { action: "read", .. }), "{error}");
    site.assert_not_begun(&browser);
    // Unlocked, it works at once.
    keychain.refuses_to_read.store(false, Ordering::SeqCst);
    authorizer.sign_in(&browser).await.unwrap();
}

/// What cannot be read is not written over: a newer release may need it.
#[tokio::test]
async fn a_record_that_cannot_be_understood_is_left_alone() {
    for text in ["garbage", "{\"version\":99}", "{\"version\":1,\"grant\":{\"access_token\":\"at-secret\"}}"]
    {
        let site = Site::start().await;
        site.vault.store(&Secret::new(text)).await.unwrap();
        let browser = Browser::honest();
        let error = site.authorizer().sign_in(&browser).await.unwrap_err();
        let Error::Vault { action: "read", source } = &error else { panic!("{text}: {error}") };
        assert!(!source.to_string().contains("at-secret"), "{source}");
        site.assert_not_begun(&browser);
        assert_eq!(site.vault.load().await.unwrap().unwrap().expose(), text);
    }
}

/// A browser at a server that learns to like the redirect address once it says `localhost`.
struct Second<'a> {
    browser: Browser,
    site: &'a Site,
}

impl UserAgent for Second<'_> {
    fn prepare<'a>(
        &'a self,
        name: &'a str,
        wanted: &'a CallbackAddress,
    ) -> BoxFuture<'a, Result<Box<dyn Visit>, Error>> {
        if wanted.host.as_deref() == Some("localhost") {
            self.site.authority.set(|config| config.registration = Registration::Open);
        }
        self.browser.prepare(name, wanted)
    }
}

#[tokio::test]
async fn a_refused_redirect_address_is_tried_once_more_as_localhost() {
    let site = Site::with(|config| config.registration = Registration::RefusesRedirectUris).await;
    let agent = Second { browser: Browser::honest(), site: &site };
    site.authorizer().sign_in(&agent).await.unwrap();
    let asked = site.authority.requests(Endpoint::Register);
    let uris: Vec<_> = asked.iter().map(|seen| seen.json()["redirect_uris"][0].clone()).collect();
    assert_eq!(uris, ["http://127.0.0.1:1/callback", "http://localhost:1/callback"]);

    // Once more, and not for ever.
    let site = Site::with(|config| config.registration = Registration::RefusesRedirectUris).await;
    let browser = Browser::honest();
    let error = site.fail(&browser).await;
    assert!(matches!(&error, Error::RegistrationRefused { redirect_uri: true, .. }), "{error}");
    assert_eq!(site.authority.count(Endpoint::Register), 2);
    assert_eq!(browser.opened(), []);
}
