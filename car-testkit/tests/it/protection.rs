//! The double behind a check of tokens.

use car_testkit::authority::{Authority, AuthorityConfig, Canned, MetadataAt, Protection, ProtectionConfig};
use car_testkit::double::{Config, Double};
use serde_json::json;

use crate::oauth::{access, authority, sign_in};
use crate::wire::{Got, modern_with, open_session, send};

async fn protected(
    authority: &Authority,
    change: impl FnOnce(&mut ProtectionConfig),
) -> (Double, Protection) {
    let mut config = ProtectionConfig::default();
    change(&mut config);
    let protection = authority.protection(config);
    let mut config = Config::default();
    config.protection = Some(protection.clone());
    (Double::start(config).await.unwrap(), protection)
}

async fn echo(server: &Double, authorization: &str) -> Got {
    let params = json!({ "name": "echo", "arguments": { "message": "hi" } });
    modern_with(&server.url(), "tools/call", params, &[("Authorization", authorization)]).await
}

async fn bearer(authority: &Authority, server: &Double, scope: &str) -> String {
    let answer = sign_in(authority, &[("scope", scope), ("resource", &server.url())]).await;
    format!("Bearer {}", access(&answer))
}

#[tokio::test]
async fn lets_in_who_holds_a_token_for_it() {
    let authority = authority(|_| {}).await;
    let (server, _) =
        protected(&authority, |config| config.challenge_scope = Some("mcp:read".to_owned())).await;
    let refused = send("POST", &server.url(), &[], "{}").await;
    let metadata = server.url().replace("/mcp", "/.well-known/oauth-protected-resource/mcp");
    let expected = format!("Bearer resource_metadata=\"{metadata}\", scope=\"mcp:read\"");
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some(expected.as_str())));
    let document = send("GET", &metadata, &[], "").await.json();
    assert_eq!(
        (&document["resource"], &document["authorization_servers"]),
        (&json!(server.url()), &json!([authority.issuer()]))
    );

    let token = bearer(&authority, &server, "mcp:read").await;
    let got = echo(&server, &token).await;
    assert_eq!((got.status, &got.json()["result"]["content"][0]["text"]), (200, &json!("hi")));
    let seen = server.ledger().seen();
    assert_eq!(seen.last().unwrap().authorization(), Some(token.as_str()));
    authority.expire_access_tokens();
    let refused = echo(&server, &token).await;
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
}

#[tokio::test]
async fn refuses_a_token_for_another_resource() {
    let authority = authority(|_| {}).await;
    let (server, protection) = protected(&authority, |_| {}).await;
    for other in [&[("resource", "http://127.0.0.1:1/mcp")][..], &[]] {
        let answer = sign_in(&authority, other).await;
        let token = format!("Bearer {}", access(&answer));
        assert_eq!(echo(&server, &token).await.status, 401);
        protection.set(|config| config.checks_resource = false);
        assert_eq!(echo(&server, &token).await.status, 200);
        protection.set(|config| config.checks_resource = true);
    }
    let origin = server.url().replace("/mcp", "");
    protection.set(|config| config.metadata_patch = json!({ "resource": origin }));
    let answer = sign_in(&authority, &[("resource", &origin)]).await;
    assert_eq!(echo(&server, &format!("Bearer {}", access(&answer))).await.status, 200);
}

#[tokio::test]
async fn demands_more_of_some_tools() {
    let authority = authority(|_| {}).await;
    let (server, protection) = protected(&authority, |config| {
        config.scope = "mcp:read".to_owned();
        config.tool_scopes.insert("echo".to_owned(), "mcp:write".to_owned());
    })
    .await;
    let reader = bearer(&authority, &server, "mcp:read").await;
    let listed = modern_with(&server.url(), "tools/list", json!({}), &[("Authorization", &reader)]).await;
    assert_eq!(listed.status, 200);
    let refused = echo(&server, &reader).await;
    let challenge = refused.header("www-authenticate").unwrap();
    assert_eq!(refused.status, 403);
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"mcp:read mcp:write\""), "{challenge}");
    let writer = bearer(&authority, &server, "mcp:read mcp:write").await;
    assert_eq!(echo(&server, &writer).await.status, 200);
    protection.set(|config| config.refuses_all = true);
    assert_eq!(echo(&server, &writer).await.status, 401);
}

#[tokio::test]
async fn metadata_stands_where_it_is_told_to() {
    let authority = authority(|_| {}).await;
    let (server, protection) = protected(&authority, |_| {}).await;
    let at = |path: &str| server.url().replace("/mcp", path);
    let (inserted, root) =
        (at("/.well-known/oauth-protected-resource/mcp"), at("/.well-known/oauth-protected-resource"));
    let cases = [
        (MetadataAt::PathInserted, inserted.clone(), root.clone()),
        (MetadataAt::Root, root.clone(), inserted.clone()),
        (MetadataAt::Custom("/elsewhere".to_owned()), at("/elsewhere"), root),
    ];
    for (place, good, bad) in cases {
        protection.set(|config| config.metadata_at = place.clone());
        assert_eq!(send("GET", &good, &[], "").await.json()["resource"], server.url(), "{place:?}");
        assert_eq!(send("GET", &bad, &[], "").await.status, 404, "{place:?}");
        let challenge = send("POST", &server.url(), &[], "{}").await;
        assert!(challenge.header("www-authenticate").unwrap().contains(&format!("\"{good}\"")), "{place:?}");
    }
    protection.set(|config| {
        config.metadata_at = MetadataAt::PathInserted;
        config.metadata_canned = Some(Canned::Html);
        config.challenges = false;
        config.other_challenges = vec!["Basic realm=\"x\"".to_owned()];
    });
    assert_eq!(send("GET", &inserted, &[], "").await.header("content-type"), Some("text/html"));
    let challenge = send("POST", &server.url(), &[], "{}").await;
    assert_eq!(challenge.header("www-authenticate"), Some("Basic realm=\"x\""));
}

#[tokio::test]
async fn moves_to_another_authorization_server() {
    let (first, second) = (authority(|_| {}).await, authority(|_| {}).await);
    let (server, protection) = protected(&first, |_| {}).await;
    let (old, new) = (bearer(&first, &server, "a").await, bearer(&second, &server, "a").await);
    assert_eq!((echo(&server, &old).await.status, echo(&server, &new).await.status), (200, 401));
    protection.move_to(&second);
    assert_eq!((echo(&server, &old).await.status, echo(&server, &new).await.status), (401, 200));
    let metadata = server.url().replace("/mcp", "/.well-known/oauth-protected-resource/mcp");
    assert_eq!(send("GET", &metadata, &[], "").await.json()["authorization_servers"][0], second.issuer());
}

#[tokio::test]
async fn a_server_of_the_first_revision_hosts_its_own_authorization() {
    let mut config = AuthorityConfig::default();
    config.discovery.clear();
    let authority = Authority::start(config).await.unwrap();
    let protection = authority.protection(ProtectionConfig::without_metadata());
    let mut config = Config::default();
    config.protection = Some(protection);
    let server = Double::start(config).await.unwrap();
    let at = |path: &str| server.url().replace("/mcp", path);
    assert_eq!(send("GET", &at("/.well-known/oauth-protected-resource"), &[], "").await.status, 404);
    assert_eq!(send("GET", &at("/.well-known/oauth-authorization-server"), &[], "").await.status, 404);
    assert_eq!(send("POST", &server.url(), &[], "{}").await.header("www-authenticate"), Some("Bearer"));
    let registration = json!({ "redirect_uris": [crate::oauth::BACK], "token_endpoint_auth_method": "none" });
    let registered = send("POST", &at("/register"), &[], &registration.to_string()).await;
    assert_eq!(registered.status, 201);
    authority.set(|config| config.discovery = AuthorityConfig::default().discovery);
    let document = send("GET", &at("/.well-known/oauth-authorization-server"), &[], "").await.json();
    assert_eq!(document["token_endpoint"], at("/token"));
}

#[tokio::test]
async fn some_methods_need_no_token() {
    let authority = authority(|_| {}).await;
    let (server, _) =
        protected(&authority, |config| config.open_methods = vec!["initialize".to_owned()]).await;
    let session = open_session(&server.url(), "2025-11-25").await;
    assert_eq!(crate::wire::legacy_call(&server.url(), &session, "echo", json!({})).await.status, 401);
}

#[tokio::test]
async fn guards_every_way_in() {
    let authority = authority(|_| {}).await;
    let (server, protection) = protected(&authority, |config| {
        config.method_scopes.insert("tools/list".to_owned(), "mcp:write".to_owned());
    })
    .await;
    let messages = server.url().replace("/mcp", "/messages?session=x");
    for (method, url) in
        [("GET", server.url()), ("DELETE", server.url()), ("GET", server.sse_url()), ("POST", messages)]
    {
        assert_eq!(send(method, &url, &[], "").await.status, 401, "{method} {url}");
    }
    let refused = send("GET", &server.sse_url(), &[], "").await;
    let document = server.url().replace("/mcp", "/.well-known/oauth-protected-resource/sse");
    assert!(refused.header("www-authenticate").unwrap().contains(&document));
    assert_eq!(send("GET", &document, &[], "").await.json()["resource"], server.sse_url());

    let reader = bearer(&authority, &server, "mcp:read").await;
    let list =
        async || modern_with(&server.url(), "tools/list", json!({}), &[("Authorization", &reader)]).await;
    assert_eq!((list().await.status, echo(&server, &reader).await.status), (403, 200));
    protection.set(|config| config.method_scopes.clear());
    assert_eq!(list().await.status, 200);
    let in_query = format!("{}?access_token={}", server.url(), reader.strip_prefix("Bearer ").unwrap());
    assert_eq!(send("POST", &in_query, &[], "{}").await.status, 401);
}
