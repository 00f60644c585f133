//! Nothing of a sign-in that must stay secret is written where logs, errors and debug output go.

use std::fmt::{Debug, Write as _};
use std::io;
use std::sync::{Arc, Mutex};

use car_http::HeaderMap;
use car_oauth::Error;
use car_oauth::driver::{Authorizer, CallbackAddress, Invitation, Refusal, UserAgent, Vault as _, Visit};
use car_oauth::response::AuthorizationResponse;
use car_testkit::authority::{Canned, Consent, Dpop, RegistrationSecret, Seen, TokenFault};
use futures_util::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};

use crate::support::{BACK, Browser, Site, follow, param, replaced};
use crate::world::World;

/// Everything that was written.
#[derive(Clone, Default)]
pub(crate) struct Paper {
    written: Arc<Mutex<Vec<u8>>>,
    /// What was seen on the way that must not be in it.
    secrets: Arc<Mutex<Vec<(&'static str, String)>>>,
}

impl Paper {
    fn note(&self, thing: &dyn Debug) {
        let mut text = String::new();
        writeln!(text, "{thing:?}\n{thing:#?}").unwrap();
        self.written.lock().unwrap().extend(text.as_bytes());
    }

    /// Notes an error as people print it: with all its causes.
    pub(crate) fn note_error(&self, error: &Error) {
        self.note(error);
        let mut cause: Option<&dyn std::error::Error> = Some(error);
        while let Some(current) = cause {
            self.note(&current.to_string());
            cause = current.source();
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    #[track_caller]
    pub(crate) fn assert_without(&self, secrets: &[(&'static str, String)]) {
        let text = self.text();
        for (name, secret) in secrets {
            assert!(secret.len() >= 8, "{name} is no secret: {secret:?}");
            if let Some(at) = text.find(secret.as_str()) {
                let from = text[..at].char_indices().rev().nth(200).map_or(0, |(at, _)| at);
                panic!("the {name} was written: {}", &text[from..at + secret.len()]);
            }
        }
    }
}

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A runtime for the servers, on a thread of its own, so that what they log is not taken for ours.
pub(crate) fn servers() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Runs a client with everything written down that anybody logs on its thread.
pub(crate) fn watched<T>(client: impl Future<Output = T>) -> (Paper, T) {
    let paper = Paper::default();
    let writer = paper.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = tracing::subscriber::with_default(subscriber, || {
        tracing::trace!("listening");
        runtime.block_on(client)
    });
    assert!(paper.text().contains("TRACE it::log: listening"), "nothing is listened to");
    (paper, outcome)
}

/// Collects what requests to the authorization server carried that is nobody's business.
pub(crate) fn sent(requests: &[Seen]) -> Vec<(&'static str, String)> {
    let mut secrets = Vec::new();
    for seen in requests {
        for name in ["code", "code_verifier", "client_secret", "refresh_token", "token", "state"] {
            secrets.extend(seen.param(name).map(|value| (name, value.to_owned())));
        }
        secrets.extend(seen.authorization().map(|value| ("authorization", value.to_owned())));
        secrets.extend(seen.dpop().map(|value| ("proof", value.to_owned())));
    }
    secrets
}

/// Shows a refusal of the current token.
async fn refused(authorizer: &Authorizer, site: &Site, paper: &Paper) -> Result<bool, Error> {
    let proof = authorizer.prove("POST", site.url().as_str()).await?;
    paper.note(&proof);
    let shown = proof.headers.iter().map(|(_, value)| value.to_str().unwrap());
    let shown = shown.map(|value| ("proof", value.rsplit(' ').next().unwrap().to_owned()));
    paper.secrets.lock().unwrap().extend(shown);
    authorizer.answered(&HeaderMap::new());
    let headers = HeaderMap::new();
    let refusal = Refusal { status: 401, challenges: &[], headers: &headers, generation: proof.generation };
    authorizer.refused(&refusal).await
}

/// An agent that writes down whatever it is handed, in its debug form.
#[derive(Clone)]
struct Nosy {
    browser: Browser,
    paper: Paper,
}

impl UserAgent for Nosy {
    fn prepare<'a>(
        &'a self,
        name: &'a str,
        wanted: &'a CallbackAddress,
    ) -> BoxFuture<'a, Result<Box<dyn Visit>, Error>> {
        Box::pin(async move {
            self.paper.note(wanted);
            let inner = self.browser.prepare(name, wanted).await?;
            Ok(Box::new(NosyVisit { inner, paper: self.paper.clone() }) as Box<dyn Visit>)
        })
    }
}

struct NosyVisit {
    inner: Box<dyn Visit>,
    paper: Paper,
}

impl Visit for NosyVisit {
    fn redirect_uri(&self) -> &str {
        self.inner.redirect_uri()
    }

    fn open<'a>(&'a mut self, invitation: &'a Invitation) -> BoxFuture<'a, Result<(), Error>> {
        self.paper.note(invitation);
        self.inner.open(invitation)
    }

    fn answer(&mut self) -> BoxFuture<'_, Result<AuthorizationResponse, Error>> {
        let paper = self.paper.clone();
        let answer = self.inner.answer();
        Box::pin(async move { answer.await.inspect(|answer| paper.note(answer)) })
    }

    fn ignore<'a>(&'a mut self, why: &'a Error) -> BoxFuture<'a, ()> {
        self.paper.note_error(why);
        self.inner.ignore(why)
    }

    fn conclude<'a>(self: Box<Self>, name: &'a str, outcome: Result<(), &'a Error>) -> BoxFuture<'a, ()>
    where
        Self: 'a,
    {
        self.paper.note(&outcome);
        self.inner.conclude(name, outcome)
    }
}

async fn whole_life(site: &Site, paper: &Paper) {
    let builder = site.builder();
    paper.note(&builder);
    let authorizer = builder.build().unwrap();
    paper.note(&authorizer);
    // A stranger's answer, one with something twice, one that is refused, then the right one.
    let browser = Browser::with(|_, answer| {
        vec![replaced(&answer, "state", "somebody-elses-state"), format!("{answer}&code=again"), answer]
    });
    let agent = Nosy { browser: browser.clone(), paper: paper.clone() };
    paper.note(&authorizer.sign_in(&agent).await.unwrap());
    for reason in browser.ignored() {
        paper.note(&reason);
    }
    paper.note(&authorizer.account().await.unwrap());
    paper.note(&authorizer.take_news());
    paper.note(&site.vault);

    assert!(refused(&authorizer, site, paper).await.unwrap());
    for fault in [
        TokenFault::Error(500, "server_error".to_owned()),
        TokenFault::Canned(Canned::Html),
        TokenFault::Canned(Canned::Cut),
        TokenFault::Canned(Canned::Redirect("https://evil.example/x".to_owned())),
    ] {
        site.authority.set(|config| config.refresh_fault = Some(fault));
        let authorizer = site.authorizer();
        paper.note_error(&refused(&authorizer, site, paper).await.unwrap_err());
    }
    site.authority.set(|config| config.refresh_fault = None);

    let (url, pending) = authorizer.begin(BACK).await.unwrap();
    paper.note(&pending);
    let answer = AuthorizationResponse::from_url(&follow(&url).await).unwrap();
    paper.note(&answer);
    site.authority
        .set(|config| config.token_fault = Some(TokenFault::Error(400, "invalid_grant".to_owned())));
    paper.note(&authorizer.complete(pending, answer, false).await.unwrap_err());
    site.authority.set(|config| config.token_fault = None);

    site.authority.set(|config| config.consent = Consent::Refused("access_denied".to_owned()));
    paper.note_error(&authorizer.sign_in(&Browser::honest()).await.unwrap_err());
    paper.note(&authorizer.sign_out().await.unwrap());
}

/// A whole life of tokens with all that can go wrong, over http, for each way in which a client can prove itself.
#[test]
fn no_secret_is_written_in_the_whole_life_of_a_sign_in() {
    for method in ["none", "client_secret_post", "client_secret_basic"] {
        for dpop in [Dpop::Off, Dpop::RequiredWithNonce] {
            let servers = servers();
            let site = servers.block_on(Site::with(|config| {
                config.token_auth_methods = vec![method.to_owned()];
                config.registration_secret = RegistrationSecret::Always;
                config.dpop = dpop;
            }));
            site.protection.set(|config| {
                config.dpop = dpop;
                config.challenge_scope = Some("openid mcp:read".to_owned());
            });
            let notes = Paper::default();
            let (log, kept) = watched(async {
                whole_life(&site, &notes).await;
                site.vault.load().await.unwrap()
            });
            let mut secrets = sent(&site.authority.ledger().seen());
            secrets.append(&mut notes.secrets.lock().unwrap());
            // The client's secret stays for the next sign-in.
            let record: serde_json::Value = serde_json::from_str(kept.unwrap().expose()).unwrap();
            let secret = record["clients"][0]["client_secret"].as_str().unwrap().to_owned();
            secrets.push(("client_secret", secret));
            for name in ["code", "code_verifier", "refresh_token", "token", "state"] {
                assert!(secrets.iter().any(|(found, _)| *found == name), "no {name} was there to be written");
            }
            notes.assert_without(&secrets);
            log.assert_without(&secrets);
        }
    }
}

/// HTTP/2 has its own log of every header.
#[test]
fn no_secret_is_written_over_http_2() {
    let servers = servers();
    let world = servers.block_on(World::start());
    world.authority.set(|config| {
        config.token_auth_methods = vec!["client_secret_basic".to_owned()];
    });
    let issuer = world.issuer();
    let browser = Browser::forging(move |asked| {
        format!("{BACK}?code=a-made-up-code&iss={issuer}&state={}", param(asked.as_str(), "state").unwrap())
    });
    let (log, error) = watched(async { world.authorizer().sign_in(&browser).await.unwrap_err() });
    assert!(error.is_invalid_grant(), "{error}");
    assert!(log.text().contains("HEADERS"), "HTTP/2 was not listened to");
    let mut secrets = sent(&world.authority.ledger().seen());
    assert!(secrets.iter().any(|(name, _)| *name == "authorization"), "{secrets:?}");
    secrets.push(("state", param(browser.opened()[0].as_str(), "state").unwrap()));
    log.assert_without(&secrets);
}
