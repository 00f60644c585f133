//! Tokens without a person: they are got again by themselves, and nobody is ever sent to sign in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use car_oauth::client_auth::ClientCredential;
use car_oauth::driver::{AssertionSource, Authorizer, Method, Settings};
use car_oauth::keys::SigningKey;
use car_oauth::registration::PreRegistered;
use car_oauth::sign::Sign as _;
use car_oauth::{Cause, Error, Secret};
use car_testkit::authority::{Authority, AuthorityConfig, Client, Endpoint, TokenFault};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use url::Url;

use crate::custody::support::{World, assert_let_in, assert_transient};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Makes a new assertion each time, and counts.
#[derive(Clone, Debug, Default)]
struct Platform {
    assertions: Vec<String>,
    asked: Arc<AtomicUsize>,
}

impl AssertionSource for Platform {
    fn assertion(&self) -> BoxFuture<'_, Result<Secret, Cause>> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let assertion = self.assertions.get(number).cloned();
        Box::pin(async move { assertion.map(Secret::new).ok_or_else(|| "the platform gives no more".into()) })
    }
}

/// Signs in, and through three lives of the token nobody is asked.
async fn lives_on(world: &World, settings: Settings, grant: &str) -> Authorizer {
    let program = world.builder(settings).build().unwrap();
    program.sign_in_unattended().await.unwrap();
    for count in 1..=3 {
        assert_let_in(&world.ask(&program).await);
        assert_eq!(world.granted(grant).len(), count);
        assert_eq!(world.vault.record().await["grant"]["refresh_token"], Value::Null);
        world.expire();
    }
    assert_eq!((world.visits(), world.refreshes().len()), (0, 0));
    assert_eq!(world.authority.count(Endpoint::Register), 0);
    program
}

fn of_client(world: &World, credential: ClientCredential, method: Method) -> Settings {
    let mut settings = world.settings();
    settings.pre_registered = Some(PreRegistered::new("robot", credential));
    settings.method = method;
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_secret_gets_its_tokens_by_itself() {
    let client = Client::confidential("robot", "hush-hush", &[]);
    let world = World::with(|config| config.clients = vec![client], |_| {}).await;
    let secret = ClientCredential::Secret(Secret::new("hush-hush"));
    let settings = of_client(&world, secret, Method::ClientCredentials);
    let program = lives_on(&world, settings.clone(), "client_credentials").await;
    // A server that is down says nothing about the client.
    world.authority.set(|config| config.token_fault = Some(TokenFault::Error(503, "down".to_owned())));
    assert_transient(&world.ask(&program).await);
    world.authority.set(|config| config.token_fault = None);
    assert_let_in(&world.ask(&world.builder(settings).build().unwrap()).await);
    assert!(!world.vault.text().await.unwrap().contains("hush-hush"), "it is kept elsewhere, by who gave it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_key_gets_its_tokens_by_itself() {
    let key = SigningKey::generate_es256().unwrap();
    let jwk = serde_json::from_str(&key.public_jwk().to_json()).unwrap();
    let client = Client::with_key("robot", jwk);
    let world = World::with(|config| config.clients = vec![client], |_| {}).await;
    let settings = of_client(&world, ClientCredential::Key(Arc::new(key)), Method::ClientCredentials);
    lives_on(&world, settings, "client_credentials").await;
    let all = world.granted("client_credentials");
    let assertions: Vec<_> = all.iter().map(|seen| seen.param("client_assertion").unwrap()).collect();
    assert!(assertions[0] != assertions[1] && assertions[1] != assertions[2], "each serves once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_shows_a_new_token_of_its_platform_each_time() {
    let world = World::start().await;
    let claims = |number: u32| {
        json!({ "iss": "https://platform.example", "sub": "workload", "aud": world.authority.issuer(),
                "exp": 4_000_000_000_u64, "jti": number.to_string() })
    };
    let platform = Platform {
        assertions: (0..3)
            .map(|number| world.authority.sign(&json!({ "typ": "JWT" }), &claims(number)))
            .collect(),
        ..Platform::default()
    };
    let mut settings = world.settings();
    settings.method = Method::WorkloadIdentity { assertion: Arc::new(platform.clone()) };
    let program = lives_on(&world, settings, JWT_BEARER).await;
    let all = world.granted(JWT_BEARER);
    let shown: Vec<_> = all.iter().map(|seen| seen.param("assertion").unwrap().to_owned()).collect();
    assert_eq!(shown, platform.assertions);
    // A platform that has none is no reason to forget anything, nor to send a person.
    let outcome = world.ask(&program).await;
    assert!(matches!(outcome, Err(Error::InvalidSettings { .. })), "{outcome:?}");
    assert!(world.vault.access_token().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enterprise_vouches_anew_each_time() {
    let mut config = AuthorityConfig::default();
    config.clients = vec![Client::confidential("robot", "at-home", &[])];
    let provider = Authority::start(config).await.unwrap();
    let (trusted, client) = (provider.jwk(), Client::confidential("robot", "hush-hush", &[]));
    let world =
        World::with(|config| (config.trusted_keys, config.clients) = (vec![trusted], vec![client]), |_| {})
            .await;
    let claims = json!({ "iss": provider.issuer(), "aud": "robot", "sub": "ada", "exp": 4_000_000_000_u64 });
    let id_token = provider.sign(&json!({ "typ": "JWT" }), &claims);
    let person = Platform { assertions: vec![id_token; 3], ..Platform::default() };
    let method = Method::EnterpriseManaged {
        idp_token_endpoint: Url::parse(&format!("{}/token", provider.issuer())).unwrap(),
        idp_client_id: "robot".to_owned(),
        idp_client_secret: Some(Secret::new("at-home")),
        id_token: Arc::new(person),
    };
    let secret = ClientCredential::Secret(Secret::new("hush-hush"));
    lives_on(&world, of_client(&world, secret, method), JWT_BEARER).await;
    let exchanges = provider.requests(Endpoint::Token);
    assert_eq!(exchanges.len(), 3);
    for seen in &exchanges {
        assert_eq!(seen.param("grant_type"), Some(TOKEN_EXCHANGE));
        assert_eq!(seen.param("audience"), Some(world.authority.issuer().as_str()));
        assert_eq!(seen.param("resource"), Some(world.server.url().as_str()));
        assert!(!format!("{seen:?}").contains("hush-hush"), "that secret is for the other server");
    }
    let shown = world.authority.requests(Endpoint::Token);
    assert!(!format!("{shown:?}").contains("at-home"), "and the other way round");
}
