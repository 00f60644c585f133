//! The authorization server: who may ask, and the grants without a browser.

use std::time::Duration;

use base64::Engine as _;
use car_testkit::authority::{Client, Registration, RegistrationSecret, SigningKey};
use serde_json::{Value, json};

use crate::oauth::{
    BACK, access, authority, authorize, claims, error, post, redeem_with, returned, sign_in, token,
};
use crate::wire::{Got, send};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn later() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs() + 60
}

#[tokio::test]
async fn a_client_proves_who_it_is_in_any_of_four_ways() {
    let key = SigningKey::generate();
    let authority = authority(|config| {
        config.clients.push(Client::confidential("c d", "s:e", &[]));
        config.clients.push(Client::with_key("signer", key.jwk()));
    })
    .await;
    let grant = ("grant_type", "client_credentials");
    let post = token(&authority, &[], &[grant, ("client_id", "c d"), ("client_secret", "s:e")]).await;
    assert_eq!(post.status, 200, "{}", post.body);
    assert!(post.json().get("refresh_token").is_none());
    // "c+d:s%3Ae" in base64: both halves are form-encoded first.
    let basic = ("Authorization", "Basic YytkOnMlM0Fl");
    assert_eq!(token(&authority, &[basic], &[grant]).await.status, 200);
    let wrong = token(&authority, &[], &[grant, ("client_id", "c d"), ("client_secret", "x")]).await;
    assert_eq!(error(&wrong), (401, "invalid_client".to_owned()));
    let public = token(&authority, &[], &[grant, ("client_id", "known")]).await;
    assert_eq!(error(&public), (400, "unauthorized_client".to_owned()));
    authority.set(|config| config.token_auth_methods = vec!["none".to_owned()]);
    assert_eq!(error(&token(&authority, &[basic], &[grant]).await).1, "invalid_client");
}

#[tokio::test]
async fn takes_an_assertion_once_and_only_a_good_one() {
    let (key, other) = (SigningKey::generate(), SigningKey::generate());
    let authority = authority(|config| config.clients.push(Client::with_key("signer", key.jwk()))).await;
    let ask = async |key: &SigningKey, change: Value| {
        let mut all = json!({ "iss": "signer", "sub": "signer", "aud": authority.issuer(), "exp": later(), "jti": "1" });
        all.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let assertion = key.sign(&json!({ "typ": "JWT" }), &all);
        let params = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", &assertion),
        ];
        token(&authority, &[], &params).await
    };
    let bad = [
        json!({ "aud": "https://other" }),
        json!({ "exp": 1 }),
        json!({ "iss": "known" }),
        json!({ "jti": null }),
    ];
    for change in bad {
        assert_eq!(error(&ask(&key, change.clone()).await).1, "invalid_client", "{change}");
    }
    assert_eq!(error(&ask(&other, json!({})).await).1, "invalid_client");
    assert_eq!(ask(&key, json!({})).await.status, 200);
    assert_eq!(error(&ask(&key, json!({})).await).1, "invalid_client");
    assert_eq!(ask(&key, json!({ "jti": "2" })).await.status, 200);
}

async fn device_code(authority: &car_testkit::authority::Authority) -> (String, String) {
    let url = format!("{}/device", authority.issuer());
    let answer = post(&url, &[], &[("client_id", "known"), ("scope", "mcp:read")]).await.json();
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("device_code"), text("user_code"))
}

async fn poll(authority: &car_testkit::authority::Authority, code: &str) -> Got {
    token(authority, &[], &[("grant_type", DEVICE), ("client_id", "known"), ("device_code", code)]).await
}

#[tokio::test]
async fn a_device_waits_until_its_user_has_decided() {
    let authority = authority(|config| config.device_interval = 0).await;
    let (code, user_code) = device_code(&authority).await;
    assert_eq!(error(&poll(&authority, &code).await), (400, "authorization_pending".to_owned()));
    assert!(!authority.approve_device("0000-000"));
    assert!(authority.approve_device(&user_code));
    let answer = poll(&authority, &code).await.json();
    assert_eq!(authority.introspect(access(&answer)).unwrap().scope, "mcp:read");
    assert!(answer["refresh_token"].is_string());
    assert_eq!(error(&poll(&authority, &code).await).1, "invalid_grant");

    let (code, user_code) = device_code(&authority).await;
    assert!(authority.deny_device(&user_code));
    assert_eq!(error(&poll(&authority, &code).await).1, "access_denied");

    authority.set(|config| config.device_lifetime = Duration::ZERO);
    let (code, user_code) = device_code(&authority).await;
    assert!(authority.approve_device(&user_code));
    assert_eq!(error(&poll(&authority, &code).await).1, "expired_token");
}

#[tokio::test]
async fn the_user_of_a_device_enters_the_code_on_a_page() {
    let authority = authority(|config| config.device_interval = 0).await;
    let (code, user_code) = device_code(&authority).await;
    let url = format!("{}/activate", authority.issuer());
    let page = send("GET", &format!("{url}?user_code={user_code}%22%3E"), &[], "").await;
    assert!(page.body.contains(&format!("value=\"{user_code}\"")), "{}", page.body);
    assert_eq!(post(&url, &[], &[("user_code", "wrong")]).await.status, 400);
    assert_eq!(post(&url, &[], &[("user_code", &user_code)]).await.status, 200);
    assert_eq!(poll(&authority, &code).await.status, 200);
}

#[tokio::test]
async fn a_device_that_asks_too_often_is_slowed_down() {
    let authority = authority(|config| config.device_interval = 3_600).await;
    let (code, _) = device_code(&authority).await;
    assert_eq!(error(&poll(&authority, &code).await).1, "authorization_pending");
    assert_eq!(error(&poll(&authority, &code).await).1, "slow_down");
}

#[tokio::test]
async fn an_identity_is_carried_from_one_server_to_another() {
    let (home, away) = (authority(|_| {}).await, authority(|_| {}).await);
    let jwk = home.jwk();
    away.set(|config| config.trusted_keys.push(jwk));
    let signed_in = sign_in(&home, &[("scope", "openid")]).await;
    let exchange = async |audience: &str| {
        let params = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:id-jag"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            ("subject_token", signed_in["id_token"].as_str().unwrap()),
            ("client_id", "known"),
            ("audience", audience),
            ("resource", "https://a/mcp"),
        ];
        token(&home, &[], &params).await.json()
    };
    let redeem = async |answer: &Value| {
        let params = [("grant_type", JWT_BEARER), ("client_id", "known"), ("assertion", access(answer))];
        token(&away, &[], &params).await
    };
    let exchanged = exchange(&away.issuer()).await;
    assert_eq!(exchanged["token_type"], "N_A");
    assert_eq!(claims(access(&exchanged))["resource"], "https://a/mcp");
    let got = redeem(&exchanged).await.json();
    let known = away.introspect(access(&got)).unwrap();
    assert_eq!(
        (known.subject.as_deref(), known.resource.as_deref()),
        (Some("user-1"), Some("https://a/mcp"))
    );
    assert_eq!(error(&redeem(&exchange("https://other").await).await).1, "invalid_grant");
    // The assertion is that of one client, and does not last.
    away.set(|config| config.clients.push(Client::public("other", &[])));
    let params = [("grant_type", JWT_BEARER), ("client_id", "other"), ("assertion", access(&exchanged))];
    assert_eq!(error(&token(&away, &[], &params).await).1, "invalid_grant");
    let mut old = claims(access(&exchanged));
    old["exp"] = json!(1);
    let old = json!({ "access_token": home.sign(&json!({ "typ": "oauth-id-jag+jwt" }), &old) });
    assert_eq!(error(&redeem(&old).await).1, "invalid_grant");
    away.set(|config| config.trusted_keys.clear());
    assert_eq!(error(&redeem(&exchanged).await).1, "invalid_grant");
}

#[tokio::test]
async fn only_the_client_that_it_is_for_exchanges_an_id_token() {
    let authority = authority(|config| config.clients.push(Client::public("other", &[]))).await;
    let signed_in = sign_in(&authority, &[("scope", "openid")]).await;
    let ask = async |client: &str, subject: &str, kind: &str| {
        let params = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", kind),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            ("subject_token", subject),
            ("client_id", client),
            ("audience", "https://away"),
        ];
        token(&authority, &[], &params).await
    };
    let (id_token, id_jag) =
        (signed_in["id_token"].as_str().unwrap(), "urn:ietf:params:oauth:token-type:id-jag");
    assert_eq!(error(&ask("other", id_token, id_jag).await).1, "invalid_grant");
    assert_eq!(error(&ask("known", access(&signed_in), id_jag).await).1, "invalid_grant");
    assert_eq!(error(&ask("known", id_token, "urn:other").await).1, "invalid_request");
    assert_eq!(ask("known", id_token, id_jag).await.status, 200);
}

#[tokio::test]
async fn a_workload_shows_a_token_of_its_platform() {
    let platform = SigningKey::generate();
    let authority = authority(|config| config.trusted_keys.push(platform.jwk())).await;
    let ask = async |audience: String| {
        let claims = json!({ "iss": "https://platform", "sub": "job-7", "aud": audience, "exp": later() });
        let assertion = platform.sign(&json!({ "typ": "JWT" }), &claims);
        token(&authority, &[], &[("grant_type", JWT_BEARER), ("assertion", &assertion), ("resource", "r")])
            .await
    };
    let answer = ask(authority.issuer()).await.json();
    let known = authority.introspect(access(&answer)).unwrap();
    assert_eq!((known.client.as_str(), known.resource.as_deref()), ("job-7", Some("r")));
    assert!(answer.get("refresh_token").is_none());
    assert_eq!(error(&ask("https://other".to_owned()).await).1, "invalid_grant");
}

#[tokio::test]
async fn registers_clients_and_refuses_as_told() {
    let authority = authority(|_| {}).await;
    let url = format!("{}/register", authority.issuer());
    let register = async |document: Value| send("POST", &url, &[], &document.to_string()).await;
    let public = json!({ "redirect_uris": [BACK], "token_endpoint_auth_method": "none", "client_name": "t" });
    let got = register(public.clone()).await;
    assert_eq!(
        (got.status, got.json().get("client_secret").is_none(), &got.json()["client_name"]),
        (201, true, &json!("t"))
    );
    let id = got.json()["client_id"].as_str().unwrap().to_owned();
    assert!(returned(&authorize(&authority, &[("client_id", &id)]).await, "code").is_some());
    authority.forget_clients();
    assert_eq!(authorize(&authority, &[("client_id", &id)]).await.status, 400);

    authority.set(|config| config.registration_secret = RegistrationSecret::Until(1));
    let expired = register(json!({ "redirect_uris": [BACK] })).await.json();
    assert_eq!(
        (&expired["client_secret_expires_at"], &expired["token_endpoint_auth_method"]),
        (&json!(1), &json!("client_secret_basic"))
    );
    assert_eq!(register(json!({ "redirect_uris": [] })).await.json()["error"], "invalid_redirect_uri");
    assert_eq!(register(json!([])).await.json()["error"], "invalid_client_metadata");

    let unknown = json!({ "redirect_uris": [BACK], "token_endpoint_auth_method": "tls_client_auth" });
    assert_eq!(register(unknown).await.json()["error"], "invalid_client_metadata");

    let cases = [
        (Registration::RefusesRedirectUris, 400, "invalid_redirect_uri"),
        (
            Registration::Refuses("invalid_software_statement".to_owned(), "no".to_owned()),
            400,
            "invalid_software_statement",
        ),
        (Registration::Forbidden, 403, "Registration is closed."),
        (Registration::Absent, 404, ""),
    ];
    for (registration, status, text) in cases {
        authority.set(|config| config.registration = registration.clone());
        let got = register(public.clone()).await;
        assert_eq!((got.status, got.body.contains(text)), (status, true), "{registration:?}");
    }
}

#[tokio::test]
async fn a_secret_that_has_expired_is_refused() {
    let authority = authority(|_| {}).await;
    let url = format!("{}/register", authority.issuer());
    let document = json!({ "redirect_uris": [BACK], "token_endpoint_auth_method": "client_secret_post" });
    let ask = async |until: u64| {
        authority.set(|config| config.registration_secret = RegistrationSecret::Until(until));
        let client = send("POST", &url, &[], &document.to_string()).await.json();
        let (id, secret) = (client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
        token(
            &authority,
            &[],
            &[("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)],
        )
        .await
    };
    assert_eq!(error(&ask(1).await).1, "invalid_client");
    assert_eq!(ask(later()).await.status, 200);
}

#[tokio::test]
async fn a_client_may_be_a_document_where_that_is_supported() {
    let authority = authority(|_| {}).await;
    let id = ("client_id", "https://client.example/metadata.json");
    let code = returned(&authorize(&authority, &[id]).await, "code").unwrap();
    assert_eq!(redeem_with(&authority, &code, &[id]).await.status, 200);
    authority.set(|config| config.client_id_documents = false);
    assert_eq!(authorize(&authority, &[id]).await.status, 400);
}

#[tokio::test]
async fn what_was_given_to_one_client_is_no_good_to_another() {
    let authority = authority(|config| config.clients.push(Client::public("other", &[BACK]))).await;
    let other = ("client_id", "other");
    let code = returned(&authorize(&authority, &[]).await, "code").unwrap();
    assert_eq!(error(&redeem_with(&authority, &code, &[other]).await).1, "invalid_grant");
    let answer = sign_in(&authority, &[]).await;
    let refresh_token = ("refresh_token", answer["refresh_token"].as_str().unwrap());
    let refreshed = token(&authority, &[], &[("grant_type", "refresh_token"), other, refresh_token]).await;
    assert_eq!(error(&refreshed).1, "invalid_grant");
    let url = format!("{}/revoke", authority.issuer());
    for token in [access(&answer), refresh_token.1] {
        assert_eq!(post(&url, &[], &[other, ("token", token)]).await.status, 200);
    }
    assert!(authority.is_live(access(&answer)));
    let (code, user_code) = device_code(&authority).await;
    assert!(authority.approve_device(&user_code));
    let polled = token(&authority, &[], &[("grant_type", DEVICE), other, ("device_code", &code)]).await;
    assert_eq!(error(&polled).1, "invalid_grant");
}

#[tokio::test]
async fn a_client_keeps_to_the_method_it_registered() {
    let authority = authority(|_| {}).await;
    let url = format!("{}/register", authority.issuer());
    let document = json!({ "redirect_uris": [BACK], "token_endpoint_auth_method": "client_secret_basic" });
    let client = send("POST", &url, &[], &document.to_string()).await.json();
    let (id, secret) = (client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
    let grant = ("grant_type", "client_credentials");
    let posted = token(&authority, &[], &[grant, ("client_id", id), ("client_secret", secret)]).await;
    assert_eq!(error(&posted).1, "invalid_client");
    let basic =
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")));
    assert_eq!(token(&authority, &[("Authorization", &basic)], &[grant]).await.status, 200);
}
