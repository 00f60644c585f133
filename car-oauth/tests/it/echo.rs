//! What servers repeat, and what the sign-in logs by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use car_oauth::Timestamp;
use car_oauth::driver::{Ambient, SystemAmbient, Vault as _};
use car_testkit::authority::{Canned, TokenFault};
use serde_json::json;

use crate::log::{Paper, sent, servers, watched};
use crate::support::{Browser, Site, replaced};

/// Some servers repeat what they refuse. Codes of sixteen characters are not told from words by their length.
#[test]
fn a_secret_that_a_server_repeats_is_not_written() {
    let servers = servers();
    let secret = "q7GmZ0vTr41XwPke";
    for body in [
        format!(r#"{{"error":"invalid_grant","error_description":"The code {secret} is bad."}}"#),
        format!(r#"{{"error":"bad:{secret}","error_description":"It is bad."}}"#),
    ] {
        let fault = TokenFault::Canned(Canned::Exactly(400, "application/json".to_owned(), body));
        let site = servers.block_on(Site::with(|config| config.token_fault = Some(fault)));
        let browser = Browser::with(move |_, answer| vec![replaced(&answer, "code", secret)]);
        let notes = Paper::default();
        let (log, ()) = watched(async {
            let error = site.authorizer().sign_in(&browser).await.unwrap_err();
            assert!(error.to_string().contains("is bad"), "{error}");
            notes.note_error(&error);
        });
        for paper in [notes, log] {
            paper.assert_without(&[("code", secret.to_owned())]);
        }
    }
}

/// A clock that a test can put forward.
#[derive(Debug, Default)]
struct Clock(AtomicU64);

impl Ambient for Clock {
    fn now(&self) -> Timestamp {
        SystemAmbient::default().now().plus(self.0.load(Ordering::SeqCst))
    }

    fn random(&self) -> [u8; 32] {
        SystemAmbient::default().random()
    }
}

/// The places at which the sign-in writes to the log by itself.
#[test]
fn no_secret_is_in_what_the_sign_in_logs_itself() {
    let servers = servers();
    let site = servers.block_on(Site::start());
    let issuer = site.authority.issuer();
    site.authority.set(|config| {
        config.metadata_patch = json!({ "userinfo_endpoint": format!("{issuer}/nowhere") });
        config.token_patch = json!({ "id_token": null });
        config.refresh_fault = Some(TokenFault::Error(503, "temporarily_unavailable".to_owned()));
    });
    site.protection.set(|config| config.challenge_scope = Some("openid".to_owned()));
    let clock = Arc::new(Clock::default());
    let (log, record) = watched(async {
        let authorizer = site.builder().ambient(Arc::clone(&clock) as _).build().unwrap();
        authorizer.sign_in(&Browser::honest()).await.unwrap();
        clock.0.store(3_590, Ordering::SeqCst);
        let proof = authorizer.prove("POST", site.url().as_str()).await.unwrap();
        assert_eq!(proof.headers.len(), 1);
        site.vault.load().await.unwrap().unwrap()
    });
    let text = log.text();
    assert!(text.contains("who signed in could not be found out"), "{text}");
    assert!(text.contains("a token could not be renewed ahead of its end"), "{text}");
    let record: serde_json::Value = serde_json::from_str(record.expose()).unwrap();
    let mut secrets = sent(&site.authority.ledger().seen());
    secrets.push(("access_token", record["grant"]["access_token"].as_str().unwrap().to_owned()));
    log.assert_without(&secrets);
}
