//! Metadata of somebody else, and metadata that would make a sign-in weaker.

use car_oauth::Error;
use car_testkit::authority::{Authority, AuthorityConfig, Canned};
use serde_json::{Value, json};

use crate::support::{Browser, Site};

async fn refused(site: &Site, patch: Value) -> Error {
    site.authority.set(|config| config.metadata_patch = patch);
    let browser = Browser::honest();
    let error = site.fail(&browser).await;
    site.assert_not_begun(&browser);
    error
}

/// A document that says it is of another issuer: none of its endpoints is used (RFC 8414 §3.3).
#[tokio::test]
async fn metadata_of_another_issuer_is_not_used() {
    let site = Site::start().await;
    let evil = Authority::start(AuthorityConfig::default()).await.unwrap();
    let issuer = site.authority.issuer();
    let at = |path: &str| format!("{}/{path}", evil.issuer());
    for claimed in [evil.issuer(), format!("{issuer}/"), issuer.to_uppercase(), String::new()] {
        let patch = json!({
            "issuer": claimed,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "registration_endpoint": at("register"),
        });
        let error = refused(&site, patch).await;
        assert!(matches!(&error, Error::IssuerMismatch { .. }), "{claimed:?}: {error}");
    }
    let error = refused(&site, json!({ "issuer": null })).await;
    assert!(matches!(&error, Error::IssuerMismatch { found: None, .. }), "{error}");
    assert_eq!(evil.ledger().seen().len(), 0, "an endpoint of the document was used");
}

/// A server that shows the metadata of another one wants a token for that one (RFC 9728 §7.3).
#[tokio::test]
async fn a_resource_of_another_origin_is_refused() {
    let site = Site::start().await;
    let port = site.server.address().port();
    for (resource, is_foreign) in [
        ("https://victim.example/mcp".to_owned(), true),
        (format!("http://localhost:{port}/mcp"), true),
        (format!("https://127.0.0.1:{port}/mcp"), true),
        (format!("http://127.0.0.1:{port}@victim.example/mcp"), true),
        ("urn:victim".to_owned(), true),
        (format!("http://127.0.0.1:{port}/mcp/deeper"), false),
        (format!("http://127.0.0.1:{port}/mc"), false),
        (format!("http://127.0.0.1:{port}/mcp#x"), false),
    ] {
        for is_named in [true, false] {
            site.protection.set(|config| {
                config.metadata_patch = json!({ "resource": resource });
                config.names_metadata = is_named;
            });
            let browser = Browser::honest();
            let error = site.fail(&browser).await;
            // At a guessed place the document of another path of this server is as good as none.
            match &error {
                Error::ResourceMismatch { .. } => {}
                Error::NoMetadata { tried, .. } if !is_named && !is_foreign => {
                    assert!(tried.to_string().contains("for another resource"), "{tried}");
                }
                _ => panic!("{resource}: {error}"),
            }
            site.assert_not_begun(&browser);
            assert_eq!(site.authority.ledger().seen().len(), 0, "{resource}");
        }
    }
}

/// On the server's own origin a document can be about nobody else; elsewhere it has to say whom it is about.
#[tokio::test]
async fn a_document_of_another_origin_that_names_no_resource_is_refused() {
    let site = Site::start().await;
    let evil = Authority::start(AuthorityConfig::default()).await.unwrap();
    let body = json!({ "authorization_servers": [site.authority.issuer()] }).to_string();
    evil.set(|config| {
        config.metadata_canned = Some(Canned::Exactly(200, "application/json".to_owned(), body));
    });
    let url = format!("{}/.well-known/oauth-authorization-server", evil.issuer());
    site.protection.set(|config| {
        config.challenges = false;
        config.other_challenges = vec![format!("Bearer resource_metadata=\"{url}\"")];
    });
    let browser = Browser::honest();
    let error = site.fail(&browser).await;
    assert!(matches!(&error, Error::InvalidMetadata { .. }), "{error}");
    site.assert_not_begun(&browser);
}

/// Without S256 a stolen code can be used: neither `plain` nor silence will do, in either kind of document.
#[tokio::test]
async fn a_downgrade_of_pkce_is_refused_before_registration() {
    use car_testkit::authority::WellKnown;
    let site = Site::start().await;
    for place in [WellKnown::OAuth, WellKnown::OpenIdInserted] {
        site.authority.set(|config| config.discovery = vec![place]);
        for methods in [json!(["plain"]), json!(["s256"]), json!([]), Value::Null] {
            let error = refused(&site, json!({ "code_challenge_methods_supported": methods })).await;
            assert!(matches!(&error, Error::PkceNotSupported { .. }), "{methods}: {error}");
        }
    }
}

/// What would be opened by the desktop and not by a browser, or be read on the way, is not opened at all.
#[tokio::test]
async fn a_hostile_authorization_url_is_never_opened() {
    let site = Site::start().await;
    for url in [
        "javascript:alert(1)",
        "JavaScript://as.example/%0aalert(1)",
        "data:text/html,<script>x()</script>",
        "file:///etc/passwd",
        "vbscript:x",
        "ms-calculator:",
        "http://evil.example/authorize",
        "https://as.example@evil.example/authorize",
        "https://as.example/authorize#x",
        "https://as.example/authorize & calc",
        "-version",
    ] {
        let error = refused(&site, json!({ "authorization_endpoint": url })).await;
        let Error::InsecureEndpoint { what, .. } = &error else { panic!("{url}: {error}") };
        assert_eq!(*what, "authorization endpoint");
    }
}

/// The endpoint's own query cannot bring parameters that we set.
#[tokio::test]
async fn parameters_of_the_authorization_endpoint_do_not_replace_ours() {
    let site = Site::start().await;
    let url = format!(
        "{}/authorize?state=x&redirect_uri=https%3A%2F%2Fevil.example&keep=1",
        site.authority.issuer()
    );
    site.authority.set(|config| config.metadata_patch = json!({ "authorization_endpoint": url }));
    let browser = Browser::honest();
    site.authorizer().sign_in(&browser).await.unwrap();
    let opened = browser.opened().remove(0);
    let names: Vec<_> = opened.query_pairs().map(|(name, _)| name.into_owned()).collect();
    for name in ["state", "redirect_uri", "keep"] {
        assert_eq!(names.iter().filter(|found| *found == name).count(), 1, "{name} in {opened}");
    }
    assert!(!opened.as_str().contains("evil"), "{opened}");
}
