//! A client of the authorization server that does everything right, step by step, so that a test can do one thing wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use car_testkit::authority::{Authority, AuthorityConfig, Client};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::wire::{Got, send};

pub(crate) const CLIENT: &str = "known";
pub(crate) const BACK: &str = "http://127.0.0.1:1/callback";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-for-the-standard";

/// Starts a server that knows the client.
pub(crate) async fn authority(change: impl FnOnce(&mut AuthorityConfig)) -> Authority {
    let mut config = AuthorityConfig::default();
    config.clients.push(Client::public(CLIENT, &[BACK]));
    change(&mut config);
    Authority::start(config).await.unwrap()
}

/// Sends a form.
pub(crate) async fn post(url: &str, headers: &[(&str, &str)], params: &[(&str, &str)]) -> Got {
    let body = Serializer::new(String::new()).extend_pairs(params).finish();
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    send("POST", url, &[&kind, headers].concat(), &body).await
}

/// Sends the user to the authorization endpoint, with these parameters besides the usual ones, or instead of them.
pub(crate) async fn authorize(authority: &Authority, other: &[(&str, &str)]) -> Got {
    let challenge = URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, VERIFIER.as_bytes()));
    let usual = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", BACK),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("state", "the-state"),
    ];
    let usual = usual.iter().filter(|(name, _)| !other.iter().any(|(other, _)| other == name));
    let query = Serializer::new(String::new()).extend_pairs(usual.chain(other)).finish();
    send("GET", &format!("{}/authorize?{query}", authority.issuer()), &[], "").await
}

/// Reads a parameter of the URL that the browser is sent to.
pub(crate) fn returned(got: &Got, name: &str) -> Option<String> {
    let url =
        Url::parse(got.header("location").unwrap_or_else(|| panic!("{} {}", got.status, got.body))).unwrap();
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

/// Asks the token endpoint.
pub(crate) async fn token(authority: &Authority, headers: &[(&str, &str)], params: &[(&str, &str)]) -> Got {
    post(&format!("{}/token", authority.issuer()), headers, params).await
}

/// Redeems a code.
pub(crate) async fn redeem(authority: &Authority, code: &str, verifier: &str) -> Got {
    redeem_with(authority, code, &[("code_verifier", verifier)]).await
}

/// Redeems a code, with these parameters besides the usual ones, or instead of them.
pub(crate) async fn redeem_with(authority: &Authority, code: &str, other: &[(&str, &str)]) -> Got {
    let usual = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let usual = usual.iter().filter(|(name, _)| !other.iter().any(|(other, _)| other == name));
    let params: Vec<_> = usual.chain(other).copied().collect();
    token(authority, &[], &params).await
}

/// Goes through the whole flow and returns the token response.
pub(crate) async fn sign_in(authority: &Authority, other: &[(&str, &str)]) -> Value {
    let code = returned(&authorize(authority, other).await, "code").unwrap();
    let got = redeem(authority, &code, VERIFIER).await;
    assert_eq!(got.status, 200, "{}", got.body);
    got.json()
}

/// Uses a refresh token.
pub(crate) async fn refresh(authority: &Authority, refresh_token: &Value) -> Got {
    let token_text = refresh_token.as_str().unwrap();
    let params = [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token_text)];
    token(authority, &[], &params).await
}

/// Returns an access token as text.
pub(crate) fn access(answer: &Value) -> &str {
    answer["access_token"].as_str().unwrap()
}

/// Returns the error code of a refusal.
pub(crate) fn error(got: &Got) -> (u16, String) {
    (got.status, got.json()["error"].as_str().unwrap_or_default().to_owned())
}

/// Reads the claims of a token without checking its signature.
pub(crate) fn claims(token: &str) -> Value {
    let middle = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle).unwrap()).unwrap()
}
