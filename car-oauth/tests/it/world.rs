//! An MCP server and an authorization server at public names, as the guard sees them.
//!
//! All of 127.0.0.0/8 is this machine. 127.0.0.1 is made an exception of the address policy, so that it stands for the
//! internet; every other address of it is still private.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use car_http::{ClientBuilder, Resolver, Resolving};
use car_oauth::driver::{Authorizer, MemoryVault, Settings};
use car_testkit::authority::{Authority, AuthorityConfig, Endpoint, Iss, Protection, ProtectionConfig};
use car_testkit::double::{Config, Double};
use serde_json::json;
use url::Url;

/// The addresses of a name.
type Addresses = &'static [&'static str];

/// Answers from a table; a name has several answers where they change.
#[derive(Clone, Default)]
pub(crate) struct Names(Arc<Mutex<HashMap<String, Vec<Addresses>>>>);

impl Names {
    /// Sets what a name resolves to: the first time, the second time, and so on; the last answer stays.
    pub(crate) fn set(&self, name: &str, answers: &[Addresses]) {
        self.0.lock().unwrap().insert(name.to_owned(), answers.to_vec());
    }
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        let mut names = self.0.lock().unwrap();
        let found = names.get_mut(host).map(|answers| {
            let answer = answers[0];
            if answers.len() > 1 {
                answers.remove(0);
            }
            answer.iter().map(|address| address.parse::<IpAddr>().unwrap()).collect()
        });
        Box::pin(async move { found.ok_or_else(|| std::io::Error::other("no such name")) })
    }
}

/// The servers, and a program that knows their names.
pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) protection: Protection,
    pub(crate) server: Double,
    pub(crate) names: Names,
    http: ClientBuilder,
}

impl World {
    pub(crate) async fn start() -> Self {
        let names = ["mcp.example".to_owned(), "as.example".to_owned(), "inner.example".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
        #[expect(clippy::disallowed_methods, reason = "nobody reads these files while they are written")]
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "nobody reads these files while they are written")]
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let tls = car_testkit::server_config(&certificate, &key).unwrap();

        let mut config = AuthorityConfig::default();
        config.tls = Some(Arc::clone(&tls));
        let authority = Authority::start(config).await.unwrap();
        let protection = authority.protection(ProtectionConfig::default());
        let mut config = Config::default();
        (config.tls, config.protection) = (Some(tls), Some(protection.clone()));
        let server = Double::start(config).await.unwrap();

        let names = Names::default();
        for name in ["mcp.example", "as.example"] {
            names.set(name, &[&["127.0.0.1"]]);
        }
        names.set("inner.example", &[&["127.0.0.2"]]);
        let http = ClientBuilder::default()
            .extra_ca_pem(made.cert.pem().as_bytes())
            .resolver(Arc::new(names.clone()))
            .allow_addresses("127.0.0.1".parse().unwrap());
        let world = Self { authority, protection, server, names, http };
        world.reset();
        world
    }

    /// Lets everybody say what is right.
    pub(crate) fn reset(&self) {
        let issuer = self.issuer();
        let at = |path: &str| format!("{issuer}/{path}");
        let document = json!({
            "issuer": issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "registration_endpoint": at("register"),
            "revocation_endpoint": at("revoke"),
            "userinfo_endpoint": at("userinfo"),
            "device_authorization_endpoint": at("device"),
        });
        self.authority.set(|config| {
            config.metadata_patch = document;
            config.metadata_canned = None;
            config.iss = Iss::Wrong(issuer.clone());
        });
        self.protection.set(|config| {
            *config = ProtectionConfig::default();
            config.metadata_patch = json!({ "authorization_servers": [issuer] });
        });
    }

    /// Returns the issuer under its public name.
    pub(crate) fn issuer(&self) -> String {
        format!("https://as.example:{}", self.port())
    }

    /// Returns the port of the authorization server.
    pub(crate) fn port(&self) -> u16 {
        self.authority.issuer().rsplit(':').next().unwrap().parse().unwrap()
    }

    pub(crate) fn authorizer(&self) -> Authorizer {
        let url = Url::parse(&format!("https://mcp.example:{}/mcp", self.server.address().port())).unwrap();
        let vault = Arc::new(MemoryVault::default());
        Authorizer::builder(Settings::new(url, "docs"), vault).http(self.http.clone()).build().unwrap()
    }

    /// Names an endpoint of the authorization server.
    pub(crate) fn name_endpoint(&self, member: &str, url: &str) {
        self.authority.set(|config| config.metadata_patch[member] = json!(url));
    }

    /// Asserts that no registration and no token was asked for.
    #[track_caller]
    pub(crate) fn assert_nothing_sent(&self, why: &str) {
        for endpoint in [Endpoint::Register, Endpoint::Token] {
            assert_eq!(self.authority.count(endpoint), 0, "{endpoint:?}: {why}");
        }
    }
}
