//! Requests that servers would like to have sent somewhere else: into a private network, or to another server.

use car_oauth::Error;
use car_testkit::authority::{Authority, AuthorityConfig, Canned, Endpoint, TokenFault};
use serde_json::json;

use crate::canary::{Canary, PRIVATE};
use crate::support::{BACK, Browser, Site, param};
use crate::world::World;

/// A browser whose answer looks right and has a made-up code: with it the token endpoint is asked.
fn forging(world: &World) -> Browser {
    let issuer = world.issuer();
    Browser::forging(move |asked| {
        format!("{BACK}?code=made-up&iss={issuer}&state={}", param(asked.as_str(), "state").unwrap())
    })
}

#[tokio::test]
async fn a_guarded_sign_in_reaches_public_servers() {
    let world = World::start().await;
    let error = world.authorizer().sign_in(&forging(&world)).await.unwrap_err();
    assert!(error.is_invalid_grant(), "{error}");
    assert_eq!(world.authority.count(Endpoint::Token), 1);
}

/// The addresses of a private network, as metadata may write them.
fn inside(canary: &Canary) -> Vec<String> {
    let port = canary.port();
    vec![
        format!("https://{PRIVATE}:{port}/x"),
        format!("http://{PRIVATE}:{port}/x"),
        format!("https://0x7f000002:{port}/x"),
        format!("https://127.2:{port}/x"),
        format!("https://[::ffff:127.0.0.2]:{port}/x"),
        format!("https://localhost:{port}/x"),
        format!("https://x.localhost.:{port}/x"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://10.0.0.1/x".to_owned(),
        "https://[::1]/x".to_owned(),
        "https://[fd00::1]/x".to_owned(),
        "https://router.lan/x".to_owned(),
    ]
}

/// Asserts that a sign-in ends because of where something leads, before anything was sent.
async fn assert_kept_out(world: &World, canary: &mut Canary, what: &str) {
    let browser = forging(world);
    let error = world.authorizer().sign_in(&browser).await.expect_err(what);
    canary.assert_untouched(what).await;
    world.assert_nothing_sent(what);
    let Error::InsecureEndpoint { reason, .. } = &error else { panic!("{what}: {error}") };
    assert!(reason.contains("private network"), "{what}: {error}");
    assert_eq!(browser.opened(), [], "{what}");
}

#[tokio::test]
async fn ssrf_by_the_resource_metadata_url_connects_nowhere() {
    let world = World::start().await;
    let mut canary = Canary::start(0).await;
    for url in inside(&canary) {
        world.protection.set(|config| {
            config.challenges = false;
            config.other_challenges = vec![format!("Bearer resource_metadata=\"{url}\"")];
        });
        assert_kept_out(&world, &mut canary, &url).await;
    }
}

#[tokio::test]
async fn ssrf_by_the_authorization_servers_connects_nowhere() {
    let world = World::start().await;
    let mut canary = Canary::start(0).await;
    for url in inside(&canary) {
        world.protection.set(|config| config.metadata_patch = json!({ "authorization_servers": [url] }));
        assert_kept_out(&world, &mut canary, &url).await;
    }
}

#[tokio::test]
async fn ssrf_by_an_endpoint_connects_nowhere() {
    let world = World::start().await;
    let mut canary = Canary::start(0).await;
    for member in [
        "token_endpoint",
        "registration_endpoint",
        "authorization_endpoint",
        "revocation_endpoint",
        "userinfo_endpoint",
        "device_authorization_endpoint",
    ] {
        // All spellings for one of them, and for the others one at which somebody would notice.
        let spellings = if member == "token_endpoint" { usize::MAX } else { 1 };
        for url in inside(&canary).into_iter().take(spellings) {
            world.reset();
            world.name_endpoint(member, &url);
            assert_kept_out(&world, &mut canary, &format!("{member} {url}")).await;
        }
    }
}

/// A name that looks public and leads inside: only its address tells.
#[tokio::test]
async fn ssrf_by_a_name_connects_nowhere() {
    let world = World::start().await;
    let mut canary = Canary::start(0).await;
    let inner = format!("https://inner.example:{}/x", canary.port());
    let mut refused = async |what: &str| {
        let error = world.authorizer().sign_in(&forging(&world)).await.expect_err(what);
        canary.assert_untouched(what).await;
        let Error::Http { source, .. } = &error else { panic!("{what}: {error}") };
        assert!(matches!(&**source, car_http::Error::AddressRefused { .. }), "{what}: {source}");
    };
    world.protection.set(|config| {
        config.challenges = false;
        config.other_challenges = vec![format!("Bearer resource_metadata=\"{inner}\"")];
    });
    refused("resource_metadata").await;
    world.reset();
    world.protection.set(|config| config.metadata_patch = json!({ "authorization_servers": [inner] }));
    refused("authorization_servers").await;
    for member in ["registration_endpoint", "token_endpoint"] {
        world.reset();
        world.name_endpoint(member, &inner);
        refused(member).await;
    }
    // One private address among public ones is refused as well: which is dialed must not be a matter of luck.
    world.names.set("inner.example", &[&["127.0.0.1", PRIVATE]]);
    refused("two addresses").await;
}

#[tokio::test]
async fn ssrf_by_a_redirect_connects_nowhere() {
    let world = World::start().await;
    let mut canary = Canary::start(0).await;
    let targets = [
        format!("https://{PRIVATE}:{}/x", canary.port()),
        format!("http://{PRIVATE}:{}/x", canary.port()),
        format!("https://inner.example:{}/x", canary.port()),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ];
    for target in targets {
        for at_resource in [true, false] {
            world.reset();
            let canned = Some(Canned::Redirect(target.clone()));
            if at_resource {
                world.protection.set(|config| config.metadata_canned = canned);
            } else {
                world.authority.set(|config| config.metadata_canned = canned);
            }
            let error = world.authorizer().sign_in(&forging(&world)).await.expect_err(&target);
            canary.assert_untouched(&target).await;
            world.assert_nothing_sent(&target);
            let Error::Http { source, .. } = &error else { panic!("{target}: {error}") };
            assert!(matches!(&**source, car_http::Error::Redirect { .. }), "{target}: {source}");
        }
    }
}

/// The name is public when the metadata is read, and private when the client registers.
#[tokio::test]
async fn ssrf_by_dns_that_changes_its_answer_connects_nowhere() {
    let world = World::start().await;
    let mut canary = Canary::start(world.port()).await;
    world.names.set("as.example", &[&["127.0.0.1"], &[PRIVATE]]);
    let browser = forging(&world);
    let error = world.authorizer().sign_in(&browser).await.unwrap_err();
    canary.assert_untouched("DNS").await;
    world.assert_nothing_sent("DNS");
    let Error::Http { what, source, .. } = &error else { panic!("{error}") };
    assert_eq!(*what, "registration endpoint");
    assert!(matches!(&**source, car_http::Error::AddressRefused { .. }), "{source}");
    assert_eq!(world.authority.count(Endpoint::Metadata), 1, "the metadata was read at the public address");
}

/// A form with a code or a refresh token is for the server that was asked, wherever that one would like to have it.
#[tokio::test]
async fn a_token_request_is_not_sent_after_a_redirect() {
    let site = Site::start().await;
    let evil = Authority::start(AuthorityConfig::default()).await.unwrap();
    let here = format!("{}/elsewhere", site.authority.issuer());
    for target in [format!("{}/token", evil.issuer()), here] {
        let fault = Some(TokenFault::Canned(Canned::Redirect(target.clone())));
        site.authority.set(|config| config.token_fault.clone_from(&fault));
        let error = site.fail(&Browser::honest()).await;
        assert!(matches!(&error, Error::Http { what: "token endpoint", .. }), "{target}: {error}");

        site.authority.set(|config| (config.token_fault, config.refresh_fault) = (None, fault));
        let authorizer = site.authorizer();
        authorizer.sign_in(&Browser::honest()).await.unwrap();
        let proof = authorizer.prove("POST", site.url().as_str()).await.unwrap();
        let refusal = car_oauth::driver::Refusal {
            status: 401,
            challenges: &[],
            headers: &car_http::HeaderMap::new(),
            generation: proof.generation,
        };
        authorizer.answered(&car_http::HeaderMap::new());
        let error = authorizer.refused(&refusal).await.unwrap_err();
        assert!(matches!(&error, Error::Http { what: "token endpoint", .. }), "{target}: {error}");
        authorizer.sign_out().await.unwrap();
    }
    assert_eq!(evil.ledger().seen().len(), 0, "the form went to another server");
    assert_eq!(site.authority.count(Endpoint::Other), 0, "the form went to another place");
}

/// Whoever asks, and however alike the addresses look.
#[tokio::test]
async fn a_token_is_never_shown_to_another_origin() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    authorizer.sign_in(&Browser::honest()).await.unwrap();
    let port = site.server.address().port();
    for url in [
        site.authority.issuer(),
        format!("http://localhost:{port}/mcp"),
        format!("https://127.0.0.1:{port}/mcp"),
        format!("http://127.0.0.1.evil.example:{port}/mcp"),
        format!("http://127.0.0.1:{port}.evil.example/mcp"),
        format!("http://127.0.0.1:{port}@evil.example/mcp"),
        "http://127.0.0.1/mcp".to_owned(),
        "file:///mcp".to_owned(),
    ] {
        let proof = authorizer.prove("POST", &url).await.unwrap();
        assert!(proof.headers.is_empty(), "{url}");
    }
    let proof = authorizer.prove("POST", site.url().as_str()).await.unwrap();
    assert_eq!(proof.headers.len(), 1, "the server itself is shown it");
}

/// A server that moves does not take the token of the old place with it.
#[tokio::test]
async fn a_bearer_is_not_carried_along_a_redirect() {
    let site = Site::start().await;
    let authorizer = site.authorizer();
    authorizer.sign_in(&Browser::honest()).await.unwrap();
    let evil = Authority::start(AuthorityConfig::default()).await.unwrap();
    let moved = Canned::Redirect(format!("{}/mcp", evil.issuer()));
    site.protection.set(|config| config.metadata_canned = Some(moved));
    // Any place of the server that redirects: the document's is one.
    let url = site.url().join("/.well-known/oauth-protected-resource/mcp").unwrap();
    let proof = authorizer.prove("POST", url.as_str()).await.unwrap();
    assert_eq!(proof.headers.len(), 1);
    let mut request = car_http::Request::post(car_http::Target::from_url(&url).unwrap(), b"{}".to_vec());
    request.headers.extend(proof.headers);
    let outcome = car_http::Client::new().unwrap().send(request).await;
    assert_eq!(evil.ledger().seen().len(), 0, "the request followed the redirect");
    assert!(matches!(&outcome, Err(car_http::Error::Redirect { .. })), "{outcome:?}");
}
