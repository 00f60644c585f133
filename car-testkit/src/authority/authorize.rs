//! The authorization endpoint: checks the request, lets the user agree or not, and sends the browser back.

use http::{HeaderValue, StatusCode, header};
use tokio::time::Instant;
use url::Url;

use super::canned::html;
use super::people::Client;
use super::route::{Asked, Refusal};
use super::rules::{Consent, Iss, ResourceRule};
use super::state::{Code, Grant, State, secret};
use crate::reply::{self, Reply};

pub(super) fn answer(state: &State, asked: &Asked) -> Reply {
    // Who asks, and where to send the browser, must be sure before anything is sent there (RFC 6749 §4.1.2.1).
    let Some(client) = state.client(&asked.config, &asked.text("client_id")) else {
        return html(400, "This client is not known.");
    };
    let redirect_uri = asked.text("redirect_uri");
    if !may_return_to(&client, &redirect_uri) {
        return html(400, "This redirect URI is not registered.");
    }
    if let Err(refusal) = check(asked) {
        return back(
            asked,
            &redirect_uri,
            &[("error", &refusal.error), ("error_description", &refusal.description)],
        );
    }
    match &asked.config.consent {
        Consent::Page => {
            let number = secret("page");
            let form = format!(
                "<form method=\"post\" action=\"{}/consent\"><input type=\"hidden\" name=\"page\" value=\"{number}\">\
                 <button>Allow</button></form>",
                asked.issuer(),
            );
            state.memory().pages.insert(number, asked.seen.params.clone());
            html(200, &form)
        }
        Consent::Refused(error) => back(asked, &redirect_uri, &[("error", error)]),
        Consent::AtOnce | Consent::WrongState(_) => agree(state, asked),
    }
}

/// Answers the button of the page.
pub(super) fn consented(state: &State, asked: &Asked) -> Reply {
    let Some(params) = state.memory().pages.remove(&asked.text("page")) else {
        return html(400, "This page is no longer valid.");
    };
    let mut seen = asked.seen.clone();
    seen.params = params;
    agree(state, &Asked { config: asked.config.clone(), origin: asked.origin.clone(), seen })
}

fn agree(state: &State, asked: &Asked) -> Reply {
    let code = secret("code");
    let mut memory = state.memory();
    let grant = Grant {
        family: memory.new_family(),
        client: asked.text("client_id"),
        account: Some(asked.config.account.clone()),
        scope: asked.text("scope"),
        resource: asked.param("resource").map(str::to_owned),
        thumbprint: asked.param("dpop_jkt").map(str::to_owned),
    };
    let kept = Code {
        grant,
        redirect_uri: asked.text("redirect_uri"),
        challenge: asked.text("code_challenge"),
        nonce: asked.param("nonce").map(str::to_owned),
        expires: Instant::now() + asked.config.code_lifetime,
        is_spent: false,
    };
    memory.codes.insert(code.clone(), kept);
    drop(memory);
    back(asked, &asked.text("redirect_uri"), &[("code", &code)])
}

/// What OAuth 2.1 §4.1.1 asks of the request.
fn check(asked: &Asked) -> Result<(), Refusal> {
    asked.check_repeats()?;
    if asked.param("response_type") != Some("code") {
        return Err(Refusal::new("unsupported_response_type", "expected code"));
    }
    if asked.param("code_challenge").is_none_or(str::is_empty) {
        return Err(Refusal::new("invalid_request", "a code_challenge is needed"));
    }
    if asked.param("code_challenge_method") != Some("S256") {
        return Err(Refusal::new("invalid_request", "the only code_challenge_method is S256"));
    }
    let is_known = |wanted: &str| asked.config.scopes.iter().any(|scope| scope == wanted);
    if asked.config.refuses_unknown_scopes && !asked.text("scope").split_whitespace().all(is_known) {
        return Err(Refusal::new("invalid_scope", "there is no such scope"));
    }
    check_resource(asked)
}

/// RFC 8707 §2.
pub(super) fn check_resource(asked: &Asked) -> Result<(), Refusal> {
    let is_good = match &asked.config.resource {
        ResourceRule::Any => true,
        ResourceRule::Exactly(wanted) => asked.param("resource") == Some(wanted),
        ResourceRule::Refused => asked.param("resource").is_none(),
    };
    if is_good { Ok(()) } else { Err(Refusal::new("invalid_target", "not for this resource")) }
}

/// Whether the client may be sent there: exactly as registered, but for the port of a loopback address.
fn may_return_to(client: &Client, uri: &str) -> bool {
    let Ok(wanted) = Url::parse(uri) else { return false };
    let is_same = |registered: &String| {
        if registered == uri {
            return true;
        }
        let Ok(mut registered) = Url::parse(registered) else { return false };
        let is_loopback = matches!(registered.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        is_loopback && registered.set_port(wanted.port()).is_ok() && registered == wanted
    };
    client.redirect_uris.is_empty() || client.redirect_uris.iter().any(is_same)
}

/// Sends the browser back with these parameters, `state`, and `iss` if configured (RFC 9207 §2).
fn back(asked: &Asked, redirect_uri: &str, params: &[(&str, &str)]) -> Reply {
    let Ok(mut uri) = Url::parse(redirect_uri) else { return html(400, "This redirect URI is none.") };
    let mut query = uri.query_pairs_mut();
    query.extend_pairs(params);
    match &asked.config.consent {
        Consent::WrongState(wrong) => {
            query.append_pair("state", wrong);
        }
        _ => {
            if let Some(state) = asked.param("state") {
                query.append_pair("state", state);
            }
        }
    }
    match &asked.config.iss {
        Iss::Advertised | Iss::SentThoughNotAdvertised => {
            query.append_pair("iss", &asked.issuer());
        }
        Iss::Wrong(wrong) => {
            query.append_pair("iss", wrong);
        }
        Iss::NotAdvertised | Iss::MissingThoughAdvertised => {}
    }
    drop(query);
    let mut reply = reply::empty(StatusCode::FOUND);
    let to = HeaderValue::from_str(uri.as_str()).expect("a URL is ASCII");
    reply.headers_mut().insert(header::LOCATION, to);
    reply
}
