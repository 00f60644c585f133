//! Answers of the browser that are not, or not only, from the authorization server that was asked.

use car_oauth::Error;
use car_oauth::client_auth::ClientCredential;
use car_oauth::registration::PreRegistered;
use car_testkit::authority::{Authority, AuthorityConfig, Client, Consent, Endpoint, Iss};
use serde_json::json;

use crate::support::{Browser, Site, param};

/// A server in the pay of an attacker sends the browser to an honest one, and hopes for its code (RFC 9207 §1).
#[tokio::test]
async fn mix_up_sends_no_code_to_the_attacker() {
    let mut config = AuthorityConfig::default();
    config.clients.push(Client::public("shared", &[]));
    let honest = Authority::start(config).await.unwrap();
    for advertised in [Iss::Advertised, Iss::NotAdvertised] {
        let evil = Site::start().await;
        let elsewhere = json!({ "authorization_endpoint": format!("{}/authorize", honest.issuer()) });
        evil.authority.set(|config| (config.metadata_patch, config.iss) = (elsewhere, advertised));
        let mut settings = evil.settings();
        settings.pre_registered = Some(PreRegistered::new("shared", ClientCredential::Public));
        let vault = std::sync::Arc::new(evil.vault.clone());
        let authorizer = car_oauth::driver::Authorizer::builder(settings, vault).build().unwrap();
        let browser = Browser::honest();
        let outcome = authorizer.sign_in(&browser).await;
        let answers = browser.answers();
        assert!(param(&answers[0], "code").is_some(), "there was a code to steal: {answers:?}");
        evil.assert_no_token_request();
        assert_eq!(honest.count(Endpoint::Token), 0);
        let Err(Error::IssuerMismatch { expected, found }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((expected, found), (evil.authority.issuer(), Some(honest.issuer())));
    }
}

#[tokio::test]
async fn an_answer_without_its_promised_issuer_is_refused() {
    let site = Site::with(|config| config.iss = Iss::MissingThoughAdvertised).await;
    let error = site.fail(&Browser::honest()).await;
    assert!(matches!(&error, Error::IssuerMismatch { found: None, .. }), "{error}");
    site.assert_no_token_request();
}

/// The other three rows of the table of RFC 9207 §2.4, as the MCP specification has it.
#[tokio::test]
async fn an_answer_of_the_issuer_that_was_asked_is_taken() {
    for iss in [Iss::Advertised, Iss::SentThoughNotAdvertised, Iss::NotAdvertised] {
        let site = Site::with(|config| config.iss = iss.clone()).await;
        let outcome = site.authorizer().sign_in(&Browser::honest()).await;
        assert!(outcome.is_ok(), "{iss:?}: {outcome:?}");
    }
}

/// Issuers are compared as texts: what a URL parser takes for the same may be somebody else's.
#[tokio::test]
async fn an_issuer_that_only_looks_the_same_is_refused() {
    let site = Site::start().await;
    let issuer = site.authority.issuer();
    let port = issuer.rsplit(':').next().unwrap();
    for wrong in [
        format!("{issuer}/"),
        issuer.to_uppercase(),
        format!("http://127.0.0.1:0{port}"),
        format!("http://localhost:{port}"),
        format!("http://127.1:{port}"),
        format!("http://127.0.0.1:{port}/."),
        format!("http://127.0.0.1:{port}?"),
        format!("http://127.0.0.1:{port}#"),
        issuer.replace('1', "%31"),
        format!(" {issuer}"),
        "https://evil.example".to_owned(),
        String::new(),
    ] {
        site.authority.set(|config| config.iss = Iss::Wrong(wrong.clone()));
        let error = site.fail(&Browser::honest()).await;
        let Error::IssuerMismatch { expected, .. } = &error else { panic!("{wrong:?}: {error}") };
        assert_eq!(*expected, issuer, "{wrong:?}");
    }
    site.assert_no_token_request();
}

/// What another server says in an error is neither shown nor acted upon.
#[tokio::test]
async fn an_error_of_another_issuer_is_not_shown() {
    let site = Site::with(|config| {
        config.iss = Iss::Wrong("https://evil.example".to_owned());
        config.consent = Consent::Refused("call_0900_123456".to_owned());
    })
    .await;
    let error = site.fail(&Browser::honest()).await;
    assert!(matches!(&error, Error::IssuerMismatch { .. }), "{error}");
    assert!(!format!("{error:?}").contains("0900"), "{error:?}");
}
