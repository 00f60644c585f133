//! What the tests of signing in share: a protected server, and a person whose browser agrees at once.

use std::sync::{Arc, Mutex};

use car_connectors::oauth::Error as OauthError;
use car_connectors::oauth::driver::{Invitation, LoopbackAgent, Opener};
use car_connectors::{ConnectorManager, ManagerOptions, NewConnector, SignInOptions};
use car_testkit::authority::{Authority, AuthorityConfig, Endpoint, ProtectionConfig};
use car_testkit::double::{Config, Double};
use car_testkit::location_of;
use futures_core::future::BoxFuture;
use serde_json::Value;

use crate::support::{Place, named};

/// Follows the address that it is shown, and pastes where that led.
#[derive(Default)]
struct Person(Mutex<Option<String>>);

impl Opener for Person {
    fn open<'a>(&'a self, invitation: &'a Invitation) -> BoxFuture<'a, Result<(), OauthError>> {
        Box::pin(async {
            let ended_at = location_of(&invitation.url).await.unwrap();
            *self.0.lock().unwrap() = Some(ended_at);
            Ok(())
        })
    }

    fn pasted(&self) -> BoxFuture<'_, Result<String, OauthError>> {
        let ended_at = self.0.lock().unwrap().take().expect("the answer is good the first time");
        Box::pin(async { Ok(ended_at) })
    }
}

/// Somebody who signs in to whatever asks.
pub(crate) fn person() -> LoopbackAgent {
    LoopbackAgent::new(Arc::new(Person::default()))
}

/// A protected server with its authorization server, and a state folder.
pub(crate) struct Protected {
    pub(crate) authority: Authority,
    pub(crate) server: Double,
    pub(crate) place: Place,
}

impl Protected {
    pub(crate) async fn start(change: impl FnOnce(&mut AuthorityConfig)) -> Self {
        let mut config = AuthorityConfig::default();
        change(&mut config);
        let authority = Authority::start(config).await.unwrap();
        let mut config = Config::default();
        config.protection = Some(authority.protection(ProtectionConfig::default()));
        Self { server: Double::start(config).await.unwrap(), authority, place: Place::new() }
    }

    /// A manager that knows the server under this name, with one tool enabled and somebody signed in.
    pub(crate) async fn signed_in(&self, names: &[&str]) -> ConnectorManager {
        let manager = self.place.manager().await;
        for name in names {
            self.add(&manager, name).await;
        }
        manager
    }

    pub(crate) async fn add(&self, manager: &ConnectorManager, name: &str) {
        let slug = self.only_add(manager, name).await;
        manager.sign_in(&slug, &SignInOptions::new(), &person()).await.unwrap();
        manager.refresh(&slug).await.unwrap();
        manager.enable_tools(&slug, &named(&["echo"])).await.unwrap();
    }

    /// Adds the connector; it is kept although the server wants a sign-in.
    pub(crate) async fn only_add(&self, manager: &ConnectorManager, name: &str) -> String {
        let error = manager.add(NewConnector::remote(name, self.server.url())).await.unwrap_err();
        assert!(error.is_auth_required(), "{error}");
        name.to_lowercase()
    }

    pub(crate) async fn with(
        &self,
        change: impl FnOnce(ManagerOptions) -> ManagerOptions,
    ) -> ConnectorManager {
        ConnectorManager::load(change(self.place.options())).await.unwrap()
    }

    pub(crate) fn refreshes(&self) -> usize {
        let all = self.authority.requests(Endpoint::Token);
        all.iter().filter(|seen| seen.param("grant_type") == Some("refresh_token")).count()
    }

    pub(crate) fn visits(&self) -> usize {
        self.authority.count(Endpoint::Authorize)
    }

    /// All that is kept of secrets, as it is on the disk.
    pub(crate) fn secrets(&self) -> String {
        std::fs::read_to_string(self.place.home().secrets_path()).unwrap_or_default()
    }

    /// Whose token the last request to the server carried.
    pub(crate) fn last_subject(&self) -> Option<String> {
        let seen = self.server.ledger().seen();
        let token = seen.last()?.authorization()?.strip_prefix("Bearer ")?.to_owned();
        self.authority.introspect(&token)?.subject
    }

    /// What the manifest says of a sign-in.
    pub(crate) fn entry(&self, slug: &str) -> Value {
        let manifest: Value = serde_json::from_str(&self.place.manifest()).unwrap();
        let all = manifest["connectors"].as_array().unwrap();
        all.iter().find(|connector| connector["slug"] == slug).unwrap()["oauth"].clone()
    }
}
