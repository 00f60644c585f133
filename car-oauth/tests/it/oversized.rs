//! Documents and answers that are huge, never end, or never begin.

use std::time::Duration;

use car_http::Phase;
use car_oauth::Error;
use car_testkit::authority::{Authority, AuthorityConfig, Canned, Endpoint, TokenFault};
use serde_json::json;

use crate::support::{Browser, Site};

/// What no reader should take in: a megabyte, and white space for ever.
const TOO_MUCH: [Canned; 2] = [Canned::Large(1_000_000), Canned::Endless];

/// Asserts that the reader stopped at its bound, and says what it was reading.
#[track_caller]
fn assert_bounded(error: &Error, expected: &str) {
    let Error::Http { what, source, .. } = error else { panic!("{expected}: {error}") };
    assert_eq!(*what, expected);
    let car_http::Error::BodyTooLarge { cap, .. } = **source else { panic!("{expected}: {source}") };
    assert!(cap <= 256 * 1024, "{cap}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn endless_resource_metadata_is_not_read_to_the_end() {
    let site = Site::start().await;
    for canned in TOO_MUCH {
        for is_named in [true, false] {
            site.protection.set(|config| {
                config.metadata_canned = Some(canned.clone());
                config.names_metadata = is_named;
            });
            let browser = Browser::honest();
            assert_bounded(&site.fail(&browser).await, "resource metadata");
            site.assert_not_begun(&browser);
        }
    }
}

#[tokio::test]
async fn endless_server_metadata_is_not_read_to_the_end() {
    let site = Site::start().await;
    for canned in TOO_MUCH {
        site.authority.set(|config| config.metadata_canned = Some(canned));
        let browser = Browser::honest();
        assert_bounded(&site.fail(&browser).await, "authorization server metadata");
        site.assert_not_begun(&browser);
    }
}

#[tokio::test]
async fn an_endless_token_answer_is_not_read_to_the_end() {
    for canned in TOO_MUCH {
        let site = Site::with(|config| config.token_fault = Some(TokenFault::Canned(canned))).await;
        assert_bounded(&site.fail(&Browser::honest()).await, "token endpoint");
    }
}

/// A server that answers whatever it is sent with something endless.
async fn endless(canned: Canned) -> (Authority, String) {
    let mut config = AuthorityConfig::default();
    config.token_fault = Some(TokenFault::Canned(canned));
    let server = Authority::start(config).await.unwrap();
    let url = format!("{}/token", server.issuer());
    (server, url)
}

#[tokio::test]
async fn an_endless_registration_answer_is_not_read_to_the_end() {
    for canned in TOO_MUCH {
        let (_server, url) = endless(canned).await;
        let site = Site::with(|config| config.metadata_patch = json!({ "registration_endpoint": url })).await;
        let browser = Browser::honest();
        assert_bounded(&site.fail(&browser).await, "registration endpoint");
        site.assert_not_begun(&browser);
    }
}

/// The person is signed out here all the same.
#[tokio::test]
async fn an_endless_revocation_answer_is_not_read_to_the_end() {
    for canned in TOO_MUCH {
        let (_server, url) = endless(canned).await;
        let site = Site::with(|config| config.metadata_patch = json!({ "revocation_endpoint": url })).await;
        let authorizer = site.authorizer();
        authorizer.sign_in(&Browser::honest()).await.unwrap();
        let out = authorizer.sign_out().await.unwrap();
        assert_bounded(&out.refusal.expect("it was read to the end"), "revocation endpoint");
        assert!(!authorizer.account().await.unwrap().signed_in);
    }
}

/// Real tokens fit a header; what is longer is not kept.
#[tokio::test]
async fn a_token_of_a_hundred_kilobytes_is_refused() {
    let site = Site::start().await;
    for name in ["access_token", "refresh_token", "id_token"] {
        let patch = json!({ name: "a".repeat(100_000) });
        site.authority.set(|config| config.token_patch = patch);
        let error = site.fail(&Browser::honest()).await;
        let Error::InvalidTokenResponse { what, .. } = &error else { panic!("{name}: {error}") };
        assert!(what.contains(name), "{what}");
        assert!(error.to_string().len() < 300, "{error}");
    }
}

/// Waits until a server that will never answer was asked, and lets time pass then.
async fn pass_time(site: &Site, endpoint: Endpoint) {
    while site.authority.count(endpoint) == 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_silent_server_does_not_hold_a_sign_in_for_ever() {
    let site = Site::with(|config| config.token_fault = Some(TokenFault::Canned(Canned::Silence))).await;
    let browser = Browser::honest();
    let (error, ()) = tokio::join!(site.fail(&browser), pass_time(&site, Endpoint::Token));
    assert_timeout(&error, "token endpoint");

    let site = Site::with(|config| config.metadata_canned = Some(Canned::Silence)).await;
    let (error, ()) = tokio::join!(site.fail(&browser), pass_time(&site, Endpoint::Metadata));
    assert_timeout(&error, "authorization server metadata");
}

#[track_caller]
fn assert_timeout(error: &Error, expected: &str) {
    let Error::Http { what, source, .. } = error else { panic!("{expected}: {error}") };
    assert_eq!(*what, expected);
    assert!(matches!(**source, car_http::Error::Timeout { phase: Phase::Total, .. }), "{source}");
    assert!(error.is_transient());
}
