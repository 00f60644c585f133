//! What a protected resource answers to each kind of request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use car_mcp::server::{Caller, Principal};
use car_mcp::transport::BoxFuture;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE,
    RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::*;
use crate::server::body::ResponseBody;

const RESOURCE: &str = "https://mcp.example/files/mcp";
const METADATA: &str = "https://mcp.example/.well-known/oauth-protected-resource/files/mcp";

/// Takes tokens for the scopes that they are, joined by `+`.
#[derive(Clone, Default)]
struct Scopes(Arc<AtomicUsize>);

impl TokenVerifier for Scopes {
    fn verify<'a>(
        &'a self,
        token: BearerToken<'a>,
        _head: &'a Parts,
    ) -> BoxFuture<'a, Result<VerifiedToken, VerifyError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let answer = match token.expose() {
            "expired" => Err(VerifyError::Expired),
            "forged" => Err(VerifyError::Invalid("expected \"x\"\r\nfound y".to_owned())),
            "outage" => Err(VerifyError::Unavailable { retry_after: Duration::from_secs(7) }),
            scopes => {
                let mut principal = Principal::new("ada");
                principal.scopes = scopes.split('+').map(Box::from).collect();
                Ok(VerifiedToken::new(principal))
            }
        };
        Box::pin(std::future::ready(answer))
    }
}

fn resource() -> ProtectedResource {
    ProtectedResource::new(RESOURCE, ["https://as.example"], Scopes::default()).unwrap()
}

fn head(method: &str, uri: &str, authorization: &[&str]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for value in authorization {
        request = request.header(AUTHORIZATION, *value);
    }
    request.body(()).unwrap().into_parts().0
}

async fn authenticate(
    resource: &ProtectedResource,
    token: &str,
) -> Result<Caller, Box<Response<ResponseBody>>> {
    resource.authenticate(&head("POST", "/files/mcp", &[&format!("Bearer {token}")])).await
}

fn challenge(response: &Response<ResponseBody>) -> &str {
    response.headers()[WWW_AUTHENTICATE].to_str().unwrap()
}

async fn body(response: Response<ResponseBody>) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn the_metadata_document_is_where_clients_look() {
    let resource = resource()
        .scopes_supported(["read", "write"])
        .resource_name("Files")
        .documentation("https://mcp.example/docs");
    for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/files/mcp"] {
        let response = resource.route(&head("GET", path, &[])).unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert!(response.headers()[CACHE_CONTROL].to_str().unwrap().contains("max-age"));
        let document: Value = serde_json::from_slice(&body(response).await).unwrap();
        assert_eq!(
            document,
            json!({
                "resource": RESOURCE,
                "authorization_servers": ["https://as.example"],
                "scopes_supported": ["read", "write"],
                "bearer_methods_supported": ["header"],
                "resource_name": "Files",
                "resource_documentation": "https://mcp.example/docs",
            })
        );
    }
}

#[tokio::test]
async fn the_metadata_document_is_read_and_not_written() {
    let path = "/.well-known/oauth-protected-resource/files/mcp";
    let whole = resource().route(&head("GET", path, &[])).unwrap();
    let length = whole.headers()[CONTENT_LENGTH].clone();
    assert_eq!(length.to_str().unwrap(), body(whole).await.len().to_string());
    let response = resource().route(&head("HEAD", path, &[])).unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()[CONTENT_LENGTH]), (200, &length));
    assert!(body(response).await.is_empty());
    for method in ["POST", "PUT", "DELETE"] {
        let response = resource().route(&head(method, path, &[])).unwrap();
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()[ALLOW], "GET, HEAD, OPTIONS");
    }
    assert_eq!(resource().route(&head("OPTIONS", path, &[])).unwrap().status(), 204);
}

#[test]
fn only_its_own_metadata_is_a_resources_concern() {
    for path in [
        "/files/mcp",
        "/.well-known/oauth-protected-resource/other",
        "/.well-known/oauth-protected-resources",
        "/.well-known/oauth-authorization-server",
        "/x/.well-known/oauth-protected-resource",
    ] {
        assert!(resource().route(&head("GET", path, &[])).is_none(), "{path}");
    }
}

#[test]
fn the_well_known_part_stands_between_host_and_path() {
    let cases = [
        ("https://mcp.example", "https://mcp.example/.well-known/oauth-protected-resource"),
        ("https://mcp.example/", "https://mcp.example/.well-known/oauth-protected-resource"),
        ("http://127.0.0.1:80/mcp", "http://127.0.0.1:80/.well-known/oauth-protected-resource/mcp"),
        ("https://mcp.example/a?t=1", "https://mcp.example/.well-known/oauth-protected-resource/a?t=1"),
    ];
    for (name, url) in cases {
        let resource = ProtectedResource::new(name, ["https://as.example"], Scopes::default()).unwrap();
        assert_eq!(resource.metadata_url(), url);
    }
}

#[test]
fn a_resource_that_no_client_could_sign_in_for_is_refused() {
    for name in
        ["", "/mcp", "mcp.example", "ftp://mcp.example", "https://mcp.example/#a", "https://a:b@mcp.example"]
    {
        let refused = ProtectedResource::new(name, ["https://as.example"], Scopes::default());
        assert_eq!(refused.err(), Some(InvalidResource::Resource(name.to_owned())));
    }
    let refused = ProtectedResource::new(RESOURCE, [""; 0], Scopes::default());
    assert_eq!(refused.err(), Some(InvalidResource::NoAuthorizationServer));
}

#[tokio::test]
async fn a_good_token_lets_its_bearer_in() {
    let caller = authenticate(&resource(), "read+write").await.unwrap();
    assert_eq!(caller.id(), Some("ada"));
    assert!(caller.principal.unwrap().has_scope("write"));
    assert!(caller.detail.is_none());
}

#[tokio::test]
async fn a_request_without_a_token_is_told_where_to_get_one() {
    let resource = resource().required_scopes(["read"]).realm("files");
    for authorization in [&[][..], &["Basic YTpi"], &["DPoP abc"]] {
        let response = resource.authenticate(&head("POST", "/files/mcp", authorization)).await.unwrap_err();
        assert_eq!(response.status(), 401);
        let expected = format!("Bearer realm=\"files\", resource_metadata=\"{METADATA}\", scope=\"read\"");
        assert_eq!(challenge(&response), expected, "{authorization:?}");
    }
}

#[tokio::test]
async fn a_bad_token_is_told_what_is_wrong_with_it() {
    let cases = [
        ("expired", "error=\"invalid_token\", error_description=\"the token has expired\""),
        ("forged", "error=\"invalid_token\", error_description=\"expected 'x'??found y\""),
        ("a b", "error=\"invalid_token\", error_description=\"expected one token"),
    ];
    for (token, part) in cases {
        let response = authenticate(&resource(), token).await.unwrap_err();
        assert_eq!(response.status(), 401);
        assert!(challenge(&response).contains(part), "{}", challenge(&response));
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        let body: Value = serde_json::from_slice(&body(*response).await).unwrap();
        assert_eq!(body["error"], "invalid_token");
    }
}

#[tokio::test]
async fn a_malformed_request_is_answered_with_400() {
    let cases: [(&str, &[&str]); 4] = [
        ("/files/mcp", &["Bearer a", "Bearer a"]),
        ("/files/mcp", &["Bearer"]),
        ("/files/mcp?access_token=a", &["Bearer a"]),
        ("/files/mcp?access_token=a", &[]),
    ];
    for (uri, authorization) in cases {
        let response = resource().authenticate(&head("POST", uri, authorization)).await.unwrap_err();
        assert_eq!(response.status(), 400, "{uri} {authorization:?}");
        assert!(challenge(&response).contains("error=\"invalid_request\""));
    }
}

#[tokio::test]
async fn a_token_that_nobody_can_check_now_may_be_shown_again_later() {
    let response = authenticate(&resource(), "outage").await.unwrap_err();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[RETRY_AFTER], "7");
    assert!(!response.headers().contains_key(WWW_AUTHENTICATE), "the client need not sign in again");
}

#[tokio::test]
async fn an_operation_is_told_all_scopes_that_it_needs() {
    let resource = resource().required_scopes(["read"]).scopes_for(|method, name| match (method, name) {
        ("tools/call", Some("delete")) => vec!["write".to_owned(), "admin".to_owned(), "read".to_owned()],
        _ => Vec::new(),
    });
    let caller = authenticate(&resource, "read").await.unwrap();
    assert!(resource.permit(&caller, "tools/list", None).is_ok());
    assert!(resource.permit(&caller, "tools/call", Some("other")).is_ok());
    for token in ["read", "read+write", "read+admin"] {
        let caller = authenticate(&resource, token).await.unwrap();
        let response = resource.permit(&caller, "tools/call", Some("delete")).unwrap_err();
        assert_eq!(response.status(), 403);
        let expected = format!(
            "Bearer resource_metadata=\"{METADATA}\", scope=\"read write admin\", error=\"insufficient_scope\", "
        );
        assert!(challenge(&response).starts_with(&expected), "{}", challenge(&response));
    }
    let caller = authenticate(&resource, "read+write+admin").await.unwrap();
    assert!(resource.permit(&caller, "tools/call", Some("delete")).is_ok());
    assert_eq!(resource.permit(&Caller::anonymous(), "tools/list", None).unwrap_err().status(), 401);
}

#[tokio::test]
async fn a_token_without_what_everything_needs_does_nothing() {
    let resource = resource().required_scopes(["read"]);
    let response = authenticate(&resource, "write").await.unwrap_err();
    assert_eq!(response.status(), 403);
    assert!(challenge(&response).contains("scope=\"read\", error=\"insufficient_scope\""));
}

#[tokio::test]
async fn a_scope_can_stand_for_another() {
    let resource = resource()
        .required_scopes(["read"])
        .implies(|granted, needed| granted == "write" && needed == "read");
    assert!(authenticate(&resource, "write").await.is_ok());
    assert!(authenticate(&resource, "other").await.is_err());
}

#[tokio::test]
async fn a_good_token_is_checked_once_and_a_bad_one_each_time() {
    let verifier = Scopes::default();
    let checks = Arc::clone(&verifier.0);
    let resource = ProtectedResource::new(RESOURCE, ["https://as.example"], verifier).unwrap();
    for _ in 0..3 {
        authenticate(&resource, "read").await.unwrap();
        authenticate(&resource, "expired").await.unwrap_err();
    }
    assert_eq!(checks.load(Ordering::Relaxed), 1 + 3);
    let resource = resource.keep_answers_for(Duration::ZERO);
    authenticate(&resource, "read").await.unwrap();
    authenticate(&resource, "read").await.unwrap();
    assert_eq!(checks.load(Ordering::Relaxed), 1 + 3 + 2);
}
