//! Servers that say nothing of how to sign in, or nothing that can be read.

use car_oauth::Error;
use car_testkit::authority::{Canned, Endpoint, MetadataAt, Registration};
use serde_json::{Value, json};

use crate::support::{BACK, Browser, Site};

/// What stands at a place where a document should be.
fn garbage() -> Vec<Canned> {
    let body = |body: &str| Canned::Exactly(200, "application/json".to_owned(), body.to_owned());
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let bodies = ["", "[]", "{\"issuer\":", "null", "\u{0}", &deep];
    [Canned::Html, Canned::Cut].into_iter().chain(bodies.map(body)).collect()
}

#[tokio::test]
async fn a_server_without_metadata_says_where_was_looked() {
    let site = Site::start().await;
    site.protection.set(|config| (config.metadata_at, config.names_metadata) = (MetadataAt::Nowhere, false));
    let browser = Browser::honest();
    let error = site.fail(&browser).await;
    let Error::NoMetadata { tried, .. } = &error else { panic!("{error}") };
    let places: Vec<_> = tried.iter().map(|(url, why)| (url.to_owned(), why.to_owned())).collect();
    for path in [
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server",
    ] {
        let place = site.url().join(path).unwrap().to_string();
        assert!(places.contains(&(place.clone(), "404".to_owned())), "{place} in {places:?}");
        assert!(error.to_string().contains(&place), "{error}");
    }
    site.assert_not_begun(&browser);
}

#[tokio::test]
async fn an_authorization_server_without_metadata_says_where_was_looked() {
    let site = Site::with(|config| config.discovery = Vec::new()).await;
    let browser = Browser::honest();
    let error = site.fail(&browser).await;
    let Error::NoServerMetadata { issuer, tried } = &error else { panic!("{error}") };
    assert_eq!(*issuer, site.authority.issuer());
    let places: Vec<_> = tried.iter().map(|(url, why)| format!("{url} {why}")).collect();
    let at = |name: &str| format!("{issuer}/.well-known/{name} 404");
    assert_eq!(places, [at("oauth-authorization-server"), at("openid-configuration")]);
    site.assert_not_begun(&browser);
}

/// A place that the server named must hold the document; a guessed one may hold anything.
#[tokio::test]
async fn resource_metadata_that_cannot_be_read_is_named() {
    let site = Site::start().await;
    for canned in garbage() {
        site.protection.set(|config| config.metadata_canned = Some(canned.clone()));
        let browser = Browser::honest();
        let error = site.fail(&browser).await;
        match &error {
            Error::InvalidMetadata { url, .. } => assert!(url.contains("oauth-protected-resource"), "{url}"),
            Error::Http { what: "resource metadata", .. } if canned == Canned::Cut => {}
            _ => panic!("{canned:?}: {error}"),
        }
        site.assert_not_begun(&browser);
        assert_eq!(site.authority.ledger().seen().len(), 0);
    }
}

#[tokio::test]
async fn server_metadata_that_cannot_be_read_is_named() {
    let site = Site::start().await;
    for canned in garbage() {
        site.authority.set(|config| config.metadata_canned = Some(canned.clone()));
        let browser = Browser::honest();
        let error = site.fail(&browser).await;
        match &error {
            Error::NoServerMetadata { tried, .. } => assert_eq!(tried.iter().count(), 2, "{tried}"),
            Error::Http { what: "authorization server metadata", .. } if canned == Canned::Cut => {}
            _ => panic!("{canned:?}: {error}"),
        }
        site.assert_not_begun(&browser);
    }
}

#[tokio::test]
async fn resource_metadata_of_the_wrong_types_is_refused() {
    let site = Site::start().await;
    for patch in [
        json!({ "resource": 1 }),
        json!({ "authorization_servers": "https://as.example" }),
        json!({ "authorization_servers": [1] }),
        json!({ "authorization_servers": [] }),
        json!({ "authorization_servers": null }),
        json!({ "dpop_bound_access_tokens_required": "no" }),
    ] {
        site.protection.set(|config| config.metadata_patch = patch.clone());
        let browser = Browser::honest();
        let error = site.fail(&browser).await;
        assert!(matches!(&error, Error::InvalidMetadata { .. }), "{patch}: {error}");
        site.assert_not_begun(&browser);
    }
}

#[tokio::test]
async fn server_metadata_of_the_wrong_types_is_refused() {
    let site = Site::start().await;
    for patch in [
        json!({ "issuer": 1 }),
        json!({ "token_endpoint": ["https://as.example/token"] }),
        json!({ "authorization_endpoint": {} }),
        json!({ "code_challenge_methods_supported": "S256" }),
        json!({ "token_endpoint_auth_methods_supported": "none" }),
        json!({ "authorization_response_iss_parameter_supported": "yes" }),
    ] {
        site.authority.set(|config| config.metadata_patch = patch.clone());
        let browser = Browser::honest();
        let error = site.fail(&browser).await;
        assert!(matches!(&error, Error::InvalidMetadata { .. }), "{patch}: {error}");
        site.assert_not_begun(&browser);
    }
}

/// What anybody on the way could read is not called.
#[tokio::test]
async fn a_plain_http_endpoint_is_refused() {
    let site = Site::start().await;
    for member in ["token_endpoint", "registration_endpoint", "revocation_endpoint", "userinfo_endpoint"] {
        site.authority.set(|config| config.metadata_patch = json!({ member: "http://as.example/x" }));
        let browser = Browser::honest();
        let error = site.fail(&browser).await;
        let Error::InsecureEndpoint { what, url, .. } = &error else { panic!("{member}: {error}") };
        assert_eq!(what.replace(' ', "_"), member);
        assert_eq!(url, "http://as.example/x");
        site.assert_not_begun(&browser);
    }
}

#[tokio::test]
async fn a_server_without_a_token_endpoint_is_not_begun_with() {
    let site = Site::with(|config| config.metadata_patch = json!({ "token_endpoint": null })).await;
    let browser = Browser::honest();
    let error = site.fail(&browser).await;
    assert!(matches!(&error, Error::EndpointMissing { what: "token endpoint", .. }), "{error}");
    site.assert_not_begun(&browser);
}

#[tokio::test]
async fn without_registration_and_client_id_the_open_ways_are_told() {
    let site = Site::with(|config| config.registration = Registration::Absent).await;
    let browser = Browser::honest();
    let error = site.fail(&browser).await;
    let Error::ClientUnknown { ways, issuer } = &error else { panic!("{error}") };
    assert_eq!(*issuer, site.authority.issuer());
    assert!(ways.iter().any(|way| way.contains(BACK)), "{ways:?}");
    assert!(ways.iter().any(|way| way.contains("client metadata document")), "{ways:?}");
    assert!(ways.iter().any(|way| way.contains("another device")), "{ways:?}");
    assert_eq!(browser.opened(), []);
}

/// A list of who may register answers with a line of text.
#[tokio::test]
async fn a_refused_registration_is_told_in_the_servers_words() {
    let site = Site::with(|config| config.registration = Registration::Forbidden).await;
    let browser = Browser::honest();
    let error = site.fail(&browser).await;
    let Error::RegistrationRefused { error: code, description, redirect_uri: false, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!((code.as_str(), description.as_deref()), ("status 403", Some("Registration is closed.")));
    assert_eq!(site.authority.count(Endpoint::Register), 1, "asked once");
    assert_eq!(browser.opened(), []);
}

#[tokio::test]
async fn a_registration_without_a_client_id_is_refused() {
    let site = Site::start().await;
    for body in ["{}", "[]", "<html>", "", r#"{"client_id":1}"#, r#"{"client_id":""}"#] {
        let mut config = car_testkit::authority::AuthorityConfig::default();
        let canned = Canned::Exactly(201, "application/json".to_owned(), body.to_owned());
        config.token_fault = Some(car_testkit::authority::TokenFault::Canned(canned));
        let other = car_testkit::authority::Authority::start(config).await.unwrap();
        let patch: Value = json!({ "registration_endpoint": format!("{}/token", other.issuer()) });
        site.authority.set(|config| config.metadata_patch = patch);
        let browser = Browser::honest();
        let error = site.fail(&browser).await;
        assert!(
            matches!(&error, Error::InvalidTokenResponse { endpoint: "registration", .. }),
            "{body}: {error}"
        );
        site.assert_not_begun(&browser);
    }
}
