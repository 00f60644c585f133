//! Where keys come from, how long they are kept, and what is not taken for keys.

use std::time::Duration;

use car_mcp_http::server::protect::{JwtVerifier, VerifyError};
use car_testkit::authority::SigningKey;
use serde_json::json;

use crate::issuer::{Issuer, METADATA, Page, RESOURCE, serve, set, verify};

/// Lets time pass. The clock stands still only meanwhile: with sockets it would run ahead of them.
async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn is_unavailable<T>(result: &Result<T, VerifyError>) -> bool {
    matches!(result, Err(VerifyError::Unavailable { .. }))
}

fn is_invalid<T>(result: &Result<T, VerifyError>) -> bool {
    matches!(result, Err(VerifyError::Invalid(_)))
}

#[tokio::test]
async fn keys_are_found_by_the_metadata_and_fetched_once() {
    let key = SigningKey::generate();
    let issuer = Issuer::with_keys(&[("1", &key)]).await;
    let verifier = issuer.verifier();
    for _ in 0..3 {
        let verified = verify(&verifier, &issuer.token("1", &key)).await.unwrap();
        assert_eq!(*verified.principal.id, format!("{}#sub=ada", issuer.name));
    }
    assert_eq!((issuer.asked(METADATA), issuer.asked("/keys")), (1, 1));
}

#[tokio::test]
async fn metadata_of_openid_connect_will_do() {
    let key = SigningKey::generate();
    let issuer = Issuer::start().await;
    let metadata = json!({ "issuer": issuer.name, "jwks_uri": format!("{}/keys", issuer.name) });
    issuer.publish("/.well-known/openid-configuration", Page::json(&metadata));
    issuer.publish("/keys", Page::json(&set(&[("1", &key)])));
    verify(&issuer.verifier(), &issuer.token("1", &key)).await.unwrap();
}

#[tokio::test]
async fn keys_at_a_given_place_need_no_metadata() {
    let key = SigningKey::generate();
    let issuer = Issuer::start().await;
    issuer.publish("/keys", Page::json(&set(&[("1", &key)])));
    let verifier = JwtVerifier::builder(&issuer.name, RESOURCE).jwks_url(format!("{}/keys", issuer.name));
    verify(&verifier.build().unwrap(), &issuer.token("1", &key)).await.unwrap();
    assert_eq!(issuer.asked(METADATA), 0);
}

#[tokio::test]
async fn what_is_refused_without_a_key_costs_no_request() {
    let key = SigningKey::generate();
    let issuer = Issuer::with_keys(&[("1", &key)]).await;
    let verifier = issuer.verifier();
    for (name, value) in
        [("iss", json!("https://evil.example")), ("aud", json!("https://evil.example")), ("exp", json!(1))]
    {
        let mut claims = issuer.claims();
        claims[name] = value;
        verify(&verifier, &key.sign(&json!({}), &claims)).await.unwrap_err();
    }
    verify(&verifier, "no token").await.unwrap_err();
    assert_eq!(issuer.asked(METADATA), 0);
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it_but_not_for_everybody_who_makes_one_up() {
    let (old, new) = (SigningKey::generate(), SigningKey::generate());
    let issuer = Issuer::with_keys(&[("1", &old)]).await;
    let verifier = issuer.verifier();
    verify(&verifier, &issuer.token("1", &old)).await.unwrap();
    issuer.publish("/keys", Page::json(&set(&[("1", &old), ("2", &new)])));
    later(seconds(29)).await;
    for _ in 0..5 {
        assert!(is_invalid(&verify(&verifier, &issuer.token("2", &new)).await));
    }
    assert_eq!(issuer.asked("/keys"), 1);
    later(seconds(1)).await;
    verify(&verifier, &issuer.token("2", &new)).await.unwrap();
    for _ in 0..5 {
        assert!(is_invalid(&verify(&verifier, &issuer.token("3", &new)).await));
    }
    assert_eq!(issuer.asked("/keys"), 2);
}

#[tokio::test]
async fn a_key_that_was_taken_back_is_not_used_after_its_time() {
    let (old, new) = (SigningKey::generate(), SigningKey::generate());
    let issuer = Issuer::with_keys(&[("1", &old)]).await;
    let mut page = Page::json(&set(&[("1", &old)]));
    page.headers.push(("cache-control", "max-age=120".into()));
    issuer.publish("/keys", page);
    let verifier = issuer.verifier();
    verify(&verifier, &issuer.token("1", &old)).await.unwrap();
    issuer.publish("/keys", Page::json(&set(&[("2", &new)])));
    later(seconds(119)).await;
    verify(&verifier, &issuer.token("1", &old)).await.unwrap();
    later(seconds(1)).await;
    assert!(is_invalid(&verify(&verifier, &issuer.token("1", &old)).await));
}

#[tokio::test]
async fn many_who_come_at_once_wait_for_one_fetch() {
    let key = SigningKey::generate();
    let issuer = Issuer::with_keys(&[("1", &key)]).await;
    let verifier = issuer.verifier();
    let token = issuer.token("1", &key);
    let answers = futures_util::future::join_all((0..20).map(|_| verify(&verifier, &token))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(issuer.asked("/keys"), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_undo_the_fetch() {
    let key = SigningKey::generate();
    let issuer = Issuer::with_keys(&[("1", &key)]).await;
    let verifier = std::sync::Arc::new(issuer.verifier());
    let token = issuer.token("1", &key);
    issuer.close_gate();
    let asking = {
        let (verifier, token) = (std::sync::Arc::clone(&verifier), token.clone());
        serve(async move { drop(verify(&verifier, &token).await) })
    };
    issuer.arrived().await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    issuer.open_gate();
    verify(&verifier, &token).await.unwrap();
    assert_eq!((issuer.asked(METADATA), issuer.asked("/keys")), (1, 1));
}

#[tokio::test]
async fn keys_outlive_their_issuer_for_a_while() {
    let key = SigningKey::generate();
    let issuer = Issuer::with_keys(&[("1", &key)]).await;
    let verifier = issuer.verifier();
    let token = issuer.token("1", &key);
    verify(&verifier, &token).await.unwrap();
    issuer.unpublish_everything();
    // Ten minutes they are fresh, an hour more they will do.
    later(seconds(69 * 60)).await;
    verify(&verifier, &token).await.unwrap();
    assert!(issuer.asked(METADATA) > 1, "they are asked for");
    later(seconds(60)).await;
    assert!(is_unavailable(&verify(&verifier, &token).await));
}

#[tokio::test]
async fn while_one_fetches_the_others_use_what_is_there() {
    let key = SigningKey::generate();
    let issuer = Issuer::with_keys(&[("1", &key)]).await;
    let verifier = std::sync::Arc::new(issuer.verifier());
    let token = issuer.token("1", &key);
    verify(&verifier, &token).await.unwrap();
    later(seconds(601)).await;
    issuer.close_gate();
    let first = {
        let (verifier, token) = (std::sync::Arc::clone(&verifier), token.clone());
        serve(async move { assert!(verify(&verifier, &token).await.is_ok()) })
    };
    while issuer.asked(METADATA) < 2 {
        issuer.arrived().await;
    }
    verify(&verifier, &token).await.unwrap();
    assert!(!first.is_finished());
    issuer.open_gate();
    first.await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_is_down_is_asked_again_after_a_while() {
    let key = SigningKey::generate();
    let issuer = Issuer::with_keys(&[("1", &key)]).await;
    issuer.publish("/keys", Page::status(500));
    let verifier = issuer.verifier();
    let token = issuer.token("1", &key);
    for _ in 0..5 {
        assert!(is_unavailable(&verify(&verifier, &token).await));
    }
    assert_eq!(issuer.asked("/keys"), 1);
    issuer.publish("/keys", Page::json(&set(&[("1", &key)])));
    later(seconds(5)).await;
    verify(&verifier, &token).await.unwrap();
}

#[tokio::test]
async fn what_is_not_the_issuers_keys_is_not_taken_for_them() {
    let key = SigningKey::generate();
    let evil = Issuer::with_keys(&[("1", &key)]).await;
    let good = set(&[("1", &key)]);
    let mut huge = good.clone();
    huge["padding"] = json!("a".repeat(300 * 1024));
    let html =
        Page { status: 200, headers: vec![("content-type", "text/html".into())], body: "<html>".into() };
    let redirect =
        Page { status: 302, headers: vec![("location", format!("{}/keys", evil.name))], body: String::new() };
    let shared = json!({ "keys": [{ "kty": "oct", "k": "AAAA", "kid": "1" }] });
    let weak = json!({ "keys": [{ "kty": "RSA", "n": "wQ", "e": "AQAB", "kid": "1" }] });
    let pages = [
        ("huge", Page::json(&huge)),
        ("html", html),
        ("redirect", redirect),
        ("redirect within", Page { headers: vec![("location", "/moved".into())], ..Page::status(302) }),
        ("shared secret", Page::json(&shared)),
        ("weak", Page::json(&weak)),
        ("empty", Page::json(&json!({ "keys": [] }))),
        ("no set", Page::json(&json!([good]))),
        ("an error", Page { status: 500, ..Page::json(&good) }),
        ("created", Page { status: 201, ..Page::json(&good) }),
    ];
    for (name, page) in pages {
        let issuer = Issuer::with_keys(&[]).await;
        issuer.publish("/keys", page);
        issuer.publish("/moved", Page::json(&good));
        assert!(is_unavailable(&verify(&issuer.verifier(), &issuer.token("1", &key)).await), "{name}");
        assert_eq!((issuer.asked("/keys"), issuer.asked("/moved")), (1, 0), "{name}");
    }
    assert_eq!(evil.asked("/keys"), 0);
}

#[tokio::test]
async fn metadata_that_points_elsewhere_is_not_believed() {
    let key = SigningKey::generate();
    let evil = Issuer::with_keys(&[("1", &key)]).await;
    let keys = format!("{}/keys", evil.name);
    let documents = [
        json!({ "issuer": evil.name, "jwks_uri": keys }),
        json!({ "jwks_uri": keys }),
        json!({ "issuer": null, "jwks_uri": keys }),
    ];
    for document in documents {
        let issuer = Issuer::start().await;
        issuer.publish(METADATA, Page::json(&document));
        assert!(is_unavailable(&verify(&issuer.verifier(), &issuer.token("1", &key)).await), "{document}");
    }
    for url in ["http://mcp.example/keys", "file:///etc/passwd", "keys", ""] {
        let issuer = Issuer::start().await;
        issuer.publish(METADATA, Page::json(&json!({ "issuer": issuer.name, "jwks_uri": url })));
        assert!(is_unavailable(&verify(&issuer.verifier(), &issuer.token("1", &key)).await), "{url}");
    }
    assert_eq!(evil.asked("/keys"), 0);
}
