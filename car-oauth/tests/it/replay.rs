//! Answers, codes and states that were used before, or that belong to somebody else's sign-in.

use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use car_oauth::Error;
use car_oauth::driver::{Authorizer, Incomplete, Invitation, LoopbackAgent, Opener, PendingSignIn, SignedIn};
use car_oauth::response::AuthorizationResponse;
use car_testkit::authority::{Consent, Endpoint};
use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;
use url::Url;

use crate::support::{BACK, Browser, Site, follow, get, param, replaced};

async fn complete(
    authorizer: &Authorizer,
    pending: PendingSignIn,
    answer: &str,
) -> Result<SignedIn, Incomplete> {
    authorizer.complete(pending, AuthorizationResponse::from_url(answer).unwrap(), false).await
}

/// An old answer with its old state is somebody else's; the sign-in goes on and ends with its own.
#[tokio::test]
async fn an_old_answer_is_ignored_and_the_right_one_still_counts() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    let first = Browser::honest();
    authorizer.sign_in(&first).await.unwrap();
    let old = first.answers().remove(0);
    let again = Browser::with({
        let old = old.clone();
        move |_, answer| vec![old.clone(), answer]
    });
    let outcome = authorizer.sign_in(&again).await;
    assert!(outcome.is_ok(), "the sign-in did not survive an old answer: {outcome:?}");
    assert_eq!(again.ignored().len(), 1, "{:?}", again.ignored());
    let sent: Vec<_> = site.authority.requests(Endpoint::Token);
    let codes: Vec<_> = sent.iter().map(|seen| seen.param("code").unwrap().to_owned()).collect();
    let expected: Vec<_> = [&old, &again.answers()[1]].map(|answer| param(answer, "code").unwrap()).into();
    assert_eq!(codes, expected);
}

#[tokio::test]
async fn the_same_answer_does_not_serve_the_next_sign_in() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    let (url, pending) = authorizer.begin(BACK).await.unwrap();
    let answer = follow(&url).await;
    complete(&authorizer, pending, &answer).await.unwrap();
    let (_, pending) = authorizer.begin(BACK).await.unwrap();
    let outcome = complete(&authorizer, pending, &answer).await;
    assert_eq!(site.authority.count(Endpoint::Token), 1, "the code was sent again");
    let Err(Incomplete::Foreign(_, Error::ForeignResponse { .. })) = outcome else { panic!("{outcome:?}") };
}

/// An attacker's own code, in an answer with our state: what is sent with it is our verifier, which does not fit.
#[tokio::test]
async fn an_injected_code_is_worth_nothing() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    let mut verifiers = Vec::new();
    for _ in 0..2 {
        let (url, pending) = authorizer.begin(BACK).await.unwrap();
        let theirs = Url::parse(&replaced(url.as_str(), "code_challenge", &"A".repeat(43))).unwrap();
        let theirs = param(&follow(&theirs).await, "code").unwrap();
        let answer = replaced(&follow(&url).await, "code", &theirs);
        let outcome = complete(&authorizer, pending, &answer).await;
        let Err(Incomplete::Failed(error @ Error::TokenRefused { .. })) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(error.is_invalid_grant(), "{error}");
        assert!(!authorizer.account().await.unwrap().signed_in);
        let sent = site.authority.requests(Endpoint::Token).pop().unwrap();
        assert_eq!(sent.param("code"), Some(theirs.as_str()));
        let verifier = sent.param("code_verifier").unwrap().to_owned();
        let hashed = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        assert_eq!(
            param(url.as_str(), "code_challenge"),
            Some(hashed),
            "the verifier is that of this sign-in"
        );
        verifiers.push(verifier);
    }
    assert_ne!(verifiers[0], verifiers[1], "an attacker can know the next verifier");
}

/// Every authorization request has a state of its own.
#[tokio::test]
async fn a_state_cannot_be_foreseen() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    let mut states = std::collections::HashSet::new();
    for _ in 0..8 {
        let (url, pending) = authorizer.begin(BACK).await.unwrap();
        let state = param(url.as_str(), "state").unwrap();
        assert_eq!(pending.state(), state);
        assert!(state.len() >= 32, "{} characters", state.len());
        assert!(states.insert(state), "a state came twice");
    }
}

#[tokio::test]
async fn a_forged_state_is_ignored() {
    let site = Site::with(|config| config.consent = Consent::WrongState("forged".to_owned())).await;
    let browser = Browser::honest();
    let error = site.fail(&browser).await;
    assert!(matches!(&error, Error::SignInTimedOut { .. }), "{error}");
    assert_eq!(browser.ignored().len(), 1);
    site.assert_no_token_request();
}

/// With two codes in it, which one counts would depend on the reader.
#[tokio::test]
async fn an_answer_with_a_parameter_twice_is_ignored() {
    let site = Site::start().await;
    let browser =
        Browser::with(|_, answer| vec![format!("{answer}&code=evil"), format!("{answer}&state=evil")]);
    let error = site.fail(&browser).await;
    assert!(matches!(&error, Error::SignInTimedOut { .. }), "{error}");
    assert_eq!(browser.ignored().len(), 2);
    site.assert_no_token_request();
}

/// Hands the page's address to the test.
struct Told(Mutex<Option<oneshot::Sender<Url>>>);

impl Opener for Told {
    fn open<'a>(&'a self, invitation: &'a Invitation) -> BoxFuture<'a, Result<(), Error>> {
        let told = self.0.lock().unwrap().take().expect("one page is opened");
        told.send(invitation.url.clone()).unwrap();
        Box::pin(async { Ok(()) })
    }
}

/// An agent that listens, and the page that it is asked to open.
pub(crate) fn listening() -> (LoopbackAgent, oneshot::Receiver<Url>) {
    let (told, page) = oneshot::channel();
    (LoopbackAgent::new(std::sync::Arc::new(Told(Mutex::new(Some(told))))), page)
}

/// Anything on this machine can call at the port while a person signs in.
#[tokio::test]
async fn a_stranger_at_the_port_does_not_disturb_the_sign_in() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    let (agent, page) = listening();
    let visit = async {
        let page = page.await.unwrap();
        let back = param(page.as_str(), "redirect_uri").unwrap();
        let issuer = site.authority.issuer();
        for strange in [
            format!("{back}?code=evil&state=wrong&iss={issuer}"),
            format!("{back}?code=evil"),
            format!("{back}?state=&code=evil"),
            format!("{back}?error=access_denied&state=wrong"),
        ] {
            let page = get(&strange).await.unwrap_or_else(|_| panic!("the sign-in is over after {strange}"));
            assert_eq!(page.status, 400, "{strange}");
        }
        for nothing in [back.replace("/callback", "/favicon.ico?code=evil"), back.clone()] {
            assert_eq!(get(&nothing).await.unwrap().status, 404, "{nothing}");
        }
        let answer = follow(&page).await;
        assert_eq!(get(&answer).await.unwrap().status, 200);
        answer
    };
    let (outcome, answer) = tokio::join!(authorizer.sign_in(&agent), visit);
    outcome.unwrap();
    let sent = site.authority.requests(Endpoint::Token);
    let codes: Vec<_> = sent.iter().map(|seen| seen.param("code").map(str::to_owned)).collect();
    assert_eq!(codes, [param(&answer, "code")], "only the code of the right answer left");
    // The page is gone with the sign-in: the answer cannot be handed in again.
    assert!(get(&answer).await.is_err(), "the port is still open");
}

/// The page after the sign-in shows words of a server, and goes nowhere.
#[tokio::test]
async fn a_callback_page_neither_redirects_nor_runs_anything() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    let (agent, page) = listening();
    let visit = async {
        let page = page.await.unwrap();
        let words = "<script>x()</script><meta http-equiv=refresh content='0;https://evil.example'>";
        let mut answer = Url::parse(&param(page.as_str(), "redirect_uri").unwrap()).unwrap();
        answer
            .query_pairs_mut()
            .append_pair("state", &param(page.as_str(), "state").unwrap())
            .append_pair("iss", &site.authority.issuer())
            .append_pair("error", "access_denied")
            .append_pair("error_description", words)
            .append_pair("error_uri", "https://evil.example/");
        get(answer.as_str()).await.unwrap()
    };
    let (outcome, shown) = tokio::join!(authorizer.sign_in(&agent), visit);
    assert!(matches!(&outcome, Err(Error::AuthorizationRefused { .. })), "{outcome:?}");
    assert_eq!(shown.status, 400);
    assert_eq!((shown.header("location"), shown.header("refresh")), (None, None));
    assert_eq!(shown.header("referrer-policy"), Some("no-referrer"));
    let rules = shown.header("content-security-policy").expect("the page may run anything");
    assert!(rules.contains("default-src 'none'") && rules.contains("frame-ancestors 'none'"), "{rules}");
    let body = shown.text.to_ascii_lowercase();
    assert!(body.contains("&lt;script&gt;"), "the words are shown as words: {body}");
    assert!(
        !body.contains("<script") && !body.contains("<meta http-equiv") && !body.contains("href="),
        "{body}"
    );
}

/// A front end may take the answer at https, or at its own port on this machine; nowhere else.
#[tokio::test]
async fn an_open_redirect_is_not_begun() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    for uri in [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://evil.example/callback",
        "https://app.example@evil.example/callback",
        "https://app.example/callback#x",
        "https://app.example/\ncallback",
        "//evil.example/callback",
        "",
    ] {
        let outcome = authorizer.begin(uri).await;
        assert!(matches!(&outcome, Err(Error::InvalidRedirectUri { .. })), "{uri}: {outcome:?}");
    }
    assert_eq!(site.server.ledger().requests(), 0);
    assert_eq!(site.authority.ledger().seen().len(), 0);
    assert!(authorizer.begin("https://app.example/callback").await.is_ok());
}

/// The authorization endpoint is for the browser: where it sends one, this program does not follow.
#[tokio::test]
async fn the_authorization_endpoint_is_never_called_by_the_program() {
    let site = Site::start().await;
    let issuer = site.authority.issuer();
    let browser = Browser::forging(move |asked| {
        format!("{BACK}?code=made-up&iss={issuer}&state={}", param(asked.as_str(), "state").unwrap())
    });
    let error = site.fail(&browser).await;
    assert!(error.is_invalid_grant(), "{error}");
    assert_eq!(site.authority.count(Endpoint::Authorize), 0);
}
