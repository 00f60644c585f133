//! Devices without a browser (RFC 8628): a code for the user, and the user's decision.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::canned::html;
use super::people::Account;
use super::route::{Asked, Refusal, answer_json};
use super::state::{State, secret};
use crate::reply::Reply;

/// What is added to the interval of a device that asks too often (RFC 8628 §3.5).
pub(super) const SLOWER: Duration = Duration::from_secs(5);

/// A device whose user has not decided, or whose tokens were not fetched yet.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) user_code: String,
    pub(super) client: String,
    pub(super) scope: String,
    pub(super) resource: Option<String>,
    pub(super) decision: Decision,
    pub(super) interval: Duration,
    /// When it last asked for its tokens.
    pub(super) asked: Option<Instant>,
    pub(super) expires: Instant,
}

#[derive(Clone, Debug)]
pub(super) enum Decision {
    Pending,
    Approved(Account),
    Denied,
}

/// Answers a device authorization request.
pub(super) fn answer(state: &State, asked: &Asked) -> Reply {
    let Some(client) = state.client(&asked.config, &asked.text("client_id")) else {
        return Refusal::client("this client is not known").reply();
    };
    let number = rand::random::<u32>();
    let user_code = format!("{:04X}-{:04X}", number >> 16, number & 0xFFFF);
    let code = secret("device");
    let waiting = Waiting {
        user_code: user_code.clone(),
        client: client.id,
        scope: asked.text("scope"),
        resource: asked.param("resource").map(str::to_owned),
        decision: Decision::Pending,
        interval: Duration::from_secs(asked.config.device_interval),
        asked: None,
        expires: Instant::now() + asked.config.device_lifetime,
    };
    state.memory().devices.insert(code.clone(), waiting);
    let page = format!("{}/activate", asked.issuer());
    answer_json(
        200,
        &json!({
            "device_code": code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "expires_in": asked.config.device_lifetime.as_secs(),
            "interval": asked.config.device_interval,
        }),
    )
}

/// Shows the user where to enter the code.
pub(super) fn page(asked: &Asked) -> Reply {
    // Only what a code can hold comes back, so that a link cannot put its own markup on the page.
    let is_of_code = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
    let code: String = asked.text("user_code").chars().filter(is_of_code).collect();
    let form = format!(
        "<form method=\"post\" action=\"{}/activate\"><input name=\"user_code\" value=\"{code}\">\
         <button>Allow</button></form>",
        asked.issuer(),
    );
    html(200, &form)
}

/// Takes the code that the user entered, which lets the device in.
pub(super) fn entered(state: &State, asked: &Asked) -> Reply {
    let decision = Decision::Approved(asked.config.account.clone());
    if decide(state, &asked.text("user_code"), decision) {
        html(200, "The device is signed in.")
    } else {
        html(400, "No device waits with this code.")
    }
}

/// Notes what the user decided; false when no device waits with this code.
pub(super) fn decide(state: &State, user_code: &str, decision: Decision) -> bool {
    let mut memory = state.memory();
    let waiting = memory.devices.values_mut().find(|waiting| waiting.user_code == user_code);
    waiting.map(|waiting| waiting.decision = decision).is_some()
}
