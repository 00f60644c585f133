//! The metadata document (RFC 8414, OpenID Connect Discovery), and where it stands.

use http::StatusCode;
use serde_json::{Value, json};

use super::config::AuthorityConfig;
use super::route::{Asked, answer_json};
use super::rules::{Dpop, Iss, Registration, WellKnown};
use super::token::GRANTS;
use crate::reply::{self, Reply};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// Whether this is one of the places where a client may look, served or not.
pub(super) fn is_at(config: &AuthorityConfig, path: &str) -> bool {
    path.starts_with(OAUTH) || path.starts_with(OPENID) || path == format!("{}{OPENID}", config.issuer_path)
}

pub(super) async fn answer(asked: &Asked) -> Reply {
    let config = &asked.config;
    let issuer_path = &config.issuer_path;
    let is_served = config.discovery.iter().any(|place| {
        let served = match place {
            WellKnown::OAuth => format!("{OAUTH}{issuer_path}"),
            WellKnown::OpenIdInserted => format!("{OPENID}{issuer_path}"),
            WellKnown::OpenIdAppended => format!("{issuer_path}{OPENID}"),
        };
        served == asked.seen.path
    });
    if !is_served {
        return reply::empty(StatusCode::NOT_FOUND);
    }
    if let Some(canned) = &config.metadata_canned {
        return canned.reply().await;
    }
    let mut document = document(config, &asked.issuer());
    merge(&mut document, &config.metadata_patch);
    answer_json(200, &document)
}

fn document(config: &AuthorityConfig, issuer: &str) -> Value {
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "device_authorization_endpoint": format!("{issuer}/device"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "scopes_supported": config.scopes,
        "response_types_supported": ["code"],
        "grant_types_supported": GRANTS,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": config.token_auth_methods,
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "revocation_endpoint_auth_methods_supported": config.token_auth_methods,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "authorization_grant_profiles_supported": ["urn:ietf:params:oauth:grant-profile:id-jag"],
    });
    if config.registration != Registration::Absent {
        document["registration_endpoint"] = json!(format!("{issuer}/register"));
    }
    if config.client_id_documents {
        document["client_id_metadata_document_supported"] = json!(true);
    }
    if matches!(config.iss, Iss::Advertised | Iss::MissingThoughAdvertised | Iss::Wrong(_)) {
        document["authorization_response_iss_parameter_supported"] = json!(true);
    }
    if config.dpop != Dpop::Off {
        document["dpop_signing_alg_values_supported"] = json!(["ES256"]);
    }
    document
}

/// Applies an RFC 7396 merge patch.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            target.as_object_mut().expect("made one above").remove(name);
        } else {
            merge(&mut target[name.as_str()], value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_sets_replaces_and_removes() {
        let mut target = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": [1] });
        merge(&mut target, &json!({ "a": null, "b": { "c": "x" }, "e": [], "f": {} }));
        assert_eq!(target, json!({ "b": { "c": "x", "d": 3 }, "e": [], "f": {} }));
    }
}
