//! A server that asks for more permissions (MCP 2026-07-28, authorization, step-up flow).

use std::sync::Arc;

use car_oauth::client_auth::ClientCredential;
use car_oauth::driver::Method;
use car_oauth::registration::PreRegistered;
use car_oauth::scope::Scopes;
use car_oauth::{Error, Secret};
use car_testkit::authority::{Client, Endpoint};

use crate::custody::support::{Person, World, ask, assert_let_in, assert_sign_in_required};

/// A server whose list of tools needs a permission that nobody asks for at first.
async fn world() -> World {
    World::with(
        |_| {},
        |config| {
            config.method_scopes.insert("tools/list".to_owned(), "mcp:admin".to_owned());
        },
    )
    .await
}

/// The scopes of each authorization request.
fn asked_for(world: &World) -> Vec<Scopes> {
    let all = world.authority.requests(Endpoint::Authorize);
    all.iter().map(|seen| Scopes::parse(seen.param("scope").unwrap_or_default())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_added_to_what_there_was() {
    let world = world().await;
    let program = world.builder(world.settings()).agent(Arc::new(Person::default())).build().unwrap();
    assert_let_in(&world.ask(&program).await);
    assert_let_in(&ask(&program, &world.url(), "tools/list").await);
    let [first, second] = asked_for(&world).try_into().unwrap();
    assert!(second.is_superset(&first) && second.contains("mcp:admin") && !first.contains("mcp:admin"));
    assert!(first.contains("mcp:read"));
    // And nobody is asked again.
    assert_let_in(&ask(&program, &world.url(), "tools/list").await);
    world.expire();
    assert_let_in(&ask(&program, &world.url(), "tools/list").await);
    assert_eq!((world.visits(), world.refreshes().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_never_content_asks_three_times_in_all() {
    let world = world().await;
    world.authority.set(|config| config.granted_scope = Some("mcp:read".to_owned()));
    let program = world.builder(world.settings()).agent(Arc::new(Person::default())).build().unwrap();
    let outcome = ask(&program, &world.url(), "tools/list").await;
    assert!(matches!(outcome, Err(Error::TooManyStepUps { .. })), "{outcome:?}");
    assert_eq!(world.visits(), 3);
    for _ in 0..3 {
        assert!(ask(&program, &world.url(), "tools/list").await.is_err());
        // What there is a permission for still works.
        assert_let_in(&world.ask(&program).await);
    }
    assert_eq!(world.visits(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_person_it_is_noted_and_asked_for_at_the_next_sign_in() {
    let world = world().await;
    let program = world.signed_in().await;
    assert_sign_in_required(&ask(&program, &world.url(), "tools/list").await);
    assert_eq!(world.refreshes().len(), 0, "a renewal gives no new permissions");
    assert_let_in(&world.ask(&program).await);
    // Another program sees it, and the one that signs in asks for it.
    let wanted = world.program().account().await.unwrap().wanted.unwrap();
    assert_eq!(wanted.to_string(), "mcp:admin");
    world.program().sign_in(&Person::default()).await.unwrap();
    let [first, second] = asked_for(&world).try_into().unwrap();
    assert!(second.is_superset(&first) && second.contains("mcp:admin"));
    assert_eq!(world.program().account().await.unwrap().wanted, None);
    assert_let_in(&ask(&world.program(), &world.url(), "tools/list").await);
    // The program that was refused finds the new token too.
    assert_let_in(&ask(&program, &world.url(), "tools/list").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_its_own_right_steps_up_by_itself_and_no_more_often() {
    let world = world().await;
    world.authority.set(|config| config.clients = vec![Client::confidential("robot", "hush-hush", &[])]);
    let mut settings = world.settings();
    let secret = ClientCredential::Secret(Secret::new("hush-hush"));
    settings.pre_registered = Some(PreRegistered::new("robot", secret));
    settings.method = Method::ClientCredentials;
    let program = world.builder(settings).build().unwrap();
    program.sign_in_unattended().await.unwrap();
    assert_let_in(&ask(&program, &world.url(), "tools/list").await);
    let grants = world.granted("client_credentials");
    let scopes: Vec<_> = grants.iter().map(|seen| Scopes::parse(seen.param("scope").unwrap())).collect();
    let [first, second] = scopes.try_into().unwrap();
    assert!(second.is_superset(&first) && second.contains("mcp:admin") && first.contains("mcp:read"));

    // The server changes its mind, and is not content with anything any more.
    world.authority.set(|config| config.granted_scope = Some("mcp:read".to_owned()));
    world.authority.expire_access_tokens();
    let outcome = ask(&program, &world.url(), "tools/list").await;
    assert!(matches!(outcome, Err(Error::TooManyStepUps { .. })), "{outcome:?}");
    let asked = world.granted("client_credentials").len();
    assert!(ask(&program, &world.url(), "tools/list").await.is_err());
    assert_eq!(world.granted("client_credentials").len(), asked);
    assert!(asked <= 5, "{asked}");
}
