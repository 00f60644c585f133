//! Dynamic client registration (RFC 7591).

use http::StatusCode;
use serde_json::{Value, json};

use super::canned::whole;
use super::jwt::now;
use super::people::Client;
use super::route::{Asked, Refusal, answer_json};
use super::rules::{Registration, RegistrationSecret};
use super::state::{State, secret};
use crate::reply::{self, Reply};

pub(super) fn answer(state: &State, asked: &Asked) -> Reply {
    match &asked.config.registration {
        Registration::Open => register(state, asked).unwrap_or_else(|refusal| refusal.reply()),
        Registration::Absent => reply::empty(StatusCode::NOT_FOUND),
        Registration::RefusesRedirectUris => {
            Refusal::new("invalid_redirect_uri", "only https is allowed here").reply()
        }
        Registration::Refuses(error, description) => Refusal::new(error, description).reply(),
        Registration::Forbidden => whole(403, "text/plain", "Registration is closed.\n".to_owned()),
    }
}

fn register(state: &State, asked: &Asked) -> Result<Reply, Refusal> {
    let mut document = asked.seen.json();
    if !document.is_object() {
        return Err(Refusal::new("invalid_client_metadata", "the body is not a JSON object"));
    }
    let redirect_uris: Option<Vec<String>> =
        document["redirect_uris"].as_array().map(|uris| uris.iter().filter_map(text).collect());
    let Some(redirect_uris) = redirect_uris.filter(|uris| !uris.is_empty()) else {
        return Err(Refusal::new("invalid_redirect_uri", "at least one redirect URI is needed"));
    };
    // The default of RFC 7591 §2.
    let method =
        text(&document["token_endpoint_auth_method"]).unwrap_or_else(|| "client_secret_basic".to_owned());
    if !asked.config.token_auth_methods.contains(&method) {
        return Err(Refusal::new(
            "invalid_client_metadata",
            "this token_endpoint_auth_method is not supported",
        ));
    }
    let expires = match asked.config.registration_secret {
        RegistrationSecret::WhenAskedFor if method.starts_with("client_secret") => Some(0),
        RegistrationSecret::WhenAskedFor => None,
        RegistrationSecret::Always => Some(0),
        RegistrationSecret::Until(second) => Some(second),
    };
    let mut client = Client::public(&secret("client"), &[]);
    client.redirect_uris = redirect_uris;
    client.jwk = document["jwks"]["keys"].get(0).cloned();
    document["client_id"] = json!(client.id);
    document["client_id_issued_at"] = json!(now());
    document["token_endpoint_auth_method"] = json!(method);
    if let Some(expires) = expires {
        client.secret = Some(secret("secret"));
        client.secret_expires = expires;
        document["client_secret"] = json!(client.secret);
        document["client_secret_expires_at"] = json!(expires);
    }
    client.auth_method = Some(method);
    state.memory().clients.insert(client.id.clone(), client);
    Ok(answer_json(201, &document))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
