//! Authorization servers that change, and devices that are sent to a hostile page.

use std::sync::Arc;

use car_http::HeaderMap;
use car_oauth::client_auth::ClientCredential;
use car_oauth::driver::{Authorizer, DeviceDisplay, Refusal};
use car_oauth::registration::PreRegistered;
use car_oauth::{Error, Secret, Timestamp};
use car_testkit::authority::{Authority, AuthorityConfig, Canned, Client, Endpoint, TokenFault};
use futures_util::future::BoxFuture;
use serde_json::json;
use url::Url;

use crate::support::{Browser, Site};
use crate::world::World;

async fn authority() -> Authority {
    Authority::start(AuthorityConfig::default()).await.unwrap()
}

/// The server is taken over and names another authorization server: that one sees nothing of ours.
#[tokio::test]
async fn a_new_authorization_server_gets_no_refresh_token() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    authorizer.sign_in(&Browser::honest()).await.unwrap();
    let evil = authority().await;
    site.protection.move_to(&evil);
    let proof = authorizer.prove("POST", site.url().as_str()).await.unwrap();
    authorizer.answered(&HeaderMap::new());
    let headers = HeaderMap::new();
    let refusal = Refusal { status: 401, challenges: &[], headers: &headers, generation: proof.generation };
    let outcome = authorizer.refused(&refusal).await;
    assert_eq!(evil.ledger().seen().len(), 0, "the new server was sent something");
    let kinds: Vec<_> = site.authority.requests(Endpoint::Token);
    assert_eq!(kinds.len(), 1, "the old server was asked to renew a token that the new one is to see");
    assert!(matches!(&outcome, Err(Error::SignInRequired { .. })), "{outcome:?}");
}

/// The secret that a person was given for one authorization server is not shown to the next one that a server names.
#[tokio::test]
async fn a_client_secret_is_not_shown_to_another_issuer() {
    let site = Site::with(|config| {
        config.clients.push(Client::confidential("ours", "the-client-secret", &[]));
    })
    .await;
    let mut settings = site.settings();
    let credential = ClientCredential::Secret(Secret::new("the-client-secret"));
    settings.pre_registered = Some(PreRegistered::new("ours", credential));
    let authorizer = Authorizer::builder(settings, Arc::new(site.vault.clone())).build().unwrap();
    authorizer.sign_in(&Browser::honest()).await.unwrap();

    let evil = authority().await;
    evil.set(|config| config.clients.push(Client::confidential("ours", "whatever", &[])));
    site.protection.move_to(&evil);
    let browser = Browser::honest();
    let outcome = authorizer.sign_in(&browser).await;
    for seen in evil.ledger().seen() {
        assert_eq!(seen.endpoint, Endpoint::Metadata, "the new server was asked for more than its metadata");
    }
    assert_eq!(browser.opened(), []);
    let Err(Error::ClientOfAnotherIssuer { bound, issuer, .. }) = &outcome else { panic!("{outcome:?}") };
    assert_eq!((bound, issuer), (&site.authority.issuer(), &evil.issuer()));
}

/// A display that nobody should see.
struct Blank;

impl DeviceDisplay for Blank {
    fn show<'a>(
        &'a self,
        _name: &'a str,
        verification_uri: &'a Url,
        complete: Option<&'a Url>,
        _user_code: &'a str,
        _expires_at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>> {
        panic!("a person was sent to {verification_uri}, or {complete:?}")
    }
}

/// What a device is told: this page to go to, and this link to it.
fn told(page: &str, complete: &str) -> Option<TokenFault> {
    let body = json!({
        "device_code": "a-device-code",
        "user_code": "ABCD-EFGH",
        "verification_uri": page,
        "verification_uri_complete": complete,
        "expires_in": 60,
    });
    Some(TokenFault::Canned(Canned::Exactly(200, "application/json".to_owned(), body.to_string())))
}

#[tokio::test]
async fn a_hostile_verification_page_is_never_shown() {
    let site = Site::start().await;
    let other = authority().await;
    let url = format!("{}/token", other.issuer());
    site.authority.set(|config| config.metadata_patch = json!({ "device_authorization_endpoint": url }));
    for page in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://evil.example/", "x"]
    {
        other.set(|config| config.token_fault = told(page, page));
        let error = site.authorizer().sign_in_by_device(&Blank).await.unwrap_err();
        assert!(
            matches!(&error, Error::InsecureEndpoint { what: "verification URI", .. }),
            "{page}: {error}"
        );
    }
    site.assert_no_token_request();
}

/// The person's own router would take the browser for its owner's.
#[tokio::test]
async fn a_verification_page_in_the_private_network_is_never_shown() {
    let world = World::start().await;
    world.name_endpoint("device_authorization_endpoint", &format!("{}/token", world.issuer()));
    for page in
        ["https://192.168.0.1/", "https://router.lan/", "http://localhost/", "https://169.254.169.254/"]
    {
        world.authority.set(|config| config.token_fault = told(page, page));
        let error = world.authorizer().sign_in_by_device(&Blank).await.unwrap_err();
        assert!(
            matches!(&error, Error::InsecureEndpoint { what: "verification URI", .. }),
            "{page}: {error}"
        );
    }
}

/// Goes no further than to look at what a person would be shown.
struct Looking;

impl DeviceDisplay for Looking {
    fn show<'a>(
        &'a self,
        _name: &'a str,
        verification_uri: &'a Url,
        complete: Option<&'a Url>,
        _user_code: &'a str,
        _expires_at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>> {
        assert_eq!(verification_uri.as_str(), "https://as.example/device");
        assert_eq!(complete, None, "a link into the private network is shown");
        Box::pin(async { Err(Error::SignInTimedOut { seconds: 0 }) })
    }
}

/// The code can be typed at the other address.
#[tokio::test]
async fn a_complete_verification_link_into_the_private_network_is_left_out() {
    let world = World::start().await;
    world.name_endpoint("device_authorization_endpoint", &format!("{}/token", world.issuer()));
    for link in ["https://192.168.0.1/?user_code=ABCD-EFGH", "javascript:alert(1)"] {
        let answer = told("https://as.example/device", link);
        world.authority.set(|config| config.token_fault = answer);
        let error = world.authorizer().sign_in_by_device(&Looking).await.unwrap_err();
        assert!(matches!(&error, Error::SignInTimedOut { .. }), "{link}: {error}");
    }
}
