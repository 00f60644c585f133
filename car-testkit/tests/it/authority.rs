//! The authorization server: the code flow, refreshing, and what a test can make of them.

use std::time::Duration;

use car_testkit::authority::{
    Account, Canned, Client, Consent, Endpoint, Iss, RefreshTokens, ResourceRule, Rotation, TokenFault,
};
use serde_json::json;

use crate::oauth::{
    VERIFIER, access, authority, authorize, error, redeem, redeem_with, refresh, returned, sign_in,
};
use crate::wire::send;

#[tokio::test]
async fn redeems_a_code_with_its_verifier_only() {
    let authority = authority(|_| {}).await;
    let got = authorize(&authority, &[("scope", "mcp:read"), ("prompt", "consent")]).await;
    assert_eq!((got.status, returned(&got, "state").as_deref()), (302, Some("the-state")));
    assert_eq!(returned(&got, "iss"), Some(authority.issuer()));
    let code = returned(&got, "code").unwrap();
    let answer = redeem(&authority, &code, VERIFIER).await.json();
    assert_eq!((&answer["token_type"], &answer["scope"]), (&json!("Bearer"), &json!("mcp:read")));
    assert!(authority.is_live(access(&answer)));
    assert_eq!(authority.introspect(access(&answer)).unwrap().subject.as_deref(), Some("user-1"));

    let code = returned(&authorize(&authority, &[]).await, "code").unwrap();
    assert_eq!(error(&redeem(&authority, &code, "another").await), (400, "invalid_grant".to_owned()));
    assert_eq!(authority.requests(Endpoint::Authorize)[0].param("prompt"), Some("consent"));
    assert_eq!(authority.count(Endpoint::Token), 2);
}

#[tokio::test]
async fn a_code_used_twice_takes_its_tokens_along() {
    let authority = authority(|_| {}).await;
    let code = returned(&authorize(&authority, &[]).await, "code").unwrap();
    let answer = redeem(&authority, &code, VERIFIER).await.json();
    assert_eq!(error(&redeem(&authority, &code, VERIFIER).await).1, "invalid_grant");
    assert!(!authority.is_live(access(&answer)));
}

#[tokio::test]
async fn refuses_what_is_wrong_when_a_code_is_redeemed() {
    let authority = authority(|_| {}).await;
    let cases = [
        (("redirect_uri", "http://127.0.0.1:1/other"), "invalid_grant"),
        (("resource", "https://b/mcp"), "invalid_target"),
        (("code", "code-of-nobody"), "invalid_grant"),
        (("client_id", "nobody"), "invalid_client"),
        (("grant_type", "password"), "unsupported_grant_type"),
    ];
    for (param, expected) in cases {
        let code = returned(&authorize(&authority, &[("resource", "https://a/mcp")]).await, "code").unwrap();
        assert_eq!(error(&redeem_with(&authority, &code, &[param]).await).1, expected, "{param:?}");
    }
    authority.set(|config| config.code_lifetime = Duration::ZERO);
    let code = returned(&authorize(&authority, &[]).await, "code").unwrap();
    assert_eq!(error(&redeem(&authority, &code, VERIFIER).await).1, "invalid_grant");
}

#[tokio::test]
async fn refuses_what_is_wrong_in_the_authorization_request() {
    let authority =
        authority(|config| config.resource = ResourceRule::Exactly("https://a/mcp".to_owned())).await;
    let cases = [
        (&[("response_type", "token"), ("resource", "https://a/mcp")][..], "unsupported_response_type"),
        (&[("code_challenge_method", "plain"), ("resource", "https://a/mcp")], "invalid_request"),
        (&[("code_challenge", ""), ("resource", "https://a/mcp")], "invalid_request"),
        (&[("resource", "https://a/mcp/")], "invalid_target"),
        (&[], "invalid_target"),
    ];
    for (params, expected) in cases {
        let got = authorize(&authority, params).await;
        assert_eq!(returned(&got, "error").as_deref(), Some(expected), "{params:?}");
    }
    // Nobody is sent anywhere when it is not sure where to.
    for params in
        [("client_id", "nobody"), ("redirect_uri", "http://127.0.0.1:1/other"), ("redirect_uri", "no url")]
    {
        let got = authorize(&authority, &[params]).await;
        assert_eq!((got.status, got.header("location")), (400, None), "{params:?}");
    }
    authority.set(|config| config.clients.push(Client::public("web", &["https://a.example/back"])));
    let foreign = [("client_id", "web"), ("redirect_uri", "https://a.example:8443/back")];
    assert_eq!(authorize(&authority, &foreign).await.status, 400);
    let other_port = [("redirect_uri", "http://127.0.0.1:2/callback"), ("resource", "https://a/mcp")];
    assert!(returned(&authorize(&authority, &other_port).await, "code").is_some());
}

#[tokio::test]
async fn refuses_scopes_it_does_not_have_and_grants_what_it_is_told_to() {
    let authority = authority(|config| config.refuses_unknown_scopes = true).await;
    let refused = authorize(&authority, &[("scope", "mcp:read mcp:fly")]).await;
    assert_eq!(returned(&refused, "error").as_deref(), Some("invalid_scope"));
    authority.set(|config| config.granted_scope = Some("mcp:read".to_owned()));
    let answer = sign_in(&authority, &[("scope", "mcp:read mcp:write")]).await;
    assert_eq!(answer["scope"], "mcp:read");
    assert!(!authority.introspect(access(&answer)).unwrap().has_scope("mcp:write"));
}

#[tokio::test]
async fn takes_each_parameter_once_and_in_the_body() {
    let authority = authority(|_| {}).await;
    let twice = [("grant_type", "refresh_token"), ("client_id", "known"), ("client_id", "known")];
    assert_eq!(error(&crate::oauth::token(&authority, &[], &twice).await).1, "invalid_request");
    let url = format!("{}/token?client_id=known", authority.issuer());
    let got = crate::oauth::post(&url, &[], &[("grant_type", "refresh_token")]).await;
    assert_eq!(error(&got), (400, "invalid_request".to_owned()));
    // Of a body that is no form nothing is read.
    let body = "grant_type=refresh_token&client_id=known";
    let token = format!("{}/token", authority.issuer());
    assert_eq!(error(&send("POST", &token, &[], body).await).1, "unsupported_grant_type");
    let got = authorize(&authority, &[("prompt", "login"), ("prompt", "consent")]).await;
    assert_eq!(returned(&got, "error").as_deref(), Some("invalid_request"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_refreshes_with_one_token_one_succeeds() {
    let authority = authority(|_| {}).await;
    let first = sign_in(&authority, &[]).await;
    let all =
        futures_util::future::join_all((0..16).map(|_| refresh(&authority, &first["refresh_token"]))).await;
    assert_eq!(all.iter().filter(|got| got.status == 200).count(), 1);
}

#[tokio::test]
async fn strict_rotation_revokes_the_family_of_a_reused_token() {
    let authority = authority(|_| {}).await;
    let first = sign_in(&authority, &[]).await;
    let second = refresh(&authority, &first["refresh_token"]).await.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert!(authority.is_live(access(&second)));
    assert_eq!(error(&refresh(&authority, &first["refresh_token"]).await), (400, "invalid_grant".to_owned()));
    assert!(!authority.is_live(access(&second)));
    assert_eq!(error(&refresh(&authority, &second["refresh_token"]).await).1, "invalid_grant");
}

#[tokio::test]
async fn within_the_grace_the_same_successor_is_answered_again() {
    let authority = authority(|config| config.rotation = Rotation::Grace(Duration::from_secs(60))).await;
    let first = sign_in(&authority, &[]).await;
    let second = refresh(&authority, &first["refresh_token"]).await.json();
    assert_eq!(refresh(&authority, &first["refresh_token"]).await.json(), second);
    authority.set(|config| config.rotation = Rotation::Grace(Duration::ZERO));
    assert_eq!(error(&refresh(&authority, &first["refresh_token"]).await).1, "invalid_grant");
    assert!(!authority.is_live(access(&second)));
}

#[tokio::test]
async fn without_rotation_a_refresh_token_stays() {
    let authority = authority(|config| config.rotation = Rotation::None).await;
    let first = sign_in(&authority, &[]).await;
    for _ in 0..2 {
        let next = refresh(&authority, &first["refresh_token"]).await;
        assert_eq!((next.status, next.json().get("refresh_token").cloned()), (200, None));
    }
}

#[tokio::test]
async fn who_stops_waiting_for_a_refresh_has_lost_it() {
    let authority = authority(|config| config.refresh_delay = Duration::from_secs(3_600)).await;
    let first = sign_in(&authority, &[]).await;
    let asking = refresh(&authority, &first["refresh_token"]);
    let arrived = async {
        while authority.requests(Endpoint::Token).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        got = asking => panic!("{}", got.status),
        () = arrived => {}
    }
    authority.set(|config| config.refresh_delay = Duration::ZERO);
    assert_eq!(error(&refresh(&authority, &first["refresh_token"]).await).1, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_can_narrow_the_scope_but_not_widen_it() {
    let authority = authority(|_| {}).await;
    let first = sign_in(&authority, &[("scope", "mcp:read mcp:write")]).await;
    let other = [
        ("grant_type", "refresh_token"),
        ("client_id", "known"),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
        ("resource", "https://b/mcp"),
    ];
    assert_eq!(error(&crate::oauth::token(&authority, &[], &other).await).1, "invalid_target");
    let ask = async |scope: &str, token: &serde_json::Value| {
        let token = token.as_str().unwrap();
        let params = [
            ("grant_type", "refresh_token"),
            ("client_id", "known"),
            ("refresh_token", token),
            ("scope", scope),
        ];
        crate::oauth::token(&authority, &[], &params).await
    };
    assert_eq!(error(&ask("mcp:read openid", &first["refresh_token"]).await).1, "invalid_scope");
    assert_eq!(ask("mcp:read", &first["refresh_token"]).await.json()["scope"], "mcp:read");
}

#[tokio::test]
async fn gives_a_refresh_token_to_who_asked_for_offline_access() {
    let authority = authority(|config| config.refresh_tokens = RefreshTokens::WithOfflineAccess).await;
    assert!(sign_in(&authority, &[]).await.get("refresh_token").is_none());
    assert!(sign_in(&authority, &[("scope", "offline_access")]).await.get("refresh_token").is_some());
}

#[tokio::test]
async fn is_down_for_a_while_and_forgets_nothing() {
    let mut authority = authority(|_| {}).await;
    let (issuer, first) = (authority.issuer(), sign_in(&authority, &[]).await);
    authority.stop().await;
    assert!(tokio::net::TcpStream::connect(issuer.strip_prefix("http://").unwrap()).await.is_err());
    authority.restart().await.unwrap();
    assert_eq!(authority.issuer(), issuer);
    assert_eq!(refresh(&authority, &first["refresh_token"]).await.status, 200);
}

#[tokio::test]
async fn ends_lives_at_a_word() {
    let authority = authority(|_| {}).await;
    let first = sign_in(&authority, &[]).await;
    authority.expire_access_tokens();
    assert!(!authority.is_live(access(&first)));
    let second = refresh(&authority, &first["refresh_token"]).await.json();
    assert!(authority.is_live(access(&second)));
    authority.revoke_everything();
    assert!(!authority.is_live(access(&second)));
    assert_eq!(error(&refresh(&authority, &second["refresh_token"]).await).1, "invalid_grant");
}

#[tokio::test]
async fn fails_at_the_token_endpoint_as_told() {
    let authority = authority(|_| {}).await;
    let first = sign_in(&authority, &[]).await;
    let ask = async |fault: TokenFault| {
        authority.set(|config| config.refresh_fault = Some(fault));
        refresh(&authority, &first["refresh_token"]).await
    };
    assert_eq!(ask(TokenFault::Error(500, "server_error".to_owned())).await.status, 500);
    assert_eq!(ask(TokenFault::TooMany(7)).await.header("retry-after"), Some("7"));
    assert_eq!(ask(TokenFault::Canned(Canned::Html)).await.header("content-type"), Some("text/html"));
    let got = ask(TokenFault::Canned(Canned::Cut)).await;
    assert_eq!((got.header("content-length"), got.body.as_str()), (Some("4096"), "{\"issuer\":\"htt"));
    assert_eq!(ask(TokenFault::Canned(Canned::Large(2_000_000))).await.body.len(), 2_000_000);
    let moved = ask(TokenFault::Canned(Canned::Redirect("http://10.0.0.1/token".to_owned()))).await;
    assert_eq!((moved.status, moved.header("location")), (307, Some("http://10.0.0.1/token")));
    // None of these has used the token up.
    let dead = ask(TokenFault::DeadToken).await;
    assert_eq!(dead.status, 200);
    assert!(!authority.is_live(access(&dead.json())));
}

#[tokio::test]
async fn a_token_response_can_lack_or_carry_anything() {
    let authority = authority(|config| {
        config.access_token_lifetime = Some(-5);
        config.token_patch = json!({ "token_type": null, "extra": [1] });
    })
    .await;
    let answer = sign_in(&authority, &[]).await;
    assert_eq!(
        (answer.get("token_type"), &answer["extra"][0], &answer["expires_in"]),
        (None, &json!(1), &json!(-5))
    );
    assert!(authority.is_live(access(&answer)));
    authority.set(|config| config.access_token_lifetime = None);
    assert!(sign_in(&authority, &[]).await.get("expires_in").is_none());
}

#[tokio::test]
async fn the_metadata_says_what_it_is_told_to() {
    let authority = authority(|config| config.issuer_path = "/tenant".to_owned()).await;
    let origin = authority.issuer().strip_suffix("/tenant").unwrap().to_owned();
    let place = format!("{origin}/.well-known/oauth-authorization-server/tenant");
    for place in [
        place.clone(),
        format!("{origin}/.well-known/openid-configuration/tenant"),
        format!("{origin}/tenant/.well-known/openid-configuration"),
    ] {
        assert_eq!(send("GET", &place, &[], "").await.json()["issuer"], authority.issuer(), "{place}");
    }
    assert_eq!(
        send("GET", &format!("{origin}/.well-known/oauth-authorization-server"), &[], "").await.status,
        404
    );
    authority.set(|config| {
        config.metadata_patch =
            json!({ "issuer": "https://other", "code_challenge_methods_supported": null });
    });
    let document = send("GET", &place, &[], "").await.json();
    assert_eq!(document["issuer"], "https://other");
    assert!(document.get("code_challenge_methods_supported").is_none());
    authority.set(|config| config.discovery.clear());
    assert_eq!(send("GET", &place, &[], "").await.status, 404);
    assert_eq!(authority.count(Endpoint::Metadata), 6);
}

#[tokio::test]
async fn an_endless_document_goes_on_past_any_bound() {
    let authority = authority(|config| config.metadata_canned = Some(Canned::Endless)).await;
    let place = format!("{}/.well-known/oauth-authorization-server", authority.issuer());
    let mut open = crate::wire::Open::send("GET", &place, &[], "").await;
    assert!(open.bytes(100_000).await >= 100_000);
}

#[tokio::test]
async fn iss_is_sent_as_told() {
    let authority = authority(|_| {}).await;
    let issuer = authority.issuer();
    let cases = [
        (Iss::Advertised, true, Some(issuer.as_str())),
        (Iss::NotAdvertised, false, None),
        (Iss::SentThoughNotAdvertised, false, Some(&issuer)),
        (Iss::MissingThoughAdvertised, true, None),
        (Iss::Wrong("https://evil".to_owned()), true, Some("https://evil")),
    ];
    for (iss, is_advertised, expected) in cases {
        authority.set(|config| config.iss = iss.clone());
        let place = format!("{issuer}/.well-known/oauth-authorization-server");
        let document = send("GET", &place, &[], "").await.json();
        assert_eq!(
            document["authorization_response_iss_parameter_supported"] == true,
            is_advertised,
            "{iss:?}"
        );
        assert_eq!(returned(&authorize(&authority, &[]).await, "iss").as_deref(), expected, "{iss:?}");
    }
}

#[tokio::test]
async fn the_user_presses_a_button_or_refuses() {
    let authority = authority(|config| config.consent = Consent::Page).await;
    let page = authorize(&authority, &[("scope", "mcp:read")]).await;
    assert_eq!(page.status, 200);
    let number = page.body.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let url = format!("{}/consent", authority.issuer());
    let pressed = crate::oauth::post(&url, &[], &[("page", number)]).await;
    assert_eq!(
        redeem(&authority, &returned(&pressed, "code").unwrap(), VERIFIER).await.json()["scope"],
        "mcp:read"
    );
    assert_eq!(crate::oauth::post(&url, &[], &[("page", number)]).await.status, 400);
    authority.set(|config| config.consent = Consent::Refused("access_denied".to_owned()));
    let refused = authorize(&authority, &[]).await;
    assert_eq!(returned(&refused, "error").as_deref(), Some("access_denied"));
    authority.set(|config| config.consent = Consent::WrongState("forged".to_owned()));
    assert_eq!(returned(&authorize(&authority, &[]).await, "state").as_deref(), Some("forged"));
}

#[tokio::test]
async fn tells_who_signed_in() {
    let authority = authority(|config| config.account = Account::new("u2", "bob@example.com", "Bob")).await;
    let answer = sign_in(&authority, &[("scope", "openid email"), ("nonce", "n1")]).await;
    let claims = crate::oauth::claims(answer["id_token"].as_str().unwrap());
    assert_eq!(
        (&claims["sub"], &claims["email"], &claims["nonce"]),
        (&json!("u2"), &json!("bob@example.com"), &json!("n1"))
    );
    let url = format!("{}/userinfo", authority.issuer());
    let bearer = format!("Bearer {}", access(&answer));
    assert_eq!(send("GET", &url, &[("Authorization", &bearer)], "").await.json()["name"], "Bob");
    assert_eq!(send("GET", &url, &[("Authorization", "Bearer x")], "").await.status, 401);
    assert!(sign_in(&authority, &[]).await.get("id_token").is_none());
}

#[tokio::test]
async fn revokes_what_it_is_shown() {
    let authority = authority(|_| {}).await;
    let url = format!("{}/revoke", authority.issuer());
    let first = sign_in(&authority, &[]).await;
    let revoke = async |token: &str| {
        crate::oauth::post(&url, &[], &[("client_id", "known"), ("token", token)]).await.status
    };
    assert_eq!(revoke("unknown").await, 200);
    assert!(authority.is_live(access(&first)));
    assert_eq!(revoke(first["refresh_token"].as_str().unwrap()).await, 200);
    assert!(!authority.is_live(access(&first)));
}
