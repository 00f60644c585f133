//! Token endpoints that fail, answer nonsense, or leave out what they should say.

use car_oauth::Error;
use car_oauth::driver::Authorizer;
use car_testkit::authority::{Canned, Endpoint, TokenFault};
use serde_json::{Value, json};

use crate::support::{Browser, Site};

fn exactly(status: u16, body: &str) -> TokenFault {
    TokenFault::Canned(Canned::Exactly(status, "application/json".to_owned(), body.to_owned()))
}

/// Returns the token that a request to the server carries.
async fn shown(site: &Site, authorizer: &Authorizer) -> String {
    let proof = authorizer.prove("POST", site.url().as_str()).await.unwrap();
    let value = proof.headers[0].1.to_str().unwrap();
    value.strip_prefix("Bearer ").unwrap().to_owned()
}

async fn signed_in(patch: Value) -> (Site, Authorizer) {
    let site = Site::with(|config| config.token_patch = patch).await;
    let authorizer = site.authorizer();
    authorizer.sign_in(&Browser::honest()).await.unwrap();
    (site, authorizer)
}

#[tokio::test]
async fn a_failing_token_endpoint_may_be_asked_again() {
    for (fault, expected) in [
        (TokenFault::Error(500, "invalid_grant".to_owned()), 500),
        (exactly(502, "<html>bad gateway</html>"), 502),
        (exactly(503, ""), 503),
        (TokenFault::TooMany(1), 429),
    ] {
        let site = Site::with(|config| config.token_fault = Some(fault)).await;
        let error = site.fail(&Browser::honest()).await;
        let Error::ServerFailed { status, endpoint: "token", .. } = &error else { panic!("{error}") };
        assert_eq!(*status, expected);
        assert!(error.is_transient(), "{error}");
    }
}

#[tokio::test]
async fn a_token_answer_that_is_no_token_is_refused() {
    for body in
        ["<html>hello</html>", "", "[]", "{}", "\"token\"", r#"{"access_token":7}"#, r#"{"access_token":""}"#]
    {
        let site = Site::with(|config| config.token_fault = Some(exactly(200, body))).await;
        let error = site.fail(&Browser::honest()).await;
        assert!(matches!(&error, Error::InvalidTokenResponse { endpoint: "token", .. }), "{body}: {error}");
        assert!(!error.is_transient());
    }
    let site = Site::with(|config| config.token_fault = Some(TokenFault::Canned(Canned::Cut))).await;
    let error = site.fail(&Browser::honest()).await;
    assert!(matches!(&error, Error::Http { .. }) && error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_token_that_does_not_fit_a_header_is_refused() {
    for token in ["a\r\nX-Evil: 1", "a b", "schlüssel", "a\u{0}"] {
        let site = Site::with(|config| config.token_patch = json!({ "access_token": token })).await;
        let error = site.fail(&Browser::honest()).await;
        assert!(matches!(&error, Error::InvalidTokenResponse { .. }), "{token:?}: {error}");
        assert!(!error.to_string().contains("Evil"), "{error}");
    }
}

#[tokio::test]
async fn an_unknown_error_code_is_passed_on() {
    let site = Site::with(|config| {
        config.token_fault = Some(TokenFault::Error(400, "moon_phase".to_owned()));
    })
    .await;
    let error = site.fail(&Browser::honest()).await;
    let Error::TokenRefused { error: code, .. } = &error else { panic!("{error}") };
    assert_eq!(code, "moon_phase");
    assert!(!error.is_transient() && !error.is_invalid_grant());
}

#[tokio::test]
async fn a_token_without_a_type_is_a_bearer_token() {
    let (site, authorizer) = signed_in(json!({ "token_type": null })).await;
    let token = shown(&site, &authorizer).await;
    assert!(site.authority.is_live(&token));
}

#[tokio::test]
async fn a_token_of_an_unknown_type_is_refused() {
    let site = Site::with(|config| config.token_patch = json!({ "token_type": "mac" })).await;
    let error = site.fail(&Browser::honest()).await;
    assert!(matches!(&error, Error::InvalidTokenResponse { .. }), "{error}");
}

#[tokio::test]
async fn a_token_without_an_end_is_used_until_it_is_refused() {
    for patch in [json!({ "expires_in": null }), json!({ "expires_in": "soon" }), json!({ "expires_in": {} })]
    {
        let (site, authorizer) = signed_in(patch).await;
        let token = shown(&site, &authorizer).await;
        assert!(site.authority.is_live(&token));
        assert_eq!(shown(&site, &authorizer).await, token);
        assert_eq!(site.authority.count(Endpoint::Token), 1, "it was not renewed");
    }
}

/// What ended before it came is renewed before it is shown to anybody.
#[tokio::test]
async fn a_token_with_a_negative_end_is_renewed_before_use() {
    for ends in [json!(-5), json!("-5"), json!(0), json!(-1e300)] {
        let (site, authorizer) = signed_in(json!({ "expires_in": ends })).await;
        site.authority.set(|config| config.token_patch = json!({}));
        let token = shown(&site, &authorizer).await;
        assert!(site.authority.is_live(&token));
        let asked: Vec<_> = site.authority.requests(Endpoint::Token);
        let kinds: Vec<_> = asked.iter().map(|seen| seen.param("grant_type").unwrap()).collect();
        assert_eq!(kinds, ["authorization_code", "refresh_token"], "{ends}");
    }
}
